#!/usr/bin/env bash
# Makes real, published OAuth clients obtain tokens from a running sandbox.
#
#   ./run.sh http://127.0.0.1:8080
#
# Prints one line per check and at the end "N passed, N failed"; exits non-zero on a failure.
# The clients are installed once, at the versions of the lock files, under $CHANCELA_CACHE
# (default ~/.cache/chancela-tests); after that no network but the sandbox's is used.
# Needs bash, curl, node >= 20 with npm, and python3 >= 3.10 with venv.
set -u

if [ $# -ne 1 ]; then
  echo "usage: run.sh URL-of-a-running-sandbox" >&2
  exit 2
fi
base=${1%/}
here=$(cd "$(dirname "$0")" && pwd)
cache=${CHANCELA_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/chancela-tests}
python=${PYTHON:-python3}
mkdir -p "$cache" && cache=$(cd "$cache" && pwd) || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

passed=0
failed=0

fail() {
  echo "FAIL $1"
  failed=$((failed + 1))
}

# hash VERSION FILE...: a name for what these files install with this tool.
hash() {
  "$python" -c '
import hashlib, sys
h = hashlib.sha256(sys.argv[1].encode())
for name in sys.argv[2:]:
    h.update(b"\0" + open(name, "rb").read())
print(h.hexdigest()[:24])' "$@"
}

# install NAME DIRECTORY COMMAND...: runs the command with an empty directory as its last
# argument and then renames that to DIRECTORY, so that a broken or concurrent install leaves
# no half of one. Does nothing if DIRECTORY is there.
install() {
  name=$1 target=$2
  shift 2
  [ -d "$target" ] && return 0
  fresh=$(mktemp -d "$cache/.new.XXXXXX") || return 1
  if "$@" "$fresh" >"$work/install.log" 2>&1 &&
    "$python" -c 'import os, sys; os.rename(*sys.argv[1:])' "$fresh" "$target" 2>>"$work/install.log"; then
    return 0
  fi
  rm -rf "$fresh"
  [ -d "$target" ] && return 0 # another run was faster
  fail "$name: the pinned packages could not be installed into $target: $(tail -n 3 "$work/install.log" | tr '\n' ' ')"
  return 1
}

install_node() {
  cp -R "$here/node/package.json" "$here/node/package-lock.json" "$here/node/.npmrc" "$here/node/absent" "$1" &&
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund)
}

install_python() {
  "$python" -m venv "$1" &&
    "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
      --only-binary :all: --no-deps --requirement "$here/python/requirements.txt"
}

# run NAME COMMAND...: runs a script, shows and counts its lines. A script that ends badly without
# a failed check, or that checks nothing, is a failure itself.
run() {
  name=$1
  shift
  # No proxy, .netrc or .env of the caller may come between a client and the sandbox.
  (cd "$work" && NO_PROXY='*' no_proxy='*' NETRC=/dev/null exec "$@") >"$work/out" 2>"$work/err" </dev/null
  status=$?
  cat "$work/out"
  ok=$(grep -c '^ok   ' "$work/out")
  bad=$(grep -c '^FAIL ' "$work/out")
  passed=$((passed + ok))
  failed=$((failed + bad))
  if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
    fail "$name: ended with status $status: $(tail -n 3 "$work/err" | tr '\n' ' ')"
  elif [ $((ok + bad)) -eq 0 ]; then
    fail "$name: made no check"
  fi
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
fi

key=$(hash "$("$python" -c 'import sys, platform; print(sys.version, platform.machine())')" "$here/python/requirements.txt") || exit 2
if install python "$cache/python-$key" install_python; then
  for script in pypix_api_client efipay_client authlib_client; do
    # -B keeps byte code out of the checkout.
    run "$script.py" "$cache/python-$key/bin/python" -B "$here/python/$script.py" "$base"
  done
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
