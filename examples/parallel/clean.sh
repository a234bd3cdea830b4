#!/usr/bin/env bash
# Cleans files on several machines that share a file system, with GNU parallel.
# usage: clean.sh HOSTS OUTPUT FILE...
#
# HOSTS as for --sshlogin: `8/host1,8/host2`, `:` for this machine. Each file is the work of one
# dechrome of one thread; OUTPUT gets a file of the same name for each. Run it again to go on after
# whatever ended it: files that are whole are skipped, a large one goes on in its middle.
set -euo pipefail
hosts=$1 output=$2
shift 2
mkdir -p "$output"
output=$(cd "$output" && pwd)
printf '%s\0' "$@" |
  parallel --null --sshlogin "$hosts" --workdir "$PWD" \
    dechrome -j1 --on-error skip --resume -o "$output" {}
