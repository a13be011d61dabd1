# What clients/run.sh and mtls/run.sh share: packages that are installed once, and scripts that are run and counted.
# Sourced, not run. Their scripts print a line "ok   NAME" or "FAIL NAME: why" for each check.
#
# Packages stand at the versions of their lock files under $CHANCELA_CACHE (default ~/.cache/chancela-tests).

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

# python_packages FILE: makes sure of what the requirements file says; $environment is where.
python_packages() {
  local key
  key=$(hash "$("$python" -c 'import sys, platform; print(sys.version, platform.machine())')" "$1") || exit 2
  environment=$cache/python-$key
  install python "$environment" install_python "$1"
}

install_python() {
  "$python" -m venv "$2" &&
    "$2/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
      --only-binary :all: --no-deps --requirement "$1"
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
