#!/usr/bin/env bash
# What rules cost: user seconds of the command on some 5 MB of dumps, without rules and with 10 and
# 1,000 of several forms; and with 1,000 of many forms, as people write them, on 50 MB and on one
# page. The dumps are those of fixtures/, repeated; the rules are made of words and
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

# The least of five.
seconds() { # ARGUMENT..
  for _ in {1..5}; do { time "$command" -j1 "$@" > /dev/null; } 2>&1; done | sort -n | head -n 1
}

echo "no rules: $(seconds dump)"
form() { # NAME SED-SCRIPT FILE
  for count in 10 1000; do
    shuf -n "$count" --random-source=words "$3" | sed -E "$2" > rules
    echo "$(wc -l < rules) of the form $1: $(seconds --rules rules dump)"
  done
}
form 'drop WORD' 's/^/drop /' words
form 'drop \bWORD\b' 's/.*/drop \\b&\\b/' words
form 'drop (?i)\bWORD\b' 's/.*/drop (?i)\\b&\\b/' words
form 'drop (the|our) (WORD|WORDs)' 's/.*/drop (the|our) (&|&s)/' words
form 'drop ^LINE$' 's/.*/drop ^&$/' lines

# Without literals to search for, none like another.
for first in {1..10}; do
  for second in {1..10}; do echo "drop ^.{$first}-.{$second}\$"; done
done > shapes
form 'drop ^.{N}-.{M}$ (no literals)' '' shapes
for first in {1..40}; do
  for second in {1..25}; do echo "drop ^\\w{$first} \\w{$second}\$"; done
done > shapes
form 'drop ^\w{N} \w{M}$ (no literals)' '' shapes
for first in {1..40}; do
  for second in {1..25}; do echo "drop \\d{$first}[A-Z]{$second}"; done
done > shapes
form 'drop \d{N}[A-Z]{M} (no literals, anywhere)' '' shapes

shuf --random-source=words words > some
range() { sed -n "$1p" "$2" | sed -E "$3"; } # LINES FILE SED-SCRIPT
{
  range 1,250 lines 's/.*/drop ^&$/'
  range 1,150 some 's/^/drop /'
  range 151,300 some 's/.*/drop (?i)\\b&\\b/'
  range 301,450 some 's/.*/drop share ^&/'
  range 451,550 some 's/.*/drop (?i)^&\\b/'
  range 551,650 some 's/.*/drop comment ^\\d+ &$/'
  range 651,700 some 's/.*/drop footer ^© &/'
  range 701,730 some 's/.*/keep ^(The|A) &\\b/'
  range 731,750 some 's/(.)(.*)/drop ^(\1\2|\2)$/'
} > rules
for _ in {1..8}; do cat dump; done > large
page=$OLDPWD/fixtures/pages/en-news-paragraph.txt
echo "$(wc -c < large) bytes: $(seconds large), with $(wc -l < rules) rules of many forms: $(seconds --rules rules large)"
echo "a page: $(seconds "$page"), with them: $(seconds --rules rules "$page")"
