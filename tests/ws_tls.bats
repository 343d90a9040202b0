#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-ws over TLS: which certificates identify a thing, and which don't.
load setup
load site
load tls
load ws

setup_suite_test() {
	make_site
	authority ca
	certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1 serverAuth
}

serve_wss() {
	serve_ws --tls-cert server.crt --tls-key server.key "$@"
	WS=${WS/ws:/wss:}
}

# ask OPTION… -- STEP…
ask() {
	timeout 60 "$ROOT/tests/ws_talk.py" "$WS" -A ca.crt "$@"
}

with() {
	echo -C "$1.crt" "$1.key"
}

@test "a key over TLS, both ways, large and small; nothing below 1.2" {
	serve_wss
	[[ $(ask -H "Authorization:$KEY" send:x recv) == 'text x' ]]
	head -c 700000 /dev/urandom >big
	[[ $(ask -H "Authorization:$KEY" binfile:big binfile:big count:2) == \
	    'count 1400000' ]]
	[[ $(ask -H Authorization:wrong quiet) == 'refused 403' ]]
	[[ $(ask quiet) == 'refused 403' ]]
	openssl s_client -connect "127.0.0.1:$PORT" -tls1_1 \
	    -cipher DEFAULT@SECLEVEL=0 </dev/null 2>&1 |
	    refute grep -q 'Cipher is [A-Z]'
	openssl s_client -connect "127.0.0.1:$PORT" -tls1_2 \
	    </dev/null 2>&1 | grep -q 'Cipher is [A-Z]'
	# clear text is not answered
	[[ $(WS=${WS/wss:/ws:} talk '' quiet) == failed* ]]
}

@test "a certificate by urn:uuid: and by common name" {
	certificate thing ca /CN=anything "URI:urn:uuid:$THING"
	certificate named ca "/CN=$KEY" ''
	serve_wss --tls-ca ca.crt
	[[ $(ask $(with thing) send:a recv) == 'text a' ]]
	[[ $(ask $(with named) send:b recv) == 'text b' ]]
	[[ $(ask $(with thing) -H "Authorization:$KEY" send:c recv) == 'text c' ]]
	[[ $(ask $(with thing) -H Authorization:wrong quiet) == 'refused 403' ]]
	[[ $(ask -H "Authorization:$KEY" quiet) == quiet ]]
	[[ $(raw | jq -r '.[0].publisher' | sort -u) == "$THING" ]]
}

@test "a certificate that is not to be believed is refused, key or not" {
	authority evil
	certificate forged evil /CN=anything "URI:urn:uuid:$THING"
	certificate old ca /CN=anything "URI:urn:uuid:$THING" clientAuth 0
	certificate purpose ca /CN=anything "URI:urn:uuid:$THING" serverAuth
	certificate two ca /CN=x "URI:urn:uuid:$THING,URI:urn:uuid:${THING/?/0}"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -keyout self.key -out self.crt -days 2 -subj "/CN=$KEY" \
	    2>/dev/null
	serve_wss --tls-ca ca.crt
	for name in forged old purpose self two; do
		[[ $(ask $(with $name) quiet) == 'refused 403' ]]
		[[ $(ask $(with $name) -H "Authorization:$KEY" quiet) == 'refused 403' ]]
	done
}

@test "--require-cert: nothing without one; taken away, it is closed" {
	certificate thing ca /CN=anything "URI:urn:uuid:$THING"
	serve_wss --tls-ca ca.crt --require-cert
	[[ $(ask -H "Authorization:$KEY" quiet) == 'refused 403' ]]
	timeout 100 "$ROOT/tests/ws_talk.py" "$WS" -A ca.crt $(with thing) \
	    made:open closed >said 3>&- &
	PIDS+=($!)
	await 20 test -e open
	mfx-channels disconnect "$CHANNEL" "$THING"
	wait "${PIDS[-1]}"
	[[ $(<said) == 'closed 4403 access was revoked' ]]
	[[ $(ask $(with thing) quiet) == 'refused 403' ]]
}

@test "files of TLS that are not what they should be, and misuse" {
	status 66 mfx-adapt-ws -l 127.0.0.1:0 --tls-cert no.crt --tls-key server.key
	status 78 mfx-adapt-ws -l 127.0.0.1:0 --tls-cert server.crt --tls-key ca.key
	status 64 mfx-adapt-ws -l 127.0.0.1:0 --tls-cert server.crt
	status 64 mfx-adapt-ws -l 127.0.0.1:0 --require-cert
	status 64 mfx-adapt-ws -l nowhere
	status 64 mfx-adapt-ws -o 'not/one' -l 127.0.0.1:0
}
