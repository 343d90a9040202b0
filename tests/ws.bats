#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-ws: the handshake, messages in and out, and what ends a client.
# The clients are python3-websockets, Node's ws and curl.
load setup
load site
load ws

PACK='[{"n":"dev:t","v":1}]'
ALL=$(printf '%02x' {0..255})

setup_suite_test() {
	make_site
}

@test "the handshake: every answer, path before key" {
	local path=/channels/$CHANNEL/messages
	serve_ws
	handshake 403 "$path"
	handshake 403 "$path?authorization="
	handshake 403 "$path?authorization=wrong"
	handshake 403 "$path" -H 'Authorization: wrong'
	handshake 403 "/channels/unknown/messages" -H "Authorization: $KEY"
	handshake 400 "/channels//messages"
	handshake 400 "/channels/a%20b/messages"
	handshake 400 "$path/sub/a*b/topic" -H "Authorization: $KEY"
	handshake 400 "$path/a%3Eb"
	handshake 400 "$path/%3E/b"
	handshake 400 "$path/$(printf 'x%.0s' {1..1025})"
	handshake 400 "$path/%01"
	# a parameter that is given twice says two things
	handshake 400 "$path?authorization=$KEY&auth=$KEY"
	handshake 400 "$path?auth=$KEY&auth=wrong"
	handshake 400 "$path?auth=$KEY&echo=0&echo=1"
	handshake 400 "$path?auth=$KEY&format=line&format=senml"
	handshake 400 "$path?auth=$KEY&from=start&from=end"
	handshake 400 "$path/%FF"
	handshake 400 "$path?format=xml" -H "Authorization: $KEY"
	handshake 400 "$path?echo=yes" -H "Authorization: $KEY"
	handshake 400 "$path?from=never" -H "Authorization: $KEY"
	handshake 400 "$path?type=%00" -H "Authorization: $KEY" ||
		handshake 000 "$path?type=%00" -H "Authorization: $KEY"
	handshake 400 "$path?type=nothing" -H "Authorization: $KEY"
	handshake 404 / -H "Authorization: $KEY"
	handshake 404 "/channels/$CHANNEL" -H "Authorization: $KEY"
	handshake 404 "${path}XYZ" -H "Authorization: $KEY"
	# none of its subprotocols is chosen (RFC 6455 4.2.2)
	handshake 101 "$path" -H "Authorization: $KEY" \
	    -H 'Sec-WebSocket-Protocol: chat'
	[[ $(curl -sS -m 20 -o answer -w '%{http_code}' -H 'Connection: Upgrade' \
	    -H 'Upgrade: h2c' -H 'HTTP2-Settings: AAMAAABkAAQAAP__' \
	    -H "Authorization: $KEY" "http://127.0.0.1:$PORT$path") == 426 ]]
	WS_VERSION=8 handshake 426 "$path" -H "Authorization: $KEY" -D head
	grep -qi $'^Sec-WebSocket-Version: 13\r$' head
	jq -e '.status == 426 and (.detail | length > 9)' answer
	# not a handshake
	[[ $(curl -sS -m 20 -o answer -w '%{http_code}' \
	    -H "Authorization: $KEY" "http://127.0.0.1:$PORT$path") == 426 ]]
	[[ $(curl -sS -m 20 -o answer -w '%{http_code}' -d "$PACK" \
	    -H "Authorization: $KEY" "http://127.0.0.1:$PORT$path") == 426 ]]
	[[ $(curl -sS -m 20 "http://127.0.0.1:$PORT/version" |
	    jq -r .service) == websocket ]]
	if grep -F "$KEY" "$WS_ERR"; then false; fi
}

