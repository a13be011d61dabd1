#!/usr/bin/env bash
# Walks through the pages in a real browser, headless: each script starts a sandbox of its own.
#
#   ./run.sh PROGRAM              the program under test, such as target/debug/chancela
#   ./run.sh PROGRAM SCRIPT...    these scripts only, such as vantage
#
# Prints one line per check and at the end "N passed, N failed"; exits non-zero on a failure.
# The packages are installed once, at the versions of the lock file, under $CHANCELA_CACHE (default
# ~/.cache/chancela-tests). Needs bash, node >= 20 with npm, and Chromium ($CHROMIUM, default /usr/bin/chromium).
set -u

if [ $# -lt 1 ]; then
  echo "usage: run.sh PROGRAM [SCRIPT...]" >&2
  exit 2
fi
CHANCELA_PROGRAM=$(realpath "$1") || exit 2
export CHANCELA_PROGRAM
shift
here=$(cd "$(dirname "$0")" && pwd)
cache=${CHANCELA_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/chancela-tests}
mkdir -p "$cache" && cache=$(cd "$cache" && pwd) || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
scripts=("$@")
[ $# -gt 0 ] || scripts=(vantage standard factors hostile everybody demo)

passed=0
failed=0

fail() {
  echo "FAIL $1"
  failed=$((failed + 1))
}

install() {
  local target=$1 fresh
  [ -d "$target" ] && return 0
  fresh=$(mktemp -d "$cache/.new.XXXXXX") || return 1
  if cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$fresh" &&
    (cd "$fresh" && npm ci --ignore-scripts --no-audit --no-fund) >"$work/install.log" 2>&1 &&
    mv -T "$fresh" "$target" 2>>"$work/install.log"; then
    return 0
  fi
  rm -rf "$fresh"
  [ -d "$target" ] && return 0 # another run was faster
  fail "browser: the pinned packages could not be installed: $(tail -n 3 "$work/install.log" | tr '\n' ' ')"
  return 1
}

chromium=${CHROMIUM:-/usr/bin/chromium}
key=$(cat "$here/package.json" "$here/package-lock.json" "$here/.npmrc" | sha256sum | cut -c 1-24)
if ! command -v node >/dev/null || ! command -v npm >/dev/null || [ ! -x "$chromium" ]; then
  fail "browser: node, npm and $chromium are needed and not installed"
elif install "$cache/browser-$key"; then
  # The scripts run beside a link to the cached packages, so that the checkout stays clean.
  mkdir "$work/run" && cp "$here"/*.mjs "$here/../clients/node/forms.mjs" "$work/run/" &&
    ln -s "$cache/browser-$key/node_modules" "$work/run/node_modules"
  for script in "${scripts[@]}"; do
    # No proxy of the caller may come between the browser and the sandbox.
    (cd "$work/run" && NO_PROXY='*' no_proxy='*' exec timeout 600 node "$script.mjs") >"$work/out" 2>"$work/err" </dev/null
    status=$?
    cat "$work/out"
    ok=$(grep -c '^ok   ' "$work/out")
    bad=$(grep -c '^FAIL ' "$work/out")
    passed=$((passed + ok))
    failed=$((failed + bad))
    if [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; then
      fail "$script.mjs: ended with status $status: $(tail -n 3 "$work/err" | tr '\n' ' ')"
    elif [ $((ok + bad)) -eq 0 ]; then
      fail "$script.mjs: made no check"
    fi
  done
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
