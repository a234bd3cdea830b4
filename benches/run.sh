#!/usr/bin/env bash
# Measures dechrome against the tools named in the README: benches/run.sh [DIR [MEGABYTES]]
#
# Needs cargo, python3 and GNU coreutils. Inputs go to DIR (target/inputs). Prints the figures that
# figures.txt keeps; user seconds are the least of RUNS (7) runs of each command in turn.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:-${CARGO_TARGET_DIR:-target}/inputs}
megabytes=${2:-24}
runs=${RUNS:-7}
export LC_ALL=C.UTF-8 TIMEFORMAT=%3U

cargo build --release --quiet
dechrome=${CARGO_TARGET_DIR:-target}/release/dechrome
[ -e "$dir/paragraph.txt" ] || python3 benches/inputs.py "$dir" "$megabytes"

least() { sort -g | head -n1; }

# what TIMEFORMAT says of a command, user seconds if nothing else is said
user() { { time "$@" > /dev/null 2>&1; } 2>&1; }

# name, bytes and the least user seconds of each command, run in turn
in_turn() {
  local file=$1; shift
  local -a lists=()
  local run command
  for ((run = 0; run < runs; run++)); do
    for ((command = 0; command < $#; command++)); do
      lists[command]+="$(user bash -c "${*:command + 1:1}" < "$file")"$'\n'
    done
  done
  for ((command = 0; command < $#; command++)); do
    printf '%s' "${lists[command]}" | least
  done
}

echo "processor: $(lscpu | sed -n 's/^Model name: *//p' | head -n1)"
echo "$("$dechrome" --version), $(wc --version | head -n1)"

echo
echo '## Against counting words, one core, text to text (user seconds; times wc -w)'
printf '%-14s %8s %8s | %8s %6s %7s | %8s %6s | %8s %6s\n' \
  dump MB 'wc -w' dechrome times MB/s avx2 times portable times
for form in paragraph node-a-line hard-wrapped markdown chinese arabic; do
  file=$dir/$form.txt
  mapfile -t seconds < <(in_turn "$file" 'wc -w' "$dechrome -j1 -q" \
    "env DECHROME_SIMD=avx2 $dechrome -j1 -q" "env DECHROME_SIMD=portable $dechrome -j1 -q")
  awk -v form="$form" -v bytes="$(stat -c %s "$file")" -v all="${seconds[*]}" 'BEGIN {
    split(all, s, " "); mb = bytes / 1e6
    printf "%-14s %8.1f %8.3f | %8.3f %6.2f %7.0f | %8.3f %6.2f | %8.3f %6.2f\n",
      form, mb, s[1], s[2], s[2] / s[1], mb / s[2], s[3], s[3] / s[1], s[4], s[4] / s[1] }'
done

echo
echo '## Other commands on the paragraph dump (user seconds)'
names=("grep '[.!?]\$' | wc -l" "awk 'length > 80'" "awk 'NF >= 10'")
mapfile -t seconds < <(in_turn "$dir/paragraph.txt" "${names[@]}")
for ((i = 0; i < ${#names[@]}; i++)); do printf '%-24s %s\n' "${names[i]}" "${seconds[i]}"; done

echo
echo '## Cost grows with the input (the paragraph dump through a pipe; mean processor seconds; without those of 1 kB)'
repeat() {
  local left=$1 size
  size=$(stat -c %s "$dir/paragraph.txt")
  while ((left > 0)); do
    head -c "$left" "$dir/paragraph.txt"
    left=$((left - size))
  done
}
start=0
for size in 1000 1000000 100000000 ${LARGE:-10000000000}; do
  tries=$((size > 1000000000 ? 1 : size > 1000000 ? 5 : 100))
  mean=$(for ((run = 0; run < tries; run++)); do
    repeat "$size" | TIMEFORMAT='%3U %3S' user "$dechrome" -j1 -q
  done | awk '{ sum += $1 + $2 } END { print sum / NR }')
  if ((size == 1000)); then
    start=$mean
  fi
  awk -v size="$size" -v mean="$mean" -v start="$start" 'BEGIN {
    printf "%9.3f MB %9.4f s %6.0f MB/s", size / 1e6, mean, size / 1e6 / mean
    if (size > 1000) printf " %6.0f MB/s", size / 1e6 / (mean - start)
    print "" }'
done

echo
echo '## The same million lines as documents (user seconds)'
for name in one-document thousand-documents tiny-documents; do
  lines=$(grep -c . "$dir/$name.txt")
  for ((run = 0; run < runs; run++)); do
    user "$dechrome" -j1 -q --split formfeed < "$dir/$name.txt"
  done | least | awk -v name="$name" -v lines="$lines" \
    '{ printf "%-20s %8d lines %7.3f s %7.0f ns a line\n", name, lines, $1, 1e9 * $1 / lines }'
done

echo
echo '## Two cores (200 MB of JSON Lines, 100 MB of WET before gzip; seconds, and times as fast as one)'
for form in jsonl wet.gz; do
  file=$dir/records.$form
  bytes=$([ "$form" = jsonl ] && echo 200000000 || echo 100000000)
  [ -e "$file" ] || { tests/batch/dumps.py "$form" "$bytes" > "$file.new" && mv "$file.new" "$file"; }
  for jobs in 1 2; do
    for ((run = 0; run < runs; run++)); do
      TIMEFORMAT=%3R user "$dechrome" -j$jobs -q "$file"
    done | least
  done | paste -s | awk -v form="$form" '{ printf "%-8s -j1 %6.3f  -j2 %6.3f %6.2f\n", form, $1, $2, $1 / $2 }'
done

echo
echo '## Hostile text (MB/s of user time)'
for file in "$dir"/hostile-*.txt; do
  for ((run = 0; run < 3; run++)); do user "$dechrome" -j1 -q < "$file"; done | least |
    awk -v name="$(basename "$file" .txt)" -v bytes="$(stat -c %s "$file")" \
      '{ printf "%-32s %7.0f\n", name, bytes / 1e6 / ($1 > 0.001 ? $1 : 0.001) }'
done

echo
echo '## Start-up and memory'
page=fixtures/pages/en-news-paragraph.txt
# processor milliseconds of a run, the least of 20 times 20 runs
processor() {
  for ((run = 0; run < 20; run++)); do
    { time for ((again = 0; again < 20; again++)); do "$@" > /dev/null; done; } 2>&1 |
      awk '{ print 1000 * ($1 + $2) / 20 }'
  done | least
}
TIMEFORMAT='%3U %3S'
echo "a small page, start to end: $(processor "$dechrome" -q "$page") ms of processor time"
echo "/bin/true, for comparison: $(processor /bin/true) ms"
peak() { /usr/bin/time -f %M "$dechrome" -j1 -q 2>&1 > /dev/null | tail -n1; }
repeat 300000000 | peak | awk '{ printf "peak memory, 300 MB of paragraphs: %.1f MB\n", $1 / 1e3 }'
head -c 1000000000 /dev/zero | tr '\0' a | peak | awk '{ printf "peak memory, a line of 1 GB: %.1f MB\n", $1 / 1e3 }'
{ yes '' || true; } | head -c 300000000 | peak | awk '{ printf "peak memory, 300 million blank lines: %.1f MB\n", $1 / 1e3 }'
