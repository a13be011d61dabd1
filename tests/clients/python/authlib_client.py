"""authlib where people log in: discovery, code with PKCE, ID token, UserInfo, refresh, revocation, logout."""

import html.parser
import secrets
import urllib.parse

import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet
from sandbox import expect, open_sandbox

PRODUCT = "a8548c9b-cb90-4c66-8567-d7372bb9b963"
LOOPBACK = "http://127.0.0.1:49152/callback"  # nobody listens: the forms are followed up to the redirect


class Forms(html.parser.HTMLParser):
    """The forms of a page: address, fields, and the buttons that send them."""

    def __init__(self, page):
        super().__init__()
        self.forms = []
        self.feed(page.text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({"action": attributes.get("action", ""), "fields": {}, "buttons": {}})
        elif tag == "input" and self.forms and attributes.get("name") and attributes.get("value") is not None:
            self.forms[-1]["fields"][attributes["name"]] = attributes["value"]
        elif tag == "button" and self.forms and attributes.get("name"):
            self.forms[-1]["buttons"][attributes.get("value")] = attributes["name"]


class Visitor:
    """A person's browser, by hand."""

    def __init__(self):
        self.http = requests.Session()
        self.http.trust_env = False

    def open(self, url):
        return self.follow(self.http.get(url, allow_redirects=False, timeout=10))

    def press(self, page, button, **typed):
        for form in Forms(page).forms:
            if button in form["buttons"]:
                fields = {**form["fields"], form["buttons"][button]: button, **typed}
                action = urllib.parse.urljoin(page.url, form["action"])
                return self.follow(self.http.post(action, data=fields, allow_redirects=False, timeout=10))
        raise AssertionError(f"no button {button} on the page (HTTP {page.status_code})")

    def follow(self, answer):
        """Follows redirects on the server's own origin, up to an answer for an application, which may be there too."""
        while "location" in answer.headers:
            there = urllib.parse.urljoin(answer.url, answer.headers["location"])
            answers = {"code", "error"} & urllib.parse.parse_qs(urllib.parse.urlsplit(there).query).keys()
            if answers or urllib.parse.urlsplit(there)[:2] != urllib.parse.urlsplit(answer.url)[:2]:
                answer.headers["location"] = there
                return answer
            answer = self.http.get(there, allow_redirects=False, timeout=10)
        return answer

    def come_back(self, url, user):
        page = self.open(url)
        if page.status_code == 200 and 'name="password"' in page.text:
            page = self.press(page, "login", username=user["username"], password=user["password"])
        if page.status_code == 200:
            page = self.press(page, "allow")
        expect("location" in page.headers, f"no redirect: HTTP {page.status_code}")
        return page.headers["location"]


sandbox = open_sandbox()


def run(name, realm_name, label, algorithm, scope, well_known, redirect_uri, parameters, user_at):
    realm = sandbox.realm(realm_name)
    client = sandbox.client(realm_name, label=label)
    user = realm["users"][user_at]
    visitor = Visitor()
    redirect_uri = redirect_uri or client["redirect_uris"][0]
    nonce = secrets.token_urlsafe(16)
    state = {}

    def discovery():
        http = requests.Session()
        http.trust_env = False
        metadata = http.get(realm["base_url"] + well_known, timeout=10).json()
        expect(metadata["issuer"] == realm["base_url"], f"issuer is {metadata['issuer']}")
        expect(metadata["authorization_endpoint"] == realm["endpoints"]["authorization"], "authorization_endpoint")
        expect("S256" in metadata["code_challenge_methods_supported"], "no S256")
        state["metadata"] = metadata
        state["keys"] = KeySet.import_key_set(http.get(metadata["jwks_uri"], timeout=10).json())
        state["session"] = OAuth2Session(
            client["client_id"],
            client["client_secret"],
            token_endpoint_auth_method=client["token_endpoint_auth_method"],
            scope=scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        state["session"].trust_env = False

    def code():
        session = state["session"]
        verifier = secrets.token_urlsafe(48)
        url, expected = session.create_authorization_url(
            state["metadata"]["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **parameters
        )
        back = visitor.come_back(url, user)
        token = session.fetch_token(
            state["metadata"]["token_endpoint"], authorization_response=back, state=expected, code_verifier=verifier
        )
        expect(token.get("refresh_token"), "there is no refresh token")
        state["token"] = dict(token)

    def id_token():
        token = jwt.decode(state["token"]["id_token"], state["keys"], algorithms=[algorithm])
        expect(token.header["alg"] == algorithm, f"alg is {token.header['alg']}")
        registry = jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": realm["base_url"]},
            aud={"essential": True, "value": client["client_id"]},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        registry.validate(token.claims)
        state["sub"] = token.claims["sub"]

    def user_info():
        answer = state["session"].get(state["metadata"]["userinfo_endpoint"])
        expect(answer.status_code == 200, f"HTTP {answer.status_code}")
        expect(answer.json()["sub"] == state["sub"], "sub is another")

    def refresh():
        token = state["session"].refresh_token(
            state["metadata"]["token_endpoint"], refresh_token=state["token"]["refresh_token"]
        )
        expect(token["access_token"] != state["token"]["access_token"], "the access token is the old one")
        user_info()
        state["refresh_token"] = token.get("refresh_token") or state["token"]["refresh_token"]

    def revoke():
        answer = state["session"].revoke_token(
            state["metadata"]["revocation_endpoint"], token=state["refresh_token"], token_type_hint="refresh_token"
        )
        expect(answer.status_code == 200, f"HTTP {answer.status_code}")
        try:
            state["session"].refresh_token(state["metadata"]["token_endpoint"], refresh_token=state["refresh_token"])
        except Exception as error:
            expect("invalid_grant" in str(error), str(error))
        else:
            raise AssertionError("a revoked refresh token renews")

    def logout():
        query = urllib.parse.urlencode({"id_token_hint": state["token"]["id_token"]})
        page = visitor.open(f"{state['metadata']['end_session_endpoint']}?{query}")
        if page.status_code == 200 and 'value="sign_out"' in page.text:
            page = visitor.press(page, "sign_out")
        expect(page.status_code < 400, f"HTTP {page.status_code}")
        url, _ = state["session"].create_authorization_url(
            state["metadata"]["authorization_endpoint"], code_verifier=secrets.token_urlsafe(48), prompt="none",
            **parameters,
        )
        back = visitor.open(url).headers["location"]
        expect("error=login_required" in back, back)

    for what, body in [
        ("discovery", discovery),
        ("code with PKCE", code),
        (f"the ID token is {algorithm}", id_token),
        ("UserInfo", user_info),
        ("refresh", refresh),
        ("revocation", revoke),
        ("logout, and prompt=none after it", logout),
    ]:
        sandbox.check(f"authlib ({name}): {what}", body)


standard = "openid profile email offline_access"
run("standard, confidential", "standard", "web", "ES256", standard, "/.well-known/openid-configuration", None, {}, 0)
run("standard, public", "standard", "native", "ES256", standard, "/.well-known/openid-configuration", LOOPBACK, {}, 1)
run(
    "vantage", "vantage", "demo", "RS256", "openid permissions global.wildcard offline_access",
    "/auth2/.well-known/openid-configuration", LOOPBACK, {"productId": PRODUCT}, 1,
)
sandbox.finish()
