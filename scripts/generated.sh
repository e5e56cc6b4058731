#!/usr/bin/env bash
# Fails when a generated file is not what its source gives. It generates on a copy:
# checking changes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp go.mod "$copy"
sources() { find cmd internal e2e -name "$1" -not -path '*/node_modules/*' | LC_ALL=C sort; }

sources '*.templ' | while IFS= read -r file; do
  mkdir -p "$copy/$(dirname "$file")"
  cp "$file" "$copy/$file"
done
templ=$(go tool -n templ)
(cd "$copy" && "$templ" generate >"$copy/log" 2>&1) || fail "templ generate failed:" "$(cat "$copy/log")"

stale=0
while IFS= read -r file; do
  if ! cmp -s "$copy/$file" "$file"; then
    say "$file is not what its .templ gives: run 'make generate'"
    stale=1
  fi
done < <({ sources '*_templ.go'; (cd "$copy" && find . -name '*_templ.go' | sed 's|^\./||'); } | LC_ALL=C sort -u)
exit "$stale"
