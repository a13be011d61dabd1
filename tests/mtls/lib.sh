# What the scripts share: sending a request, reading JSON and PEM with sed, and one line per check. Sourced, not run.
#
# A script is called with the program first, and then, unless it says otherwise, with the address of a running sandbox and
# its folder. It works in a folder of its own, in which `ca.pem` is the authority of the TLS listeners.

program=$(realpath "$1") || exit 2
mtls_tests=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
failed=0
status=
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2

ok() { echo "ok   $1"; }

fail() { # NAME WHY
  echo "FAIL $1: $(tr '\n' ' ' <<<"$2" | cut -c 1-400)"
  failed=1
}

# is NAME EXPECTED ACTUAL. Nothing equals nothing only by mistake.
is() {
  if [ -n "$2" ] && [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "expected '$2', got '$3'"; fi
}

# succeeds NAME COMMAND...
succeeds() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then ok "$name"; else fail "$name" "$said"; fi
}

# says NAME PATTERN COMMAND...: its output has a line that the pattern matches.
says() {
  local name=$1 pattern=$2 said
  shift 2
  said=$("$@" 2>&1)
  if grep -q -E -- "$pattern" <<<"$said"; then ok "$name"; else fail "$name" "no $pattern in: $said"; fi
}

# send CURL-ARGUMENTS...: one request; the answer is in $status, the files `body` and `headers`. 000: there was none.
send() {
  : >body
  : >headers
  status=$(curl -q --silent --show-error --noproxy '*' --max-time 10 --cacert ca.pem --dump-header headers \
    --output body --write-out '%{http_code}' "$@" 2>error) || status=000
}

# answers NAME STATUS PATTERN CURL-ARGUMENTS...: sends, and judges status and body.
answers() {
  local name=$1 expected=$2 pattern=$3
  shift 3
  send "$@"
  if [ "$status" = "$expected" ] && { [ -z "$pattern" ] || grep -q -E -- "$pattern" body; }; then
    ok "$name"
  else
    fail "$name" "expected $expected and '$pattern', got $status: $(cat body error)"
  fi
}

# member NAME [FILE]: the text of a JSON member; nothing in these answers is escaped but line breaks.
member() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "${2:-body}"; }

# pem NAME [FILE]: a member with PEM text.
pem() { printf '%b' "$(member "$@")"; }

# realm NAME: its part of sandbox.json, which has one member a line.
realm() { sed -n "/^    \"$1\": {\$/,/^    }/ p" sandbox.json; }

# client REALM LABEL: the object of one client.
client() {
  realm "$1" | sed -n "/^        {\$/,/^        }/ { H; /^        }/ { x; /\"label\": \"$2\"/ p; s/.*//; x; }; }"
}

# keep NAME REALM LABEL: the client's certificate, chain and key as NAME.pem, NAME.chain.pem and NAME.key.
keep() {
  client "$2" "$3" >"$1.json"
  pem certificate_pem "$1.json" >"$1.pem"
  pem certificate_chain_pem "$1.json" >"$1.chain.pem"
  (umask 077 && pem private_key_pem "$1.json" >"$1.key")
}

# thumbprint FILE: what tokens are bound to, as openssl computes it.
thumbprint() { openssl x509 -in "$1" -outform DER | openssl dgst -sha256 -binary | base64url; }

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# claims TOKEN: the payload of a JWT.
claims() {
  local part
  part=$(cut -d . -f 2 <<<"$1" | tr '_-' '/+')
  while [ $((${#part} % 4)) -ne 0 ]; do part+='='; done
  openssl base64 -d -A <<<"$part"
}

# serial FILE: a certificate's serial number as the server writes it.
serial() { openssl x509 -in "$1" -noout -serial | sed 's/serial=//' | tr 'A-F' 'a-f'; }

# authorities NAME PEM: the root, and what stands between it and a client, as NAME.root.pem and NAME.between.pem.
authorities() {
  csplit --quiet --elide-empty-files --prefix="$1.authority." "$2" '/BEGIN CERTIFICATE/' '{*}'
  local file
  : >"$1.between.pem"
  for file in "$1".authority.*; do
    if [ "$(openssl x509 -in "$file" -noout -subject_hash)" = "$(openssl x509 -in "$file" -noout -issuer_hash)" ]; then
      cp "$file" "$1.root.pem"
    else
      cat "$file" >>"$1.between.pem"
    fi
  done
}

# within_a_second NAME STATUS CURL-ARGUMENTS...: asks until the answer is that one, for a second at most.
within_a_second() {
  local name=$1 expected=$2 began
  shift 2
  began=$(now)
  until send "$@" && [ "$status" = "$expected" ]; do
    if [ $(($(now) - began)) -ge 1000 ]; then
      fail "$name" "after a second it is still $status: $(cat body)"
      return
    fi
    sleep 0.05
  done
  ok "$name"
}

now() { date +%s%3N; } # milliseconds

# open_sandbox URL DATA: reads sandbox.json.
open_sandbox() {
  data=$2
  send "${1%/}/sandbox.json"
  if [ "$status" != 200 ]; then
    echo "FAIL $(basename "$0"): $1/sandbox.json cannot be read: $(cat error)"
    exit 1
  fi
  mv body sandbox.json
  pem ca_certificate_pem sandbox.json >ca.pem
}
