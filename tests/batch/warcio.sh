#!/usr/bin/env bash
# An independent reader of WARC finds nothing wrong with what is written. Needs Python and pip.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cargo build --release --quiet --manifest-path "$here/../../Cargo.toml"
dechrome=${CARGO_TARGET_DIR:-$here/../../target}/release/dechrome
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv reader && reader/bin/pip install --quiet warcio
"$here/dumps.py" wet.gz 20000000 > in.wet.gz
"$here/dumps.py" wet 20000000 > in.wet
"$dechrome" -o out in.wet.gz in.wet
for file in out/in.wet.gz out/in.wet; do
  reader/bin/warcio check "$file"
  test "$(reader/bin/warcio index -f warc-type "$file" | grep -c conversion)" \
    = "$(zcat -f "in.${file#out/in.}" | grep -ac '^WARC/1.0')"
done
echo 'warcio finds nothing wrong'
