"""
The part of seeds.sh that reads JSON. Standard library only.

    seeds.py clients SANDBOX_JSON          shell assignments: addresses and credentials
    seeds.py judge NAME EXPECTED HEADERS BODY [SANDBOX_JSON]   judges an answer, prints one line
"""

import base64
import hashlib
import json
import re
import shlex
import sys

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

BS2_SCOPE = "cob.write cob.read dict.write dict.read webhook.read webhook.write pix.read pix.write"
CELCASH_SCOPE = (
    "customers.read customers.write plans.read plans.write transactions.read transactions.write "
    "webhooks.write balance.read balance.write cards.read cards.write card-brands.read "
    "subscriptions.read subscriptions.write charges.read charges.write boletos.read"
)
SEMEAR_SCOPE = (
    "cob.write cob.read cobv.write cobv.read lotecobv.write lotecobv.read pix.write pix.read "
    "webhook.read webhook.write payloadlocation.write payloadlocation.read "
    "GI_006_ENDERECAMENTO_CLIENTE_CONSULTA_CHAVE:GET"
)
BANKLY_SCOPE = "kyc.document.write business.write boleto.read"
VANTAGE_SCOPE = "openid permissions global.wildcard"

# Variable prefix, realm, path on the provider's page, label (None: not the partner), scope needed.
CLIENTS = [
    ("bankly", "bankly", "/connect/token", None, BANKLY_SCOPE + " certificate.create"),
    ("bs2", "bs2", "/auth/oauth/v2/token", None, BS2_SCOPE),
    ("bs2_production", "bs2-production", "/auth/oauth/v2/token", None, BS2_SCOPE),
    ("semear_gateway", "semear", "/oauth/access-token", "gateway", ""),
    ("semear_application", "semear", "/oauth-apipix/oauth/token", "application", SEMEAR_SCOPE),
    ("celcash", "celcash", "/v2/token", None, CELCASH_SCOPE),
    ("celcash_partner", "celcash", "/v2/token", "partner", ""),
    ("vantage", "vantage", "/auth2/connect/token", None, VANTAGE_SCOPE),
]


class Wrong(Exception):
    pass


def expect(condition, sentence):
    if not condition:
        raise Wrong(sentence)


# --- clients ---------------------------------------------------------------------------------


def find_client(realm, name, label, scope):
    lacking = None
    for client in realm["clients"]:
        if label is None:
            if client["label"] == "partner" or not client["client_secret"]:
                continue
            # Cel.cash calls it authorization_code, so the grant is not looked at there.
            if name != "celcash" and "client_credentials" not in client["grant_types"]:
                continue
        elif client["label"] != label:
            continue
        missing = set(scope.split()) - set((client["scope"] or "").split())
        if not missing:
            return client
        lacking = sorted(missing)
    if lacking:
        raise Wrong(f"no client of realm {name} has all scopes of the provider's page; one lacks {' '.join(lacking)}")
    raise Wrong(f"realm {name} has no client {label or 'with a secret and client_credentials'}")


def clients(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    out = {
        "bankly_scope": BANKLY_SCOPE,
        "bs2_scope": BS2_SCOPE,
        "celcash_scope": CELCASH_SCOPE,
        "semear_scope": SEMEAR_SCOPE,
        "vantage_scope": VANTAGE_SCOPE,
    }
    expect(document["version"] == 1, f"version is {document['version']}")
    for prefix, name, page_path, label, scope in CLIENTS:
        expect(name in document["realms"], f"there is no realm {name}")
        realm = document["realms"][name]
        url = realm["base_url"] + page_path
        expect(url in realm["endpoints"].values(), f"realm {name} does not list {url} among its endpoints")
        client = find_client(realm, name, label, scope)
        out[f"{prefix}_url"] = url
        out[f"{prefix}_root_url"] = realm["root_url"] + page_path
        out[f"{prefix}_id"] = client["client_id"]
        out[f"{prefix}_secret"] = client["client_secret"]
        if label == "application":
            expect(client["certificate_pem"], "the semear application has no certificate")
            out[f"{prefix}_certificate"] = " ".join(client["certificate_pem"].split("\n")).strip()
        if prefix == "bankly":
            every = client["scope"].split()
            expect(len(every) > 10, "the bankly client has too few scopes to ask for eleven")
            out["bankly_eleven_scopes"] = " ".join(every[:11])
    for name, value in out.items():
        print(f"{name}={shlex.quote(value)}")


# --- answers ---------------------------------------------------------------------------------


def read_headers(path):
    """Status and headers of the last answer in curl's header dump (names in lower case)."""
    with open(path, encoding="latin-1", newline="") as file:
        blocks = [b for b in file.read().split("\r\n\r\n") if b.strip()]
    expect(blocks, "there was no answer")
    lines = blocks[-1].split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.strip().lower(), []).append(value.strip())
    return int(lines[0].split()[1]), headers


