#!/usr/bin/env bash
# Time and memory on large dumps, and that the number of threads and the compression do not show.
# usage: measure.sh [DIRECTORY [MB]]   (2 GB of JSON Lines, half of that of WET; needs GNU time)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cargo build --release --quiet --manifest-path "$here/../../Cargo.toml"
dechrome=${CARGO_TARGET_DIR:-$here/../../target}/release/dechrome
work=${1:-$(mktemp -d)}
mb=${2:-2000}
mkdir -p "$work" && cd "$work"

make() { [ -e "$1" ] || { "$here/dumps.py" "$2" "$3" > "$1.new" && mv "$1.new" "$1"; }; }
make big.jsonl jsonl "${mb}000000"
make big.txt text "${mb}000000"
make big.wet wet "$((mb / 2))000000"
make big.wet.gz wet.gz "$((mb / 2))000000"
[ -e big.jsonl.zst ] || zstd -q -1 big.jsonl

# Runs a line of shell and prints seconds and memory.
measured() {
  command time -f "%e s, %U user, %S sys, %M KB	$*" bash -c "$*"
}
export PATH=$(dirname "$dechrome"):$PATH

nproc | sed 's/$/ processors/'; uptime
for file in big.jsonl big.jsonl.zst big.wet.gz; do
  for jobs in 1 2 5; do
    measured "dechrome -j$jobs $file | sha256sum > $file.$jobs.sum"
  done
done
cmp big.jsonl.1.sum big.jsonl.2.sum; cmp big.jsonl.1.sum big.jsonl.5.sum
cmp big.jsonl.1.sum big.jsonl.zst.1.sum; cmp big.jsonl.1.sum big.jsonl.zst.2.sum
cmp big.wet.gz.1.sum big.wet.gz.2.sum; cmp big.wet.gz.1.sum big.wet.gz.5.sum
echo 'the same for any -j, compressed or not'

# The memory and time of dechrome alone.
for jobs in 1 2; do
  measured "exec dechrome -j$jobs big.jsonl > /dev/null"
  measured "exec dechrome -j$jobs big.wet.gz > /dev/null"
done
echo 'the same pages as text'
measured 'exec dechrome --split formfeed big.txt > /dev/null'
echo 'decompression in another process'
measured 'zcat big.wet.gz | dechrome -j1 --format wet > /dev/null'
echo 'without an end'
measured 'head -c 10G /dev/zero | dechrome > /dev/null'
measured 'head -c 10G /dev/zero | dechrome --format jsonl --on-error skip > /dev/null'
measured 'while cat big.jsonl; do :; done 2> /dev/null | head -c 6G |
  dechrome -j2 --format jsonl --on-error skip > /dev/null'
