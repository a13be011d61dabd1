#!/usr/bin/env bash
# nginx and HAProxy, with the files beside this one, in front of servers of our own: certificates pass, forgeries do not.
#
#   ./proxies.sh PROGRAM PORT     this port and the five above it are used
set -u
# shellcheck source=lib.sh
. "$(dirname "$(realpath "$0")")/lib.sh"
PATH=$PATH:/usr/sbin

port=$2
nginx_socket=$port nginx_tls=$((port + 1)) haproxy=$((port + 2))
plain_nginx=$((port + 3)) mtls_nginx=$((port + 4)) plain_haproxy=$((port + 5))

pids=()
stop() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null
  wait
  rm -rf "$work"
}
trap stop EXIT

# start NAME URL COMMAND...: runs it until the end of this script, and waits until something answers.
start() {
  local name=$1 url=$2 waited=0
  shift 2
  "$@" >"$name.log" 2>&1 </dev/null &
  pids+=($!)
  until send "$url" && [ "$status" != 000 ]; do
    waited=$((waited + 1))
    if [ "$waited" -gt 150 ] || ! kill -0 "${pids[-1]}" 2>/dev/null; then
      fail "proxies: $name starts" "$(tail -n 5 "$name.log" nginx.log 2>/dev/null)"
      exit 1
    fi
    sleep 0.1
  done
}

