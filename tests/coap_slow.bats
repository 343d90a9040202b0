#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-coap over TCP and TLS, and clients that announce long messages and
# send them slowly, or that never read: what they get, and what others have.
load setup
load site
load tls
load coap

setup_suite_test() {
	make_site
	export CHANNEL KEY
	free_port ADMIN SECURE
	authority ca
	certificate server ca /CN=localhost DNS:localhost serverAuth
	TLS=(--listen-tls "127.0.0.1:$SECURE" --tls-cert server.crt
	    --tls-key server.key)
}

slow() {
	timeout 120 "$ROOT/tests/coap_slow.py" "$@"
}

metric() {
	curl -fsS -m 20 "http://127.0.0.1:$ADMIN/metrics" |
		awk -v name="coap_adapter_$1" '$1 == name { print $2 }'
}

metric_is() { (($(metric "$1") == $2)); }

rss() { awk '/^VmRSS/ { print $2 }' "/proc/$PID/status"; }

# announced N PORT [tls]: N messages that are begun, by one address, of which
# only some are taken
announced() {
	mkfifo -m 600 go
	exec 7<>go
	"$ROOT/tests/coap_slow.py" announce "$2" "$1" "${@:3}" <go >said 3>&- 7>&- &
	PIDS+=($!)
	await 60 grep -q 'refused' said
}

@test "the longest message that a line can have is taken, however fast it comes" {
	serve_coap -o raw "${TLS[@]}"
	[[ $(slow whole "$PORT" 127.0.0.1) == 2.04 ]]
	[[ $(slow whole "$SECURE" 127.0.0.1 tls) == 2.04 ]]
	n_lines 2
	lines | python3 -c '
import base64, json, sys
for line in sys.stdin:
    body = base64.urlsafe_b64decode(json.loads(line)[0]["vd"] + "==")
    assert body == b"x" * 700000, len(body)'
}

@test "long messages that come slowly are bounded, in all and for one address" {
	local transport port
	for transport in '' tls; do
		serve_coap -o raw --admin "127.0.0.1:$ADMIN" \
		    --max-queued 16M "${TLS[@]}"
		port=$PORT
		[[ ! $transport ]] || port=$SECURE
		rm -f go
		announced 60 "$port" $transport
		# half of all, for one address
		held=$(awk '{ print $NF }' said)
		((held > 5 && held < 16)) || { cat said; false; }
		(($(metric queued_bytes) <= 16777216 / 2 + 700000))
		# another address has its long one taken, and so, after a while, has
		# a quick one of the same address
		[[ $(slow whole "$port" 127.0.0.2 $transport) == 2.04 ]]
		[[ $(slow whole "$port" 127.0.0.1 $transport) == 2.04 ]]
		coap post coap+tcp "?auth=$KEY" -e short
		said ''
		exec 7>&-
		kill "${PIDS[-1]}"
		await 20 metric_is connections 0
		await 20 metric_is queued_bytes 0
		kill "$PID"
		wait "$PID" || true
	done
}

@test "a long message that is refused is skipped, and the connection goes on" {
	serve_coap -o raw --admin "127.0.0.1:$ADMIN" --max-queued 4M
	announced 10 "$PORT"
	[[ $(slow skipped "$PORT") == '5.03 2.04' ]]
	lines | grep -q '"vd":"c2hvcnQ"'
}

@test "a message that never ends is ended, and so is one that never begins" {
	serve_coap -o raw --admin "127.0.0.1:$ADMIN" --timeout 1s
	local what
	for what in body head csm; do
		[[ $(slow drip "$PORT" $what) == closed ]]
	done
	await 20 metric_is queued_bytes 0
}

@test "an observer that sends Pongs and never reads is ended" {
	local transport port before
	mkfifo in
	exec 8<>in
	for transport in '' tls; do
		COAP_IN=in serve_coap -o raw --admin "127.0.0.1:$ADMIN" \
		    --timeout 5s "${TLS[@]}"
		port=$PORT
		[[ ! $transport ]] || port=$SECURE
		before=$(rss)
		slow unread "$port" observe $transport >said 3>&- 7>&- 8>&- &
		PIDS+=($!)
		await 20 grep -q begun said
		# some MB go into the buffers of the system first
		slow feed - 1000 2 >&8
		await 60 grep -q closed said
		(($(rss) < before + 24576)) || { rss; false; }
		await 20 metric_is observers 0
		await 20 metric_is queued_bytes 0
		kill "$PID"
		wait "$PID" || true
	done
}

@test "one that does not read its answers is ended" {
	local transport port before
	for transport in '' tls; do
		serve_coap -o raw --admin "127.0.0.1:$ADMIN" "${TLS[@]}"
		port=$PORT
		[[ ! $transport ]] || port=$SECURE
		before=$(rss)
		slow unread "$port" ask $transport >said
		grep -q closed said
		(($(rss) < before + 16384)) || { rss; false; }
		kill "$PID"
		wait "$PID" || true
	done
}

@test "one that reads slowly gets all" {
	local transport port
	mkfifo in
	exec 8<>in
	for transport in '' tls; do
		COAP_IN=in serve_coap -o raw --admin "127.0.0.1:$ADMIN" \
		    --timeout 5s "${TLS[@]}"
		port=$PORT
		[[ ! $transport ]] || port=$SECURE
		slow reads "$port" 60 $transport >said 3>&- 8>&- &
		PIDS+=($!)
		await 20 metric_is observers 1
		slow feed - 60 0 >&8
		wait "${PIDS[-1]}"
		[[ $(tail -n 1 said) == 60 ]]
		kill "$PID"
		wait "$PID" || true
	done
}
