#!/usr/bin/env bash
# A run that is killed ten times at random moments and taken up again makes the files of one that
# is not. usage: kill.sh [DIRECTORY [MB]]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cargo build --release --quiet --manifest-path "$here/../../Cargo.toml"
dechrome=${CARGO_TARGET_DIR:-$here/../../target}/release/dechrome
work=${1:-$(mktemp -d)}
mb=${2:-2000}
mkdir -p "$work/in" && cd "$work"
[ -e in/big.jsonl ] || "$here/dumps.py" jsonl "${mb}000000" > in/big.jsonl
[ -e in/big.wet.gz ] || "$here/dumps.py" wet.gz "$((mb / 4))000000" > in/big.wet.gz

rm -rf whole killed
start=$(date +%s%N)
"$dechrome" -o whole in
took=$((($(date +%s%N) - start) / 1000000))
for round in {1..10}; do
  "$dechrome" --resume -o killed in & run=$!
  # The ten together take about as long as the whole run.
  sleep "$(awk -v ms="$took" -v r="$RANDOM" 'BEGIN { print ms / 1000 / 5 * r / 32768 }')"
  kill -9 "$run" 2> /dev/null || true
  wait "$run" 2> /dev/null || true
  find killed -name '.*.progress' -exec sh -c 'printf "%s %s\n" "${1##*/}" "$(tail -n 1 "$1")"' _ {} \;
done
"$dechrome" --resume -o killed in
diff -r whole killed
echo "killed ten times, and the same"
