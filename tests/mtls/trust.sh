#!/usr/bin/env bash
# An authority outside, which `openssl ca` plays: a realm that trusts it believes its good certificates, and no others.
#
#   ./trust.sh PROGRAM PORT     this port and the next are used
set -u
# shellcheck source=lib.sh
. "$(dirname "$(realpath "$0")")/lib.sh"

plain=$2 url=https://127.0.0.1:$(($2 + 1))
server=
trap 'kill $server 2>/dev/null; wait; rm -rf "$work"' EXIT

# day N: N days from now, as openssl ca wants it.
day() { date -u --date "$1 days" +%y%m%d%H%M%SZ; }

# --- the authority ---------------------------------------------------------------------------------------

mkdir issued && touch index.txt && echo 01 >crlnumber
cat >ca.conf <<'END'
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = issued
certificate = authority.pem
private_key = authority.key
default_md = sha256
default_crl_days = 30
rand_serial = yes
unique_subject = no
crlnumber = crlnumber
crl_extensions = list
policy = any
[any]
organizationName = optional
commonName = supplied
[list]
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
extendedKeyUsage = clientAuth
END
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout authority.key -out authority.pem -days 30 \
  -subj '/CN=Authority outside' -addext keyUsage=critical,keyCertSign,cRLSign 2>error
list() { openssl ca -config ca.conf -gencrl -out list.new 2>error && mv list.new list.pem; }
list

# sign NAME KIND FIRST-DAY LAST-DAY: all of them have the same subject.
sign() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$1.key" -out "$1.csr" \
    -subj '/O=Partner/CN=partner' 2>error
  openssl ca -config ca.conf -batch -notext -in "$1.csr" -out "$1.pem" -extfile ca.conf -extensions "$2" \
    -startdate "$(day "$3")" -enddate "$(day "$4")" 2>error || fail "trust: openssl signs $1" "$(cat error)"
}
sign good client -1 20
sign other client -1 20
sign expired client -9 -1
sign early client 1 20
sign server server -1 20
sign authority-leaf authority -1 20

# --- the server --------------------------------------------------------------------------------------------

"$program" tls self-signed --out tls >/dev/null
cp tls/ca.pem ca.pem
cat >chancela.toml <<END
data = "$work/data"
[listen]
address = "127.0.0.1:$plain"
[listen.mtls]
address = "${url#https://}"
certificate = "$work/tls/server.pem"
key = "$work/tls/server.key"
[realm.one]
issuer = "http://127.0.0.1:$plain"
dialect = "standard"
[realm.one.mtls]
url = "$url"
trust = ["$work/authority.pem"]
crls = ["$work/list.pem"]
[realm.two]
issuer = "http://127.0.0.1:$plain/two"
dialect = "standard"
[realm.two.mtls]
url = "$url/two"
[realm.two.certificate_authority]
END
"$program" serve --config chancela.toml >server.log 2>&1 </dev/null &
server=$!
waited=0
until send "http://127.0.0.1:$plain/" && [ "$status" != 000 ]; do
  waited=$((waited + 1))
  if [ "$waited" -gt 150 ] || ! kill -0 "$server" 2>/dev/null; then
    fail "trust: the server starts" "$(tail -n 5 server.log)"
    exit 1
  fi
  sleep 0.1
done

register() { # REALM ISSUER-FILE: a client with that subject, of that issuer's; prints its id.
  "$program" client create --json --config chancela.toml --realm "$1" --name partner --auth-method tls_client_auth \
    --scope read --tls-subject-dn 'CN=partner,O=Partner' \
    --tls-issuer "$(openssl x509 -in "$2" -outform DER | openssl dgst -sha256 -r | cut -c 1-64)" >made.json
  member client_id made.json
}
id=$(register one authority.pem)
token() { # NAME STATUS PATTERN CERTIFICATE [URL CLIENT]
  answers "$1" "$2" "$3" "${5:-$url}/oauth/token" --cert "$4.pem" --key "$4.key" --data grant_type=client_credentials \
    --data "client_id=${6:-$id}"
}

# --- whom it believes ----------------------------------------------------------------------------------------

token "trust: a certificate of the authority outside" 200 '"access_token"' good
bound=$(member access_token)
answers "trust: ... its token is good with it" 204 '' "$url/oauth/verify" --cert good.pem --key good.key \
  --header "Authorization: Bearer $bound"
token "trust: another one with the same subject is the same client's" 200 '' other
token "trust: an expired one is refused" 401 invalid_client expired
token "trust: one that is not valid yet is refused" 401 invalid_client early
token "trust: a server's is refused" 401 invalid_client server
token "trust: an authority's is refused" 401 invalid_client authority-leaf
token "trust: a realm that does not trust the authority refuses all" 401 invalid_client good "$url/two" \
  "$(register two authority.pem)"
token "trust: a client of another issuer is not served by the subject alone" 401 invalid_client good "$url" \
  "$(register one tls/ca.pem)"

openssl ca -config ca.conf -revoke good.pem 2>error
list
# The list is a file, and files are looked at every few seconds.
deadline=$((SECONDS + 20))
until send "$url/oauth/verify" --cert good.pem --key good.key --header "Authorization: Bearer $bound" && [ "$status" = 401 ]; do
  [ "$SECONDS" -lt "$deadline" ] || break
  sleep 0.2
done
is "trust: after it stands on the list its token is refused" 401 "$status"
token "trust: ... and the certificate" 401 invalid_client good
token "trust: ... and no other" 200 '' other
exit "$failed"
