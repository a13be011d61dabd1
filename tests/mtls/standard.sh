#!/usr/bin/env bash
# The standard realm: certificates for requests that openssl makes, renewal over mutual TLS, PKCS #12, and who is refused.
#
#   ./standard.sh PROGRAM URL DATA
set -u
# shellcheck source=lib.sh
. "$(dirname "$(realpath "$0")")/lib.sh"
open_sandbox "$2" "$3"

realm standard >realm.json
url=$(member base_url realm.json)
mtls=$(member mtls_base_url realm.json)
pem client_ca_certificate_pem realm.json >realm-ca.pem
authorities standard realm-ca.pem
keep first standard mtls
id=$(member client_id first.json)
cat first.pem first.chain.pem >first.full.pem
operator() { "$program" "$@" --realm standard --data "$data"; }

token() { # NAME STATUS PATTERN CURL-ARGUMENTS...
  local name=$1 expected=$2 pattern=$3
  shift 3
  answers "$name" "$expected" "$pattern" "$mtls/oauth/token" --data grant_type=client_credentials "$@"
}

# request NAME: a new key and a certificate request, in PEM and in DER, which asks for things that it does not get.
request() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$1.key" -out "$1.csr" \
    -subj "/CN=anybody" -addext basicConstraints=critical,CA:TRUE -addext subjectAltName=DNS:bank.example 2>error
  openssl req -in "$1.csr" -outform DER -out "$1.csr.der"
}

own_client() { # NAME: a client of tls_client_auth whose certificates the realm's authority issues; prints its id.
  operator client create --json --name "$1" --auth-method tls_client_auth --scope 'certificate.create read' >created.json
  member client_id created.json
}

issue() { # NAME CLIENT: the operator issues a certificate for a new request.
  request "$1" && operator certificate issue --client "$2" --csr "$1.csr" --json >issued.json
  pem certificate issued.json >"$1.pem"
}

# --- certificates for requests of the client's own -----------------------------------------------------

token "standard: token for certificate.create over mutual TLS" 200 '' --cert first.full.pem --key first.key \
  --data "client_id=$id" --data scope=certificate.create
bearer=$(member access_token)
order=(--cert first.full.pem --key first.key "$mtls/certificates" --header "Authorization: Bearer $bearer")

request second
answers "standard: a request in PEM" 201 '"status":"issued"' "${order[@]}" \
  --header 'Content-Type: application/pkcs10' --data-binary @second.csr
pem certificate >second.pem
pem certificate_chain >second.chain.pem
answers "standard: no third certificate" 409 '' "${order[@]}" --header 'Content-Type: text/plain' --data-binary @second.csr
succeeds "standard: its chain ends at the realm's root, for a TLS client" \
  openssl verify -CAfile standard.root.pem -untrusted second.chain.pem -purpose sslclient -x509_strict second.pem
is "standard: it is for the key of the request" "$(openssl pkey -in second.key -pubout)" \
  "$(openssl x509 -in second.pem -noout -pubkey)"
says "standard: it makes nobody an authority" 'CA:FALSE' openssl x509 -in second.pem -noout -ext basicConstraints
is "standard: its subject is not what the request says" "$(openssl x509 -in first.pem -noout -subject)" \
  "$(openssl x509 -in second.pem -noout -subject)"
token "standard: it gets a token" 200 '' --cert second.pem --key second.key --data "client_id=$id" --data scope=read
is "standard: the token is bound to it" "$(thumbprint second.pem)" \
  "$(claims "$(member access_token)" | sed -n 's/.*"x5t#S256":"\([^"]*\)".*/\1/p')"
succeeds "standard: revocation" operator certificate revoke "$(serial second.pem)" --reason superseded

request third
answers "standard: a request in DER" 201 '"status":"issued"' "${order[@]}" \
  --header 'Content-Type: application/pkcs10' --data-binary @third.csr.der
pem certificate >third.pem
succeeds "standard: ... revoked" operator certificate revoke "$(serial third.pem)"

request fourth
answers "standard: a request as text is answered with PEM alone" 201 '^-----BEGIN CERTIFICATE-----$' "${order[@]}" \
  --header 'Content-Type: text/plain' --data-binary @fourth.csr
cp body fourth.pem
succeeds "standard: ... which is the chain as curl wants it" openssl x509 -in fourth.pem -noout
token "standard: ... and gets a token" 200 '' --cert fourth.pem --key fourth.key --data "client_id=$id" --data scope=read
answers "standard: a request that another key signed is refused" 400 'invalid_request' "${order[@]}" \
  --header 'Content-Type: application/pkcs10' --data-binary @<(head -c -8 fourth.csr.der && printf 'scrambled')
succeeds "standard: ... revoked" operator certificate revoke "$(serial fourth.pem)"

# --- renewal: the certificate there is, and no token ---------------------------------------------------

