"""sslyze: both TLS listeners against Mozilla's "intermediate" recommendation, through sslyze's own interface for programs.

Its command line cannot be used on the listener that asks for certificates: it waits for five seconds whether the server
insists on one, which is when the server closes a silent connection, and then it ends with status 0.
"""

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from sslyze import (
    CertificateInfoExtraArgument,
    ClientAuthRequirementEnum,
    ScanCommandsExtraArguments,
    Scanner,
    ServerNetworkConfiguration,
    ServerNetworkLocation,
    ServerScanRequest,
)
from sslyze.mozilla_tls_profile import tls_config_checker as mozilla

from sandbox import expect, open_sandbox

TIMEOUT = 3

sandbox = open_sandbox()
realm = sandbox.realm("standard")


def scan(ca_file):
    """Both listeners at once, in their order."""
    arguments = ScanCommandsExtraArguments(certificate_info=CertificateInfoExtraArgument(custom_ca_file=ca_file))
    requests = []
    for url in (realm["tls_base_url"], realm["mtls_base_url"]):
        host, port = urlsplit(url).hostname, urlsplit(url).port
        request = ServerScanRequest(
            ServerNetworkLocation(hostname=host, port=port, ip_address=host),
            network_configuration=ServerNetworkConfiguration(host, network_timeout=TIMEOUT),
            scan_commands=mozilla.SCAN_COMMANDS_NEEDED_BY_MOZILLA_CHECKER,
            scan_commands_extra_arguments=arguments,
        )
        requests.append(request)
    scanner = Scanner()
    scanner.queue_scans(requests)
    results = {result.server_location.port: result for result in scanner.get_results()}
    return [results[port] for port in sorted(results)]


def intermediate(result):
    expect(result.connectivity_result, f"no connection: {result.connectivity_error_trace}")
    configuration = mozilla.MozillaTlsConfiguration.get(mozilla.TlsConfigurationEnum("intermediate"))
    mozilla.check_server_against_tls_configuration(result, configuration)  # raises, with what is wrong


def trusted(result, ca_file):
    """The recommendation says nothing of who signed; a private authority is named and must have."""
    for deployment in result.scan_result.certificate_info.result.certificate_deployments:
        own = [one for one in deployment.path_validation_results if one.trust_store.path == ca_file]
        expect(own and all(one.was_validation_successful for one in own), "the named authority did not sign it")


def asks(result, expected):
    found = result.connectivity_result.client_auth_requirement
    expect(found == expected, f"client certificates are {found.name}, not {expected.name}")


with tempfile.TemporaryDirectory() as folder:
    ca_file = Path(folder) / "ca.pem"
    ca_file.write_text(sandbox.document["ca_certificate_pem"])
    wanted = [("TLS", ClientAuthRequirementEnum.DISABLED), ("mutual TLS", ClientAuthRequirementEnum.OPTIONAL)]
    for (name, certificates), result in zip(wanted, scan(ca_file), strict=True):
        sandbox.check(f"sslyze: {name}, Mozilla's intermediate", lambda: intermediate(result))
        sandbox.check(f"sslyze: {name}, signed by the sandbox's authority", lambda: trusted(result, ca_file))
        sandbox.check(f"sslyze: {name}, client certificates: {certificates.name}", lambda: asks(result, certificates))

sandbox.finish()
