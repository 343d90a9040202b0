#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Mainflux' own cases, as clients of its API rely on them, each in one test
# under the number that it has in the list they were taken from.  Where they
# and its running service differ, what its tests say holds.
load setup

setup_suite_test() {
	free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT" --attempts 1000
}

row() {
	/usr/bin/python3 "$ROOT/tests/api_rows.py" "$PORT" "$@"
	kill "$PID"
	status 0 wait "$PID"
}

@test "1: users register" { row 1; }
@test "2: users log in" { row 2; }
@test "3: a token says whose it is" { row 3; }
@test "4: things are created" { row 4; }
@test "5: things are updated" { row 5; }
@test "6: things' keys are changed" { row 6; }
@test "7: things are viewed" { row 7; }
@test "8: lists have pages" { row 8; }
@test "9: lists refuse limits that are not valid" { row 9; }
@test "10: lists refuse strangers" { row 10; }
@test "11: things and channels are removed" { row 11; }
@test "12: channels are created" { row 12; }
@test "13: channels are updated and viewed" { row 13; }
@test "14: things are connected" { row 14; }
@test "15: things are disconnected" { row 15; }
@test "16: access is decided, keys are identified" { row 16; }
@test "17: nobody has access to a channel that isn't there" { row 17; }
@test "18: nothing that is remembered outlives a change" { row 18; }
@test "19: each change has its event, with exactly these fields" { row 19; }

@test "20: the HTTP adapter acts by what was done here" {
	local api=$PID port
	free_port port
	start_ready mfx-adapt-http -l "127.0.0.1:$port" -o raw
	PID=$api row 20 "$port"
}
