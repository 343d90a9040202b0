#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is shared, at every door: a thing of one user on a channel of another
# publishes and receives, and all of it ends when the grant is taken back, or the
# channel leaves the group that is shared, where it is open too.
load setup
load site
load identity
load ws
load coap
load mqtt
load doors

BOB=bob@example.com

# $THING, $KEY: bob's, on the channel of ann, who lets him use it by $GRANT
setup_suite_test() {
	make_site
	add_user "$BOB"
	local thing
	thing=$(as "$BOB" mfx-things create --name lamp)
	THING=$(jq -r .id <<<"$thing") KEY=$(jq -r .key <<<"$thing")
	gives use
	export CHANNEL KEY
	free_port HTTP_PORT API_PORT COAP_PORT
}

# gives LEVEL: ann grants, bob accepts and connects what is his
gives() {
	GRANT=$(mfx-users grant "$BOB" "$1" --channel "$CHANNEL" | jq -r .id)
	as "$BOB" mfx-users accept "$GRANT"
	as "$BOB" mfx-channels connect "$CHANNEL" "$THING"
}

coap_posts() {
	coap_at post "coap://127.0.0.1:$COAP_PORT/channels/$CHANNEL/messages?auth=$KEY" \
	    -e x
	echo "${SAID%% *}"
}

@test "HTTP, CoAP, WebSocket and the API: until the grant is taken back" {
	serve_all
	is 202 http_posts
	is '' coap_posts
	mfx-sub raw --no-follow | mfx-normalize |
		mfx-write-sqlite "$MFX_HOME/messages.db"
	is 200 api_reads
	talk_on got '/%23' closed
	local listens=$TALKING
	mfx-users revoke "$GRANT"
	wait "$listens"
	[[ $(<got) == 'closed 4403 access was revoked' ]]
	await 20 is 403 http_posts
	await 20 is 4.03 coap_posts
	await 20 is 403 api_reads
	handshake 403 "/channels/$CHANNEL/messages" -H "Authorization: $KEY"
	# and again, for a grant that is new
	gives use
	await 20 is 202 http_posts
	await 20 is '' coap_posts
}

# gives_group: the same by a grant on the group above the one that has it
gives_group() {
	mfx-users revoke "$GRANT"
	HOUSE=$(mfx-groups create --name house | jq -r .id)
	ROOM=$(mfx-groups create --name room --parent "$HOUSE" | jq -r .id)
	mfx-groups assign --channels "$ROOM" "$CHANNEL"
	GRANT=$(mfx-users grant "$BOB" use --group "$HOUSE" | jq -r .id)
	as "$BOB" mfx-users accept "$GRANT"
	as "$BOB" mfx-channels connect "$CHANNEL" "$THING"
}

@test "HTTP, CoAP, WebSocket and the API: until the channel leaves the group" {
	gives_group
	serve_all
	is 202 http_posts
	is '' coap_posts
	mfx-sub raw --no-follow | mfx-normalize |
		mfx-write-sqlite "$MFX_HOME/messages.db"
	is 200 api_reads
	talk_on got '/%23' closed
	local listens=$TALKING
	mfx-groups unassign --channels "$ROOM" "$CHANNEL"
	wait "$listens"
	[[ $(<got) == 'closed 4403 access was revoked' ]]
	await 20 is 403 http_posts
	await 20 is 4.03 coap_posts
	await 20 is 403 api_reads
	# it comes back into the group, and the guest when it is connected
	mfx-groups assign --channels "$HOUSE" "$CHANNEL"
	is 403 http_posts
	as "$BOB" mfx-channels connect "$CHANNEL" "$THING"
	await 20 is 202 http_posts
}

@test "an observer over CoAP ends when the group is moved elsewhere" {
	gives_group
	start_ready mfx-adapt-coap -i raw -o raw -l "127.0.0.1:$COAP_PORT" \
	    </dev/null
	PORT=$COAP_PORT "$ROOT/tests/coap_raw.py" listen "$COAP_PORT" 2 \
	    >got 2>&1 3>&- &
	PIDS+=($!)
	await 20 grep -q observing got
	mfx-groups update --parent '' "$ROOM"
	await 20 grep -q ^4.03 got
	await 20 is 4.03 coap_posts
}

@test "MQTT: a subscriber is disconnected when the group is removed" {
	gives_group
	mqtt_until mfx-groups remove "$ROOM"
}

@test "what was not shared is not ended with it" {
	local other key
	other=$(mfx-things create --name gauge)
	key=$(jq -r .key <<<"$other")
	mfx-channels connect "$CHANNEL" "$(jq -r .id <<<"$other")"
	start_ready mfx-adapt-http -o raw -l "127.0.0.1:$HTTP_PORT"
	is 202 http_posts
	mfx-users revoke "$GRANT"
	await 20 is 403 http_posts
	KEY=$key is 202 http_posts
}

@test "an observer over CoAP ends when its user's level falls to view" {
	start_ready mfx-adapt-coap -i raw -o raw -l "127.0.0.1:$COAP_PORT" \
	    </dev/null
	PORT=$COAP_PORT "$ROOT/tests/coap_raw.py" listen "$COAP_PORT" 2 \
	    >got 2>&1 3>&- &
	PIDS+=($!)
	await 20 grep -q observing got
	mfx-users grant "$BOB" view --channel "$CHANNEL"
	await 20 grep -q ^4.03 got
	await 20 is 4.03 coap_posts
}

# mqtt_until COMMAND…: it is disconnected by that, and may not publish
mqtt_until() {
	start_broker
	local at=(-h 127.0.0.1 -p "$MQTT_PORT" -u "$THING" -P "$KEY"
		-t "channels/$CHANNEL/messages")
	start stdbuf -oL mosquitto_sub "${at[@]}" -q 1 -d
	local listens=$PID out=$PID_OUT
	await 20 grep -q SUBACK "$out"
	timeout 20 mosquitto_pub "${at[@]}" -q 1 -m before
	await 20 grep -qx before "$out"
	"$@"
	refused() { timeout 20 mosquitto_pub "${at[@]}" -V 5 -q 1 -m "$1" 2>&1 |
		grep -qi 'not authorized'; }
	await 20 refused meanwhile
	refused after
	status 1 grep -qx after "$out"
	kill "$listens"
}

@test "MQTT: a subscriber is disconnected, and may not publish" {
	mqtt_until mfx-users revoke "$GRANT"
}
