#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-http as clients see it: what is answered, in which order it is
# looked at, and what bytes it withstands.
load setup
load site

PACK='[{"n":"dev:t","u":"Cel","v":21.5}]'

setup_suite_test() {
	make_site
}

lines() {
	cat "$MFX_HOME"/bus/raw/*.ndjson 2>/dev/null
}

n_lines() {
	(($(lines | wc -l) == $1)) || { echo "lines:"; lines; return 1; }
}

# ask STATUS ARGUMENT…: curl with these
ask() {
	local want=$1 got
	shift
	got=$(curl -sS -m 20 --path-as-is -o answer -w '%{http_code}' "$@")
	[[ $got == "$want" ]] || { echo "$got, not $want: $*"; cat answer; return 1; }
}

# raw COMMAND [ARGUMENT…]: see http_raw.py
raw() {
	local command=$1
	shift
	"$ROOT/tests/http_raw.py" "$command" "$PORT" "$@"
}

# request [BODY [HEADER…]]: a POST of it with the key
request() {
	local body=${1-$PACK} header
	printf 'POST /channels/%s/messages HTTP/1.1\r\nHost: a\r\n' "$CHANNEL"
	printf 'Authorization: %s\r\n' "$KEY"
	for header in "${@:2}"; do printf '%s\r\n' "$header"; done
	(($# > 1)) || printf 'Content-Length: %d\r\n' "${#body}"
	printf '\r\n%s' "$body"
}

# says WHAT…: what http_raw.py said, in one line
says() {
	local got
	got=$(xargs)
	[[ $got == "$*" ]] || { echo "got '$got', not '$*'"; return 1; }
}

# ---- who ----

@test "the key in each form: 202, an empty answer, and one line each" {
	serve -o raw
	local form
	for form in "$KEY" "Thing $KEY" "thing $KEY" "Bearer $KEY" \
	    "BEARER $KEY" "Bearer    $KEY" "  $KEY  "; do
		ask 202 -H "Authorization: $form" -d "$PACK" "$MESSAGES"
		[[ ! -s answer ]]
	done
	n_lines 7
	[[ $(lines | jq -r '.[0] | .publisher, .channel, .protocol' | sort -u |
	    xargs) == "$(printf '%s\n' "$THING" "$CHANNEL" http | sort | xargs)" ]]
}

@test "refusals are said with the address, ten of them, and all with -v" {
	serve -o raw
	local i
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		ask 403 -H "Authorization: wrong$i" -d "$PACK" "$MESSAGES"
	done
	(($(grep -c "$CHANNEL.*a client from 127.0.0.1 is refused: unknown key" \
	    "$PID_ERR") == 10))
	[[ ! $(grep wrong "$PID_ERR") ]]
	ask 202 -H "Authorization: $KEY" -d "$PACK" "$MESSAGES"
	kill -USR1 "$PID"
	more() {
		ask 403 -H "Authorization: wrong" -d "$PACK" "$MESSAGES"
		(($(grep -c 'is refused: unknown key' "$PID_ERR") == 11))
	}
	await 10 more
}

@test "no key, a wrong one, another's: 403, and always the same words" {
	serve -o raw
	local other
	other=$(mfx-things create --name stranger | jq -r .key)
	ask 403 -d "$PACK" "$MESSAGES"
	cp answer first
	grep -q '"status":403' first
	local form
	for form in "Authorization;" "Authorization: x" "Authorization: $other" \
	    "Authorization: ${KEY^^}" "Authorization: $KEY$KEY" \
	    "Authorization: Basic $KEY" "Authorization: Thing" \
	    "Authorization: Thing$KEY" "Authorization: $THING" \
	    "Authorization: $(printf 'x%.0s' {1..5000})"; do
		ask 403 -H "$form" -d "$PACK" "$MESSAGES"
		cmp first answer
	done
	ask 403 -H "Authorization: $KEY" -d "$PACK" \
	    "${MESSAGES/$CHANNEL/00000000-0000-4000-8000-000000000000}"
	cmp first answer
	n_lines 0
}

@test "a refusal is problem+json (RFC 9457)" {
	serve -o raw
	curl -sS -D head -o answer -d "$PACK" "$MESSAGES"
	grep -qi '^content-type: application/problem+json' head
	jq -e '.status == 403 and .title == "Forbidden" and
	    (.detail | type) == "string"' answer
}

# ---- where ----

@test "a bad channel or subtopic: 400, before the key is looked at" {
	serve -o raw
	local id
	for id in '' 'a.b' 'a*' 'a>' "a'" 'a;b' 'a%2fb' 'ü'; do
		ask 400 -d "$PACK" "${MESSAGES/$CHANNEL/$id}"
	done
	local query
	for query in x=%zz %=1 'a=b&x=%4' x=%00 x=%ff; do
		ask 400 -H "Authorization: $KEY" -d "$PACK" "$MESSAGES?$query"
	done
	local s
	for s in '%' '%4' '%zz' '%4g' 'a%00b' '%01' '%0a' '%7f' 'a/*/b' 'a*b' \
	    '%c2%80' '%ef%bf%be' '%3e' '>' '+' '%2B' '%23' '%ff' '%c3%28' \
	    '%ed%a0%80' \
	    "$(printf 'x%.0s' {1..1025})"; do
		ask 400 -d "$PACK" "$MESSAGES/$s"
		ask 400 -H "Authorization: $KEY" -d "$PACK" "$MESSAGES/$s"
	done
	jq -e .detail answer
	n_lines 0
}