# fill FILE NAME=VALUE...: the file with its @NAME@s replaced.
fill() {
  local text pair
  text=$(cat "$mtls_tests/$1")
  shift
  for pair in "$@"; do text=${text//@${pair%%=*}@/${pair#*=}}; done
  printf '%s\n' "$text"
}

# --- certificates and servers ----------------------------------------------------------------------------

"$program" tls self-signed --out tls >/dev/null
cp tls/ca.pem ca.pem
cat tls/server.pem tls/server.key >server-and-key.pem
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout proxy.key -out proxy.pem -days 30 \
  -subj '/CN=proxy' -addext extendedKeyUsage=clientAuth 2>error
(umask 077 && openssl rand -hex 32 >mac.key)
mkdir files && echo 'a file' >files/one.txt

configuration() { # NAME PLAIN URL
  cat <<END
data = "$work/$1"
[listen]
address = "127.0.0.1:$2"
[realm.one]
issuer = "$3"
dialect = "standard"
[realm.one.mtls]
url = "$3"
[realm.one.certificate_authority]
END
}

{
  configuration for-nginx "$plain_nginx" "https://127.0.0.1:$nginx_socket"
  cat <<END
[listen.unix]
path = "$work/http.sock"
[listen.mtls]
address = "127.0.0.1:$mtls_nginx"
certificate = "$work/tls/server.pem"
key = "$work/tls/server.key"
[listen.client_certificate_header]
form = "escaped_pem"
from_unix_socket = true
proxy_certificates = ["$work/proxy.pem"]
END
} >for-nginx.toml
{
  configuration for-haproxy "$plain_haproxy" "https://127.0.0.1:$haproxy"
  cat <<END
[listen.client_certificate_header]
form = "client_cert"
mac_key_file = "$work/mac.key"
END
} >for-haproxy.toml

fill nginx.conf.in "PORT=$nginx_socket" "PORT_TLS=$nginx_tls" "SERVER_CERT=$work/tls/server.pem" \
  "SERVER_KEY=$work/tls/server.key" "SOCKET=$work/http.sock" "UPSTREAM_TLS=127.0.0.1:$mtls_nginx" \
  UPSTREAM_NAME=localhost "UPSTREAM_CA=$work/ca.pem" "PROXY_CERT=$work/proxy.pem" "PROXY_KEY=$work/proxy.key" \
  "USER=$(id -un)" "GROUP=$(id -gn)" "FOLDER=$work" "FILES=$work/files" >nginx.conf
fill haproxy.cfg.in "PORT=$haproxy" "SERVER_PEM=$work/server-and-key.pem" "UPSTREAM=127.0.0.1:$plain_haproxy" \
  "FOLDER=$work" >haproxy.cfg

start for-nginx "http://127.0.0.1:$plain_nginx/" "$program" serve --config for-nginx.toml
start for-haproxy "http://127.0.0.1:$plain_haproxy/" "$program" serve --config for-haproxy.toml
start nginx "https://127.0.0.1:$nginx_tls/" nginx -e "$work/nginx.log" -c "$work/nginx.conf" -g 'daemon off;'
start haproxy "https://127.0.0.1:$haproxy/" \
  env "CHANCELA_MAC_KEY=$(tr -d '\n' <mac.key | sed 's/../\\x&/g' | xargs -0 printf | openssl base64 -A)" \
  haproxy -f "$work/haproxy.cfg"

# certified SERVER NAME: a client with a certificate there; its id is in NAME.id.
certified() {
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout "$2.key" -out "$2.csr" -subj '/CN=any' 2>error
  "$program" client create --json --realm one --config "$1.toml" --name "$2" --auth-method tls_client_auth \
    --scope 'read write' >made.json
  member client_id made.json >"$2.id"
  "$program" certificate issue --json --realm one --config "$1.toml" --client "$(cat "$2.id")" --csr "$2.csr" >made.json
  pem certificate made.json >"$2.pem"
}

# --- what every proxy must do ------------------------------------------------------------------------------

token() { # NAME STATUS PATTERN URL CLIENT CURL-ARGUMENTS...
  local name=$1 expected=$2 pattern=$3 url=$4 id=$5
  shift 5
  answers "$name" "$expected" "$pattern" "$url/oauth/token" --data grant_type=client_credentials \
    --data "client_id=$(cat "$id.id")" --data scope=read "$@"
}

binding() { claims "$(member access_token)" | sed -n 's/.*"x5t#S256":"\([^"]*\)".*/\1/p'; }

# escaped FILE: as nginx writes a certificate; colons FILE: as RFC 9440 does.
escaped() { sed 's/+/%2B/g; s/ /%20/g; s/=/%3D/g; s,/,%2F,g; s/$/%0A/' "$1" | tr -d '\n'; }
colons() { printf ':%s:' "$(openssl x509 -in "$1" -outform DER | openssl base64 -A)"; }

# forgery FILE: every way to claim that certificate.
forgery() {
  local value name
  forged=()
  for name in Client-Cert client_cert CLIENT-CERT; do forged+=(--header "$name: $(colons "$1")"); done
  value=$(escaped "$1")
  for name in ssl-client-cert ssl_client_cert SSL-Client-Cert X-SSL-Client-Cert; do forged+=(--header "$name: $value"); done
  forged+=(--header "X-Forwarded-Client-Cert: Hash=$(openssl x509 -in "$1" -outform DER | openssl dgst -sha256 -r | cut -c 1-64);Cert=\"$value\"")
}

through() { # NAME URL DIRECT: the proxy, and the server behind it
  local who=$1 url=$2 direct=$3 own other bound
  own=$who other=$who-other
  certified "for-${who%%-*}" "$own"
  certified "for-${who%%-*}" "$other"
  local certificate=(--cert "$own.pem" --key "$own.key")
  token "$who: a token with the client's certificate" 200 '"access_token"' "$url" "$own" "${certificate[@]}"
  bound=(--header "Authorization: Bearer $(member access_token)")
  is "$who: ... is bound to it" "$(thumbprint "$own.pem")" "$(binding)"
  answers "$who: ... and good with it" 204 '' "$url/oauth/verify" "${certificate[@]}" "${bound[@]}"
  answers "$who: ... not with another one" 401 '' "$url/oauth/verify" --cert "$other.pem" --key "$other.key" "${bound[@]}"
  answers "$who: ... and not without" 401 '' "$url/oauth/verify" "${bound[@]}"
  token "$who: another client's certificate is refused" 401 invalid_client "$url" "$own" --cert "$other.pem" --key "$other.key"
  token "$who: a certificate of no authority gets our answer, not the proxy's" 401 invalid_client "$url" "$own" \
    --cert proxy.pem --key proxy.key

  forgery "$own.pem"
  token "$who: forged headers are no certificate" 401 invalid_client "$url" "$own" "${forged[@]}"
  answers "$who: ... for a token neither" 401 '' "$url/oauth/verify" "${forged[@]}" "${bound[@]}"
  token "$who: ... beside a certificate they change nothing" 200 '' "$url" "$other" "${forged[@]}" \
    --cert "$other.pem" --key "$other.key"
  is "$who: ... and the token is bound to the certificate" "$(thumbprint "$other.pem")" "$(binding)"
  token "$who: past the proxy they are ignored" 401 invalid_client "$direct" "$own" "${forged[@]}"
  answers "$who: ... for a token too" 401 '' "$direct/oauth/verify" "${forged[@]}" "${bound[@]}"
}

through nginx-socket "https://127.0.0.1:$nginx_socket" "http://127.0.0.1:$plain_nginx"
through nginx-tls "https://127.0.0.1:$nginx_tls" "http://127.0.0.1:$plain_nginx"
through haproxy "https://127.0.0.1:$haproxy" "http://127.0.0.1:$plain_haproxy"

# --- nginx: the server's own mutual TLS, and files behind auth_request ---------------------------------------

direct=https://127.0.0.1:$mtls_nginx
forgery nginx-tls.pem
token "nginx-tls: a client at the server's own mutual TLS is no proxy" 200 '' "$direct" nginx-tls-other "${forged[@]}" \
  --cert nginx-tls-other.pem --key nginx-tls-other.key
is "nginx-tls: ... its header is not read" "$(thumbprint nginx-tls-other.pem)" "$(binding)"
token "nginx-tls: the proxy's certificate is no client's" 401 invalid_client "$direct" nginx-tls --cert proxy.pem --key proxy.key

files=https://127.0.0.1:$nginx_socket/files/one.txt
token "auth_request: token" 200 '' "https://127.0.0.1:$nginx_socket" nginx-socket --cert nginx-socket.pem --key nginx-socket.key
bound=(--header "Authorization: Bearer $(member access_token)")
answers "auth_request: a bound token with its certificate reads the file" 200 '^a file$' "$files" "${bound[@]}" \
  --cert nginx-socket.pem --key nginx-socket.key
answers "auth_request: ... not with another certificate" 401 '' "$files" "${bound[@]}" \
  --cert nginx-socket-other.pem --key nginx-socket-other.key
says "auth_request: ... and the answer says why" 'error="invalid_token"' cat headers
forgery nginx-socket.pem
answers "auth_request: ... not with a forged one" 401 '' "$files" "${bound[@]}" "${forged[@]}"
answers "auth_request: ... not without a token" 401 '' "$files" --cert nginx-socket.pem --key nginx-socket.key
answers "auth_request: ... and not with a body" 401 '' "$files" --data a=b --header 'Authorization: Bearer none'
answers "auth_request: a token for another scope is not enough" 200 '' "https://127.0.0.1:$nginx_socket/oauth/token" \
  --data grant_type=client_credentials --data "client_id=$(cat nginx-socket.id)" --data scope=write \
  --cert nginx-socket.pem --key nginx-socket.key
answers "auth_request: ... it is 403" 403 '' "$files" --header "Authorization: Bearer $(member access_token)" \
  --cert nginx-socket.pem --key nginx-socket.key

# --- HAProxy's MAC, as the book describes it -------------------------------------------------------------------

# vouch SECONDS METHOD PATH CERTIFICATE KEY-FILE: the header's value.
vouch() {
  printf 't=%s,v1=%s' "$1" "$(printf '%s\n%s\n%s\n%s\n' "$1" "$2" "$3" "$4" |
    openssl dgst -sha256 -mac HMAC -macopt "hexkey:$(cat "$5")" -r | cut -c 1-64)"
}
mac() { # NAME STATUS PATTERN MAC
  token "$1" "$2" "$3" "http://127.0.0.1:$plain_haproxy" haproxy --header "Client-Cert: $certificate" \
    --header "Client-Cert-Mac: $4"
}
certificate=$(colons haproxy.pem)
openssl rand -hex 32 >wrong.key
moment=$(date +%s)
mac "MAC: the right one proves the header" 200 '' "$(vouch "$moment" POST /oauth/token "$certificate" mac.key)"
mac "MAC: one under another key is refused" 400 '' "$(vouch "$moment" POST /oauth/token "$certificate" wrong.key)"
mac "MAC: one for another path is refused" 400 '' "$(vouch "$moment" POST /oauth/verify "$certificate" mac.key)"
mac "MAC: one for another certificate is refused" 400 '' \
  "$(vouch "$moment" POST /oauth/token "$(colons haproxy-other.pem)" mac.key)"
mac "MAC: one of two minutes ago is refused" 400 '' "$(vouch $((moment - 120)) POST /oauth/token "$certificate" mac.key)"
token "MAC: a client's own is refused by the server, or replaced by the proxy" 401 invalid_client \
  "https://127.0.0.1:$haproxy" haproxy --header "Client-Cert: $certificate" \
  --header "Client-Cert-Mac: $(vouch "$moment" POST /oauth/token "$certificate" wrong.key)"

exit "$failed"
