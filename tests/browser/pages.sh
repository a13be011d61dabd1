#!/usr/bin/env bash
# Every page with sample data in a real browser.
#
#   tests/browser/pages.sh check [NAME-PART]         accessibility, policy, keyboard and reflow; ends "N passed, N failed"
#   tests/browser/pages.sh screenshots [NAME-PART]   both languages, both themes, desktop and phone: target/screenshots/
#
# Needs cargo, node >= 20 with npm, and a Chromium ($CHROMIUM, default /usr/bin/chromium). The npm packages are installed
# once, at the versions of the lock file, under $CHANCELA_CACHE (default ~/.cache/chancela-tests).
set -euo pipefail

case "${1:-}" in
  check | screenshots) ;;
  *) sed -n '2,/^set -euo/ { /^#/ s/^# \{0,1\}//p }' "$0"; exit 2 ;;
esac
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."
cache=${CHANCELA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/chancela-tests}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

modules="$cache/browser-$(sha256sum "$here/package-lock.json" | cut -c1-24)"
if [ ! -d "$modules" ]; then
  mkdir -p "$cache"
  fresh=$(mktemp -d "$cache/.new.XXXXXX")
  cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$fresh"
  (cd "$fresh" && npm ci --silent)
  mv -T "$fresh" "$modules" 2>/dev/null || rm -rf "$fresh" # another run was faster
fi

# Node looks for packages beside the script, and nothing is written into the checkout but target/.
cp "$here"/*.mjs "$work"
ln -s "$modules/node_modules" "$work/node_modules"
cargo run --locked --quiet --package chancela-server --example pages "$work/pages"
case "$1" in
  check) node "$work/accessibility.mjs" "$work/pages" "${2:-}" ;;
  screenshots) node "$work/screenshots.mjs" "$work/pages" "$PWD/target/screenshots" "${2:-}" ;;
esac