@test "subtopics: percent-decoded, dots between levels, empty ones dropped" {
	serve -o raw
	local s long
	long=$(printf 'x%.0s' {1..255})
	long=$long.$long.$long.$long
	for s in '' / a 'a/b' 'a.b' 'a///b.c' '/a/' 'a%2Fb' '%61%2e%62' \
	    'r%C3%A4ume/1' "$long"; do
		ask 202 -H "Authorization: $KEY" -d "$PACK" "$MESSAGES/$s"
	done
	ask 202 -H "Authorization: $KEY" -d "$PACK" "$MESSAGES/q?a=%7a&b"
	lines | jq -r '.[0].subtopic // "-"' >got
	printf '%s\n' - - a a.b a.b a.b.c a a.b a.b räume.1 \
	    "$long" q | diff - got
}

@test "other paths: 404; other methods: 405 and Allow, or 501" {
	serve -o raw
	local path method
	for path in / /channels "/channels/$CHANNEL" "/channels/$CHANNEL/" \
	    "/channels/$CHANNEL/messagesX" "/channels/$CHANNEL/x/messages" \
	    /things /metrics /health "//channels/$CHANNEL/messages"; do
		ask 404 -H "Authorization: $KEY" -d "$PACK" \
		    "http://127.0.0.1:$PORT$path"
	done
	ask 400 --path-as-is -H "Authorization: $KEY" -d "$PACK" \
	    "http://127.0.0.1:$PORT/channels/../channels/$CHANNEL/messages"
	for method in GET PUT DELETE PATCH TRACE; do
		ask 405 -X "$method" -H "Authorization: $KEY" "$MESSAGES"
	done
	ask 405 -I "$MESSAGES"
	for method in post FROB; do
		ask 501 -X "$method" -H "Authorization: $KEY" "$MESSAGES"
	done
	curl -sS -m 20 -X OPTIONS -D head "$MESSAGES"
	grep -q '^HTTP/1.1 204' head
	grep -qi '^allow: POST, OPTIONS' head
	n_lines 0
	# two spellings of one path (RFC 3986 6.2.2.2)
	ask 202 -H "Authorization: $KEY" -d "$PACK" \
	    "http://127.0.0.1:$PORT/%63hannels/$CHANNEL/messages"
}

@test "GET /version, as Mainflux answers it" {
	serve -o raw
	curl -sS -D head -o answer "http://127.0.0.1:$PORT/version"
	grep -qi '^content-type: text/plain' head
	jq -e '.service == "http" and (.version | test("^[0-9]+[.]"))' answer
}

# ---- what ----