def members(body, text, expected):
    expect(isinstance(body, dict), f"the body is not a JSON object: {text[:120]!r}")
    expect(list(body) == expected, f"members are {list(body)}, documented are {expected}")


def token(answer, order, lifetime, scope, pattern=None, token_type="Bearer"):
    status, headers, text, body = answer
    expect(status == 200, f"status is {status}, body {text[:200]!r}")
    members(body, text, order.split())
    kind = headers.get("content-type", [""])[0].lower()
    expect(kind.split(";")[0].strip() == "application/json", f"Content-Type is {kind!r}")
    cache = headers.get("cache-control", [""])[0]
    expect("no-store" in cache, f"Cache-Control is {cache!r}, without no-store")
    expect(body["token_type"] == token_type, f"token_type is {body['token_type']!r}")
    lifetime_is = body["expires_in"]
    expect(type(lifetime_is) is int and lifetime_is == lifetime, f"expires_in is {lifetime_is!r}, documented is {lifetime}")
    value = body["access_token"]
    expect(isinstance(value, str) and value, "access_token is not a non-empty string")
    if pattern:
        expect(re.fullmatch(pattern, value), f"access_token {value!r} has not the documented form")
    if scope is not None:
        expect(body["scope"] == scope, f"scope is {body['scope']!r}, asked for was {scope!r}")


def bs2(answer, lifetime):
    token(answer, "access_token token_type expires_in scope", lifetime, BS2_SCOPE, UUID)
    text, body = answer[2], answer[3]
    recorded = (
        f'{{\r\n  "access_token":"{body["access_token"]}",\r\n  "token_type":"Bearer",\r\n'
        f'  "expires_in":{lifetime},\r\n  "scope":"{BS2_SCOPE}"\r\n}}'
    )
    expect(text == recorded, f"the body is not formatted as recorded: {text!r}")


def bs2_wrong_secret(answer):
    status, headers, text, body = answer
    expect(status == 401, f"status is {status}, body {text[:200]!r}")
    members(body, text, ["error", "error_description"])
    expect(body["error"] == "invalid_client", f"error is {body['error']!r}")
    expect(body["error_description"] == "The given client credentials were not valid", f"error_description is {body['error_description']!r}")
    challenge = headers.get("www-authenticate", [None])[0]
    expect(challenge == 'Basic error="Invalid or missing credentials"', f"WWW-Authenticate is {challenge!r}")
    code = headers.get("x-ca-err", [None])[0]
    expect(code == "3003201", f"X-Ca-Err is {code!r}")


def bankly_eleven(answer):
    status, _, text, body = answer
    expect(status == 400, f"status is {status}, body {text[:200]!r}")
    expect(isinstance(body, dict) and body.get("error") == "invalid_scope", f"body is {text[:200]!r}")


