#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --cors-origin of the three programs that pages in browsers use: what a
# browser is told, by which it lets a page send a request and read its answer
# (https://fetch.spec.whatwg.org, "HTTP extensions").
load setup
load site
load ws

OURS=https://app.example.com
OTHER=https://evil.example

setup_suite_test() {
	make_site
}

# ask STATUS URL [CURL-OPTION…]: the head of the answer is in `head`
ask() {
	local want=$1 got
	got=$(curl -sS -m 20 -D head.crlf -o answer -w '%{http_code}' "${@:2}")
	tr -d '\r' <head.crlf >head
	[[ $got == "$want" ]] || { echo "$got, not $want"; cat head; return 1; }
}

# field NAME: its values in the last answer, one a line
field() {
	sed -n "s/^$1: //Ip" head
}

# lacks NAME: the last answer has no field whose name begins so
lacks() {
	if grep -i "^$1" head; then return 1; fi
}

# silent_of_origins: nothing in the last answer is for browsers
silent_of_origins() {
	lacks access-control-
}

serve_api() {
	free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT" "$@"
	API=http://127.0.0.1:$PORT
}

# preflight STATUS ORIGIN METHOD URL
preflight() {
	ask "$1" "$4" -X OPTIONS -H "Origin: $2" \
	    -H "Access-Control-Request-Method: $3" \
	    -H 'Access-Control-Request-Headers: authorization,content-type'
}

@test "without --cors-origin no answer has a field for browsers" {
	serve_api
	preflight 204 "$OURS" POST "$API/things"
	[[ $(field allow) == 'GET, HEAD'* || $(field allow) == 'POST'* ]]
	silent_of_origins
	ask 200 "$API/version" -H "Origin: $OURS"
	silent_of_origins
	lacks vary
}

