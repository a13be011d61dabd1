#!/usr/bin/env bash
# The agent's reverse proxy beside nginx with one worker that does the same: requests per second and CPU per request, each
# proxy on core 0, load generator and API on core 1, in alternating rounds; then the agent's idle memory.
#   reverse_proxy.sh BINARY [-r ROUNDS] [-s SECONDS] [-c CONNECTIONS] [-p PORT]
# Needs nginx, wrk, openssl and taskset. Starts everything on loopback and stops what it started.
set -euo pipefail

binary=$(realpath "$1")
shift
rounds=5 seconds=4 connections=64 port=18500
while getopts r:s:c:p: option; do
  case $option in
    r) rounds=$OPTARG ;; s) seconds=$OPTARG ;; c) connections=$OPTARG ;; p) port=$OPTARG ;;
    *) exit 2 ;;
  esac
done
for tool in nginx wrk openssl taskset curl; do
  command -v "$tool" > /dev/null || { echo "$tool is needed and not installed" >&2; exit 2; }
done

work=$(mktemp -d)
started=()
end() {
  for pid in "${started[@]}"; do kill "$pid" 2> /dev/null || true; done
  wait 2> /dev/null || true
  rm -rf "$work"
}
trap end EXIT

api=$port tls=$((port + 1)) nginx_plain=$((port + 2)) nginx_tls=$((port + 3)) ours_plain=$((port + 4)) ours_tls=$((port + 5))
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -keyout "$work/api.key" -out "$work/api.pem" 2> /dev/null

nginx_at() { # NAME CORE: nginx in the foreground, pinned
  mkdir -p "$work/$1"
  taskset -c "$2" nginx -p "$work/$1" -e "$work/$1/error.log" -c "$work/$1.conf" &
  started+=($!)
}
common="daemon off; master_process off; worker_processes 1; pid pid;
events { worker_connections 4096; }"
limits="access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;"
cat > "$work/api.conf" <<END
$common
http { $limits
  server {
    listen 127.0.0.1:$api; listen 127.0.0.1:$tls ssl;
    ssl_certificate $work/api.pem; ssl_certificate_key $work/api.key;
    location = /oauth/token { default_type application/json;
      return 200 '{"access_token":"0123456789abcdef0123456789abcdef","token_type":"Bearer","expires_in":86400}'; }
    location / { default_type application/json;
      if (\$http_authorization = "") { return 401; }
      return 200 '{"id":"e8f5c2d1","status":"ACTIVE","amount":"120.00","items":[1,2,3,4,5,6,7,8,9,10],"next":null,"page":"1"}'; }
  }
}
END
cat > "$work/proxy.conf" <<END
$common
http { $limits
  upstream plain { server 127.0.0.1:$api; keepalive 256; keepalive_requests 1000000000; }
  upstream secret { server 127.0.0.1:$tls; keepalive 256; keepalive_requests 1000000000; }
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host localhost;
  proxy_set_header Authorization "Bearer 0123456789abcdef0123456789abcdef"; proxy_set_header Cookie "";
  proxy_ssl_trusted_certificate $work/api.pem; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_server_name on;
  server { listen 127.0.0.1:$nginx_plain; location / { proxy_pass http://plain; } }
  server { listen 127.0.0.1:$nginx_tls; location / { proxy_pass https://secret; } }
}
END
cat > "$work/agent.toml" <<END
[agent]
socket = "$work/agent.sock"
[http]
ca = "$work/api.pem"
[provider.bank]
dialect = "standard"
address = "http://127.0.0.1:$api"
client_id = "bench"
client_secret = "file:$work/secret"
[[reverse_proxy]]
listen = "127.0.0.1:$ours_plain"
upstream = "http://127.0.0.1:$api"
provider = "bank"
[[reverse_proxy]]
listen = "127.0.0.1:$ours_tls"
upstream = "https://localhost:$tls"
provider = "bank"
END
(umask 077 && printf secret > "$work/secret")

nginx_at api 1
api_pid=$!
nginx_at proxy 0
nginx_pid=$!
taskset -c 0 "$binary" agent run --config "$work/agent.toml" --log warn 2> "$work/agent.log" &
agent_pid=$!
started+=("$agent_pid")
for at in $nginx_plain $nginx_tls $ours_plain $ours_tls; do
  curl -sf --retry 50 --retry-delay 0 --retry-all-errors --retry-max-time 10 "http://127.0.0.1:$at/v1/things" > /dev/null ||
    { echo "nobody answers at $at:" >&2; cat "$work/agent.log" "$work/proxy/error.log" >&2; exit 1; }
done

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
round() { # PID PORT: requests per second and microseconds of CPU per request
  local before after out
  before=$(ticks "$1")
  out=$(taskset -c 1 wrk -t1 -c"$connections" -d"${seconds}s" -H 'Accept: application/json' -H 'X-Request-Id: 7f3a' \
    "http://127.0.0.1:$2/v1/things?page=1")
  after=$(ticks "$1")
  if grep -q 'Non-2xx\|Socket errors' <<< "$out"; then echo "$out" >&2; exit 1; fi
  awk -v hz="$(getconf CLK_TCK)" -v cpu=$((after - before)) \
    '/requests in/ { n = $1 } /Requests\/sec/ { rate = $2 } END { printf "%d %.2f\n", rate, cpu / hz * 1e6 / n }' <<< "$out"
}
median() { sort -n | awk '{ all[NR] = $1 } END { print NR % 2 ? all[(NR + 1) / 2] : (all[NR / 2] + all[NR / 2 + 1]) / 2 }'; }

for kind in plain tls; do
  if [ $kind = plain ]; then a=$nginx_plain b=$ours_plain; else a=$nginx_tls b=$ours_tls; fi
  round "$nginx_pid" $a > /dev/null
  round "$agent_pid" $b > /dev/null
  : > "$work/$kind"
  for _ in $(seq "$rounds"); do
    theirs=$(round "$nginx_pid" $a)
    ours=$(round "$agent_pid" $b)
    echo "$theirs $ours" | tee -a "$work/$kind" |
      awk -v kind=$kind '{ printf "%-5s nginx %6d/s %6.2f us   ours %6d/s %6.2f us   ratio %.2f\n", kind, $1, $2, $3, $4, $3 / $1 }'
  done
  awk '{ print $3 / $1 }' "$work/$kind" | median | sed "s/^/$kind: median ratio of requests per second /"
  awk '{ print $4 / $2 }' "$work/$kind" | median | sed "s/^/$kind: median ratio of CPU per request /"
done
memory() { awk '/^Pss:/ { print $2 / 1024 " MiB" }' "/proc/$1/smaps_rollup"; }
echo "memory after the rounds (PSS): nginx $(memory "$nginx_pid"), ours $(memory "$agent_pid")"

# Idle: a new process that has served one request.
kill "$agent_pid"
wait "$agent_pid" || true
taskset -c 0 "$binary" agent run --config "$work/agent.toml" --log warn 2> "$work/agent.log" &
agent_pid=$!
started+=("$agent_pid")
curl -sf --retry 50 --retry-delay 0 --retry-all-errors --retry-max-time 10 "http://127.0.0.1:$ours_tls/v1/things" > /dev/null
sleep 1
echo "idle memory of the agent with two proxies (PSS): $(memory "$agent_pid")"
