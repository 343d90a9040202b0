#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# The adapters on a bus with a server that is paused, killed, or comes back:
# what they answer then, that they go on serving, and what is in the stream.
load setup
load tls
load servers
load site
load ws
load coap

setup_suite_test() {
	export MFX_MODULES=$BIN
	server_start nats
	export MFX_BUS="$(server_url nats)?timeout=30s"
	make_site
	free_port ADMIN
	ADMIN=127.0.0.1:$ADMIN
}

# admin STATUS PATH
admin() {
	local got
	got=$(curl -sS -m 20 -o said -w '%{http_code}' "http://$ADMIN$2")
	[[ $got == "$1" ]] || { echo "$got, not $1: $2"; cat said; return 1; }
}

numbered() {
	printf '[{"n":"x","v":%d}]' "$1"
}

# how often is the message of that number in the stream?
times() {
	mfx-sub --no-follow --from start raw | grep -c "\"v\":$1}" || true
}

# are so many messages not written yet?
pending() {
	curl -sS -m 20 "http://$ADMIN/metrics" |
		grep -q "_pending_messages $1\$"
}

# kept NUMBER…: each is in the stream once
kept() {
	local n
	for n; do
		[[ $(times "$n") == 1 ]] || {
			echo "$n: $(times "$n") times"
			mfx-sub --no-follow --from start raw
			return 1
		}
	done
}

# refused NUMBER…: each is there once at most
refused() {
	local n
	for n; do
		(($(times "$n") <= 1))
	done
}

runs() {
	kill -0 "$1"
}

post_as() {
	expect "$1" "$(numbered "$2")"
}

@test "http: 503 at once while the bus is away, /health says so, and it goes on" {
	serve -o raw --admin "$ADMIN"
	post_as 202 1
	admin 200 /health
	server_pause nats
	start expect 202 "$(numbered 2)"
	local first=$PID
	await 20 pending 1
	# the loop turns: others are refused while the first one waits
	await 20 post_as 503 3
	runs "$first"
	admin 503 /health
	admin 200 /metrics
	admin 200 /version
	runs "$first"
	server_resume nats
	wait "$first"
	await 20 post_as 202 4
	await 20 admin 200 /health
	server_kill nats
	await 20 post_as 503 5
	admin 503 /health
	server_restart nats
	await 20 admin 200 /health
	post_as 202 6
	kept 1 2 4 6
	refused 3 5
}

@test "http: asked to stop while it waits, it answers for what is on its way" {
	serve -o raw --admin "$ADMIN"
	local adapter=$PID
	post_as 202 1
	server_pause nats
	start expect 202 "$(numbered 2)"
	local first=$PID
	await 20 pending 1
	await 20 post_as 503 3
	kill -TERM "$adapter"
	server_resume nats
	wait "$first"
	wait "$adapter"
	kept 1 2
	refused 3
}

# poster NAME: posts one message after the other until there is a file `over`,
# and prints the number of each that was acknowledged
poster() {
	local n=$1 code
	while [[ ! -e over ]]; do
		code=$(curl -sS -m 60 -o /dev/null -w '%{http_code}' \
		    -H "Authorization: $KEY" -d "$(numbered "$n")" \
		    "$MESSAGES") || true
		[[ $code != 202 ]] || echo "$n"
		n=$((n + 10))
	done
}

@test "http: what is acknowledged while the server comes and goes is there once" {
	serve -o raw --admin "$ADMIN"
	local i acked pids=()
	for i in 1 2 3 4; do
		poster $i >acked.$i 2>/dev/null 3>&- &
		pids+=($!)
	done
	PIDS+=("${pids[@]}")
	for i in 1 2 3; do
		acked=$(cat acked.? | wc -l)
		more() { (($(cat acked.? | wc -l) > acked + 20)); }
		await 60 more
		if ((i == 2)); then
			server_pause nats
			await 20 admin 503 /health
			server_resume nats
		else
			server_kill nats
			await 20 admin 503 /health
			server_restart nats
		fi
		await 20 admin 200 /health
	done
	acked=$(cat acked.? | wc -l)
	await 60 more
	touch over
	wait "${pids[@]}"
	mfx-sub --no-follow --from start raw |
		sed -nE 's/.*"v":([0-9]+)}.*/\1/p' | sort >there
	cat acked.? | sort >acked
	[[ ! $(uniq -d there) ]]
	[[ ! $(comm -23 acked there) ]]
	(($(wc -l <acked) > 80))
}

