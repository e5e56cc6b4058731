#!/usr/bin/env bash
# Checks what building Regia needs: Go, Node with npm, a C compiler with the C++ library.
# It installs none of them: a toolchain is its owner's choice.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

# at_least HAVE WANT compares dotted versions.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n1)" = "$2" ]; }

want_go=$(awk '$1 == "go" { print $2; exit }' go.mod)
command -v go >/dev/null || fail "Go $want_go or later is needed: https://go.dev/doc/install"
have_go=$(go env GOVERSION | sed 's/^go//; s/[ -].*//')
at_least "$have_go" "$want_go" || fail "Go $want_go or later is needed, this is Go $have_go."

command -v node >/dev/null || fail "Node.js 20 or later is needed to build the pages' scripts and styles."
have_node=$(node --version)
at_least "${have_node#v}" 20 || fail "Node.js 20 or later is needed, this is $have_node."
command -v npm >/dev/null || fail "npm is needed: it comes with Node.js (Debian: apt-get install npm)."

cc=$(go env CC)
command -v "${cc%% *}" >/dev/null ||
  fail "a C compiler is needed (DuckDB is linked in) and '$cc' is not here." \
    "Debian and Ubuntu: apt-get install gcc g++    macOS: xcode-select --install"
[ "$(go env CGO_ENABLED)" = 1 ] || fail "cgo is switched off; DuckDB needs it. Run again with CGO_ENABLED=1."

probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
cxx=stdc++
[ "$(go env GOOS)" != darwin ] || cxx=c++
echo 'int main(void) { return 0; }' >"$probe/probe.c"
# shellcheck disable=SC2086 # CC may carry options
$cc -o "$probe/probe" "$probe/probe.c" "-l$cxx" 2>"$probe/why" ||
  fail "the C compiler '$cc' works no program out with the C++ library (DuckDB needs it):" \
    "$(tail -n 3 "$probe/why")" "Debian and Ubuntu: apt-get install gcc g++"