@test "101 by header and by query, with subtopics and wildcards" {
	local path
	serve_ws
	for path in '' / /sub /sub/nested '/%3E' '/%2A/x' /+/x '/%23' '?x=y'; do
		[[ $(talk "$path" quiet) == quiet ]]
	done
	for path in "?authorization=$KEY" "?auth=$KEY" \
	    "?x=1&authorization=$KEY" "/a?authorization=$KEY&echo=0"; do
		[[ $(timeout 60 "$ROOT/tests/ws_talk.py" "$WS$path" quiet) == quiet ]]
	done
	# a key of other characters, encoded
	mfx-things key --help >/dev/null
	printf 'odd &=;%%+ key' >odd
	chmod 600 odd
	thing=$(mfx-things create --key-file odd | jq -r .id)
	mfx-channels connect "$CHANNEL" "$thing"
	[[ $(timeout 60 "$ROOT/tests/ws_talk.py" \
	    "$WS?authorization=odd%20%26%3D%3B%25%2B%20key" quiet) == quiet ]]
}

@test "503 when the registry can't be asked" {
	serve_ws
	[[ $(talk '' quiet) == quiet ]]
	mv "$MFX_HOME/registry.db" away
	mkdir "$MFX_HOME/registry.db"
	refused() {
		handshake 503 "/channels/$CHANNEL/messages" \
		    -H "Authorization: $KEY" -m 2
	}
	await 30 refused
	grep -q '^Retry-After: 1' <(curl -sSi -m 20 --http1.1 -H 'Connection: Upgrade' \
	    -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
	    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
	    "http://127.0.0.1:$PORT/channels/$CHANNEL/messages?authorization=x")
}

@test "both ways in a pipeline: own messages come back, byte for byte" {
	both_ways
	talk '' "send:$PACK" recv send:hello recv "hex:$ALL" recv send: recv \
	    hex: recv 'send:ÄÖ €' recv >said
	printf '%s\n' "text $PACK" 'text hello' "bytes $ALL" 'text ' 'bytes ' \
	    'text ÄÖ €' | diff said -
	[[ $(raw | jq -r '.[0] | [.channel, .publisher, .protocol, .ct] | @tsv' |
	    sort | uniq -c | awk '{ print $1, $4, $5 }' | sort | xargs) == \
	    '1 ws 2 ws application/octet-stream 3 ws text/plain;charset=utf-8' ]]
	[[ $(raw | jq -r '.[0].publisher' | sort -u) == "$THING" ]]
	# to stdout, as a filter
	mfx-sub raw --no-follow | mfx-normalize >records
	(($(wc -l <records) == 6))
}

@test "Node's ws: text, bytes and refusals" {
	export NODE_PATH=/usr/share/nodejs
	both_ways
	timeout 60 node "$ROOT/tests/ws_talk.js" "$WS/x" "$KEY" "send:$PACK" \
	    recv "hex:$ALL" recv >said
	diff said - <<-EOF
	text $PACK
	bytes $ALL
	EOF
	[[ $(timeout 60 node "$ROOT/tests/ws_talk.js" "$WS" wrong) == \
	    "refused 403" ]]
}

@test "to stdout, line by line, when no stream is named" {
	free_port PORT
	PID_TO=written start_ready mfx-adapt-ws -l "127.0.0.1:$PORT"
	at_channel "$CHANNEL"
	talk /a/b "send:$PACK" send:x
	await 20 grep -q text/plain written
	[[ $(head -1 written | jq -c '.[0] | [.subtopic, .v]') == '["a.b",1]' ]]
	kill "$PID"
	status 0 wait "$PID"
	(($(wc -l <written) == 2))
}

@test "echo=0, format, type" {
	serve_ws
	talk_on other "?format=senml" recv:2
	talk_on line "?format=line" recv:2
	talk '?echo=0&type=application/senml%2Bcbor' \
	    hex:81a3006174020106"1a77359400" send:nothing quiet >said
	[[ $(<said) == quiet ]]
	await 30 grep -q vd other
	diff other - <<-EOF
	text [{"n":"t","v":1,"t":2000000000}]
	text [{"n":"payload","vd":"bm90aGluZw","ct":"application/senml+cbor"}]
	EOF
	await 30 grep -q bm90 line
	[[ $(sed 's/^text //' line | jq -c '.[0] | [.seq > 0, .protocol]' |
	    sort -u) == '[true,"ws"]' ]]
}