start_ws() {
	free_port PORT
	start_ready mfx-adapt-ws -o raw -l "127.0.0.1:$PORT" --admin "$ADMIN" \
	    </dev/null
	at_channel "$CHANNEL"
}

@test "ws: a client whose message can't be kept is told, others are served" {
	start_ws
	talk '' "send:$(numbered 1)" quiet
	await 20 kept 1
	server_pause nats
	talk_on away '' made:away.open "send:$(numbered 2)" closed
	await 20 pending 1
	admin 200 /version
	admin 503 /health
	admin 200 /metrics
	server_kill nats
	await 20 grep -q 1011 away
	server_restart nats
	await 20 admin 200 /health
	talk '' "send:$(numbered 3)" quiet
	await 20 kept 3
	kept 1
	refused 2
}

@test "ws: stopped while it waits, it tells a client what became of its message" {
	start_ws
	local adapter=$PID
	server_pause nats
	talk_on idle '' made:idle.open closed
	local idle=$TALKING
	talk_on kept '' made:kept.open "send:$(numbered 1)" closed
	local kept=$TALKING
	await 20 pending 1
	kill -TERM "$adapter"
	wait "$idle"
	grep -q 'closed 1001' idle
	# it is not said before it is known
	[[ ! -s kept ]]
	server_resume nats
	wait "$kept"
	grep -q 'closed 1001' kept
	wait "$adapter"
	kept 1
}

@test "ws: stopped while the bus is away, a client is told that it has not its message" {
	start_ws
	local adapter=$PID
	server_pause nats
	talk_on lost '' made:lost.open "send:$(numbered 1)" closed
	local lost=$TALKING
	await 20 pending 1
	kill -TERM "$adapter"
	server_kill nats
	wait "$lost"
	grep -q "closed 1013 the message can't be kept now" lost
	wait "$adapter"
	server_restart nats
	refused 1
}

@test "coap: 5.03 at once while the bus is away, and it goes on" {
	serve_coap -o raw --admin "$ADMIN"
	local adapter=$PID
	coap post coap "?auth=$KEY" -e "$(numbered 1)" -t 110
	said ''
	server_pause nats
	start coap-client-openssl -B 60 -m post -e "$(numbered 2)" -t 110 \
	    "coap://127.0.0.1:$PORT/channels/$CHANNEL/messages?auth=$KEY"
	local first=$PID
	await 20 pending 1
	away() {
		coap post coap "?auth=$KEY" -e "$(numbered 3)" -t 110
		[[ $SAID == 5.03* ]]
	}
	await 30 away
	admin 503 /health
	admin 200 /metrics
	server_resume nats
	wait "$first"
	there() {
		coap post coap "?auth=$KEY" -e "$(numbered 4)" -t 110
		said ''
	}
	await 20 there
	server_kill nats
	await 20 away
	server_restart nats
	await 20 admin 200 /health
	coap post coap "?auth=$KEY" -e "$(numbered 5)" -t 110
	said ''
	kept 1 2 4 5
	runs "$adapter"
}

# others N: so many messages of another channel, each a message of the bus
others() {
	CHANNEL=$OTHERS python3 - "$ROOT" "$PORT" "$1" <<-'EOF'
import sys
sys.path.insert(0, sys.argv[1] + "/tests")
from coap_raw import CON, POST, Client, name, place
c = Client(sys.argv[2])
for n in range(int(sys.argv[3])):
    m = c.ask(CON, POST, c.next(), b"o", place(), b'[{"n":"o","v":1}]')
    assert name(m[1]) == "2.04", m
	EOF
}

