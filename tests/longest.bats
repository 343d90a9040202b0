#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The longest message: what the pages say, to the byte, by each protocol and
# whatever labels stand beside it.  A line has 1 MiB; what is not SenML JSON
# stands in it as base64url, a third longer.
load setup
load site
load mqtt
load coap
load ws

RAW_MAX=$((765 << 10))
JSON_MAX=$((1020 << 10))

setup_suite_test() {
	make_site
	# as long as a subtopic may be
	local level
	level=$(head -c 255 /dev/zero | tr '\0' x)
	SUBTOPIC=$level/$level/$level/$level
	head -c $RAW_MAX /dev/urandom >raw
	head -c $((RAW_MAX + 1)) /dev/urandom >raw-over
	json_of $JSON_MAX >json
	json_of $((JSON_MAX + 1)) >json-over
	# one that can't go into a line as it is
	{ echo; json_of $((RAW_MAX - 1)); } >broken
	{ echo; json_of $RAW_MAX; } >broken-over
}

# json_of BYTES: a pack of so many
json_of() {
	printf '[{"n":"a","vs":"'
	head -c $(($1 - 19)) /dev/zero | tr '\0' x
	printf '"}]'
}

# came FILE: it is the last one on the bus
came() {
	cat "$MFX_HOME"/bus/raw/*.ndjson | tail -n 1 |
		"$ROOT/tests/payload.py" | cmp - "$1"
}

@test "HTTP: 202 up to the limit, 413 from there on, which names it" {
	serve -o raw
	local f
	[[ $(wc -c <json) == "$JSON_MAX" && $(wc -c <json-over) == $((JSON_MAX + 1)) ]]
	for f in raw json broken; do
		expect 202 "@$f" "$SUBTOPIC"
		came "$f"
		expect 413 "@$f-over"
		jq -e '.detail == "a message has at most 765 KiB, or 1020 KiB of SenML JSON in one line"' answer
	done
}

@test "WebSocket: up to the limit, 1009 from there on" {
	serve_ws
	local f
	for f in raw json broken; do
		[[ $(talk "/$SUBTOPIC" "binfile:$f" count:1) == \
		    "count $(wc -c <"$f")" ]]
		came "$f"
		[[ $(talk '' "binfile:$f-over" closed) == \
		    'closed 1009 at most 765 KiB, or 1020 KiB of SenML JSON in one line' ]]
	done
}

@test "CoAP: 2.04 up to the limit, 4.13 from there on" {
	serve_coap -o raw
	local f
	for f in raw json broken; do
		coap post coap+tcp "?auth=$KEY" -t 42 -f "$f" -b 1024
		said ''
		came "$f"
		coap post coap+tcp "?auth=$KEY" -t 42 -f "$f-over" -b 1024
		said '4.13 a message has at most 765 KiB, or 1020 KiB of SenML JSON in one line'
	done
}

# publish FILE
publish() {
	timeout 60 mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -V 5 -q 1 -u '' \
	    -P "$KEY" -t "channels/$CHANNEL/messages" -f "$1" 2>said
}

@test "MQTT: PUBACK up to the limit, refused from there on" {
	start_broker
	local f
	for f in raw json broken; do
		publish "$f"
		came "$f"
		! publish "$f-over" || grep -qi 'not authorized' said
		came "$f"
	done
}
