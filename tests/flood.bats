#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A flood on one channel does not keep another's messages waiting: tests/flood.py
# says how that is told without a clock.
load setup
load servers

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

# flood BYTES [behind]: over HTTP, to the bus that $MFX_BUS is
flood() {
	start_ready mfx-adapt-http -l "127.0.0.1:$PORT" -o raw
	mfx-sub --channel "$ANN_CHANNEL" raw 3>&- |
		timeout 280 /usr/bin/python3 "$ROOT/tests/flood.py" "$PORT" "$@" \
		    3>&- >said 2>errors || { cat said errors "$PID_ERR"; return 1; }
	cat said >&3
}

in_jetstream() {
	export MFX_MODULES=$BIN
	server_start nats
	MFX_BUS=$(server_url nats)
	export MFX_BUS
}

@test "a directory: short messages of one, and another's" {
	flood 10
}

@test "a directory: large messages of one, and another's" {
	flood 20000
}

# bats test_tags=servers
@test "JetStream: short messages of one, and another's" {
	in_jetstream
	flood 10
}

# bats test_tags=servers
@test "JetStream: large messages of one, and another's" {
	in_jetstream
	flood 20000
}

@test "a message that waits for the flood is noticed" {
	status 1 flood 20000 behind >told
	grep -q 'ann waits for bob' told
}