@test "coap: history is found among many messages of others, and refused while the bus is away" {
	OTHERS=$(mfx-channels create --name others | jq -r .id)
	mfx-channels connect "$OTHERS" "$THING"
	export KEY
	serve_coap -o raw --admin "$ADMIN"
	coap post coap "?auth=$KEY" -e "$(numbered 1)" -t 110
	said ''
	others 1100
	coap post coap "?auth=$KEY" -e "$(numbered 2)" -t 110
	coap get coap "?from=start&auth=$KEY"
	[[ $(jq -c 'map(.v)' <<<"$SAID") == '[1,2]' ]] || { echo "$SAID"; false; }
	coap get coap+tcp "?from=-10m&auth=$KEY"
	[[ $(jq -c 'map(.v)' <<<"$SAID") == '[1,2]' ]]
	server_pause nats
	coap get coap "?from=start&auth=$KEY"
	[[ $SAID == '5.03 message history is unavailable' ]]
	admin 200 /version
	server_resume nats
	again() {
		coap get coap "?from=start&auth=$KEY"
		[[ $(jq -c 'map(.v)' <<<"$SAID") == '[1,2]' ]]
	}
	await 60 again
}

# pings: more Pings with Custody (RFC 8323 5.4.1) than may wait, over TCP.  Says
# `waiting` when the rest of them have their Pongs, and ends when all have.
pings() {
	python3 - "$PORT" <<-'EOF'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20)
s.sendall(b"\x00\xe1" + 3000 * b"\x10\xe2\x20")
r = s.makefile("rb")
pongs = {False: 0, True: 0}
while sum(pongs.values()) < 3000:
    first = r.read(1)[0]
    n = first >> 4
    if n == 13: n = 13 + r.read(1)[0]
    code, rest = r.read(1)[0], r.read((first & 15) + n)
    if code != 0xe3: continue
    pongs[b"\x20" in rest] += 1
    if sum(pongs.values()) == 1976:
        assert pongs[True] == 0, pongs
        print("waiting", flush=True)
assert pongs == {False: 1976, True: 1024}, pongs
	EOF
}

@test "coap: pings while the bus is away take no memory" {
	serve_coap -o raw --admin "$ADMIN"
	coap post coap "?auth=$KEY" -e "$(numbered 1)" -t 110
	said ''
	server_pause nats
	start coap-client-openssl -B 60 -m post -e "$(numbered 2)" -t 110 \
	    "coap://127.0.0.1:$PORT/channels/$CHANNEL/messages?auth=$KEY"
	await 20 pending 1
	start pings
	local pings=$PID
	await 20 grep -q waiting "$PID_OUT"
	server_resume nats
	wait "$pings"
}

# custody: a Ping after a message that is refused, while one before it is on its
# way.  Says `waiting` when both are answered, and ends when that one is.
custody() {
	python3 - "$PORT" "$ADMIN" "$CHANNEL" "$KEY" <<-'EOF'
import socket, sys, urllib.request
port, admin, channel, key = sys.argv[1:]
def option(delta, text):
    n = len(text)
    head = bytes([delta << 4 | min(n, 13)]) + (bytes([n - 13]) if n > 12 else b"")
    return head + text.encode()
def post(token, body):
    rest = (option(11, "channels") + option(0, channel) +
        option(0, "messages") + option(4, "auth=" + key) + b"\xff" + body)
    return bytes([0xd1, len(rest) - 13, 2, token]) + rest
s = socket.create_connection(("127.0.0.1", int(port)), timeout=30)
s.sendall(b"\x00\xe1" + post(1, b'[{"n":"x","v":2}]'))
def metrics():
    return urllib.request.urlopen("http://%s/metrics" % admin).read()
while b"_pending_messages 1\n" not in metrics(): pass
s.sendall(post(2, b'[{"n":"x","v":3}]') + b"\x10\xe2\x20")
r = s.makefile("rb")
def answer():
    while True:
        first = r.read(1)[0]
        n = first >> 4
        if n == 13: n = 13 + r.read(1)[0]
        code, token, rest = r.read(1)[0], r.read(first & 15), r.read(n)
        if code != 0xe1: return code, token, rest
# 5.03 of the second one, and a Pong without Custody; then 2.04 of the first
refused, pong = answer(), answer()
assert refused[:2] == (0xa3, b"\x02") and pong == (0xe3, b"", b""), (
    refused, pong)
print("waiting", flush=True)
assert answer() == (0x44, b"\x01", b"")
	EOF
}

