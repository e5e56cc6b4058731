#!/usr/bin/env bash
# Sees that Chromium is on this machine, for the tests that look at the pages as a
# person would.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

found() {
  [ -z "${REGIA_CHROMIUM:-}" ] || { [ -x "$REGIA_CHROMIUM" ] || fail "REGIA_CHROMIUM=$REGIA_CHROMIUM is no program."; return; }
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
    command -v google-chrome >/dev/null
}

found || apt_install Chromium chromium fonts-liberation
found || fail "Chromium was installed, but no program called chromium is in PATH."
