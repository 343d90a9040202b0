#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every protocol to every other: devices on HTTP, MQTT, WebSocket and CoAP,
# listeners on the last three, and clients that are not ours: curl, paho,
# python3-websockets, Node's ws, coap-client.
load setup
load site
load mqtt

setup_suite_test() {
	make_site
	OTHER=$(mfx-channels create --name other | jq -r .id)
	printf '{"name":"%s"}\n' http mqtt ws coap reader leaver stranger |
		mfx-things create -f - | jq -r '"\(.name) \(.id) \(.key)"' >things
	mfx-channels connect "$CHANNEL" \
	    $(awk '$1 != "stranger" { print $2 }' things)
	mfx-channels connect "$OTHER" $(awk '$1 == "stranger" { print $2 }' things)
	serve_all
	export CHANNEL OTHER MQTT_PORT HTTP_AT WS_AT COAP_AT WS_ADMIN COAP_ADMIN
}

# all the adapters on one stream
serve_all() {
	local line
	serve -o raw
	HTTP_AT=127.0.0.1:$PORT
	WS_AT=127.0.0.1:$(free_port) WS_ADMIN=127.0.0.1:$(free_port)
	start_ready mfx-adapt-ws -i raw -o raw -l "$WS_AT" \
	    --admin "$WS_ADMIN"
	COAP_AT=127.0.0.1:$(free_port) COAP_ADMIN=127.0.0.1:$(free_port)
	start_ready mfx-adapt-coap -i raw -o raw -l "$COAP_AT" \
	    --retries 8 --admin "$COAP_ADMIN"
	start_broker
	mkfifo lines sub.ready
	mfx-sub --tail raw --ready-fd 9 >lines 2>sub.err 3>&- 9>sub.ready &
	PIDS+=($!)
	PID_FROM=lines start_ready mfx-adapt-mqtt --socket "$MQTT_SOCKET"
	read -rt 20 line <sub.ready
}

# matrix WHAT [LINE…]: it ends well and says exactly these
matrix() {
	local what=$1
	shift
	timeout 280 "$ROOT/tests/matrix.py" "$what" >said 3>&- ||
		{ cat said "$BATS_TEST_TMPDIR"/err.* >&2; false; }
	printf '%s\n' "$@" | diff - said
}

# to WHICH…: the cells with those listeners
to() {
	local from there
	for from in http mqtt ws coap; do
		for there; do echo "$from -> $there"; done
	done
}

@test "each to each: bytes, content types, subtopics, publishers" {
	matrix cells "$(to mqtt ws node coap line)"
}

@test "each to each: 200 messages of each device in their order" {
	matrix order "$(for there in mqtt ws node coap; do
		to "$there"
	done)"
}

@test "a thing of another channel is refused and gets nothing" {
	matrix strangers {http,mqtt,ws,coap}': refused' \
	    {mqtt,ws,node,coap}': refused' \
	    {mqtt,ws,node,coap}': nothing of ours'
}

@test "who was disconnected gets nothing more, and sends nothing" {
	matrix disconnect {mqtt,ws,node,coap}': hears no more' \
	    {http,mqtt,ws,coap}': sends no more'
}

@test "who does not read slows neither those who send nor those who do" {
	matrix stalled "$(for there in mqtt ws node coap; do
		for from in ws mqtt http coap; do echo "$from -> $there"; done
	done)"
	sed 's/^/# /' took >&3
}
