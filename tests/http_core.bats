#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The core of lib/http, as a small server (tests/http/server.c) that clients
# which others wrote talk to, and as one of three parsers (tests/http/differ.py)
# that have to agree.  tests/http/clauses.tsv says which clause of RFC 9110,
# 9112 and 6455 is shown by which test.
load setup

CORE=$ROOT/${BUILD:-build}/http

setup_suite_test() {
	local fifo=$BATS_TEST_TMPDIR/ready
	mkfifo "$fifo"
	exec {READY}<>"$fifo"
	start "$CORE/server" "$READY"
	read -rt 20 PORT <&"$READY"
	URL=http://127.0.0.1:$PORT
	SERVED=$PID_OUT
}

# raw [N]: stdin as it is (printf's escapes); the statuses of N answers
raw() {
	/usr/bin/python3 "$ROOT/tests/http_raw.py" send "$PORT" "$@"
}

@test "curl: GET, POST, chunks both ways, Expect, HEAD, HTTP/1.0, absolute-form" {
	[[ $(curl -sf "$URL/a/%74b?c=d") == "GET /a/tb?c=d 127.0.0.1:$PORT 1.1 0" ]]
	[[ $(curl -sf -d hello "$URL/echo") == hello ]]
	[[ $(curl -sf -H 'Transfer-Encoding: chunked' -d hello \
	    "$URL/echo") == hello ]]
	[[ $(curl -sf -d hello "$URL/chunked") == hello ]]
	head -c 900000 /dev/zero | tr '\0' x >big
	curl -sf --data-binary @big -H 'Expect: 100-continue' -v \
	    -o echoed "$URL/echo" 2>said
	cmp big echoed
	grep -q '^< HTTP/1.1 100 Continue' said
	curl -sf -T big -o echoed -X POST -H 'Transfer-Encoding: chunked' \
	    "$URL/chunked"
	cmp big echoed
	# the length that its content would have
	curl -sfI "$URL/a" | tr -d '\r' >head
	grep -qx 'HTTP/1.1 200 OK' head
	n=$(echo "HEAD /a 127.0.0.1:$PORT 1.1 0" | wc -c)
	grep -qx "Content-Length: $n" head
	[[ $(curl -sf0 "$URL/a") == "GET /a 127.0.0.1:$PORT 1.0 0" ]]
	[[ $(curl -sf0 -d hello "$URL/chunked") == hello ]]
	[[ $(curl -sf --proxy "$URL" http://other.example:81/b) == \
	    'GET /b other.example:81 1.1 0' ]]
	[[ $(curl -sf -X OPTIONS --request-target '*' "$URL") == \
	    "OPTIONS * 127.0.0.1:$PORT 1.1 0" ]]
}

@test "curl: one connection for many requests; statuses without content" {
	[[ $(curl -sf -o /dev/null -o /dev/null -o /dev/null -o /dev/null \
	    -w '%{num_connects} ' "$URL/1" "$URL/2?status=204" \
	    "$URL/3?status=304" "$URL/4") == '1 0 0 0 ' ]]
	[[ $(curl -s -o /dev/null -w '%{http_code}' "$URL/?status=404") == 404 ]]
}

@test "Node and Python: keep-alive, chunks, and a refused request" {
	node - "$PORT" <<-'EOF'
	const http = require('http');
	const port = process.argv[2];
	const agent = new http.Agent({keepAlive: true, maxSockets: 1});
	let left = 20;
	function ask(i) {
		const r = http.request({port, agent, method: 'POST',
		    path: i % 2 ? '/echo' : '/chunked'}, (res) => {
			let body = '';
			res.on('data', (d) => body += d);
			res.on('end', () => {
				if (body !== 'a' + 'b'.repeat(i))
					throw new Error(body);
				if (--left === 0)
					agent.destroy();
				else
					ask(i + 1);
			});
		});
		// two writes: in chunks
		r.write('a');
		r.end('b'.repeat(i));
	}
	ask(0);
	EOF
	(($(grep -c '^POST' "$SERVED") == 20))
	/usr/bin/python3 - "$PORT" <<-'EOF'
	import http.client, sys
	c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=20)
	for i in range(5):
	    c.request("POST", "/chunked", body=iter([b"a", b"b" * i]),
	              encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
	    assert c.getresponse().read() == b"a" + b"b" * i
	c.putrequest("GET", "/x", skip_host=True)
	c.putheader("Host", "a b")
	c.endheaders()
	r = c.getresponse()
	said = r.read()
	assert r.status == 400 and r.getheader("Connection") == "close"
	assert r.getheader("Content-Type") == "application/problem+json"
	import json
	assert json.loads(said)["title"] == "Bad Request", said
	c.request("CONNECT", "h:80")
	r = c.getresponse()
	assert r.status == 501
	assert json.loads(r.read())["title"] == "Not Implemented"
	EOF
}

@test "nginx in front: keep-alive upstream, bodies, WebSockets" {
	local front
	free_port front
	cat >nginx.conf <<-EOF
	daemon off; master_process off; pid nginx.pid; error_log err.log;
	events {}
	http { access_log off; client_body_temp_path t1; proxy_temp_path t2;
	fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
	upstream core { server 127.0.0.1:$PORT; keepalive 4; }
	server { listen 127.0.0.1:$front; location / {
	proxy_pass http://core; proxy_http_version 1.1;
	proxy_request_buffering off;
	proxy_set_header Connection \$http_connection;
	proxy_set_header Upgrade \$http_upgrade; } } }
	EOF
	start nginx -p "$PWD" -c nginx.conf -e err.log
	await 20 curl -sf "http://127.0.0.1:$front/"
	[[ $(curl -sf -d hello "http://127.0.0.1:$front/echo") == hello ]]
	[[ $(curl -sf -H 'Transfer-Encoding: chunked' -d hello \
	    "http://127.0.0.1:$front/chunked") == hello ]]
	[[ $(/usr/bin/python3 "$ROOT/tests/http/ws_client.py" "$front") == ok ]]
}

@test "WebSockets of Node and Python: messages, pings, Close" {
	[[ $(/usr/bin/python3 "$ROOT/tests/http/ws_client.py" "$PORT") == ok ]]
	NODE_PATH=/usr/share/nodejs node - "$PORT" <<-'EOF'
	const WebSocket = require('ws');
	const ws = new WebSocket(`ws://127.0.0.1:${process.argv[2]}/ws`, 'echo');
	const sent = ['', 'Hellö', 'x'.repeat(70000)];
	let n = 0, pongs = 0;
	ws.on('open', () => {
		for (let i = 0; i < 10; i++)
			ws.ping(String(i));
		for (const s of sent)
			ws.send(s);
		ws.send('Hel', {fin: false});
		ws.send('lo', {fin: true});
	});
	ws.on('pong', () => pongs++);
	ws.on('message', (m) => {
		if (String(m) !== (n < 3 ? sent[n] : 'Hello'))
			throw new Error(String(m));
		if (++n === 4)
			ws.close(4000, 'bye');
	});
	ws.on('close', (code) => {
		if (code !== 4000 || pongs !== 10 || ws.protocol !== 'echo')
			throw new Error(`${code} ${pongs} ${ws.protocol}`);
	});
	EOF
}

@test "frames that are refused: told why, and nothing after them is taken" {
	/usr/bin/python3 - "$PORT" <<-'EOF' >got
	import socket, sys
	KEY = "dGhlIHNhbXBsZSBub25jZQ=="
	def masked(first, p):
	    return bytes([first, 0x80 | len(p)]) + bytes(4) + p
	def talk(frames, whole=True):
	    """all in one write with the handshake: what comes after its answer"""
	    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
	    data = (f"GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
	            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	            f"Sec-WebSocket-Key: {KEY}\r\n\r\n").encode() + frames
	    for i in range(0, len(data), len(data) if whole else 1):
	        s.sendall(data[i:i + (len(data) if whole else 1)])
	    got = b""
	    while more := s.recv(4096):
	        got += more
	    return got.split(b"\r\n\r\n", 1)[1]
	after = masked(0x81, b"after") + masked(0x88, b"")
	for whole in True, False:
	    for frames in (b"\x81\x02hi", masked(0xc1, b"a"), masked(0x83, b"a"),
	                   masked(0x09, b"a"), masked(0x80, b"a"),
	                   masked(0x81, b"\xff"), masked(0x88, b"\x03"),
	                   masked(0x88, b"\x03\xed"), masked(0x88, b""),
	                   masked(0x88, b"\x03\xe8"), b"\x89\xfe\x00\x7e" + bytes(4),
	                   b"\x82\xff" + b"\x7f" * 8):
	        said = talk(frames + after, whole)
	        assert said[0] == 0x88 and said[1] == len(said) - 2, said
	        print(int.from_bytes(said[2:4], "big"))
	    said = talk(b"".join(masked(0x89, b"%d" % i) for i in range(10)) + after)
	    pongs = b"".join(b"\x8a\x01%d" % i for i in range(10))
	    assert said == pongs + b"\x81\x05after\x88\x00", said
	EOF
	printf '%s\n' 1002 1002 1002 1002 1002 1007 1002 1002 0 1000 1002 1009 >want
	cat want want | diff - got
	[[ $(grep -c '^message' "$SERVED") == 2 ]]
}

@test "a handshake that is not good is an HTTP answer, and no frame is read" {
	local head=$'GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: upgrade\r\n'
	local key=$'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
	local frame=$'\r\n\x81\x82aaaahi'
	[[ $(raw <<<"${head}${key}Sec-WebSocket-Version: 8"$'\r\n'"$frame") == 426 ]]
	[[ $(raw <<<"${head}Sec-WebSocket-Key: x"$'\r\nSec-WebSocket-Version: 13\r\n'"$frame") == 400 ]]
	[[ $(raw <<<"${head}${key}Content-Length: 8"$'\r\nSec-WebSocket-Version: 13\r\n'"$frame") == 400 ]]
	printf '%sSec-WebSocket-Version: 8\r\n\r\n' "$head$key" |
		timeout 20 /usr/bin/python3 -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(sys.stdin.buffer.read())
while more := s.recv(4096): print(more.decode(), end="")' "$PORT" |
		tr -d '\r' >got
	grep -qx 'Sec-WebSocket-Version: 13' got
	grep -qx 'Upgrade: websocket' got
	grep -qx 'Connection: upgrade, close' got
	refute grep -q '^message' "$SERVED"
}

@test "pipelined and in pieces; a bad request ends the connection" {
	local get=$'GET /p HTTP/1.1\r\nHost: h\r\n\r\n'
	local post=$'POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi'
	local bad=$'GET /p HTTP/1.1\r\nHost : h\r\n\r\n'
	printf %s "$get$post$get" | raw 3 >got
	printf '%s\n' 200 200 200 | diff - got
	printf %s "$get$post$get" | /usr/bin/python3 \
	    "$ROOT/tests/http_raw.py" bytes "$PORT" 3 | diff <(cat got) -
	printf %s "$get$bad$get" | raw 3 >got
	printf '%s\n' 200 400 closed | diff - got
	(($(grep -c '^GET /p' "$SERVED") == 5))
}

@test "a request and the end of the client's half: it is answered" {
	[[ $(timeout 20 /usr/bin/python3 - "$PORT" <<-'EOF'
	import socket, sys
	s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
	s.sendall(b"GET /half HTTP/1.1\r\nHost: h\r\n\r\n")
	s.shutdown(socket.SHUT_WR)
	got = b""
	while more := s.recv(4096):
	    got += more
	print(got.split()[1].decode())
	EOF
	) == 200 ]]
}

@test "differential: what llhttp or h11 take, this takes alike or refuses" {
	local seconds=${HTTP_DIFFER_SECONDS:-30}
	timeout $((seconds + 90)) /usr/bin/python3 "$ROOT/tests/http/differ.py" \
	    "$CORE/frames" "$seconds" "${HTTP_DIFFER_SEED:-1}" >&2
}

@test "differential: a parser that ends requests elsewhere is found out" {
	# the same, but of each case the first byte after its head is left out
	cat >wrong <<-EOF
	#!/usr/bin/python3 -u
	import subprocess, sys
	p = subprocess.Popen(["$CORE/frames"], stdin=subprocess.PIPE,
	                     stdout=subprocess.PIPE)
	while n := sys.stdin.buffer.readline():
	    head, _, body = sys.stdin.buffer.read(int(n)).partition(b"\r\n\r\n")
	    case = head + b"\r\n\r\n" + body[1:]
	    p.stdin.write(b"%d\n%s" % (len(case), case))
	    p.stdin.flush()
	    sys.stdout.buffer.write(p.stdout.readline())
	EOF
	chmod +x wrong
	status 1 timeout 120 /usr/bin/python3 "$ROOT/tests/http/differ.py" \
	    ./wrong 0 1 >said
	grep -q 'another request' said
}

@test "clauses.tsv: each clause has a test that is there, or a reason" {
	clauses_shown http/clauses.tsv 150
}
