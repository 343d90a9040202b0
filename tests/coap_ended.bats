#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-coap with sessions that end while something is sent to them:
# libcoap calls back then.  What is freed is filled, so that its use is seen
# without a sanitizer too.
load setup
load site
load tls
load coap

setup_suite_test() {
	make_site
	export CHANNEL KEY COAP_IN=in
	export GLIBC_TUNABLES=glibc.malloc.perturb=90:glibc.malloc.tcache_count=0
	mkfifo in
	exec 8<>in
	authority ca
	certificate server ca /CN=localhost DNS:localhost serverAuth
	free_port SECURE ADMIN
	serve_coap -o raw --admin "127.0.0.1:$ADMIN" "$@" \
	    --listen-tls "127.0.0.1:$SECURE" --tls-cert server.crt \
	    --tls-key server.key
	# a client's stdin
	mkfifo client
	exec 7<>client
}

# client WHAT [ARGUMENT…]: in the background, its output in the file `said`
client() {
	"$ROOT/tests/coap_ended.py" "$1" "$SECURE" "${@:2}" \
	    <client >said 2>said.err 3>&- 7>&- 8>&- &
	PIDS+=($!)
}

metric() {
	curl -fsS -m 20 "http://127.0.0.1:$ADMIN/metrics" |
		awk -v name="coap_adapter_$1" '$1 == name { print $2 }'
}

send_line() {
	printf '[{"channel":"%s","publisher":"p","protocol":"http","received":1,"n":"a","v":%s}]\n' \
	    "$CHANNEL" "$1" >&8
}

# the adapter lives, and has nothing left of anybody
lives() {
	await 20 eval '(($(metric observers) == 0 && $(metric connections) == 0))'
	coap post coap "?auth=$KEY" -e x
	said ''
	(($(metric connections) == 0))
}

# one that fails
handshake() {
	timeout 60 "$ROOT/tests/coap_ended.py" handshake "$SECURE" 3>&-
}

@test "TLS: a session that ends while its observers are told" {
	client observers 2
	local pid=${PIDS[-1]}
	await 20 grep -q observing said
	handshake
	# more than the connection takes
	local long
	printf -v long '%0100000d' 0
	for _ in {1..4}; do
		printf '[{"channel":"%s","publisher":"p","protocol":"http","received":1,"n":"a","vs":"%s"}]\n' \
		    "$CHANNEL" "$long"
	done >&8 3>&- &
	PIDS+=($!)
	# the others wait until it reads
	await 20 eval '(($(metric notifications_total) == 1))'
	coap post coap "?auth=$KEY" -e x
	said ''
	kill "$pid"
	lives
}

@test "TLS: what came before a session was closed or broken is taken" {
	timeout 60 "$ROOT/tests/coap_ended.py" broken "$SECURE" close >said
	timeout 60 "$ROOT/tests/coap_ended.py" broken "$SECURE" junk >>said
	(($(grep -c closed said) == 8))
	await 20 n_lines 4
	lives
}

@test "TLS: a handshake that fails ends no other session" {
	client halves
	await 20 grep -q observing said
	local i
	for i in {1..3}; do
		handshake
	done
	echo >&7
	await 20 grep -q 2.04 said
}

@test "DTLS: a session that has ended is not opened again by an answer" {
	timeout 60 "$ROOT/tests/coap_ended.py" closed "$SECURE" "$PORT" "$PID" \
	    >said
	# an alert, and no handshake
	grep -qx 'record 21' said
	refute grep -x 'record 22' said
	n_lines 1
	lives
}
