"""pypix-api: form-encoded client_credentials, credentials in Basic (not URL-encoded) or in the body."""

import time

from pypix_api.auth.oauth2 import OAuth2Client
from pypix_api.exceptions import PixAPIException

from sandbox import expect, open_sandbox

# Realm, token path, documented lifetime (None: the realm's own), ways to send the credentials.
REALMS = [
    ("bankly", "/connect/token", 3600, ["body"]),
    ("bs2", "/auth/oauth/v2/token", 420, ["basic", "body"]),
    ("bs2-production", "/auth/oauth/v2/token", 300, ["basic", "body"]),
    ("standard", "/oauth/token", None, ["basic", "body"]),
]

METHODS = {"basic": "client_secret_basic", "body": "client_secret_post"}

sandbox = open_sandbox()


def library(url, client, client_auth, secret=None):
    # sandbox_mode is the library's own switch for "no client certificate".
    return OAuth2Client(
        token_url=url,
        client_id=client["client_id"],
        client_secret=secret or client["client_secret"],
        client_auth=client_auth,
        sandbox_mode=True,
        timeout=10,
    )


def refused(call, what):
    try:
        call()
    except PixAPIException as error:
        return error
    raise AssertionError(f"{what} was accepted")


def setup(realm, suffix, client_auth):
    client = sandbox.client(realm, grant="client_credentials", method=METHODS[client_auth])
    # A Bankly token carries at most ten scopes.
    return sandbox.endpoint(realm, suffix), client, client["scope"].split(" ")[:10]


def token(realm, suffix, lifetime, client_auth):
    url, client, scopes = setup(realm, suffix, client_auth)
    api = library(url, client, client_auth)
    value = api.get_token(" ".join(scopes))
    (info,) = api.token_cache.values()
    expect(value == info["access_token"], "the cached token is another one")
    if lifetime is not None:
        expect(info["expires_in"] == lifetime, f"expires_in is {info['expires_in']}, not {lifetime}")
    expect(info["expires_at"] > time.time() + 60, "the token is too short-lived for the library to use")
    expect(str(info["token_type"]).lower() == "bearer", f"token_type is {info['token_type']}")
    granted = sorted(info["scope"].split(" "))
    expect(granted == sorted(scopes), f"asked for {scopes}, granted {granted}")
    expect(api.get_token(" ".join(scopes)) == value, "the library did not reuse the token from its cache")


def wrong_secret(realm, suffix, client_auth):
    url, client, scopes = setup(realm, suffix, client_auth)
    api = library(url, client, client_auth, secret="wrong-secret")
    error = refused(lambda: api.get_token(" ".join(scopes)), "a wrong secret")
    expect(error.status in (400, 401), f"status is {error.status}: {error}")
    expect(error.type == "invalid_client", f"error is {error.type!r}: {error}")


def unknown_scope(realm, suffix, client_auth):
    url, client, _ = setup(realm, suffix, client_auth)
    error = refused(lambda: library(url, client, client_auth).get_token("no.such.scope"), "an unknown scope")
    expect(error.status == 400, f"status is {error.status}: {error}")
    expect(error.type == "invalid_scope", f"error is {error.type!r}: {error}")


for realm, suffix, lifetime, ways in REALMS:
    for way in ways:
        sandbox.check(f"pypix-api: {realm}, {way}, token", lambda: token(realm, suffix, lifetime, way))
        sandbox.check(f"pypix-api: {realm}, {way}, wrong secret", lambda: wrong_secret(realm, suffix, way))
    sandbox.check(f"pypix-api: {realm}, unknown scope", lambda: unknown_scope(realm, suffix, ways[0]))

sandbox.finish()