request renewed
answers "standard: renewal over mutual TLS" 201 '"status":"issued"' --cert first.full.pem --key first.key \
  "$mtls/certificates" --header 'Content-Type: application/pkcs10' --data-binary @renewed.csr
pem certificate >renewed.pem
token "standard: the new certificate gets tokens" 200 '' --cert renewed.pem --key renewed.key --data "client_id=$id" \
  --data scope=read
token "standard: ... and the old one still does" 200 '' --cert first.full.pem --key first.key --data "client_id=$id" \
  --data scope=read
answers "standard: no renewal on the plain listener" 401 '' "$url/certificates" \
  --header 'Content-Type: application/pkcs10' --data-binary @renewed.csr
answers "standard: no renewal by a revoked certificate" 401 '' --cert second.pem --key second.key \
  "$mtls/certificates" --header 'Content-Type: application/pkcs10' --data-binary @second.csr

# --- PKCS #12 --------------------------------------------------------------------------------------------

(umask 077 && echo 'a password' >password)
cat renewed.pem second.chain.pem >renewed.full.pem
succeeds "standard: chancela packs certificate and key into PKCS #12" "$program" certificate pkcs12 \
  --certificate renewed.full.pem --key renewed.key --password-file password --out renewed.p12
succeeds "standard: openssl reads it" openssl pkcs12 -in renewed.p12 -passin file:password -noout
token "standard: curl uses it" 200 '' --cert-type P12 --cert 'renewed.p12:a password' --data "client_id=$id" \
  --data scope=read
is "standard: ... and its token is bound to it" "$(thumbprint renewed.pem)" \
  "$(claims "$(member access_token)" | sed -n 's/.*"x5t#S256":"\([^"]*\)".*/\1/p')"

# --- who is refused --------------------------------------------------------------------------------------

other=$(own_client other)
issue other "$other"
token "standard: another client's certificate gets its own tokens" 200 '' --cert other.pem --key other.key \
  --data "client_id=$other" --data scope=read
bound=$(member access_token)
token "standard: ... and not this client's" 401 invalid_client --cert other.pem --key other.key --data "client_id=$id"
token "standard: no certificate, no token" 401 invalid_client --data "client_id=$id"
answers "standard: a bound token with its certificate is good" 204 '' "$mtls/oauth/verify?scope=read" \
  --cert other.pem --key other.key --header "Authorization: Bearer $bound"
answers "standard: ... and with another one is not" 401 '' "$mtls/oauth/verify?scope=read" \
  --cert renewed.pem --key renewed.key --header "Authorization: Bearer $bound"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout self.key -out self.pem -days 30 \
  -subj "$(openssl x509 -in other.pem -noout -subject -nameopt compat | sed 's/^subject=//; s/^ *//')" 2>error
token "standard: a self-signed certificate is none of tls_client_auth" 401 invalid_client --cert self.pem --key self.key \
  --data "client_id=$other"
# The same certificate by the other method: its key is what counts.
printf '{"keys":[{"kty":"EC","crv":"P-256","x":"%s","y":"%s","x5c":["%s"]}]}' \
  "$(openssl pkey -in self.key -pubout -outform DER | tail -c 64 | head -c 32 | base64url)" \
  "$(openssl pkey -in self.key -pubout -outform DER | tail -c 32 | base64url)" \
  "$(openssl x509 -in self.pem -outform DER | openssl base64 -A)" >self.jwks
operator client create --json --name self --auth-method self_signed_tls_client_auth --scope read --jwks self.jwks >self.json
token "standard: ... and is one of self_signed_tls_client_auth" 200 '' --cert self.pem --key self.key \
  --data "client_id=$(member client_id self.json)"
token "standard: ... for which one of the authority is none" 401 invalid_client --cert other.pem --key other.key \
  --data "client_id=$(member client_id self.json)"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout stranger-ca.key -out stranger-ca.pem -days 30 \
  -subj '/CN=Another authority' 2>error
openssl x509 -req -in other.csr -CA stranger-ca.pem -CAkey stranger-ca.key -out stranger.pem -days 30 \
  -extfile <(printf 'extendedKeyUsage=clientAuth\n') 2>error
token "standard: a certificate of another authority is refused" 401 invalid_client --cert stranger.pem --key other.key \
  --data "client_id=$other"
operator client create --json --name subject --auth-method tls_client_auth --scope read \
  --tls-subject-dn "$(openssl x509 -in self.pem -noout -subject -nameopt RFC2253 | sed 's/^subject=//')" >subject.json
token "standard: ... and a self-signed one with the registered subject" 401 invalid_client --cert self.pem --key self.key \
  --data "client_id=$(member client_id subject.json)"
send --cert other.pem --key first.key "$mtls/oauth/token" --data "client_id=$other"
is "standard: a certificate without its key makes no connection" 000 "$status"
exit "$failed"
