#!/usr/bin/env bash
# Runs clean.py with two workers and several numbers of partitions: the same records as on one
# machine. Needs Java, Python and pip.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cargo build --release --quiet --manifest-path "$here/../../Cargo.toml"
dechrome=${CARGO_TARGET_DIR:-$here/../../target}/release/dechrome
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv spark && spark/bin/pip install --quiet pyspark
export PYSPARK_PYTHON=$work/spark/bin/python

"$here/../../tests/batch/dumps.py" jsonl 5000000 > in.jsonl
sed -i '7i not a record' in.jsonl
"$dechrome" --on-error skip in.jsonl > expected.jsonl
for partitions in 1 2 7; do
  spark/bin/spark-submit --master 'local-cluster[2,1,1024]' "$here/clean.py" \
    --command "$dechrome" --partitions "$partitions" "file://$work/in.jsonl" "file://$work/out-$partitions" \
    > log 2>&1 || { tail -n 50 log; exit 1; }
  ls "out-$partitions"/part-* | wc -l | sed 's/$/ files/'
  cat "out-$partitions"/part-* | cmp - expected.jsonl
done
echo 'the same records, whatever the partitions'
