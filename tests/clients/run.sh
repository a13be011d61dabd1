#!/usr/bin/env bash
# Makes real, published OAuth clients obtain tokens from a running sandbox, and our own from published servers.
#
#   ./run.sh http://127.0.0.1:8080 PROGRAM
#
# Prints one line per check and at the end "N passed, N failed"; exits non-zero on a failure.
# The clients are installed once, at the versions of the lock files, under $CHANCELA_CACHE
# (default ~/.cache/chancela-tests); after that no network but the sandbox's is used.
# Needs bash, curl, node >= 20 with npm, and python3 >= 3.10 with venv.
set -u

if [ $# -ne 2 ]; then
  echo "usage: run.sh URL-of-a-running-sandbox PROGRAM" >&2
  exit 2
fi
base=${1%/}
program=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../checks.sh
. "$here/../checks.sh"

install_node() {
  cp -R "$here/node/package.json" "$here/node/package-lock.json" "$here/node/.npmrc" "$here/node/absent" "$1" &&
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund)
}

install_servers() {
  cp "$here/servers/package.json" "$here/servers/package-lock.json" "$here/servers/.npmrc" "$1" &&
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund)
}

run "seeds.sh" "$here/seeds.sh" "$base"

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  fail "node: node and npm are needed and not installed"
else
  key=$(hash "$(node -p process.versions.modules)" "$here/node/package.json" "$here/node/package-lock.json" "$here/node/.npmrc") || exit 2
  if install node "$cache/node-$key" install_node; then
    # The scripts run beside a link to the cached packages, so that the checkout stays clean.
    mkdir "$work/node" && cp "$here"/node/*.mjs "$work/node/" && ln -s "$cache/node-$key/node_modules" "$work/node/node_modules"
    for script in openid-client oauth4webapi openid-connect app-pix; do
      run "$script.mjs" node "$work/node/$script.mjs" "$base"
    done
  fi
  key=$(hash "$(node -p process.versions.modules)" "$here/servers/package.json" "$here/servers/package-lock.json" "$here/servers/.npmrc") || exit 2
  if install servers "$cache/servers-$key" install_servers; then
    mkdir "$work/servers" && cp "$here"/servers/*.mjs "$work/servers/" && ln -s "$cache/servers-$key/node_modules" "$work/servers/node_modules"
    for script in servers signed; do
      run "$script.mjs" node "$work/servers/$script.mjs" "$program"
    done
  fi
fi

if python_packages "$here/python/requirements.txt"; then
  for script in pypix_api_client efipay_client authlib_client; do
    # -B keeps byte code out of the checkout.
    run "$script.py" "$environment/bin/python" -B "$here/python/$script.py" "$base"
  done
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
