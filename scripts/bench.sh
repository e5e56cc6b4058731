#!/usr/bin/env bash
# Runs the benchmarks whose names match BENCH (all when not given), in the packages that
# have one: the others need not be linked.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

mapfile -t packages < <(grep -rlE --include='*_test.go' "^func Benchmark" internal | xargs -r -n1 dirname | LC_ALL=C sort -u | sed 's|^|./|')
if [ ${#packages[@]} -eq 0 ]; then
  say "there are no benchmarks"
  exit
fi
go test -p 1 -run '^$' -bench "${BENCH:-.}" -benchmem "${packages[@]}"
