#!/usr/bin/env bash
# Sees that mosquitto_pub is on this machine, for the tests of devices. No broker is
# installed: the one under test is Regia's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

found() { command -v mosquitto_pub >/dev/null; }

found || apt_install "the clients of Mosquitto" mosquitto-clients
found || fail "mosquitto-clients was installed, but no program called mosquitto_pub is in PATH."
