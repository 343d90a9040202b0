#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mainflux' bootstrap service as mfx-api has it: its own cases under the numbers
# that they have in the list they were taken from, and each of the faults that
# it had.
load setup

setup_suite_test() {
	serve
}

serve() {
	free_port PORT
	start_ready mfx-api -v -l "127.0.0.1:$PORT" --attempts 100000 \
	    --administrator Ann@example.com "$@"
	ERRORS=$PID_ERR
}

row() {
	/usr/bin/python3 "$ROOT/tests/api_bootstrap.py" "$PORT" "$1"
	kill "$PID"
	status 0 wait "$PID"
	# not a word of what devices have shown
	refute grep -E 'key-[0-9]|secret|external-key' "$ERRORS"
}

@test "26: a configuration is added" { row 26; }
@test "27: it is updated, its channels and certificates too" { row 27; }
@test "28: lists have pages and filters" { row 28; }
@test "29: a device fetches its own" { row 29; }
@test "30: the state connects and disconnects" { row 30; }
@test "31: it is removed, and the thing stays" { row 31; }
@test "32: things and channels that change or go" { row 32; }

@test "fault 10: unknown devices are an administrator's, without keys, bounded" {
	row w10
}
@test "faults 37, 38: nothing is behind" { row w37; }
@test "fault 39: a channel is updated" { row w39; }
@test "fault 40: a thing is disconnected, and no other is inactive" { row w40; }
@test "fault 41: a thing stays when something fails" { row w41; }
@test "fault 42: metadata of channels" { row w42; }
@test "fault 43: a key that is changed, or long" { row w43; }
@test "fault 44: no transaction is left open, and an empty list is one" { row w44; }

@test "events: each change has its own, with exactly these fields" { row events; }
@test "strangers and tokens see and change nothing" { row strangers; }
@test "many at once, all or none" { row bulk; }
@test "SQL and worse in every place" { row hostile; }
@test "no key is in clear" { row clear; }
@test "without TLS: sealed as the page says, opened by another library" {
	row secure
}

@test "how often an address may fail" {
	kill "$PID"
	status 0 wait "$PID"
	serve --attempts 10
	row limits
}
