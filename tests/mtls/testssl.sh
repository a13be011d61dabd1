#!/usr/bin/env bash
# testssl.sh on both TLS listeners: protocols, ciphers, forward secrecy, known vulnerabilities, and the certificate with
# the sandbox's authority as the trusted one. Nothing of severity MEDIUM or worse may be found but what stands in
# `accepted`.
#
#   ./testssl.sh PROGRAM URL DATA
set -u
# shellcheck source=lib.sh
. "$(dirname "$(realpath "$0")")/lib.sh"
open_sandbox "$2" "$3"

# A private authority's certificate for a sandbox: nobody could ask about its revocation.
accepted='^cert_revocation$'

realm standard >realm.json
scan() { # NAME HOST:PORT
  timeout 170 testssl --quiet --color 0 --warnings off --nodns none --severity MEDIUM --add-ca ca.pem \
    --jsonfile "$1.json" -p -s -f -U -S "$2" >"$1.out" 2>&1 </dev/null
}

# verdict NAME ID-PATTERN...: the scan came to its end, and found nothing.
verdict() {
  local name=$1 found
  says "testssl: $name, TLS 1.3 is offered" 'TLS 1.3 +offered \(OK\)' grep -E '^ TLS 1.3' "$name.out"
  says "testssl: $name, the whole scan was made" '^ (RC4|LUCKY13) .*\(OK\)' grep -E '^ (RC4|LUCKY13)' "$name.out"
  says "testssl: $name, the sandbox's authority signed" 'Chain of trust +Ok' grep 'Chain of trust' "$name.out"
  [ -s "$name.json" ] || fail "testssl: $name, there are findings to read" "$(tail -n 3 "$name.out")"
  found=$(sed -n '/"id"/h; /"severity" *: *"\(MEDIUM\|HIGH\|CRITICAL\|FATAL\)"/ { x; s/.*"id" *: *"\([^"]*\)".*/\1/p; }' "$name.json" |
    grep -v "$accepted" | tr '\n' ' ')
  if [ -z "$found" ]; then ok "testssl: $name, nothing of severity MEDIUM or worse"; else
    fail "testssl: $name, nothing of severity MEDIUM or worse" "$found"
  fi
}

listener() { member "$1" realm.json | sed 's,https://\([^/]*\)/.*,\1,'; }
# Both at once: most of the time a scan waits.
scan tls "$(listener tls_base_url)" &
scan mtls "$(listener mtls_base_url)" &
wait
verdict tls
verdict mtls
exit "$failed"
