#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-http and mfx-api, and what RFC 9110 and 9112 forbid:
# tests/http_hostile.py has the tables.  Each row is judged by what is answered
# and by what is stored afterwards.
load setup
load site

setup_suite_test() {
	make_site
	PORT=
}

@test "messages: whole, byte by byte, and with one more after it" {
	serve -o raw
	timeout 300 "$ROOT/tests/http_hostile.py" http "$PORT" "$CHANNEL" \
	    "$KEY" >want
	(($(wc -l <want) > 200))
	jq -r '.[0].subtopic' "$MFX_HOME"/bus/raw/*.ndjson >got
	diff <(sort want) <(sort got)
	kill -0 "$PID"
}

@test "things: whole, byte by byte, and with one more after it" {
	local token
	free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT"
	token=$(curl -sS -m 20 -H 'Content-Type: application/json' \
	    -d '{"email":"ann@example.com","password":"correct horse"}' \
	    "http://127.0.0.1:$PORT/tokens" | jq -r .token)
	timeout 300 "$ROOT/tests/http_hostile.py" api "$PORT" "$token" >want
	(($(wc -l <want) > 200))
	mfx-things list | jq -r .name | grep -vx meter >got
	diff <(sort want) <(sort got)
	kill -0 "$PID"
}
