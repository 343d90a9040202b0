#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-http on sockets that it opens and on those that systemd and
# inetd have opened for it.
load setup
load site

PACK='[{"n":"dev:t","v":1}]'

setup_suite_test() {
	make_site
}

# posted PORT: a post there is acknowledged
posted() {
	MESSAGES=http://127.0.0.1:$1/channels/$CHANNEL/messages
	expect 202 "$PACK"
}

n_lines() {
	(($(cat "$MFX_HOME"/bus/raw/*.ndjson | wc -l) == $1))
}

launch() {
	start "$ROOT/tests/http_launch.py" "$@"
}

@test "--listen several times, a Unix socket among them" {
	local one two six='[::1]'
	# a kernel may be without IPv6
	grep -qs '^0*1 ' /proc/net/if_inet6 || six=127.0.0.2
	free_port one
	start_ready mfx-adapt-http -v -o raw -l "127.0.0.1:$one" \
	    -l 127.0.0.1:0 -l "$six:0" -l unix:socket
	two=$(sed -n 's/.*serving on 127.0.0.1://p' "$PID_ERR" | grep -vx "$one")
	posted "$one"
	posted "$two"
	[[ $(stat -c %a socket) == 600 ]]
	[[ $(curl -sS -w '%{http_code}' --unix-socket socket \
	    -H "Authorization: $KEY" -d "$PACK" \
	    "http://x/channels/$CHANNEL/messages") == 202 ]]
	six=$(grep -F "$six" "$PID_ERR" | sed 's/.*serving on //')
	[[ $(curl -sS -w '%{http_code}' -H "Authorization: $KEY" -d "$PACK" \
	    "http://$six/channels/$CHANNEL/messages") == 202 ]]
	n_lines 4
}

@test "sockets from systemd, two of them" {
	local one two
	free_port one two
	launch systemd "$one" "$two" -- mfx-adapt-http -o raw
	await 10 posted "$one"
	await 10 posted "$two"
	n_lines 2
	# those of another process are not ours
	LISTEN_FDS=1 LISTEN_PID=1 start_ready mfx-adapt-http -v -o raw \
	    -l 127.0.0.1:0
	grep -q 'serving on 127.0.0.1' "$PID_ERR"
}

@test "systemd-socket-activate starts it with the first connection" {
	local port
	free_port port
	start systemd-socket-activate -l "127.0.0.1:$port" -E MFX_HOME \
	    -E PATH "$BIN/mfx-adapt-http" -o raw
	await 10 posted "$port"
	posted "$port"
	kill "$PID"
	status 0 wait "$PID"
	n_lines 2
}

@test "systemd is told when it is ready, that it lives, and when it stops" {
	python3 -c 'import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
while True: print(s.recv(99).decode(), flush=True)' >>told 3>&- &
	PIDS+=($!)
	await 10 test -S notify
	thrice() { (($(grep -cx WATCHDOG=1 told) >= 3)); }
	local p
	for p in mfx-adapt-http mfx-api; do
		: >told
		WATCHDOG_USEC=400000 NOTIFY_SOCKET=$PWD/notify \
		    start $p -l 127.0.0.1:0
		await 10 grep -qx READY=1 told
		# and again and again that it lives, though nobody comes
		await 20 thrice
		kill "$PID"
		status 0 wait "$PID"
		await 10 grep -qx STOPPING=1 told
	done
}

@test "inetd wait: a listening socket on stdin" {
	local port
	free_port port
	launch wait "$port" -- mfx-adapt-http -o raw
	await 10 posted "$port"
	posted "$port"
	kill "$PID"
	status 0 wait "$PID"
	n_lines 2
}

@test "inetd nowait: one connection is served, then it ends" {
	local port
	free_port port
	launch nowait "$port" -- mfx-adapt-http -v -v -o raw
	await 10 grep -q listening "$PID_OUT"
	# two requests over one connection, and a refusal: only answers come
	# back, though stderr is the connection too
	curl -sS -m 20 -D heads -o first -H "Authorization: $KEY" -d "$PACK" \
	    "http://127.0.0.1:$port/channels/$CHANNEL/messages" \
	    --next -sS -m 20 -D heads2 -o second -d x \
	    "http://127.0.0.1:$port/channels/$CHANNEL/messages"
	grep -q ' 202' heads
	grep -q ' 403' heads2
	jq -e '.status == 403' second
	status 0 wait "$PID"
	n_lines 1
}

@test "inetd nowait: what was begun is finished when SIGTERM comes" {
	local port holder
	free_port port
	launch nowait "$port" -- mfx-adapt-http -o raw
	await 10 grep -q listening "$PID_OUT"
	printf 'POST /channels/%s/messages HTTP/1.1\r\nHost: a\r\nAuthorization: %s\r\nContent-Length: 21\r\n\r\n%s' \
	    "$CHANNEL" "$KEY" "$PACK" >whole
	"$ROOT/tests/http_raw.py" hold "$port" <whole >said 3>&- &
	holder=$!
	await 10 grep -q held said
	pkill -TERM -P "$PID" mfx-adapt-http
	kill -USR1 "$holder"
	wait "$holder"
	[[ $(xargs <said) == "held 202 closed" ]]
	status 0 wait "$PID"
	n_lines 1
}

@test "inetd nowait without a stream: 78, as stdout is the client" {
	local port
	free_port port
	launch nowait "$port" -- mfx-adapt-http
	await 10 grep -q listening "$PID_OUT"
	curl -sS -m 20 "http://127.0.0.1:$port/version" >answer 2>/dev/null || true
	[[ ! -s answer ]]
	status 78 wait "$PID"
}

@test "with --listen, stdin and what it is do not matter" {
	local port
	free_port port
	launch wait "$port" -- mfx-adapt-http -v -o raw -l 127.0.0.1:0
	await 10 grep -q 'serving on' "$PID_ERR"
	posted "$(sed -n 's/.*serving on 127.0.0.1://p' "$PID_ERR")"
}
