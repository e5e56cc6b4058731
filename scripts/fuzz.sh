#!/usr/bin/env bash
# Runs every fuzz test in turn, FUZZTIME each (1m when not given). What it finds is kept
# in testdata/fuzz of the package: commit it with the fix.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

count=0
while IFS=: read -r file _ line; do
  name=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/' <<<"$line")
  say "$name in $(dirname "$file") for ${FUZZTIME:-1m}"
  go test -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-1m}" -fuzzminimizetime 5s "./$(dirname "$file")" </dev/null
  count=$((count + 1))
done < <(grep -rnE --include='*_test.go' '^func Fuzz' internal e2e)
[ "$count" -gt 0 ] || say "there are no fuzz tests"
