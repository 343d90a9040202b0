#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A flood on one channel does not keep another's messages waiting, through each
# door: tests/flood.py says how that is told without a clock.
load setup
load servers
load mqtt

setup_suite_test() {
	local user thing id channel
	for user in ann bob; do
		mfx-users create "$user@example.com" --password-file - \
		    <<<'correct horse'
		thing=$(mfx-things create --name meter --user "$user@example.com")
		id=$(jq -r .id <<<"$thing")
		channel=$(mfx-channels create --name garden \
		    --user "$user@example.com" | jq -r .id)
		mfx-channels connect "$channel" "$id" --user "$user@example.com"
		export "${user^^}_KEY=$(jq -r .key <<<"$thing")"
		export "${user^^}_CHANNEL=$channel"
	done
	free_port PORT
}

in_jetstream() {
	export MFX_MODULES=$BIN
	server_start nats
	MFX_BUS=$(server_url nats)
	export MFX_BUS
}

# open_door DOOR: the adapter that has it, on $PORT, to the bus that $MFX_BUS is
open_door() {
	if [[ $1 == mqtt ]]; then
		# each of the crowd is a session
		start_broker 'plugin_opt_sessions 1000'
		PORT=$MQTT_PORT
	else
		start_ready "mfx-adapt-${1%-tcp}" -l "127.0.0.1:$PORT" -o raw
	fi
}

# flood DOOR BYTES [behind]
flood() {
	open_door "$1"
	mfx-sub --channel "$ANN_CHANNEL" raw 3>&- |
		timeout 280 /usr/bin/python3 "$ROOT/tests/flood.py" "$1" \
		    "$PORT" "${@:2}" 3>&- >said 2>errors ||
		{ cat said errors "$PID_ERR"; return 1; }
	cat said >&3
	kill "$PID"
	wait "$PID"
}

@test "a directory: HTTP" {
	flood http 10
	flood http 20000
}

@test "a directory: WebSocket" {
	flood ws 10
	flood ws 20000
}

@test "a directory: MQTT" {
	flood mqtt 10
	flood mqtt 20000
}

# large messages are of TCP
@test "a directory: CoAP" {
	flood coap 10
	flood coap-tcp 20000
}

# bats test_tags=servers
@test "JetStream: HTTP" {
	in_jetstream
	flood http 10
	flood http 20000
}

# bats test_tags=servers
@test "JetStream: WebSocket" {
	in_jetstream
	flood ws 10
}

# bats test_tags=servers
@test "JetStream: MQTT" {
	in_jetstream
	flood mqtt 10
	flood mqtt 20000
}

# bats test_tags=servers
@test "JetStream: CoAP" {
	in_jetstream
	flood coap 10
	flood coap-tcp 20000
}

@test "a message that waits for the flood is noticed" {
	status 1 flood http 20000 behind >told
	grep -q 'ann waits for bob' told
}
