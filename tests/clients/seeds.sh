#!/usr/bin/env bash
# Replays the token requests printed on the five providers' pages with curl, against a running
# sandbox. Only addresses and credentials are replaced, from /sandbox.json; each request is sent
# to the realm's base_url and to its root_url. Prints one line per check.
#
#   ./seeds.sh http://127.0.0.1:8080
#
# Needs bash, curl and python3 (standard library only).
set -u

if [ $# -ne 1 ]; then
  echo "usage: seeds.sh URL-of-a-running-sandbox" >&2
  exit 2
fi
base=${1%/}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

failed=0

# send NAME EXPECTED CURL-ARGUMENTS...: one request, judged against the documented answer.
send() {
  name=$1 expected=$2
  shift 2
  rm -f "$work/headers" "$work/body"
  if ! curl -q --silent --show-error --noproxy '*' --max-time 10 \
    --dump-header "$work/headers" --output "$work/body" "$@" 2>"$work/error"; then
    echo "FAIL $name: $(tr '\n' ' ' <"$work/error")"
    failed=1
    return 1
  fi
  [ -f "$work/body" ] || : >"$work/body"
  "$python" -B "$here/python/seeds.py" judge "$name" "$expected" \
    "$work/headers" "$work/body" "$work/sandbox.json" || failed=1
}

# What the pages write as base64(id:secret).
pair() { printf '%s:%s' "$1" "$2" | base64 | tr -d '\n'; }

if ! curl -q --silent --show-error --fail --noproxy '*' --max-time 10 \
  --output "$work/sandbox.json" "$base/sandbox.json" 2>"$work/error"; then
  echo "FAIL seeds: $base/sandbox.json cannot be read: $(tr '\n' ' ' <"$work/error")"
  exit 1
fi
if ! assignments=$("$python" -B "$here/python/seeds.py" clients "$work/sandbox.json" 2>"$work/error"); then
  cat "$work/error"
  exit 1
fi
eval "$assignments"

# --- Bankly: form, credentials in the body ---------------------------------------------------

bankly() { # NAME EXPECTED URL SCOPE
  send "$1" "$2" --request POST "$3" \
    --header 'Content-Type: application/x-www-form-urlencoded' \
    --data-urlencode 'grant_type=client_credentials' \
    --data-urlencode "client_id=$bankly_id" \
    --data-urlencode "client_secret=$bankly_secret" \
    --data-urlencode "scope=$4"
}
bankly "seed bankly: token" bankly "$bankly_url" "$bankly_scope"
bankly "seed bankly: token for certificate.create" bankly-certificate "$bankly_url" certificate.create
bankly "seed bankly: eleven scopes are refused" bankly-eleven "$bankly_url" "$bankly_eleven_scopes"
bankly "seed bankly: token at root_url" bankly "$bankly_root_url" "$bankly_scope"

# --- BS2: form, Basic; 420 s in homologation, 300 s in production ----------------------------

bs2() { # NAME EXPECTED URL ID SECRET
  send "$1" "$2" --location --request POST "$3" \
    --header "Authorization: Basic $(pair "$4" "$5")" \
    --header 'Content-Type: application/x-www-form-urlencoded' \
    --data-urlencode 'grant_type=client_credentials' \
    --data-urlencode "scope=$bs2_scope"
}
bs2 "seed bs2: token" bs2 "$bs2_url" "$bs2_id" "$bs2_secret"
bs2 "seed bs2: token at root_url" bs2 "$bs2_root_url" "$bs2_id" "$bs2_secret"
bs2 "seed bs2: wrong secret" bs2-wrong-secret "$bs2_url" "$bs2_id" wrong-secret
bs2 "seed bs2-production: token" bs2-production "$bs2_production_url" "$bs2_production_id" "$bs2_production_secret"
bs2 "seed bs2-production: token at root_url" bs2-production "$bs2_production_root_url" "$bs2_production_id" "$bs2_production_secret"

# --- Banco Semear: two steps -----------------------------------------------------------------

semear_gateway() { # NAME EXPECTED URL
  send "$1" "$2" "$3" --request POST \
    --header "Authorization: Basic $(pair "$semear_gateway_id" "$semear_gateway_secret")" \
    --header 'Content-Type: application/json' \
    --data '{"grant_type":"client_credentials"}'
}
semear_application() { # NAME EXPECTED URL [HEADER-ARGUMENTS...]
  name_=$1 expected_=$2 url_=$3
  shift 3
  send "$name_" "$expected_" "$url_" --request POST \
    --header 'Content-Type: application/x-www-form-urlencoded' \
    ${1+"$@"} \
    --data-urlencode "client_id=$semear_application_id" \
    --data-urlencode "client_secret=$semear_application_secret" \
    --data-urlencode 'grant_type=client_credentials' \
    --data-urlencode "scope=$semear_scope"
}
certificate="client-cert: $semear_application_certificate" # PEM, newlines replaced by spaces

for at in url root_url; do
  gateway_url=semear_gateway_$at application_url=semear_application_$at
  where=$([ "$at" = url ] || echo " at $at")
  semear_gateway "seed semear: step 1$where" semear-1 "${!gateway_url}"
  gateway_token=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["access_token"])' \
    "$work/body" 2>/dev/null) || gateway_token=none
  semear_application "seed semear: step 2$where" semear-2 "${!application_url}" \
    --header "$certificate" --header "access_token: $gateway_token"
