#!/usr/bin/env bash
# Bankly's onboarding from the credentials to the revoked certificate, with curl and openssl alone: a token for the
# certificate, the certificate with a key that the provider makes, the registration, a token over mutual TLS.
#
#   ./bankly.sh PROGRAM URL DATA
set -u
began=$(date +%s)
# shellcheck source=lib.sh
. "$(dirname "$(realpath "$0")")/lib.sh"
open_sandbox "$2" "$3"

realm bankly >realm.json
client bankly demo >demo.json
client_id=$(member client_id demo.json)
secret=$(member client_secret demo.json)
company=$(member company_key demo.json)
url=$(member base_url realm.json)
mtls=$(member mtls_base_url realm.json)
pem client_ca_certificate_pem realm.json >realm-ca.pem
authorities bankly realm-ca.pem

token() { # SCOPE
  send "$url/connect/token" --data-urlencode "client_id=$client_id" --data-urlencode "client_secret=$secret" \
    --data grant_type=client_credentials --data-urlencode "scope=$1"
  member access_token
}

# The request for a certificate, with a passphrase for its key.
certify() { # NAME STATUS PATTERN COMPANY PASSPHRASE
  answers "$1" "$2" "$3" "$url/partners/$4/certificates" --header "Authorization: Bearer $bearer" \
    --json "{\"passphrase\":\"$5\",\"ttlInDays\":90}"
}

# --- step 1: a token, step 2: a certificate ----------------------------------------------------------

bearer=$(token certificate.create)
is "bankly: token for certificate.create" 200 "$status"
passphrase="Aa1!$(openssl rand -hex 32)"

certify "bankly: a passphrase of 63 characters is refused, with the rule" 400 'at least 64 characters, with upper-case' \
  "$company" "${passphrase:0:63}"
certify "bankly: one without a symbol is refused, with the rule" 400 'digits and symbols' \
  "$company" "Aa1$(openssl rand -hex 32)"
certify "bankly: another company's certificates are none of this client's" 403 '' \
  "$(cat /proc/sys/kernel/random/uuid)" "$passphrase"
other=$(token boleto.read)
answers "bankly: a token without certificate.create gets no certificate" 403 'insufficient_scope' \
  "$url/partners/$company/certificates" --header "Authorization: Bearer $other" --json "{\"passphrase\":\"$passphrase\"}"

certify "bankly: certificate" 201 '"privateKey":"-----BEGIN ENCRYPTED PRIVATE KEY' "$company" "$passphrase"
pem certificate >one.pem
pem certificateChain >one.chain.pem
pem privateKey >one.encrypted.key
subject=$(member subjectDn)
uuid=$(member uuid)
(umask 077 && printf '%s' "$passphrase" >passphrase)
(umask 077 && openssl pkey -in one.encrypted.key -passin file:passphrase -out one.key 2>error) || true
succeeds "bankly: openssl decrypts the key" openssl pkey -in one.key -noout -check
if openssl pkey -in one.encrypted.key -passin pass:wrong -noout 2>error; then
  fail "bankly: not with another passphrase" "it did"
else
  ok "bankly: not with another passphrase"
fi
is "bankly: the key is the certificate's" "$(openssl x509 -in one.pem -noout -pubkey)" "$(openssl pkey -in one.key -pubout)"
says "bankly: it is encrypted with AES-256" 'aes-256-cbc' openssl asn1parse -in one.encrypted.key
succeeds "bankly: the chain ends at the realm's root, for a TLS client" \
  openssl verify -CAfile bankly.root.pem -untrusted one.chain.pem -purpose sslclient one.pem
is "bankly: the subject is subjectDn" "$subject" \
  "$(openssl x509 -in one.pem -noout -subject -nameopt RFC2253 | sed 's/^subject=//')"

# --- step 3: the client, step 4: its tokens ----------------------------------------------------------

one=(--cert one.pem --key one.key)
register() { # NAME STATUS PATTERN CERTIFICATE...
  local name=$1 expected=$2 pattern=$3
  shift 3
  answers "$name" "$expected" "$pattern" "$@" "$mtls/oauth2/register" \
    --data 'grant_types[0]=client_credentials' --data token_endpoint_auth_method=tls_client_auth \
    --data 'response_types[0]=access_token' --data-urlencode "company_key=$company" \
    --data-urlencode "tls_client_auth_subject_dn=$subject" --data-urlencode 'scope=boleto.create boleto.read'
}
register "bankly: registration" 201 '"token_endpoint_auth_method":"tls_client_auth"' "${one[@]}"
registered=$(member client_id)
is "bankly: its subject is the certificate's" "$subject" "$(member tls_client_auth_subject_dn)"
answers "bankly: the registration can be read (RFC 7592)" 200 "\"client_id\":\"$registered\"" "${one[@]}" \
  "$(member registration_client_uri)" --header "Authorization: Bearer $(member registration_access_token)"
