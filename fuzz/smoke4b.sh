#!/usr/bin/env bash
# Runs every fuzz target for some seconds on the stable compiler: libFuzzer with coverage, without the sanitizers that
# need a nightly one (the code under test has no `unsafe`).
#   fuzz/smoke.sh [SECONDS]      10 by default; ends with "N passed, N failed"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
seconds=${1:-10}
target=$(rustc -vV | sed -n 's/^host: //p')
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-pc-table"
coverage="$coverage -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-trace-compares"
# With --target, build scripts are not instrumented.
RUSTFLAGS="--cfg fuzzing $coverage -Cdebug-assertions -Coverflow-checks -Ccodegen-units=1" \
  cargo build --locked --release --target "$target" --target-dir "${CARGO_TARGET_DIR:-../target}/fuzz"
passed=0 failed=0
for file in fuzz_targets/{xfcc,structured_field,forwarded_pem}.rs; do
  name=$(basename "$file" .rs)
  work=$(mktemp -d)
  program="${CARGO_TARGET_DIR:-../target}/fuzz/$target/release/$name"
  if "$program" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -artifact_prefix="$work/" "$work" \
    >"$work.log" 2>&1 </dev/null; then
    echo "ok   fuzz $name: $(grep -oE 'Done [0-9]+ runs' "$work.log" || true)"
    passed=$((passed + 1))
  else
    echo "FAIL fuzz $name"
    tail -n 30 "$work.log"
    failed=$((failed + 1))
  fi
  rm -rf "$work" "$work.log"
done
echo "$passed passed, $failed failed"