@test "what each client gets: channels, subtopics, wildcards" {
	local other
	serve_ws
	other=$(mfx-channels create --name other | jq -r .id)
	mfx-channels connect "$other" "$THING"
	talk_on none '' recv:1
	talk_on star '/%2A/x' recv:1
	talk_on more '/a/%3E' recv:2
	talk_on hash '/%23' recv:4
	talk_on exact '/a/b/x' recv:1
	at_channel "$other"
	talk_on foreign '/%23' quiet made:now await:end quiet
	at_channel "$CHANNEL"
	talk '' send:1
	talk /a/x send:2
	talk /a.b.x send:3
	talk /c send:4
	for f in none star more hash exact; do
		await 30 grep -q text $f
	done
	await 30 grep -q 'text 4' hash
	[[ $(<none) == 'text 1' && $(<star) == 'text 2' && $(<exact) == 'text 3' ]]
	[[ $(xargs <more) == 'text 2 text 3' ]]
	[[ $(sort hash | xargs) == 'text 1 text 2 text 3 text 4' ]]
	: >end
	await 30 grep -qx quiet foreign
	wait "$TALKING" || true
	refute grep -q 'not quiet' foreign
	# to a wildcard one can't send
	[[ $(talk '/%23' send:x closed) == 'closed 1008 cannot publish to a wildcard' ]]
}

@test "too long: 1009, for the limit and for a line" {
	serve_ws --max-body 1000
	head -c 1001 /dev/zero | tr '\0' x >long
	[[ $(talk '' file:long closed) == 'closed 1009 message too long' ]]
	head -c 1000 long >fits
	[[ $(talk '' file:fits count:1) == 'count 1000' ]]
	kill "$WS_PID"
	wait "$WS_PID"
	serve_ws
	head -c 1000000 /dev/zero >long
	[[ $(talk '' binfile:long closed) == 'closed 1009 at most 765 KiB, or 1020 KiB of SenML JSON in one line' ]]
	head -c 700000 /dev/zero >fits
	[[ $(talk '' binfile:fits count:1) == 'count 700000' ]]
}

@test "revocation closes with 4403, also those that only listen" {
	serve_ws
	talk_on listens '/%23' closed
	local a=$TALKING
	talk_on key '' closed
	local b=$TALKING
	mfx-channels disconnect "$CHANNEL" "$THING"
	wait "$a" "$b"
	[[ $(<listens) == 'closed 4403 access was revoked' ]]
	[[ $(<key) == 'closed 4403 access was revoked' ]]
	handshake 403 "/channels/$CHANNEL/messages" -H "Authorization: $KEY"
	# a new key ends the old one's connections
	mfx-channels connect "$CHANNEL" "$THING"
	talk_on key '' closed
	echo another-key-entirely >new
	chmod 600 new
	mfx-things key "$THING" --key-file new
	wait "$TALKING"
	[[ $(<key) == 'closed 4403 access was revoked' ]]
	# others stay
	KEY=another-key-entirely
	[[ $(talk '' send:still recv) == 'text still' ]]
}

@test "2,000 sockets of one thing are revoked: none gets a message after that" {
	local thing
	ulimit -Sn 8192
	thing=$(mfx-things create)
	mfx-channels connect "$CHANNEL" "$(jq -r .id <<<"$thing")"
	serve_ws --max-connections 5000
	mkfifo go
	exec 6<>go
	start "$ROOT/tests/ws_revoked.py" "$PORT" "$CHANNEL" \
	    "$(jq -r .key <<<"$thing")" 2000 <go
	await 60 grep -q open "$PID_OUT"
	talk '' send:before recv
	mfx-channels disconnect "$CHANNEL" "$(jq -r .id <<<"$thing")"
	talk '' send:after recv
	echo >&6
	status 0 wait "$PID"
	diff - "$PID_OUT" <<-EOF
	open
	2000 before
	2000 close 4403
	EOF
}

@test "SIGTERM: what was sent is kept, clients are told 1001, status 0" {
	serve_ws
	talk_on client '' send:last recv closed
	await 30 grep -q last client
	kill "$WS_PID"
	status 0 wait "$WS_PID"
	wait "$TALKING"
	[[ $(tail -1 client) == 'closed 1001 the server is stopped' ]]
	[[ $(raw | jq -r '.[0].vd') == bGFzdA ]]
}

