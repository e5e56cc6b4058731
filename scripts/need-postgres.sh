#!/usr/bin/env bash
# Sees that PostgreSQL's programs are on this machine. The tests start a server of their
# own with them; no server of the machine is used or touched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

found() {
  command -v initdb >/dev/null && command -v postgres >/dev/null && return
  local programs
  for programs in /usr/lib/postgresql/*/bin; do
    [ -x "$programs/initdb" ] && [ -x "$programs/postgres" ] && return
  done
  return 1
}

found || apt_install PostgreSQL postgresql
found || fail "PostgreSQL was installed, but initdb is in neither PATH nor /usr/lib/postgresql/*/bin."
