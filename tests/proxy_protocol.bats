#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The PROXY protocol: behind nginx, which we did not write, and byte by byte.
load setup
load site
load tls

PACK='[{"n":"dev:t","v":1}]'

teardown() {
	local pid
	for pid in ${NGINX:-}; do
		kill -TERM "$pid" 2>/dev/null || true
		await 30 eval '! kill -0 '"$pid" || true
	done
	for pid in "${PIDS[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

setup_suite_test() {
	make_site
	free_port PROXY
}

# nginx as a proxy of TCP, from $PROXY to $PORT
serve_nginx() {
	cat >nginx.conf <<-EOF
	load_module /usr/lib/nginx/modules/ngx_stream_module.so;
	user $(id -un);
	pid $PWD/nginx.pid;
	error_log $PWD/error.log;
	events {}
	stream { server {
	    listen 127.0.0.1:$PROXY;
	    proxy_pass 127.0.0.1:$PORT;
	    proxy_protocol on;
	} }
	EOF
	start /usr/sbin/nginx -p "$PWD" -c "$PWD/nginx.conf" -g 'daemon off;'
	NGINX=$PID
	await 20 curl -sS -m 5 -o /dev/null "$SCHEME://127.0.0.1:$PROXY/" \
	    "${CURL[@]}" || { cat "$PID_ERR" error.log; false; }
	MESSAGES=$SCHEME://127.0.0.1:$PROXY/channels/$CHANNEL/messages
}

# ask STATUS ARGUMENT…: curl through the proxy, with its own address
ask() {
	local want=$1 got
	shift
	got=$(curl -sS -m 20 -o answer -w '%{http_code}' \
	    "${CURL[@]}" -d "$PACK" "$@" "$MESSAGES") || true
	[[ $got == "$want" ]] || { echo "$got, not $want: $*"; cat answer; return 1; }
}

# tells HEADER PIECES REQUEST: to the program at $PORT, as a proxy does, with
# PIECES byte by byte; prints the status, or "closed"
tells() {
	python3 - "$PORT" "$@" <<-'EOF'
	import socket
	import sys

	port, header, pieces, request = sys.argv[1:]
	data = (header.encode().decode('unicode_escape').encode('latin-1') +
	        request.replace('\n', '\r\n').encode())
	s = socket.create_connection(('127.0.0.1', int(port)), timeout=30)
	s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	try:
	    for part in [bytes([b]) for b in data] if pieces else [data]:
	        s.sendall(part)
	    answer = s.makefile('rb').readline()
	except ConnectionError:
	    answer = b''
	print(answer.decode().split(' ')[1] if answer else 'closed')
	EOF
}

# sends HEADER [PIECES]: and a message
sends() {
	local body='[{"n":"x","v":1}]'
	tells "$1" "${2-}" "POST /channels/$CHANNEL/messages HTTP/1.1
Host: a
Authorization: $KEY
Content-Length: ${#body}
Connection: close

$body"
}

# asks HEADER [PIECES]: for a page that each program has
asks() {
	tells "$1" "${2-}" $'GET /version HTTP/1.1\nHost: a\nConnection: close\n\n'
}

gets() {
	local got
	got=$(sends "${@:2}")
	[[ $got == "$1" ]] || { echo "$got, not $1: $2"; return 1; }
}

@test "nginx: the client is the one behind it, for the limit and the log" {
	local SCHEME=http CURL=(--interface 127.0.0.5)
	serve -o raw --proxy-from 127.0.0.1 --max-per-address 2
	local direct=$MESSAGES
	serve_nginx
	ask 202 -H "Authorization: $KEY"
	ask 403 -H 'Authorization: wrong'
	grep -q 'a client from 127.0.0.5 is refused: unknown key' err.0
	# two of one address, and not a third; another address has two more
	exec {one}<>"/dev/tcp/127.0.0.1/$PROXY" {two}<>"/dev/tcp/127.0.0.1/$PROXY"
	CURL=(--interface 127.0.0.1)
	full() { ask 000 -H "Authorization: $KEY"; }
	await 20 full
	CURL=(--interface 127.0.0.6)
	ask 202 -H "Authorization: $KEY"
	exec {one}<&- {two}<&-
	CURL=(--interface 127.0.0.1)
	again() { ask 202 -H "Authorization: $KEY"; }
	await 20 again
	# from elsewhere it is no header, and none is needed
	MESSAGES=$direct CURL=(--interface 127.0.0.9)
	ask 202 -H "Authorization: $KEY"
	ask 400 -H "Authorization: $KEY" --haproxy-protocol
}

@test "nginx: TLS begins after the header" {
	authority ca
	certificate server ca /CN=localhost DNS:127.0.0.1,IP:127.0.0.1 serverAuth
	local SCHEME=https CURL=(--interface 127.0.0.5 --cacert ca.crt)
	serve -o raw --proxy-from 127.0.0.0/31 --tls-cert server.crt \
	    --tls-key server.key
	serve_nginx
	ask 202 -H "Authorization: $KEY"
	ask 403 -H 'Authorization: wrong'
	grep -q 'a client from 127.0.0.5 is refused: unknown key' err.0
}

@test "the header whole and byte by byte, of both versions; without a valid one the connection is closed" {
	serve -o raw --proxy-from 127.0.0.1
	local line='PROXY TCP4 192.0.2.7 198.51.100.1 5 443\r\n' two bad
	two='\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x08\x00\x05\x01\xbb'
	gets 202 "$line"
	gets 202 "$line" pieces
	gets 202 "$two"
	gets 202 "$two" pieces
	gets 202 'PROXY UNKNOWN\r\n'
	gets 202 '\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00'
	for bad in '' 'PROXY\r\n' 'PROXY TCP4 a b 1 2\r\n' "x$line" \
	    '\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c'; do
		gets closed "$bad"
	done
	# a second one is the client's, and no request
	gets 400 "$line$line"
	(($(mfx-sub --no-follow --from start raw | wc -l) == 6))
	status 64 mfx-adapt-http -l 127.0.0.1:0 --proxy-from here 2>err
	grep -q -- "--proxy-from 'here':" err
}

answers() {
	local got
	got=$(asks "${@:2}")
	[[ $got == "$1" ]] || { echo "$got, not $1: $2"; return 1; }
}

@test "ws and api: the header whole and byte by byte; without a valid one the connection is closed" {
	local line='PROXY TCP6 2001:db8::7 ::1 5 443\r\n' two bad program
	two='\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x10\xc0\x00\x02\x07\xc0\x00\x02\x08'
	two+='\x00\x05\x01\xbb\xea\x00\x01\x00'
	for program in 'mfx-adapt-ws -o raw' mfx-api; do
		free_port PORT
		# shellcheck disable=SC2086
		start_ready $program -l "127.0.0.1:$PORT" \
		    --proxy-from 127.0.0.1 </dev/null
		answers 200 "$line"
		answers 200 "$line" pieces
		answers 200 "$two"
		answers 200 "$two" pieces
		for bad in '' 'PROXY TCP4 ::1 ::1 1 2\r\n' "x$line" \
		    '\r\n\r\n\x00\r\nQUIT\n\x22\x11\x00\x00'; do
			answers closed "$bad"
		done
		answers 400 "$line$line"
	done
}

# status_from ADDRESS CURL-ARGUMENT…: through nginx
status_from() {
	curl -sS -m 20 -o answer -w '%{http_code}' --http1.1 \
	    --interface "$1" "${@:2}"
}

@test "nginx before ws and api: the client is the one behind it" {
	local SCHEME=http CURL=() code
	free_port PORT
	start_ready mfx-adapt-ws -o raw -l "127.0.0.1:$PORT" \
	    --proxy-from 127.0.0.1 </dev/null
	local log=$PID_ERR
	serve_nginx
	code=$(status_from 127.0.0.5 -H 'Connection: Upgrade' \
	    -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
	    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
	    -H 'Authorization: wrong' "$MESSAGES")
	[[ $code == 403 ]]
	grep -q 'a client from 127.0.0.5 is refused' "$log"
	kill -TERM "$NGINX"
	await 30 eval '! kill -0 '"$NGINX"
	free_port PORT
	free_port PROXY
	start_ready mfx-api -l "127.0.0.1:$PORT" --proxy-from 127.0.0.1 \
	    --attempts 2
	serve_nginx
	login() {
		status_from "$1" -d "{\"email\":\"$MFX_USER\",\"password\":\"$2\"}" \
		    -H 'Content-Type: application/json' \
		    "http://127.0.0.1:$PROXY/tokens"
	}
	# the account is not to be guessed from one address, and is open to another
	[[ $(login 127.0.0.5 wrong1) == 403 && $(login 127.0.0.5 wrong2) == 403 ]]
	[[ $(login 127.0.0.5 'correct horse') == 429 ]]
	[[ $(login 127.0.0.6 'correct horse') == 201 ]]
}