@test "a silent client is pinged, and closed when there is no answer" {
	local dead
	free_port ADMIN
	serve_ws --timeout 2s --admin "127.0.0.1:$ADMIN"
	# this one answers pings and stays
	talk_on lives '' await:end send:here recv
	# this one does nothing at all
	"$ROOT/tests/ws_raw.py" "$PORT" "/channels/$CHANNEL/messages" "$KEY" \
	    idle >dead 3>&- &
	dead=$!
	PIDS+=("$dead")
	await 30 grep -q open dead
	await 60 grep -q gone dead
	: >end
	wait "$TALKING"
	[[ $(<lives) == 'text here' ]]
}

@test "a stalled client is ended with 1013, and holds up nobody" {
	local i
	free_port ADMIN
	serve_ws --admin "127.0.0.1:$ADMIN" --max-queue 256K
	"$ROOT/tests/ws_raw.py" "$PORT" "/channels/$CHANNEL/messages" "$KEY" \
	    stall >stalled 3>&- &
	local stalled=$!
	PIDS+=("$stalled")
	await 30 grep -q open stalled
	# what fills all buffers between here and there many times over
	talk_on reads '/%23' count:200
	local reader=$TALKING
	head -c 500000 /dev/urandom >big
	talk '?echo=0' $(for i in {1..200}; do echo binfile:big; done) quiet >said
	wait "$reader"
	[[ $(<reads) == "count 100000000" ]]
	[[ $(metric slow_total) == 1 ]]
	# it wakes up in time to read why
	kill -USR1 "$stalled"
	wait "$stalled"
	[[ $(tail -1 stalled) == 'closed 1013 too slow' ]] || { cat stalled; false; }
}

