#!/bin/sh
# Counts who comes in and goes out: reads lines "in" and "out" from the sensor and tells Regia
# the sums once a minute.
#
#   sensor-program | door.sh
set -eu

: "${REGIA_HOST:?the machine that runs Regia}" "${REGIA_KEY:?the write key of this counter}"
PORT=${REGIA_MQTT_PORT:-1883}
DOOR=${DOOR:-main}
EVERY=${EVERY:-60} # seconds

in=0 out=0 since=$(date +%s)
tell() {
  [ $((in + out)) -gt 0 ] || return 0
  # Not sent? Then the sums go on growing, and are sent the next time.
  if mosquitto_pub -h "$REGIA_HOST" -p "$PORT" ${REGIA_CA:+--cafile "$REGIA_CA"} -q 1 -t "regia/$REGIA_KEY/track" \
    -m "{\"event\":\"Shop Visited\",\"properties\":{\"door\":\"$DOOR\",\"in\":$in,\"out\":$out}}"; then
    in=0 out=0
  fi
}

while read -r line; do
  case $line in
    in) in=$((in + 1)) ;;
    out) out=$((out + 1)) ;;
  esac
  now=$(date +%s)
  if [ $((now - since)) -ge "$EVERY" ]; then
    tell
    since=$now
  fi
done
tell
