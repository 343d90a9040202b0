# SPDX-License-Identifier: Apache-2.0
# For the suites of mfx-adapt-ws: `load ws` after `load setup; load site`.

# both_ways [OPTION…]: mfx-adapt-ws on $PORT, its input from `mfx-sub --tail
# raw`, its output to the stream; $WS is where the channel is
both_ways() {
	local line
	free_port PORT
	mkfifo lines sub.ready
	mfx-sub --tail raw --ready-fd 9 >lines 2>sub.err 3>&- 9>sub.ready &
	SUB_PID=$!
	PIDS+=("$SUB_PID")
	PID_FROM=lines start_ready mfx-adapt-ws -v -v -o raw \
	    -l "127.0.0.1:$PORT" "$@"
	WS_PID=$PID WS_ERR=$PID_ERR
	read -rt 20 line <sub.ready
	at_channel "$CHANNEL"
}

# serve_ws [OPTION…]: the same, which follows the bus itself
serve_ws() {
	free_port PORT
	start_ready mfx-adapt-ws -v -v -i raw -o raw -l "127.0.0.1:$PORT" \
	    "$@"
	WS_PID=$PID WS_ERR=$PID_ERR
	at_channel "$CHANNEL"
}

at_channel() {
	WS=ws://127.0.0.1:$PORT/channels/$1/messages
}

# talk PATH STEP…: with our key
talk() {
	local path=$1
	shift
	timeout 120 "$ROOT/tests/ws_talk.py" "$WS$path" \
	    -H "Authorization:$KEY" "$@" 3>&-
}

# talk_on FILE PATH STEP…: in the background, with its output in the file;
# returns when `made:FILE.open`, which must be the first step, is done
talk_on() {
	local file=$1 path=$2
	shift 2
	rm -f "$file.open"
	timeout 120 "$ROOT/tests/ws_talk.py" "$WS$path" \
	    -H "Authorization:${TALK_KEY:-$KEY}" \
	    ${TALK_FOR:+-H "X-Forwarded-For:$TALK_FOR"} \
	    "made:$file.open" "$@" \
	    >"$file" 2>"$file.err" 3>&- &
	TALKING=$!
	PIDS+=("$TALKING")
	await 30 test -e "$file.open"
}

# handshake STATUS PATH [CURL-OPTION…]: checks what the server answers;
# WS_VERSION is the version, 13 when it is unset
handshake() {
	local want=$1 path=$2 got
	shift 2
	got=$(curl -sS -m 20 --http1.1 -o answer -w '%{http_code}' \
	    -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
	    -H "Sec-WebSocket-Version: ${WS_VERSION-13}" \
	    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "$@" \
	    "http://127.0.0.1:$PORT$path" 2>/dev/null) || true
	[[ $got == "$want" ]] || { echo "$got, not $want: $path $*"; cat answer; return 1; }
}

# prints what is on the stream, resolved or not
raw() {
	cat "$MFX_HOME"/bus/raw/*.ndjson
}

metric() {
	curl -sS -m 20 "http://127.0.0.1:$ADMIN/metrics" |
		sed -n "s/^ws_adapter_$1 //p"
}

# serve_all: the same, and the other servers on the same bus and one store, on
# $HTTP_PORT, $COAP_PORT and $API_PORT
serve_all() {
	start_ready mfx-adapt-http -o raw -l "127.0.0.1:$HTTP_PORT"
	start_ready mfx-adapt-coap -i raw -o raw -l "127.0.0.1:$COAP_PORT" \
	    </dev/null
	start_ready mfx-api -l "127.0.0.1:$API_PORT" \
	    --store "$MFX_HOME/messages.db"
	serve_ws --replay raw
}