done
semear_application "seed semear: step 2 without access_token is refused" semear-refused "$semear_application_url" \
  --header "$certificate"
semear_application "seed semear: step 2 with a wrong access_token is refused" semear-refused "$semear_application_url" \
  --header "$certificate" --header 'access_token: 00000000-0000-4000-8000-000000000000'
semear_application "seed semear: step 2 without client-cert is refused" semear-refused "$semear_application_url" \
  --header "access_token: $gateway_token"

# --- Cel.cash: Basic and JSON, authorization_code without a code -----------------------------

celcash() { # NAME EXPECTED URL SECRET CONTENT-TYPE [HEADER-ARGUMENTS...]
  name_=$1 expected_=$2 url_=$3 secret_=$4 type_=$5
  shift 5
  send "$name_" "$expected_" "$url_" --request POST \
    --header "Authorization: Basic $(pair "$celcash_id" "$secret_")" \
    --header "Content-Type: $type_" \
    ${1+"$@"} \
    --data "{\"grant_type\":\"authorization_code\",\"scope\":\"$celcash_scope\"}"
}
json=application/json
celcash "seed celcash: token" celcash "$celcash_url" "$celcash_secret" "$json"
celcash "seed celcash: token at root_url" celcash "$celcash_root_url" "$celcash_secret" "$json"
celcash "seed celcash: token, JSON labelled as a form" celcash "$celcash_url" "$celcash_secret" application/x-www-form-urlencoded
celcash "seed celcash: token for a partner" celcash "$celcash_url" "$celcash_secret" "$json" \
  --header "AuthorizationPartner: $(pair "$celcash_partner_id" "$celcash_partner_secret")"
celcash "seed celcash: wrong secret" celcash-wrong-secret "$celcash_url" wrong-secret "$json"

# --- ABBYY Vantage: form, credentials in the body --------------------------------------------

vantage() { # NAME EXPECTED URL
  send "$1" "$2" --request POST "$3" \
    --header 'Content-Type: application/x-www-form-urlencoded' \
    --data-urlencode "client_id=$vantage_id" \
    --data-urlencode "client_secret=$vantage_secret" \
    --data-urlencode 'grant_type=client_credentials' \
    --data-urlencode "scope=$vantage_scope"
}
vantage "seed vantage: token" vantage "$vantage_url"
vantage "seed vantage: token at root_url" vantage "$vantage_root_url"

exit "$failed"
