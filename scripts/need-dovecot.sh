#!/usr/bin/env bash
# Sees that Dovecot is on this machine, for the tests of mailboxes. They start a server of
# their own with it; no server of the machine is used or touched.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

found() { command -v dovecot >/dev/null || [ -x /usr/sbin/dovecot ]; }

found || apt_install "Dovecot's IMAP server" dovecot-imapd
found || fail "dovecot-imapd was installed, but no program called dovecot is in PATH or /usr/sbin."
