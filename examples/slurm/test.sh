#!/usr/bin/env bash
# Runs the tasks of clean.sbatch one after the other: the same files as from one dechrome.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cargo build --release --quiet --manifest-path "$here/../../Cargo.toml"
export PATH=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/release:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir in
for number in 1 2 3 4 5 6 7; do
  "$here/../../tests/batch/dumps.py" wet.gz "${number}00000" > "in/$number.wet.gz"
done
ls -d in/* > list
dechrome --to jsonl -o expected in
export SLURM_ARRAY_TASK_COUNT=3 SLURM_ARRAY_TASK_MIN=1 SLURM_CPUS_PER_TASK=2
for SLURM_ARRAY_TASK_ID in 1 2 3; do
  export SLURM_ARRAY_TASK_ID
  bash "$here/clean.sbatch" list out
done
test "$(ls out | wc -l)" = 7
diff -r expected out
echo 'the same files'
