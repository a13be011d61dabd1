"""pypix-api over mutual TLS, with a certificate in PEM and in PKCS #12: its usual way, without sandbox_mode."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pypix_api.auth.oauth2 import OAuth2Client
from pypix_api.exceptions import PixAPIException

from sandbox import expect, open_sandbox

SCOPE = "cob.read cob.write pix.read"
PASSWORD = "a password"

sandbox = open_sandbox()
program = sys.argv[2]
client = sandbox.client("standard", label="mtls")
url = sandbox.realm("standard")["endpoints"]["mtls_token"]
resource = sandbox.realm("standard")["endpoints"]["mtls_resource"]


def write(folder, name, text):
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text)
    return str(path)


def token(**certificate):
    api = OAuth2Client(token_url=url, client_id=client["client_id"], timeout=10, **certificate)
    value = api.get_token(SCOPE)
    answer = api.session.get(resource, headers={"Authorization": f"Bearer {value}"}, timeout=10)
    expect(answer.status_code == 200, f"the resource says {answer.status_code}: {answer.text}")
    claims = answer.json()
    expect(claims["client_id"] == client["client_id"], f"the token is {claims['client_id']}'s")
    expect(sorted(claims["scope"].split()) == sorted(SCOPE.split()), f"granted {claims['scope']}")
    expect(len(claims["cnf"]["x5t#S256"]) == 43, f"cnf is {claims['cnf']}")


def without():
    # Its own switch for "no client certificate".
    api = OAuth2Client(token_url=url, client_id=client["client_id"], timeout=10, sandbox_mode=True)
    try:
        api.get_token(SCOPE)
    except PixAPIException as error:
        expect(error.status == 401 and error.type == "invalid_client", f"{error.status} {error.type}: {error}")
    else:
        raise AssertionError("a token without a certificate")


with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    # requests has no option in the library for the authority of the server's certificate; this is its own variable.
    os.environ["REQUESTS_CA_BUNDLE"] = write(folder, "ca.pem", sandbox.document["ca_certificate_pem"])
    chain = client["certificate_pem"] + client["certificate_chain_pem"]
    cert, key = write(folder, "client.pem", chain), write(folder, "client.key", client["private_key_pem"])
    pfx = str(folder / "client.pfx")
    command = [program, "certificate", "pkcs12", "--certificate", cert, "--key", key, "--out", pfx]
    subprocess.run(command, input=PASSWORD, text=True, check=True, capture_output=True)

    sandbox.check("pypix-api: mutual TLS, PEM", lambda: token(cert=cert, pvk=key))
    sandbox.check("pypix-api: mutual TLS, PKCS #12", lambda: token(cert_pfx=pfx, pwd_pfx=PASSWORD))
    sandbox.check("pypix-api: no certificate is refused", without)

sandbox.finish()
