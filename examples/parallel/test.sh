#!/usr/bin/env bash
# Runs clean.sh on this machine: the same files as from one dechrome. Needs GNU parallel.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cargo build --release --quiet --manifest-path "$here/../../Cargo.toml"
export PATH=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/release:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir in
for number in 1 2 3 4 5; do
  "$here/../../tests/batch/dumps.py" wet.gz "${number}000000" > "in/a file $number.wet.gz"
done
dechrome -o expected in
"$here/clean.sh" 2/: out in/*
diff -r expected out
rm "out/a file 3.wet.gz"
"$here/clean.sh" 2/: out in/*
diff -r expected out
echo 'the same files'
