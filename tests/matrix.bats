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
	free_port WS_AT WS_ADMIN COAP_AT COAP_ADMIN
	WS_AT=127.0.0.1:$WS_AT WS_ADMIN=127.0.0.1:$WS_ADMIN
	start_ready mfx-adapt-ws -i raw -o raw -l "$WS_AT" \
	    --admin "$WS_ADMIN"
	COAP_AT=127.0.0.1:$COAP_AT COAP_ADMIN=127.0.0.1:$COAP_ADMIN
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

# posted SUBTOPIC: over HTTP, CoAP, a handshake of WebSocket, and MQTT, each
# on a line: what is answered, and why
posted() {
	local path=/channels/$CHANNEL/messages/$1 key
	key=$(awk '$1 == "http" { print $3 }' things)
	curl -s -m 20 -w '%{http_code} ' -o why -H "Authorization: $key" \
	    -d '[{"n":"a","v":1}]' "http://$HTTP_AT$path"
	tr -d '\n' <why
	echo
	# which cuts a longer path
	((${#1} > 90)) || coap-client-openssl -B 20 -m post -e '[{"n":"a","v":1}]' \
	    "coap://$COAP_AT$path?auth=$key" 2>&1 | tr -d '\n'
	echo
	# an open WebSocket stays so until curl has had enough
	curl -s -m 5 -w '%{http_code} ' -o why --http1.1 \
	    -H "Authorization: $key" -H 'Connection: Upgrade' \
	    -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
	    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "http://$WS_AT$path" ||
		(($? == 28))
	tr -d '\n' <why
	echo
	KEY=$key "$ROOT/tests/mqtt_publish.py" "$MQTT_PORT" "${path#/}"
}

# What not every protocol can carry is refused by each, in the same words:
# MQTT 5.0 1.5.4 (controls, noncharacters), mosquitto (200 slashes a topic).  Over
# HTTP and WebSocket the path of no request has controls.
@test "a subtopic that one protocol could not carry is refused by all" {
	local bad why i
	while read -r bad why; do
		posted "$bad" >answers
		cat answers
		grep -E '^400 ' answers | grep -c "$why" | diff - <(echo 2)
		((${#bad} > 90)) ||
			grep -E '^4.00 ' answers | grep "$why"
		grep -E '^MQTT (135|129|130|153|closed)$' answers
		printf '[{"channel":"%s","subtopic":"%s","n":"a","v":1}]\n' \
		    "$CHANNEL" "$(printf '%b' "${bad//%/\\x}")" >line
		status 65 mfx-pub raw <line 2>pub.err
		grep "$why" pub.err
	done <<-END
	%C2%80 control
	a/b%C2%9Fb control
	%EF%BF%BE control
	a%EF%B7%90 control
	a%F4%8F%BF%BF control
	a%7F control
	$(printf 'a/%.0s' {1..199}) subtopic over 198 levels
	END
	[[ ! -s $MFX_HOME/bus/raw/00000000000000000000.ndjson ]]
	# and what all can carry comes through all
	for i in $(printf 'x%.0s' {1..255}) $(printf 'a/%.0s' {1..197})a; do
		posted "$i" >answers
		grep '^202' answers
		grep -E '^MQTT (0|16)$' answers
		grep '^101' answers
	done
	await 20 n_lines 4
}

n_lines() {
	(($(cat "$MFX_HOME"/bus/raw/*.ndjson | wc -l) == $1))
}

@test "a thing of another channel is refused and gets nothing" {
	matrix strangers {http,mqtt,ws,coap}': refused' \
	    {mqtt,ws,node,coap}': refused' \
	    {mqtt,ws,node,coap}': nothing of ours'
}

@test "a thing that was disconnected gets nothing more, and sends nothing" {
	matrix disconnect {mqtt,ws,node,coap}': hears no more' \
	    {http,mqtt,ws,coap}': sends no more'
}

@test "a client that does not read slows down nobody else" {
	matrix stalled "$(for there in mqtt ws node coap; do
		for from in ws mqtt http coap; do echo "$from -> $there"; done
	done)"
}
