#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every row of the API by the owner of a thing and a channel, by users whom they
# are shared with at each level, and by a stranger.
load setup

@test "every row of the API by owner, viewer, user, manager and stranger" {
	free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT" --attempts 1000
	/usr/bin/python3 "$ROOT/tests/share_rows.py" "$PORT" 3>&-
	kill "$PID"
	status 0 wait "$PID"
}
