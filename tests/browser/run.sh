#!/usr/bin/env bash
# The report of --html in a real browser. Needs node, npm and Chromium (Debian: chromium); says so
# and ends well where they are missing.
#
#   tests/browser/run.sh [DIRECTORY]     screenshots go to DIRECTORY, if named
set -euo pipefail
cd "$(dirname "$0")"

for program in node npm; do
  command -v "$program" >/dev/null || { echo "skipped: no $program"; exit 0; }
done
CHROMIUM=$(command -v chromium || command -v chromium-browser) || { echo 'skipped: no chromium'; exit 0; }
export CHROMIUM

cargo build --quiet --release --locked --manifest-path ../../Cargo.toml --bin dechrome
DECHROME=${CARGO_TARGET_DIR:-../../target}/release/dechrome
export DECHROME SCREENSHOTS=${1:+$(realpath "$1")}
[ -d node_modules ] || npm ci --silent --no-audit --no-fund
npm test --silent
