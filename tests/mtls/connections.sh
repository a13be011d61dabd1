#!/usr/bin/env bash
# What would outlast a revocation: a connection that stays open, and a TLS session that could be resumed.
#
#   ./connections.sh PROGRAM URL DATA
set -u
# shellcheck source=lib.sh
. "$(dirname "$(realpath "$0")")/lib.sh"
open_sandbox "$2" "$3"

realm standard >realm.json
mtls=$(member mtls_base_url realm.json)
tls=$(member tls_base_url realm.json)
operator() { "$program" "$@" --realm standard --data "$data"; }

openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout own.key -out own.csr -subj '/CN=any' 2>error
operator client create --json --name connections --auth-method tls_client_auth --scope read >made.json
id=$(member client_id made.json)
operator certificate issue --client "$id" --csr own.csr --json >made.json
pem certificate made.json >own.pem
answers "connections: token" 200 '' "$mtls/oauth/token" --cert own.pem --key own.key \
  --data grant_type=client_credentials --data "client_id=$id"
bearer="Authorization: Bearer $(member access_token)"

# session URL TLS-VERSION: one request by openssl s_client; what could be resumed is in the file `session`.
session() {
  local host
  host=$(sed 's,https://\([^/]*\)/.*,\1,' <<<"$1")
  rm -f session
  printf 'GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\nConnection: close\r\n\r\n' "/${1#https://*/}" "$host" "$bearer" |
    timeout 10 openssl s_client -connect "$host" "-$2" -CAfile ca.pem -cert own.pem -key own.key -ign_eof \
      -sess_out session 2>&1
}
for version in tls1_2 tls1_3; do
  says "connections: $version, the resource" '^HTTP/1.1 200' session "$mtls/resource" "$version"
  if [ -s session ]; then fail "connections: $version, no session to resume" "there is one"; else
    ok "connections: $version, no session to resume"
  fi
  # The listener that asks for no certificates has some: what is missing above is not openssl's doing.
  session "$tls/resource" "$version" >said
  if [ -s session ]; then ok "connections: $version, without certificates there is one"; else
    fail "connections: $version, without certificates there is one" "$(cat said)"
  fi
done

# Two requests on one connection, two seconds apart; the revocation comes between them.
curl -q --silent --noproxy '*' --max-time 10 --cacert ca.pem --cert own.pem --key own.key --header "$bearer" --rate 30/m \
  --write-out '%{http_code} %{num_connects}\n' --output /dev/null --output /dev/null \
  "$mtls/resource" "$mtls/resource" >kept &
sleep 1
succeeds "connections: revocation" operator certificate revoke "$(serial own.pem)" --reason key-compromise
wait
is "connections: the connection that was open serves before, and refuses after" '200 1 401 0' "$(tr '\n' ' ' <kept | sed 's/ $//')"
exit "$failed"