register "bankly: no registration without a certificate" 401 invalid_client

ask() { # NAME STATUS PATTERN CERTIFICATE...
  local name=$1 expected=$2 pattern=$3
  shift 3
  answers "$name" "$expected" "$pattern" "$@" "$mtls/oauth2/token" --data grant_type=client_credentials \
    --data-urlencode "client_id=$registered" --data scope=boleto.read
}
ask "bankly: token over mutual TLS, without a secret" 200 '"token_type":"Bearer"' "${one[@]}"
bound=$(member access_token)
is "bankly: cnf is openssl's digest of the certificate" "$(thumbprint one.pem)" \
  "$(claims "$bound" | sed -n 's/.*"x5t#S256":"\([^"]*\)".*/\1/p')"
ask "bankly: no token without the certificate" 403 invalid_client

resource() { # NAME STATUS PATTERN CURL-ARGUMENTS...
  local name=$1 expected=$2 pattern=$3
  shift 3
  answers "$name" "$expected" "$pattern" "$@" --header "Authorization: Bearer $bound"
}
resource "bankly: the resource echoes the claims" 200 "\"client_id\":\"$registered\".*\"cnf\"" "${one[@]}" "$mtls/resource"

second="Bb2?$(openssl rand -hex 32)"
certify "bankly: a second certificate, for the change" 201 '' "$company" "$second"
pem certificate >two.pem
(umask 077 && pem privateKey | openssl pkey -passin "pass:$second" -out two.key)
two=(--cert two.pem --key two.key)
second_uuid=$(member uuid)
certify "bankly: no third one" 409 '' "$company" "$passphrase"

resource "bankly: the same token with another certificate is refused" 401 '' "${two[@]}" "$mtls/resource"
says "bankly: ... as invalid_token" 'error="invalid_token"' cat headers
resource "bankly: ... and without one" 401 '' "$mtls/resource"
resource "bankly: ... and on the plain listener" 401 '' "$url/resource"

# --- the end of the first certificate ------------------------------------------------------------------

succeeds "bankly: revocation by the operator" \
  "$program" certificate revoke --realm bankly --data "$data" "$(serial one.pem)" --reason key-compromise
within_a_second "bankly: within a second the resource refuses its token" 401 "${one[@]}" "$mtls/resource" \
  --header "Authorization: Bearer $bound"
ask "bankly: ... and the token endpoint the certificate" 403 invalid_client "${one[@]}"

crl=$(openssl x509 -in one.pem -noout -ext crlDistributionPoints | sed -n 's/.*URI:\(.*\)/\1/p')
send "$crl"
cp body list.crl
cat bankly.root.pem bankly.between.pem >bankly.all.pem
says "bankly: its issuer signed the revocation list" 'verify OK' \
  openssl crl -inform DER -in list.crl -noout -verify -CAfile bankly.all.pem
says "bankly: the list has the certificate" "Serial Number: $(serial one.pem | tr 'a-f' 'A-F')" \
  openssl crl -inform DER -in list.crl -noout -text
ocsp=$(openssl x509 -in one.pem -noout -ocsp_uri)
check() { # FILE
  openssl ocsp -issuer bankly.between.pem -cert "$1" -url "$ocsp" -CAfile bankly.all.pem -no_nonce 2>&1
}
says "bankly: OCSP says revoked" '^one.pem: revoked' check one.pem
says "bankly: ... and why" 'Reason: keyCompromise' check one.pem
says "bankly: ... under a signature of its issuer" 'Response verify OK' check one.pem
says "bankly: ... and that the second one is good" '^two.pem: good' check two.pem

# The client goes on with the other certificate, because its subject is the same; its holder may revoke that one too.
ask "bankly: the second certificate still gets tokens" 200 '' "${two[@]}"
bound=$(member access_token)
resource "bankly: ... that the resource accepts" 200 '' "${two[@]}" "$mtls/resource"
answers "bankly: another one's certificate cannot be revoked" 404 '' --request DELETE \
  "$url/certificates/$(cat /proc/sys/kernel/random/uuid)" --header "Authorization: Bearer $bearer"
answers "bankly: revocation by the holder" 204 '' --request DELETE "$url/certificates/$second_uuid" \
  --header "Authorization: Bearer $bearer"
within_a_second "bankly: within a second the resource refuses that token too" 401 "${two[@]}" "$mtls/resource" \
  --header "Authorization: Bearer $bound"
ask "bankly: ... and the token endpoint" 403 invalid_client "${two[@]}"
[ "$uuid" != "$second_uuid" ] || fail "bankly: certificates have ids of their own" "both are $uuid"

took=$(($(date +%s) - began))
if [ "$took" -lt 60 ]; then ok "bankly: the whole took $took s"; else fail "bankly: the whole in a minute" "$took s"; fi
exit "$failed"