@test "coap: Custody is not said while a message is on its way" {
	serve_coap -o raw --admin "$ADMIN"
	coap post coap "?auth=$KEY" -e "$(numbered 1)" -t 110
	said ''
	server_pause nats
	start custody
	local custody=$PID
	await 20 grep -q waiting "$PID_OUT"
	server_resume nats
	wait "$custody"
}

@test "http: a burst of more than a batch is taken while the bus answers" {
	local i codes=()
	serve -o raw
	head -c 700000 /dev/zero >body
	for i in {1..12}; do
		codes+=(-o /dev/null "$MESSAGES")
	done
	curl -sS -m 60 --no-progress-meter --parallel --parallel-immediate \
	    -H "Authorization: $KEY" --data-binary @body \
	    -w '%{http_code}\n' "${codes[@]}" >said
	[[ $(sort said | uniq -c | xargs) == '12 202' ]] || {
		sort said | uniq -c
		return 1
	}
	(($(mfx-sub --no-follow --from start raw | wc -l) == 12))
}

# listens PORT
listens() {
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

@test "ws: asked to stop a second time while the bus is away, it ends" {
	serve_ws -o raw --admin "$ADMIN"
	talk '' "send:$(numbered 1)" quiet
	await 20 kept 1
	server_pause nats
	talk '' "send:$(numbered 2)" quiet
	await 20 pending 1
	kill -TERM "$WS_PID"
	closed() { ! listens "$PORT"; }
	await 20 closed
	# nothing is left but to wait for the bus, which may be 30 s
	kill -TERM "$WS_PID"
	await 60 gone "$WS_PID"
	status 143 wait "$WS_PID"
	server_resume nats
}

# line N: on the bus, for subscribers of the channel
line() {
	printf '[{"channel":"%s","n":"x","v":%d}]\n' "$CHANNEL" "$1" |
		mfx-pub raw
}

@test "ws: what subscribers get stops while the bus is away, and nothing else" {
	serve_ws --admin "$ADMIN"
	talk_on got '' made:got.open recv:3 closed
	line 1
	await 60 grep -q '"v":1}' got
	admin 200 /health
	server_pause nats
	await 60 admin 503 /health
	admin 200 /version
	handshake 101 "/channels/$CHANNEL/messages?auth=$KEY" -m 1
	server_resume nats
	await 60 admin 200 /health
	line 2
	await 60 grep -q '"v":2}' got
	server_kill nats
	await 60 admin 503 /health
	server_restart nats
	line 3
	await 60 grep -q '"v":3}' got
	[[ $(grep -o '"v":[0-9]*' got | xargs) == 'v:1 v:2 v:3' ]]
	await 60 admin 200 /health
	server_pause nats
	await 60 admin 503 /health
	# nothing is on its way: it does not wait for the bus
	kill -TERM "$WS_PID"
	await 60 gone "$WS_PID"
	status 0 wait "$WS_PID"
	server_resume nats
}

# less than the bus' 30 s
@test "history that the bus does not give is refused, and others are served" {
	serve_ws --admin "$ADMIN"
	line 1
	server_pause nats
	handshake 503 "/channels/$CHANNEL/messages?auth=$KEY&from=start"
	admin 200 /version
	server_resume nats
	await 60 admin 200 /health
	talk '?from=start' recv >got
	grep -q '"v":1}' got
}
