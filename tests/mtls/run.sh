#!/usr/bin/env bash
# Client certificates and mutual TLS, with curl, openssl, nginx, HAProxy and scanners against programs of our own.
#
#   ./run.sh PROGRAM              the program under test, such as target/debug/chancela
#   ./run.sh PROGRAM SCRIPT...    these only, such as bankly
#
# Prints one line per check and at the end "N passed, N failed"; exits non-zero on a failure.
# Ports of 127.0.0.1 from $CHANCELA_TEST_PORT (default 18400) + 20 to + 39 are used.
# Needs bash, openssl 3, curl >= 7.84, nginx, haproxy, testssl.sh, and python3 >= 3.10 with venv.
set -u

if [ $# -lt 1 ]; then
  echo "usage: run.sh PROGRAM [SCRIPT...]" >&2
  exit 2
fi
program=$(realpath "$1") || exit 2
shift
scripts=("$@")
[ $# -gt 0 ] || scripts=(bankly semear standard connections trust proxies pypix_api sslyze testssl)
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../checks.sh
. "$here/../checks.sh"
port=$((${CHANCELA_TEST_PORT:-18400} + 20))
url=http://127.0.0.1:$port
data=$work/sandbox
export PATH=$PATH:/usr/sbin PYTHONPATH=$here/../clients/python
# openssl reads these, and does not know that `*` in no_proxy means everything.
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY

# Sandbox: eight ports in a row, and two for TLS above them.
"$program" sandbox --listen "127.0.0.1:$port" --tls-listen "127.0.0.1:$((port + 8))" --data "$data" \
  >"$work/sandbox.log" 2>&1 </dev/null &
sandbox=$!
trap 'kill "$sandbox" 2>/dev/null; wait; rm -rf "$work"' EXIT
waited=0
until curl -q --silent --fail --output "$work/sandbox.json" --max-time 2 --noproxy '*' "$url/sandbox.json"; do
  waited=$((waited + 1))
  if [ "$waited" -gt 150 ] || ! kill -0 "$sandbox" 2>/dev/null; then
    fail "the sandbox starts: $(tail -n 5 "$work/sandbox.log" | tr '\n' ' ')"
    echo "$passed passed, $failed failed"
    exit 1
  fi
  sleep 0.2
done

for script in "${scripts[@]}"; do
  began=$SECONDS
  case $script in
    proxies) run proxies.sh "$here/proxies.sh" "$program" $((port + 10)) ;;
    trust) run trust.sh "$here/trust.sh" "$program" $((port + 16)) ;;
    pypix_api)
      python_packages "$here/../clients/python/requirements.txt" &&
        run pypix_api_mtls.py "$environment/bin/python" -B "$here/pypix_api_mtls.py" "$url" "$program"
      ;;
    sslyze)
      # The library knows one certificate of the world's authorities that its own parser warns of.
      python_packages "$here/requirements.txt" &&
        run sslyze_scan.py "$environment/bin/python" -B -W ignore "$here/sslyze_scan.py" "$url"
      ;;
    *) run "$script.sh" "$here/$script.sh" "$program" "$url" "$data" ;;
  esac
  echo "     $script: $((SECONDS - began)) s"
done

if ! kill -0 "$sandbox" 2>/dev/null; then
  fail "the sandbox serves to the end: $(tail -n 5 "$work/sandbox.log" | tr '\n' ' ')"
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
