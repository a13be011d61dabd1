#!/usr/bin/env bash
# Makes a data folder and a configuration for the side-by-side benchmark: one realm for each format, one client.
#   prepare.sh BINARY WORK PORT [durable|danger_memory]
set -euo pipefail
binary=$1 work=$2 port=$3 tokens=${4:-durable}
mkdir -p "$work"
rm -rf "$work/data"
{
  echo "data = \"$work/data\""
  echo "[listen]"
  echo "address = \"127.0.0.1:$port\""
  echo "[store]"
  echo "access_tokens = \"$tokens\""
  echo "[log]"
  echo "filter = \"warn\""
  for algorithm in ES256 RS256 PS256 EdDSA; do
    echo "[realm.${algorithm,,}]"
    echo "issuer = \"http://127.0.0.1:$port/${algorithm,,}\""
    echo "dialect = \"standard\""
    echo "signing_algorithm = \"$algorithm\""
  done
  echo "[realm.opaque]"
  echo "issuer = \"http://127.0.0.1:$port/opaque\""
  echo "dialect = \"standard\""
  echo "access_token_format = \"opaque\""
} > "$work/chancela.toml"
for realm in es256 rs256 ps256 eddsa opaque; do
  echo '{"client_id":"bench","client_secret":"bench-secret-0123456789abcdef0123456789","scope":"cob.read pix.read"}' |
    "$binary" client import --realm "$realm" --config "$work/chancela.toml" - > /dev/null
done
