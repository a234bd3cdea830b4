#!/usr/bin/env bash
# What rules cost: user seconds of the command on some 5 MB of dumps, without rules and with 10 and
# 1,000 of several forms. The dumps are those of fixtures/, repeated; the rules are made of words and
# lines of theirs, so most of them match something.
#
#   cargo build --release && benches/rules.sh [target/release/dechrome]
set -euo pipefail
export LC_ALL=C.UTF-8 TIMEFORMAT=%U
command=$(realpath "${1:-target/release/dechrome}")
cd "$(dirname "$0")/.."
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

for _ in {1..50}; do cat fixtures/pages/*.txt; done > "$scratch/dump"
cat fixtures/pages/*.txt | grep -oE '[[:alpha:]]{4,}' | sort -u > "$scratch/words"
grep -hE '^[[:alnum:] ,]{8,60}$' fixtures/pages/*.txt | sort -u > "$scratch/lines"
cd "$scratch"
wc -c dump

# The median of five.
seconds() {
  for _ in {1..5}; do { time "$command" -j1 "$@" dump > /dev/null; } 2>&1; done | sort -n | sed -n 3p
}

echo "no rules: $(seconds)"
form() { # NAME SED-SCRIPT FILE
  for count in 10 1000; do
    shuf -n "$count" --random-source=words "$3" | sed -E "$2" > rules
    echo "$(wc -l < rules) of the form $1: $(seconds --rules rules)"
  done
}
form 'drop WORD' 's/^/drop /' words
form 'drop \bWORD\b' 's/.*/drop \\b&\\b/' words
form 'drop (?i)\bWORD\b' 's/.*/drop (?i)\\b&\\b/' words
form 'drop (the|our) (WORD|WORDs)' 's/.*/drop (the|our) (&|&s)/' words
form 'drop ^LINE$' 's/.*/drop ^&$/' lines
form 'drop ^.{LENGTH}$ (no literals)' 's/.*/drop ^.{9}$/' words