@test "any body, any type: every byte value comes back; empty ones too" {
	serve -o raw
	python3 -c 'import sys
sys.stdout.buffer.write(bytes(range(256)) * 5)' >bytes
	local type n=0
	for type in application/octet-stream text/plain 'x/y; charset="z"' \
	    'no type at all' application/senml+cbor '' '"'; do
		ask 202 -H "Authorization: $KEY" -H "Content-Type: $type" \
		    --data-binary @bytes "$MESSAGES"
		n=$((n + 1))
		lines | sed -n "${n}p" | "$ROOT/tests/payload.py" | cmp - bytes
	done
	ask 202 -H "Authorization: $KEY" -d "" "$MESSAGES"
	ask 411 -H "Authorization: $KEY" -X POST "$MESSAGES"
	lines | tail -n 1 | "$ROOT/tests/payload.py" >payload
	[[ ! -s payload ]]
	# as it is, when it is a pack
	ask 202 -H "Authorization: $KEY" -d "$PACK" "$MESSAGES"
	[[ $(lines | tail -n 1) == *"${PACK#\[\{}" ]]
}

@test "a body over the limit: 413, said at once or at its end, then go on" {
	serve -o raw --max-body 1000
	head -c 1000 /dev/zero | tr '\0' a >fits
	head -c 1001 /dev/zero | tr '\0' a >over
	head -c 3000000 /dev/zero >far
	ask 202 -H "Authorization: $KEY" --data-binary @fits "$MESSAGES"
	ask 413 -H "Authorization: $KEY" --data-binary @over "$MESSAGES"
	ask 413 -H "Authorization: $KEY" --data-binary @far "$MESSAGES"
	ask 413 -H "Authorization: $KEY" -H Expect: --data-binary @far "$MESSAGES"
	ask 413 -H "Authorization: $KEY" -H 'Transfer-Encoding: chunked' \
	    --data-binary @over "$MESSAGES"
	ask 413 -H "Authorization: $KEY" -H 'Transfer-Encoding: chunked' \
	    --data-binary @far "$MESSAGES"
	# path and key come first
	ask 403 --data-binary @far "$MESSAGES"
	ask 400 --data-binary @far "$MESSAGES/*"
	n_lines 1
	# the connection lives on
	{ request "$(<over)"; request; } | raw send 2 | says 413 202
	n_lines 2
}

@test "a body that no line can hold: 413" {
	serve -o raw
	head -c 900000 /dev/zero >zeros
	ask 413 -H "Authorization: $KEY" --data-binary @zeros "$MESSAGES"
	head -c 700000 /dev/zero >zeros
	ask 202 -H "Authorization: $KEY" --data-binary @zeros "$MESSAGES"
	lines | "$ROOT/tests/payload.py" | cmp - zeros
}

@test "Expect: 100-continue: go on, or the refusal without the body" {
	serve -o raw
	request "$PACK" "Content-Length: ${#PACK}" 'Expect: 100-continue' |
		raw send | says 202
	printf 'POST /channels/%s/messages HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n' \
	    "$CHANNEL" | raw early | says 403 closed
}

# ---- how the bytes come ----

