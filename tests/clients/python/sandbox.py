"""What the Python scripts share: reading /sandbox.json and reporting checks. Standard library only."""

import json
import sys
import urllib.request


def load(base):
    """Reads /sandbox.json of a running sandbox, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(base.rstrip("/") + "/sandbox.json", timeout=10) as answer:
        return json.load(answer)


def open_sandbox():
    if len(sys.argv) < 2:
        sys.exit("FAIL python: give the URL of a running sandbox, for example http://127.0.0.1:8080")
    try:
        return Sandbox(load(sys.argv[1]))
    except (OSError, ValueError) as error:
        print(f"FAIL python: {sys.argv[1]}/sandbox.json cannot be read: {error}")
        sys.exit(2)


class Sandbox:
    def __init__(self, document):
        self.document = document
        self.failed = 0

    def check(self, name, body):
        """Runs one check and prints one line."""
        try:
            body()
        except Exception as error:  # whatever a client throws is the result of the check
            self.failed += 1
            message = " ".join(f"{type(error).__name__}: {error}".split())
            print(f"FAIL {name}: {message[:400]}", flush=True)
        else:
            print(f"ok   {name}", flush=True)

    def finish(self):
        sys.exit(1 if self.failed else 0)

    def realm(self, name):
        realms = self.document["realms"]
        expect(name in realms, f"sandbox.json has no realm {name}")
        return realms[name]

    def endpoint(self, realm, suffix):
        """The endpoint of a realm whose URL ends in suffix, whatever its key is."""
        for url in self.realm(realm)["endpoints"].values():
            if url and url.endswith(suffix):
                return url
        raise AssertionError(f"sandbox.json: realm {realm} has no endpoint that ends in {suffix}")

    def client(self, realm, label=None, grant=None, method=None):
        """
        The client with a label; else the first with a secret and the grant, one that is
        registered for the method first (a server may let one client use both methods).
        """
        clients = self.realm(realm)["clients"]
        if label is not None:
            found = [c for c in clients if c["label"] == label]
        else:
            found = [
                c
                for c in clients
                if c["client_secret"] and grant in c["grant_types"] and c["label"] != "partner"
            ]
            found.sort(key=lambda c: c["token_endpoint_auth_method"] != method)
        expect(found, f"sandbox.json: realm {realm} has no client for label={label} grant={grant}")
        return found[0]


def expect(condition, sentence):
    if not condition:
        raise AssertionError(sentence)
