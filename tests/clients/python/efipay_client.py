"""
efipay: Basic and JSON, pointed at the first step of `semear`.

The library has no option for its address: host and token route are constants. Those two constants
are set here; the code that builds and sends the request is the published one. Two flavours exist:
the Pix API (hand-written JSON with CRLF and four spaces, client certificate) and the charges API
(compact JSON, no certificate).
"""

import os
import tempfile

from efipay import EfiPay, UnauthorizedError
from efipay.constants import Constants

from sandbox import expect, open_sandbox

ROUTE = "/oauth/access-token"  # in place of /oauth/token (Pix) and /authorize (charges)

# Name, key of the constants, a public method of that API.
FLAVOURS = [
    ("Pix API, JSON with CRLF", "PIX", "pix_list_charges"),
    ("charges API, compact JSON", "CHARGES", "list_charges"),
]

sandbox = open_sandbox()
gateway = sandbox.client("semear", label="gateway")


def call(api, method, base_url, certificate, secret):
    Constants.APIS[api]["URL"] = {"production": base_url, "sandbox": base_url}
    Constants.APIS[api]["ENDPOINTS"]["authorize"]["route"] = ROUTE
    efi = EfiPay(
        {
            "client_id": gateway["client_id"],
            "client_secret": secret,
            "sandbox": True,
            "certificate": certificate,  # must exist; plain http does not present it
        }
    )
    # The public method first obtains a token and then calls an API that this server does not
    # have; only the token is judged.
    return efi, getattr(efi, method)(params={})


def token(api, method, base_url, certificate):
    efi, answer = call(api, method, base_url, certificate, gateway["client_secret"])
    expect(not isinstance(answer, Exception), f"the library refused: {answer}")
    expect(
        list(efi.token) == ["access_token", "token_type", "expires_in"],
        f"members are {list(efi.token)}",
    )
    expect(efi.token["token_type"] == "access_token", f"token_type is {efi.token['token_type']}")
    expect(efi.token["expires_in"] == 86400, f"expires_in is {efi.token['expires_in']}")


def wrong_secret(api, method, base_url, certificate):
    efi, answer = call(api, method, base_url, certificate, "wrong-secret")
    expect(efi.token is None, "a wrong secret was accepted")
    expect(isinstance(answer, UnauthorizedError), f"expected UnauthorizedError, got {answer!r}")
    expect("'Status': 401" in answer.msg, f"status is not 401: {answer}")


with tempfile.TemporaryDirectory() as directory:
    certificate = os.path.join(directory, "certificate.pem")
    open(certificate, "w", encoding="ascii").close()
    semear = sandbox.realm("semear")
    for name, api, method in FLAVOURS:
        for url in ("base_url", "root_url"):
            sandbox.check(
                f"efipay: {name}, token at the {url} of semear",
                lambda: token(api, method, semear[url], certificate),
            )
        sandbox.check(
            f"efipay: {name}, wrong secret",
            lambda: wrong_secret(api, method, semear["base_url"], certificate),
        )

sandbox.finish()