@test "byte by byte, pipelined, in chunks, by HTTP/1.0" {
	serve -o raw
	request | raw bytes | says 202
	{ request; request; request '[{"n":"x","v":2}]'; } | raw send 3 |
		says 202 202 202
	{ request; printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'; request; } |
		raw bytes 3 | says 202 404 202
	request $'5\r\n[{"n"\r\nb;x=y\r\n:"x","v":2}\r\n1\r\n]\r\n0\r\n\r\n' \
	    'Transfer-Encoding: chunked' | raw send | says 202
	request | sed 's,HTTP/1.1,HTTP/1.0,' | raw send 2 | says 202 closed
	n_lines 8
	[[ $(lines | jq -c '.[0].v' | xargs) == "21.5 21.5 21.5 2 21.5 21.5 2 21.5" ]]
}

@test "what another server could read otherwise is refused: 400, closed" {
	serve -o raw
	local n="Content-Length: ${#PACK}" body=$'0\r\n\r\n'
	request "$PACK" "$n" 'Content-Length: 1' | raw send 2 | says 400 closed
	request "$PACK" "$n" "$n" | raw send 2 | says 400 closed
	request "$body" "$n" 'Transfer-Encoding: chunked' | raw send 2 |
		says 400 closed
	request "$body" 'Transfer-Encoding: gzip, chunked' | raw send 2 |
		says 501 closed
	request "$body" 'Transfer-Encoding: identity' | raw send 2 |
		says 400 closed
	request "$body" 'Transfer-Encoding: chunked' 'Transfer-Encoding: chunked' |
		raw send 2 | says 400 closed
	request "$PACK" "${n/:/ :}" | raw send 2 | says 400 closed
	request | sed '/^Host/d' | raw send 2 | says 400 closed
	request | sed 's,/messages,& x,' | raw send 2 | says 400 closed
	request | sed $'s,/messages,&/\tx,' | raw send 2 | says 400 closed
	request "$PACK" "$n" 'Host: b' | raw send 2 | says 400 closed
	request "$PACK" "$n" 'Authorization: x' | raw send 2 | says 400 closed
	request "$PACK" 'Content-Length: -1' | raw send 2 | says 400 closed
	request "$PACK" 'Content-Length: 0x10' | raw send 2 | says 400 closed
	request "$PACK" 'Content-Length: 99999999999999999999' | raw send 2 |
		says 413 closed
	request $'zz\r\n' 'Transfer-Encoding: chunked' | raw send 2 |
		says 400 closed
	n_lines 0
}

@test "bodies that are not taken: compressed 415, without a length 411" {
	serve -o raw
	local auth=(-H "Authorization: $KEY")
	gzip -c <<<"$PACK" >packed
	ask 415 "${auth[@]}" -H 'Content-Encoding: gzip' \
	    --data-binary @packed "$MESSAGES"
	ask 415 "${auth[@]}" -H 'Content-Encoding: identity' \
	    -H 'Content-Encoding: gzip' --data-binary @packed "$MESSAGES"
	ask 202 "${auth[@]}" -H 'Content-Encoding: Identity' -d "$PACK" \
	    "$MESSAGES"
	# what follows without a length is not taken for a message either
	request | sed '/^Content-Length/d' | raw send 2 | says 411 closed
	n_lines 1
	# the absolute-form (RFC 9112 3.2.2)
	request | sed "s,^POST /,POST http://127.0.0.1:$PORT/," | raw send |
		says 202
	n_lines 2
}

@test "a client that says its end: answered; in mid-request: 400" {
	serve -o raw
	request | raw half 2 | says 202 closed
	request | head -c -5 | raw half 2 | says 400 closed
	request | head -n 2 | raw half 2 | says 400 closed
	n_lines 1
}

@test "a refused body is read away up to a point" {
	serve -o raw
	request '' 'Transfer-Encoding: chunked' | sed 's/^Authorization.*/X: y\r/' |
		cat - <(printf 'ffffffff\r\n') | raw flood | says 403 cut
}

@test "too long a path or header: 414, 431; no HTTP at all: 400 or the end" {
	serve -o raw
	local long
	long=$(head -c 20000 /dev/zero | tr '\0' x)
	printf 'POST /%s HTTP/1.1\r\n\r\n' "$long" | raw send | says 414
	request "$PACK" "X-Long: $long" | raw send | says 431
	request "$PACK" $(printf 'X-%d:\n' {1..5000}) | raw send | says 431
	# all together, each short enough; to the byte at the limit
	local n fill
	for n in 24575 24576 24577 28000; do
		{
			printf 'GET /version HTTP/1.1\r\nHost: a\r\n'
			printf 'X-%d: %07000d\r\n' 1 0 2 0 3 0
			fill=$((n - 23 - 9 - 3 * 7007 - 7))
			printf "X: %0${fill}d\r\n\r\n" 0
		} >head.$n
		(($(wc -c <head.$n) == n))
	done
	raw send <head.24575 | says 200
	raw send <head.24576 | says 200
	raw send <head.24577 | says 431
	raw send <head.28000 | says 431
	raw bytes <head.24577 | says 431
	local text
	for text in $'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' 'GET\r\n\r\n' \
	    $'\r\n\r\n\r\n\r\nx' 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'; do
		printf "$text"'\r\n\r\n' | timeout 20 \
		    "$ROOT/tests/http_raw.py" send "$PORT" >said
		grep -qE '^(4..|50[15]|closed)$' said || { cat said; false; }
	done
	head -c 100000 /dev/urandom >noise
	raw send <noise >said
	request | raw send | says 202
	n_lines 1
}

@test "300 connections that are all ready at once, again and again" {
	# one that is forgotten is not helped by the end of its time
	serve -o raw --timeout 1h
	request | raw crowd 300 20 | says 6000 202
	n_lines 6000
}

@test "a client that sends too slowly is cut off, at any stage" {
	serve -o raw --timeout 1
	# all of a second between bytes would do for a limit on silence alone
	local headers body
	printf 'POST / HTTP/1.1\r\nX: xx' | raw trickle 0.3 >headers 3>&- &
	headers=$!
	request 'x' 'Content-Length: 100000' | raw trickle 0.3 >body 3>&- &
	body=$!
	printf '' | raw send >silent
	wait "$headers" "$body"
	cat headers body silent
	grep -qx cut headers
	grep -qx cut body
	says closed <silent
	request | raw send | says 202
}

@test "a client that goes on sending after its refusal is cut off" {
	serve -o raw
	local i
	for i in {1..4}; do
		printf 'no HTTP\r\n\r\n' | raw flood >flood.$i 3>&- &
	done
	for i in {1..4}; do
		wait -n
	done
	[[ $(cat flood.* | sort | uniq -c | xargs) == "4 400 4 cut" ]]
	request | raw send | says 202
}

@test "--max-connections: the next wait; --max-per-address: they are closed" {
	serve -o raw --max-connections 2
	exec 5<>"/dev/tcp/127.0.0.1/$PORT" 6<>"/dev/tcp/127.0.0.1/$PORT"
	request | raw send >said 3>&- 5>&- 6>&- &
	local waiting=$!
	printf 'GET /version HTTP/1.1\r\nHost: a\r\n\r\n' >&5
	read -rt 10 line <&5
	[[ $line == *200* && ! -s said ]]
	exec 5>&-
	wait "$waiting"
	says 202 <said
	exec 6>&-
	PORT=
	serve -o raw --max-per-address 2
	exec 5<>"/dev/tcp/127.0.0.1/$PORT" 6<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /version HTTP/1.1\r\nHost: a\r\n\r\n' >&5
	printf 'GET /version HTTP/1.1\r\nHost: a\r\n\r\n' >&6
	read -rt 10 line <&5
	read -rt 10 line <&6
	printf '' | raw send 3>&- 5>&- 6>&- | says closed
	exec 5>&- 6>&-
	await 10 eval 'request | raw send | says 202'
	# those of a proxy are of many clients
	PORT=
	serve -o raw --max-per-address 1 --trusted-proxy 127.0.0.0/8
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'GET /version HTTP/1.1\r\nHost: a\r\n\r\n' >&5
	read -rt 10 line <&5
	request | raw send | says 202
	exec 5>&-
}

# ---- access, registry, bus ----

@test "without a registry it ends, says so, and makes none" {
	rm -rf "$MFX_HOME"
	status 78 mfx-adapt-http -l 127.0.0.1:0 2>err
	grep -qF "no registry at $MFX_HOME/registry.db; 'mfx-users create' makes one" err
	[[ ! -e $MFX_HOME ]]
}

@test "a registry that can't be read: 503 with Retry-After, /health too" {
	local admin
	free_port admin
	serve -o raw --admin "127.0.0.1:$admin"
	expect 202 "$PACK"
	ask 200 "http://127.0.0.1:$admin/health"
	jq -e '.status == "pass"' answer
	mv "$MFX_HOME/registry.db" away
	await 20 expect 503 "$PACK"
	curl -sS -D head -o answer -H "Authorization: $KEY" -d x "$MESSAGES"
	grep -qi '^retry-after: 1' head
	ask 503 "http://127.0.0.1:$admin/health"
	jq -e '.status == "fail" and (.output | test("registry"))' answer
	# said once, not for every request
	(($(wc -l <"$PID_ERR") == 1)) && grep -q 'registry: ' "$PID_ERR"
	mv away "$MFX_HOME/registry.db"
	await 20 expect 202 "$PACK"
	ask 200 "http://127.0.0.1:$admin/health"
}

full_bus() {
	local admin bus=$MFX_HOME/bus
	free_port admin
	serve -o raw --admin "127.0.0.1:$admin"
	expect 202 "$PACK"
	head -c 2000000 /dev/zero >"$bus/ballast" 2>/dev/null || true
	printf '[{"n":"x","vs":"%s"}]' "$(head -c 20000 /dev/zero | tr '\0' x)" >big
	await 20 expect 503 @big
	[[ $(curl -sS -o answer -w '%{http_code}' \
	    "http://127.0.0.1:$admin/health") == 503 ]]
	jq -e '.status == "fail"' answer
	rm "$bus/ballast"
	[[ $(curl -sS -o answer -w '%{http_code}' \
	    "http://127.0.0.1:$admin/health") == 200 ]]
	expect 202 @big
	# said once, and when it was over
	cat "$PID_ERR"
	(($(wc -l <"$PID_ERR") == 2))
}

@test "a full disk: 503 and an unhealthy report, until there is room" {
	export PACK
	on_small_disk 2 "$MFX_HOME/bus" full_bus
}

@test "--sync: each of them keeps what was acknowledged" {
	local mode
	for mode in none interval always; do
		PORT=
		serve -o "$mode" --sync "$mode"
		request | raw crowd 50 4 | says 200 202
		(($(cat "$MFX_HOME/bus/$mode"/*.ndjson | wc -l) == 200))
	done
}

@test "--sync always: who waits for the disk holds up nobody else" {
	cc -shared -fPIC -x c -o slow.so - <<-'END'
	#define _GNU_SOURCE
	#include <fcntl.h>
	#include <stdlib.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int fdatasync(int fd)
	{
		if (access(getenv("HELD"), F_OK) == 0)
			close(open("syncing", O_CREAT | O_WRONLY, 0600));
		while (access(getenv("HELD"), F_OK) == 0)
			usleep(1000);
		return (int)syscall(SYS_fdatasync, fd);
	}
	END
	export HELD=$PWD/held
	LD_PRELOAD=$PWD/slow.so serve -o raw --sync always
	: >held
	request | raw send >first 3>&- &
	local first=$! second
	await 20 test -e syncing
	request | raw send >second 3>&- &
	second=$!
	ask 200 "http://127.0.0.1:$PORT/version"
	ask 403 -d x "$MESSAGES"
	[[ ! -s first && ! -s second ]]
	rm held
	wait "$first" "$second"
	says 202 <first
	says 202 <second
	n_lines 2
}

# ---- standard output ----

@test "to stdout: the line is there before the 202" {
	serve
	local i
	for i in 1 2 3; do
		expect 202 "[{\"n\":\"dev:i\",\"v\":$i}]"
		(($(wc -l <"$PID_OUT") == i))
	done
	jq -e --arg t "$THING" '.[0].publisher == $t' "$PID_OUT"
}

@test "a reader of stdout that is slow makes devices wait, and loses nothing" {
	mkfifo out
	exec 7<>out
	free_port PORT
	start_ready bash -c "exec mfx-adapt-http -l 127.0.0.1:$PORT \"\$@\" >out" -
	MESSAGES=http://127.0.0.1:$PORT/channels/$CHANNEL/messages
	head -c 100000 /dev/zero >zeros
	post @zeros >said 3>&- &
	local waiting=$!
	# the pipe is full, the line is not out, so there is no answer
	head -c 65536 <&7 >got
	[[ ! -s said ]]
	head -n 1 <&7 >>got
	wait "$waiting"
	[[ $(<said) == 202 ]]
	"$ROOT/tests/payload.py" <got | cmp - zeros
	exec 7>&-
}

@test "stdout that can't be written: 503, then the end with 74" {
	free_port PORT
	start_ready bash -c "exec mfx-adapt-http -l 127.0.0.1:$PORT \"\$@\" >/dev/full" -
	MESSAGES=http://127.0.0.1:$PORT/channels/$CHANNEL/messages
	expect 503 "$PACK"
	status 74 wait "$PID"
	grep -q '<stdout>: No space left' "$PID_ERR"
	free_port PORT
	start_ready bash -c "exec mfx-adapt-http -l 127.0.0.1:$PORT \"\$@\" >&-" -
	MESSAGES=http://127.0.0.1:$PORT/channels/$CHANNEL/messages
	expect 503 "$PACK"
	status 74 wait "$PID"
}

@test "a reader of stdout that goes ends it with 74, without any request" {
	mkfifo out
	exec 7<>out
	start_ready bash -c "exec mfx-adapt-http -l 127.0.0.1:0 \"\$@\" >out 7>&-" -
	exec 7>&-
	status 74 wait "$PID"
	grep -q stdout "$PID_ERR"
}

# ---- the end ----

@test "SIGTERM: a request in progress is finished, nothing new is taken" {
	serve -o raw
	# one idle connection, which must not hold it up
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	request >whole
	"$ROOT/tests/http_raw.py" hold "$PORT" <whole >said 3>&- 5>&- &
	local holder=$!
	await 10 grep -q held said
	kill "$PID"
	await 10 eval '! (exec 6<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null'
	kill -USR1 "$holder"
	wait "$holder"
	says held 202 closed <said
	status 0 wait "$PID"
	n_lines 1
	[[ ! -s $PID_ERR ]]
	exec 5>&-
}

@test "SIGTERM with nothing to do: it ends, status 0" {
	serve -o raw
	request | raw send | says 202
	kill "$PID"
	status 0 wait "$PID"
}

# ---- for the administrator ----

@test "/metrics counts requests by status, bytes, messages, times" {
	local admin metrics
	free_port admin
	serve -o raw --admin "127.0.0.1:$admin"
	request | raw crowd 3 2 | says 6 202
	ask 403 -d 12345 "$MESSAGES"
	ask 404 "http://127.0.0.1:$PORT/version"
	curl -sS -D head -o metrics "http://127.0.0.1:$admin/metrics"
	grep -qi '^content-type: text/plain; version=0.0.4' head
	grep -qx 'http_adapter_api_request_count{method="publish"} 8' metrics
	grep -qx 'http_adapter_answers_total{code="202"} 6' metrics
	grep -qx 'http_adapter_answers_total{code="403"} 1' metrics
	grep -qx 'http_adapter_messages_total 6' metrics
	grep -qx "http_adapter_received_bytes_total $((6 * ${#PACK} + 5))" metrics
	grep -qx 'http_adapter_api_request_latency_seconds_count{method="publish"} 8' metrics
	grep -qx 'http_adapter_connections 0' metrics
	awk '/^process_resident_memory_bytes/ { m = $2 }
	    /^process_start_time_seconds/ { t = $2 }
	    END { exit !(m > 1e6 && t > 1.6e9) }' metrics
	# every line is a comment or a sample
	refute grep -vE '^(# (HELP|TYPE) |[a-z_]+(\{[^}]*\})? [0-9.e+-]+$)' metrics
	ask 200 "http://127.0.0.1:$admin/version"
	ask 404 "http://127.0.0.1:$admin/other"
	ask 404 -X POST "http://127.0.0.1:$admin/health"
}

@test "no key is in any message, nor in ps" {
	serve -o raw -v -v
	ask 202 -H "Authorization: $KEY" -d "$PACK" "$MESSAGES/x?authorization=$KEY"
	ask 403 -H "Authorization: wrong-$KEY" -d "$PACK" "$MESSAGES"
	kill "$PID"
	status 0 wait "$PID"
	grep -q "POST /channels/$CHANNEL/messages/x 202" "$PID_ERR"
	grep -q " from $THING" "$PID_ERR"
	refute grep -F "$KEY" "$PID_ERR"
}

@test "control bytes of a client do not reach the log" {
	serve -o raw -v
	printf 'POST /\x1b[2J\x07 HTTP/1.1\r\nHost: a\r\n\r\n' | raw send | says 400
	await 10 grep -q 400 "$PID_ERR"
	LC_ALL=C refute grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$PID_ERR"
}

@test "what does not go together is said, with the status" {
	status 64 mfx-adapt-http operand 2>err
	status 64 mfx-adapt-http -l 127.0.0.1 2>err
	status 64 mfx-adapt-http --sync sometimes 2>err
	status 64 mfx-adapt-http --max-body 2M 2>err
	status 64 mfx-adapt-http -l 127.0.0.1:0 -o 'no/stream' 2>err
	status 64 mfx-adapt-http -l 127.0.0.1:0 --tls-cert x 2>err
	grep -q 'go together' err
	status 64 mfx-adapt-http -l 127.0.0.1:0 --tls-ca x 2>err
	status 64 mfx-adapt-http -l 127.0.0.1:0 --tls-cert x --tls-key y \
	    --require-cert 2>err
	serve -o raw
	status 69 mfx-adapt-http -l "127.0.0.1:$PORT" 2>err
	grep -q "127.0.0.1:$PORT': Address already in use" err
}
