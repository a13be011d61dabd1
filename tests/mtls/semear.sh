#!/usr/bin/env bash
# Banco Semear: both steps, the second with the sandbox's certificate in a header, as that bank's page has it; and the
# same client after its certificate was revoked.
#
#   ./semear.sh PROGRAM URL DATA
set -u
# shellcheck source=lib.sh
. "$(dirname "$(realpath "$0")")/lib.sh"
open_sandbox "$2" "$3"

realm semear >realm.json
url=$(member base_url realm.json)
keep application semear application
client semear gateway >gateway.json
id=$(member client_id application.json)
secret=$(member client_secret application.json)
scope=$(member scope application.json)

# The PEM in one line, with spaces for line breaks.
in_a_header() { tr '\n' ' ' <"$1" | sed 's/ $//'; }

gateway() {
  send "$url/oauth/access-token" --user "$(member client_id gateway.json):$(member client_secret gateway.json)" \
    --json '{"grant_type":"client_credentials"}'
}

application() { # NAME STATUS PATTERN CERTIFICATE
  answers "$1" "$2" "$3" "$url/oauth-apipix/oauth/token" --header "client-cert: $(in_a_header "$4")" \
    --header "access_token: $step" --data-urlencode "client_id=$id" --data-urlencode "client_secret=$secret" \
    --data grant_type=client_credentials --data-urlencode "scope=$scope"
}

gateway
is "semear: step 1, the gateway's token" 200 "$status"
step=$(member access_token)
application "semear: step 2, with the certificate in the header" 200 '"token_type": *"Bearer"' application.pem
# This bank's cnf is base64url of the digest in hexadecimal, not of its bytes.
is "semear: cnf is openssl's digest, as this bank writes it" \
  "$(openssl x509 -in application.pem -outform DER | openssl dgst -sha256 -r | cut -c 1-64 | tr -d '\n' | base64url)" \
  "$(claims "$(member access_token)" | sed -n 's/.*"x5t#S256":"\([^"]*\)".*/\1/p')"
keep stranger standard mtls
application "semear: another client's certificate is refused" 401 invalid_client stranger.pem
succeeds "semear: revocation" "$program" certificate revoke --realm semear --data "$data" "$(serial application.pem)"
application "semear: step 2 refuses the revoked certificate" 401 invalid_client application.pem
gateway
is "semear: step 1 goes on" 200 "$status"
exit "$failed"
