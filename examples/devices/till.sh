#!/bin/sh
# Tells Regia of a receipt: till.sh NUMBER TOTAL [LOYALTY-CARD]
#
#   till.sh 0042 25.90 2900000012345
#
# A receipt is kept in $SPOOL until Regia has acknowledged it: when the network is away, the
# next call sends what waited. Sending one twice is harmless, because its number tells it apart.
set -eu

: "${REGIA_HOST:?the machine that runs Regia}" "${REGIA_KEY:?the write key of this till}"
PORT=${REGIA_MQTT_PORT:-1883}
TILL=${TILL:-till-1}
SPOOL=${SPOOL:-/var/spool/regia-till}

number=${1:?the number of the receipt} total=${2:?the total, as 25.90} card=${3:-}
case $number$card in *[!0-9A-Za-z-]*) echo "a number or a card has letters, digits and - only" >&2; exit 2 ;; esac
case $total in *[!0-9.-]* | '') echo "the total is written as 25.90" >&2; exit 2 ;; esac

id=$TILL-$(date +%Y%m%d)-$number
if [ -n "$card" ]; then
  who="\"identifiers\":[{\"kind\":\"loyalty_card\",\"value\":\"$card\"}]"
else
  who="\"anonymousId\":\"$id\"" # somebody, this once
fi
mkdir -p "$SPOOL"
cat >"$SPOOL/$id.new" <<END
{"event":"Order Completed","messageId":"$id","timestamp":"$(date -u +%Y-%m-%dT%H:%M:%SZ)",$who,"properties":{"order_id":"$id","revenue":$total,"currency":"EUR"}}
END
mv "$SPOOL/$id.new" "$SPOOL/$id.json" # whole, or not at all

for receipt in "$SPOOL"/*.json; do
  mosquitto_pub -h "$REGIA_HOST" -p "$PORT" ${REGIA_CA:+--cafile "$REGIA_CA"} -q 1 -t "regia/$REGIA_KEY/track" -f "$receipt"
  rm "$receipt" # Regia has it on disk
done