# grown: how many KiB of memory the adapter had at most, beyond $BEFORE
grown() {
	echo $(($(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' \
	    "/proc/$WS_PID/status") - BEFORE))
}

@test "a hundred slow readers of one thing: memory is flat, others are served" {
	local other i BEFORE=0
	other=$(mfx-things create --name other)
	mfx-channels connect "$CHANNEL" "$(jq -r .id <<<"$other")"
	free_port ADMIN
	# each could have 4 MiB, and gets 1
	serve_ws --admin "127.0.0.1:$ADMIN" --max-queue 4M --max-queued 8M
	start "$ROOT/tests/ws_stall.py" "$PORT" "$CHANNEL" "$KEY" 100
	local stalled=$PID said=$PID_OUT
	await 60 grep -q open "$said"
	TALK_KEY=$(jq -r .key <<<"$other") talk_on reads /fast \
	    count:50
	local reader=$TALKING
	BEFORE=$(grown)
	# 20 KB to each, and as much to the other thing, 50 times
	head -c 15000 /dev/urandom | base64 -w 0 >big
	for i in fast s{0..99}; do
		printf '{"channel":"%s","subtopic":"%s","publisher":"%s",' \
		    "$CHANNEL" "$i" "$THING"
		printf '"protocol":"http","n":"payload","vd":"%s"}\n' "$(<big)"
	done >lines
	for i in {1..50}; do
		mfx-pub raw <lines
	done
	wait "$reader"
	[[ $(<reads) == "count 1001250" ]] || { cat reads; false; }
	(($(grown) < 28 * 1024)) || { grown; false; }
	(($(metric queued_bytes) <= 8 << 20))
	(($(metric slow_total) > 50)) || { metric slow_total; false; }
	(($(metric queue_refused_total) > 50))
	# those that wake up in time read why
	kill -USR1 "$stalled"
	await 60 grep -q '^1013 too slow$' "$said"
	kill "$stalled"
	# and nothing is kept for those that have gone
	await 60 eval '(($(metric queued_bytes) == 0))'
}

@test "many quick sockets of one thing are not slow, whatever comes at once" {
	local i
	free_port ADMIN
	serve_ws --admin "127.0.0.1:$ADMIN" --max-queued 4M
	start "$ROOT/tests/ws_stall.py" "$PORT" "$CHANNEL" "$KEY" 200 same
	await 60 grep -q open "$PID_OUT"
	# the kernel has room for the 100 KB of each, which are 20 MB of all
	head -c 15000 /dev/urandom | base64 -w 0 >big
	for i in {1..5}; do
		printf '{"channel":"%s","subtopic":"same","publisher":"%s",' \
		    "$CHANNEL" "$THING"
		printf '"protocol":"http","n":"payload","vd":"%s"}\n' "$(<big)"
	done >lines
	mfx-pub raw <lines
	await 60 eval '(($(metric sent_total) == 1000))'
	[[ $(metric slow_total) == 0 && $(metric queue_refused_total) == 0 ]]
	(($(metric queued_bytes) == 0))
}

# parts FRAGMENTS: 200 of one thing send a MiB each, but for its end
parts() {
	start "$ROOT/tests/ws_part.py" "$PORT" "$CHANNEL" "$KEY" 200 1048000 "$1"
	PARTS=$PID PARTS_OUT=$PID_OUT
	await 60 grep -q sent "$PARTS_OUT"
	await 60 eval '(($(grep -c "^1013 too much is being received at once$" \
	    "$PARTS_OUT") > 190))'
}

@test "messages that many are still sending: memory is flat, others are served" {
	local other fragments n=0 BEFORE=0
	other=$(mfx-things create --name other)
	mfx-channels connect "$CHANNEL" "$(jq -r .id <<<"$other")"
	free_port ADMIN
	serve_ws --admin "127.0.0.1:$ADMIN" --max-queued 8M
	BEFORE=$(grown)
	head -c 700000 /dev/zero | tr '\0' x >big
	for fragments in 1 100; do
		parts $fragments
		(($(metric queued_bytes) <= 8 << 20))
		# one gets half at most; what is left is for others, whose
		# message comes back to them
		KEY=$(jq -r .key <<<"$other") talk '' file:big count:1 >said
		[[ $(<said) == count* ]] || { cat said; false; }
		n=$((n + 1))
		await 60 eval '(($(raw | wc -l) == n))'
		(($(grown) < 28 * 1024)) || { grown; false; }
		kill "$PARTS"
		# and nothing is kept for those that have gone
		await 60 eval '(($(metric queued_bytes) == 0))'
	done
}

@test "messages that can't be kept end their sender with 1011" {
	small_disk() {
		free_port ADMIN
		serve_ws --admin "127.0.0.1:$ADMIN"
		talk_on reads '' closed
		head -c 700000 /dev/urandom >"$BATS_TEST_TMPDIR/big"
		talk '' $(for i in {1..12}; do echo "binfile:$BATS_TEST_TMPDIR/big"; done) closed >said || true
		cat said "$WS_ERR" >&2
		[[ $(tail -1 said) == "closed 1011 the message can't be kept now" ]]
		# what was not kept is not counted
		[[ $(metric messages_total) == $(raw | wc -l) ]]
	}
	export -f serve_ws talk talk_on at_channel free_port metric raw
	export ROOT
	on_small_disk 6 "$MFX_HOME/bus" small_disk
}

@test "origins" {
	local path=/channels/$CHANNEL/messages
	serve_ws --origin https://example.com --cors-origin http://localhost:3000
	[[ $(talk '' quiet) == quiet ]]
	[[ $(KEY=wrong talk '' quiet) == 'refused 403' ]]
	handshake 403 "$path" -H "Authorization: $KEY" -H 'Origin: https://evil.example'
	handshake 403 "$path" -H "Authorization: $KEY" -H 'Origin: null'
	[[ $(timeout 60 "$ROOT/tests/ws_talk.py" "$WS" \
	    -H "Authorization:$KEY" -H Origin:https://EXAMPLE.com quiet) == quiet ]]
}

@test "limits on connections, of one address and of all" {
	serve_ws --max-per-address 2
	talk_on one '' await:end
	talk_on two '' await:end
	[[ $(talk '' quiet) == failed* ]]
	: >end
	await 30 talk '' quiet
	kill "$WS_PID"
	wait "$WS_PID"
	rm end
	serve_ws --max-connections 1
	talk_on one '' await:end
	talk_on_later() { talk '' quiet >later; }
	talk_on_later &
	local later=$!
	: >end
	wait "$later"
	[[ $(<later) == quiet ]]
}

@test "one thing does not get the last connections" {
	local other
	other=$(mfx-things create)
	mfx-channels connect "$CHANNEL" "$(jq -r .id <<<"$other")"
	serve_ws --max-connections 32
	mkfifo go
	exec 6<>go
	start "$ROOT/tests/ws_revoked.py" "$PORT" "$CHANNEL" "$KEY" 30 <go
	await 60 grep -q open "$PID_OUT"
	[[ $(talk '' quiet) == 'refused 429' ]]
	grep -q 'a client from 127.0.0.1 is refused: this thing has too many connections' \
	    "$WS_ERR"
	TALK_KEY=$(jq -r .key <<<"$other") talk_on other '' quiet
	wait "$TALKING"
	[[ $(<other) == quiet ]]
	# what has ended makes room
	kill "$PID"
	await 30 eval '[[ $(talk "" quiet) == quiet ]]'
}

@test "behind a proxy the limit is for each client" {
	serve_ws --max-per-address 1 --trusted-proxy 127.0.0.1
	TALK_FOR=192.0.2.1 talk_on one '' await:end
	[[ $(talk '' -H X-Forwarded-For:192.0.2.1 quiet) == 'refused 429' ]]
	[[ $(talk '' -H 'X-Forwarded-For:192.0.2.2, 192.0.2.1' quiet) == \
	    'refused 429' ]]
	[[ $(talk '' -H 'X-Forwarded-For:192.0.2.1, 192.0.2.2' quiet) == quiet ]]
	[[ $(talk '' -H X-Forwarded-For:2001:db8::1 quiet) == quiet ]]
	# nobody is let in by more than is read
	[[ $(talk '' -H "X-Forwarded-For:$(printf '%05000d' 0), 192.0.2.1" quiet) == \
	    'refused 4'* ]]
	: >end
	await 30 talk '' -H X-Forwarded-For:192.0.2.1 quiet
	local wrong
	for wrong in 10.0.0.0/33 localhost ''; do
		status 64 mfx-adapt-ws --trusted-proxy "$wrong" 2>said
		grep -q -- "--trusted-proxy '$wrong': " said
	done
}

@test "/health, /metrics, /version of the administrator" {
	free_port ADMIN
	serve_ws --admin "127.0.0.1:$ADMIN"
	[[ $(talk '' send:x recv) == 'text x' ]]
	[[ $(curl -sS -m 20 "http://127.0.0.1:$ADMIN/health" | jq -r .status) == pass ]]
	[[ $(curl -sS -m 20 "http://127.0.0.1:$ADMIN/version" |
	    jq -r .service) == websocket ]]
	[[ $(metric messages_total) == 1 && $(metric sent_total) == 1 ]]
	[[ $(metric 'answers_total{code="101"}') == 1 ]]
	[[ $(metric input_open) == 1 ]]
	# not to devices
	[[ $(curl -sS -m 20 -o answer -w '%{http_code}' \
	    "http://127.0.0.1:$PORT/metrics") == 404 ]]
}

# json.dumps of Python: white space between tokens, labels in any order
dumps() {
	python3 -c 'import json, sys
for v in (1, 2):
    p = {"n": "t", "v": v, "subtopic": "a/b", "channel": sys.argv[1],
         "publisher": "p"}
    print(json.dumps([p], indent=None))' "$CHANNEL"
}

@test "lines of other programs are delivered, from the bus and from stdin" {
	serve_ws
	talk_on live /a/b recv:2
	dumps | mfx-pub raw
	await 30 grep -q '"v": 2' live
	talk '/a/b?from=start' recv:2 >past
	diff live past
	# labels among the members are taken out, the rest stays as it is
	diff live <(printf 'text [{"n": "t","v": %d}]\n' 1 2)
	mkfifo pipe
	free_port PORT
	exec 7<>pipe
	PID_FROM=pipe start_ready mfx-adapt-ws -l "127.0.0.1:$PORT"
	at_channel "$CHANNEL"
	talk_on piped /a/b recv:2
	{ echo "no message"; dumps; } >&7
	await 30 grep -q '"v": 2' piped
	diff live piped
	await 30 grep -q '<stdin>:1: ' "$PID_ERR"
	exec 7>&-
}