def part(value):
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def semear_token(answer, sandbox):
    token(answer, "access_token token_type expires_in", 3600, None)
    pieces = answer[3]["access_token"].split(".")
    expect(len(pieces) == 3, "access_token is not a JWT")
    header, claims = json.loads(part(pieces[0])), json.loads(part(pieces[1]))
    expect(header == {"typ": "JWT", "alg": "RS256"}, f"the JWT header is {header}")
    scopes = claims.get("scope")
    expect(isinstance(scopes, list), f"the scope claim is {scopes!r}, not an array")
    expect(
        sorted(scopes) == sorted(SEMEAR_SCOPE.upper().split()),
        f"the scope claim is {scopes}, not the fixed list in upper case",
    )
    with open(sandbox, encoding="utf-8") as file:
        realm = json.load(file)["realms"]["semear"]
    client = find_client(realm, "semear", "application", "")
    for name in ("client_id", "cid"):
        expect(claims.get(name) == client["client_id"], f"claim {name} is {claims.get(name)!r}")
    expect(claims["exp"] - claims["iat"] == 3600, "exp - iat is not 3600")
    pem = client["certificate_pem"].split("-----BEGIN CERTIFICATE-----")[1].split("-----END")[0]
    digest = hashlib.sha256(base64.b64decode(pem)).hexdigest()
    documented = base64.urlsafe_b64encode(digest.encode()).decode().rstrip("=")
    bound = claims.get("cnf", {}).get("x5t#S256")
    expect(
        bound is not None and bound.rstrip("=") == documented,
        f"cnf x5t#S256 is {bound!r}, documented is base64url of the hex digest, {documented!r}",
    )


def semear_refused(answer):
    status, _, text, body = answer
    expect(400 <= status < 500, f"status is {status}, body {text[:200]!r}")
    expect(isinstance(body, dict) and "access_token" not in body, f"body is {text[:200]!r}")


def celcash_wrong_secret(answer):
    status, _, text, body = answer
    expect(status == 401, f"status is {status}, body {text[:200]!r}")
    error = body.get("error") if isinstance(body, dict) else None
    expect(
        isinstance(error, dict) and isinstance(error.get("message"), str) and error["message"],
        f"the body lacks error.message: {text[:200]!r}",
    )


BANKLY = "access_token expires_in token_type scope"
CELCASH = "access_token token_type expires_in scope"

EXPECTED = {
    "bankly": lambda a, _: token(a, BANKLY, 3600, BANKLY_SCOPE),
    "bankly-certificate": lambda a, _: token(a, BANKLY, 3600, "certificate.create"),
    "bankly-eleven": lambda a, _: bankly_eleven(a),
    "bs2": lambda a, _: bs2(a, 420),
    "bs2-production": lambda a, _: bs2(a, 300),
    "bs2-wrong-secret": lambda a, _: bs2_wrong_secret(a),
    "semear-1": lambda a, _: token(a, "access_token token_type expires_in", 86400, None, UUID, "access_token"),
    "semear-2": semear_token,
    "semear-refused": lambda a, _: semear_refused(a),
    "celcash": lambda a, _: token(a, CELCASH, 600, CELCASH_SCOPE, r"[0-9a-f]{32}"),
    "celcash-wrong-secret": lambda a, _: celcash_wrong_secret(a),
    "vantage": lambda a, _: token(a, BANKLY, 86400, VANTAGE_SCOPE),
}


def judge(name, expected, headers_path, body_path, sandbox):
    status, headers = read_headers(headers_path)
    with open(body_path, encoding="utf-8", newline="") as file:
        text = file.read()
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    EXPECTED[expected]((status, headers, text, body), sandbox)
    print(f"ok   {name}")


def main(arguments):
    what = "sandbox.json" if arguments[0] == "clients" else arguments[1]
    try:
        if arguments[0] == "clients":
            clients(arguments[1])
        else:
            judge(*arguments[1:6])
    except (Wrong, OSError, ValueError, KeyError, TypeError, IndexError) as error:
        sentence = str(error) if isinstance(error, Wrong) else f"{type(error).__name__}: {error}"
        out = sys.stderr if arguments[0] == "clients" else sys.stdout
        print(f"FAIL {what}: {sentence}", file=out)
        sys.exit(1)


main(sys.argv[1:])
