#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# SIGHUP: certificates are replaced, and revoked, while connections are open.
load setup
load site
load tls
load ws

setup_suite_test() {
	make_site
	authority ca
	certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1 serverAuth
	certificate next ca /CN=localhost DNS:localhost,IP:127.0.0.1 serverAuth
	certificate thing ca /CN=anything "URI:urn:uuid:$THING"
	certificate other ca /CN=anything "URI:urn:uuid:$THING"
	revoke
}

serial() {
	openssl x509 -in "$1.crt" -noout -serial | sed 's/.*=//'
}

# hold N [CERTIFICATE]: tls_hold.py as a coprocess
hold() {
	coproc HOLD { exec "$ROOT/tests/tls_hold.py" "$PORT" ca.crt "$1" \
	    ${2:+"$2.crt" "$2.key"} 3>&-; }
	PIDS+=("$HOLD_PID")
}

# told WHAT: the next line of it
told() {
	local line
	read -rt 60 line <&"${HOLD[0]}"
	[[ $line == "$1" ]] || { echo "told '$line', not '$1'"; return 1; }
}

hup() {
	local before
	before=$(grep -c SIGHUP "$PID_ERR") || true
	kill -HUP "$PID"
	await 30 more_said "$before"
}

more_said() {
	(($(grep -c SIGHUP "$PID_ERR") > $1))
}

@test "new files: new connections have them, 100 open ones live on" {
	serve -v -o raw --tls-cert server.crt --tls-key server.key
	hold 100
	told "serial $(serial server)"
	cp next.crt server.crt
	cp next.key server.key
	hup
	grep -q 'SIGHUP: reloaded' "$PID_ERR"
	echo ask >&"${HOLD[1]}"
	told 'answered 100'
	got=$("$ROOT/tests/tls_hold.py" "$PORT" ca.crt 1 </dev/null)
	[[ $got == "serial $(serial next)" ]]
}

@test "files that can't be used: said which, and the old ones stay" {
	serve -v -o raw --tls-cert server.crt --tls-key server.key
	cp next.key server.key
	hup
	grep -q 'SIGHUP: nothing was reloaded: server.key: key values mismatch' \
	    "$PID_ERR"
	got=$("$ROOT/tests/tls_hold.py" "$PORT" ca.crt 1 </dev/null)
	[[ $got == "serial $(serial server)" ]]
	rm server.crt
	hup
	grep -q 'nothing was reloaded: server.crt: No such file' "$PID_ERR"
	"$ROOT/tests/tls_hold.py" "$PORT" ca.crt 1 </dev/null
}

@test "a certificate that is revoked ends its connections, and no others" {
	serve -v -o raw --tls-cert server.crt --tls-key server.key \
	    --tls-ca ca.crt --tls-crl crl.pem
	hold 20 thing
	told "serial $(serial server)"
	revoke thing
	hup
	echo gone >&"${HOLD[1]}"
	told 'gone 20'
	ask() {
		curl -sS -m 20 --cacert ca.crt --cert "$1.crt" --key "$1.key" \
		    -o answer -w '%{http_code}' -d '[{"n":"a","v":1}]' \
		    "https://127.0.0.1:$PORT/channels/$CHANNEL/messages"
	}
	[[ $(ask thing) == 403 ]]
	[[ $(ask other) == 202 ]]
	hold 5 other
	told "serial $(serial server)"
	hup
	echo ask >&"${HOLD[1]}"
	told 'answered 5'
}

@test "a certificate that is revoked ends its WebSockets with 4403" {
	serve_ws -v --tls-cert server.crt --tls-key server.key \
	    --tls-ca ca.crt --tls-crl crl.pem
	timeout 60 "$ROOT/tests/ws_talk.py" "${WS/ws:/wss:}" -A ca.crt \
	    -C thing.crt thing.key made:open closed >got 3>&- &
	talking=$!
	PIDS+=("$talking")
	await 30 test -e open
	revoke thing
	hup
	wait "$talking"
	grep -q 4403 got
}

@test "--tls-crl: a file that is not a list, and without --tls-ca" {
	status 78 mfx-adapt-http -l 127.0.0.1:0 --tls-cert server.crt \
	    --tls-key server.key --tls-ca ca.crt --tls-crl ca.crt 2>err
	grep -q '^mfx-adapt-http: ca.crt: ' err
	status 64 mfx-adapt-http -l 127.0.0.1:0 --tls-cert server.crt \
	    --tls-key server.key --tls-crl crl.pem 2>err
	grep -q -e '--tls-crl needs --tls-ca' err
}
