#!/usr/bin/env bash
# Every test there is, none of them skipped: on both engines of both books, the binary
# driven from outside, the pages in a real browser. `make test` comes here once
# everything is installed and built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

work=$(mktemp -d)
postgres_in='' postgres_pid=''
# The server stops when its standard input closes, so it goes even if this script is killed.
finish() {
  if [ -n "$postgres_in" ]; then
    exec {postgres_in}>&-
    wait "$postgres_pid" || true
  fi
  rm -rf "$work"
}
trap finish EXIT

go build -o "$work/pg" ./internal/testkit/cmd/pg
coproc POSTGRES { exec "$work/pg"; }
postgres_pid=$! postgres_in=${POSTGRES[1]:-}
IFS= read -r -t 120 url <&"${POSTGRES[0]:-0}" ||
  fail "the tests' own PostgreSQL did not start (see above)."

export REGIA_TEST_POSTGRES=$url
export REGIA_TEST_ALL=1
export REGIA_BIN=$PWD/bin/regia

status=0
# Two at a time: a test binary that links DuckDB takes a core and a gigabyte to link.
go test -p 2 -timeout 20m ./... || status=$?

# The race detector, where goroutines meet. Packages that link DuckDB are left out: it is
# C++ that the detector cannot see, and linking it once more costs a minute.
race=()
for room in stream lane collect weave web access; do
  [ -d "internal/$room" ] || continue
  go list -deps -test "./internal/$room" | grep -q duckdb-go-bindings || race+=("./internal/$room")
done
if [ ${#race[@]} -gt 0 ]; then
  go test -race -p 2 -timeout 20m "${race[@]}" || status=$?
fi
exit "$status"
