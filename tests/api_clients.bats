#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What clients of later versions of Mainflux ask of mfx-api, and what they
# take out of its answers: the command lines of 0.10 to 0.13 and of 2023.
# The cases are in api_clients.py; messages are in api_messages.bats.
load setup

the_case() {
	local port
	free_port port
	start_ready mfx-api -l "127.0.0.1:$port"
	timeout 280 /usr/bin/python3 "$ROOT/tests/api_clients.py" "$port" "$1"
	kill "$PID"
	status 0 wait "$PID"
	silent "$PID_ERR"
}

@test "users: created with a place, found there, a password changed with 201" {
	the_case users
}
@test "users update of 0.11: metadata, which is replaced, and shown when there is some" {
	the_case user_metadata
}
@test "keys issue, retrieve and revoke of 0.13" { the_case keys; }
@test "access-by-key and access-by-id of 0.10" { the_case access; }
@test "a refusal says what it is where SDKs look" { the_case refusals; }
@test "things and channels not-connected of 0.12" { the_case disconnected; }