@test "mfx-api: a preflight is told the methods of its path" {
	serve_api --cors-origin "$OURS" --cors-origin http://localhost:3000 \
	    --cors-max-age 2h
	preflight 204 "$OURS" PATCH "$API/things/x"
	[[ $(field access-control-allow-origin) == "$OURS" ]]
	[[ $(field access-control-allow-methods) == "$(field allow)" ]]
	[[ $(field access-control-allow-methods) == *PATCH* ]]
	[[ $(field access-control-allow-methods) != *POST* ]]
	[[ $(field access-control-allow-headers) == *Authorization* ]]
	[[ $(field access-control-allow-headers) == *Content-Type* ]]
	[[ $(field access-control-max-age) == 7200 ]]
	[[ $(field vary) == Origin ]]
	lacks access-control-allow-credentials
	# it needs neither a token nor a page that exists
	preflight 204 http://localhost:3000 GET "$API/things"
	[[ $(field access-control-allow-origin) == http://localhost:3000 ]]
	preflight 404 "$OURS" GET "$API/nothing"
	lacks access-control-allow-methods
	# what only asks for the methods is no preflight
	ask 204 "$API/things" -X OPTIONS -H "Origin: $OURS"
	lacks access-control-allow-methods
}

@test "mfx-api: other origins get nothing, and each answer says that it varies" {
	serve_api --cors-origin "$OURS"
	local origin
	for origin in "$OTHER" null "$OURS.evil.example" "$OURS:8443" \
	    "http://app.example.com" "$OURS/" "x$OURS" '*' ''; do
		preflight 204 "$origin" GET "$API/things"
		silent_of_origins
		[[ $(field vary) == Origin ]]
		ask 200 "$API/version" -H "Origin: $origin"
		silent_of_origins
		[[ $(field vary) == Origin ]]
	done
	ask 200 "$API/version"
	silent_of_origins
	[[ $(field vary) == Origin ]]
	# which of two is meant is not known
	ask 200 "$API/version" -H "Origin: $OURS" -H "Origin: $OTHER"
	silent_of_origins
}

@test "mfx-api: a page reads refusals, tags and streams as well" {
	serve_api --cors-origin "$OURS" --max-body 1k
	ask 403 "$API/things" -H "Origin: $OURS"
	[[ $(field access-control-allow-origin) == "$OURS" ]]
	[[ $(field access-control-expose-headers) == *ETag* ]]
	ask 404 "$API/nothing" -H "Origin: $OURS"
	[[ $(field access-control-allow-origin) == "$OURS" ]]
	head -c 2000 /dev/zero >long
	ask 413 "$API/tokens" -H "Origin: $OURS" --data-binary @long
	[[ $(field access-control-allow-origin) == "$OURS" ]]
	local token
	token=$(curl -sS -m 20 -H 'Content-Type: application/json' \
	    -d '{"email":"ann@example.com","password":"correct horse"}' \
	    "$API/tokens" | jq -r .token)
	ask 200 "$API/events?follow=false" -H "Origin: $OURS" \
	    -H "Authorization: $token"
	[[ $(field access-control-allow-origin) == "$OURS" ]]
}

@test "mfx-api: '*' is for all, with nothing to vary" {
	serve_api --cors-origin '*'
	preflight 204 "$OTHER" GET "$API/things"
	[[ $(field access-control-allow-origin) == '*' ]]
	lacks access-control-allow-credentials
	lacks vary
	[[ $(field access-control-max-age) == 600 ]]
}

@test "mfx-adapt-http: a page of an origin publishes" {
	serve -o raw --cors-origin "$OURS"
	preflight 204 "$OURS" POST "$MESSAGES"
	[[ $(field access-control-allow-methods) == 'POST, OPTIONS' ]]
	ask 202 "$MESSAGES" -H "Origin: $OURS" -H "Authorization: $KEY" -d '[]'
	[[ $(field access-control-allow-origin) == "$OURS" ]]
	ask 403 "$MESSAGES" -H "Origin: $OURS" -H 'Authorization: wrong' -d '[]'
	[[ $(field access-control-allow-origin) == "$OURS" ]]
	preflight 204 "$OTHER" POST "$MESSAGES"
	silent_of_origins
}

@test "mfx-adapt-ws: the handshake of another origin is refused" {
	local path=/channels/$CHANNEL/messages
	serve_ws --cors-origin "$OURS" --cors-origin http://localhost:3000
	[[ $(talk '' quiet) == quiet ]]
	handshake 403 "$path" -H "Authorization: $KEY" -H "Origin: $OTHER"
	handshake 403 "$path" -H "Authorization: $KEY" -H 'Origin: null'
	handshake 403 "$path" -H "Authorization: $KEY" -H "Origin: $OURS" \
	    -H "Origin: $OTHER"
	[[ $(timeout 60 "$ROOT/tests/ws_talk.py" "$WS" -H "Authorization:$KEY" \
	    -H Origin:http://localhost:3000 quiet) == quiet ]]
	kill "$WS_PID"
	wait "$WS_PID"
	serve_ws --cors-origin '*'
	[[ $(timeout 60 "$ROOT/tests/ws_talk.py" "$WS" -H "Authorization:$KEY" \
	    -H "Origin:$OTHER" quiet) == quiet ]]
}

@test "what is not an origin is refused, and the message says what is" {
	local origin
	for origin in '' example.com https:// '://x' https://example.com/ \
	    'https://*.example.com' https://u@example.com null \
	    https://example.com:99999 'ht tp://x'; do
		status 64 timeout 20 mfx-api --cors-origin "$origin" 2>err
		grep -qF -- "--cors-origin '$origin'" err ||
			{ echo "'$origin':"; cat err; false; }
	done
	status 64 timeout 20 mfx-adapt-http --cors-origin example.com 2>err
	status 64 timeout 20 mfx-adapt-ws --cors-origin example.com 2>err
}

@test "OPTIONS * is of the server as a whole, of each server" {
	local port
	serve_api
	free_port HTTP_PORT ADMIN
	start_ready mfx-adapt-http -o raw -l "127.0.0.1:$HTTP_PORT" \
	    --admin "127.0.0.1:$ADMIN" --cors-origin "$OURS"
	for port in "$PORT" "$HTTP_PORT" "$ADMIN"; do
		ask 204 -X OPTIONS --request-target '*' "http://127.0.0.1:$port"
		ask 400 -X GET --request-target '*' "http://127.0.0.1:$port"
	done
	serve_ws
	ask 204 -X OPTIONS --request-target '*' "http://127.0.0.1:$PORT"
	ask 204 -X OPTIONS --request-target '*' -H "Origin: $OURS" \
	    "http://127.0.0.1:$HTTP_PORT"
	[[ $(field access-control-allow-origin) == "$OURS" ]]
}
