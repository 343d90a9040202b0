#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-coap with DTLS and TLS: things by their id and key (PSK) and by
# certificates.
load setup
load site
load tls
load coap

setup_suite_test() {
	make_site
	export CHANNEL KEY
	mkfifo in
	exec 8<>in
	COAP_IN=in
	export COAP_IN
}

# secure METHOD SCHEME REST [ARGUMENT…]: at $SECURE
secure() {
	coap_at "$1" "$2://127.0.0.1:$SECURE/channels/$CHANNEL/messages$3" \
	    "${@:4}"
}

serve_psk() {
	free_port SECURE
	serve_coap -o raw --listen-psk "127.0.0.1:$SECURE" "$@"
}

publishers() { lines | jq -r '.[0].publisher' | sort | uniq -c | xargs; }

# ---- PSK ----

@test "PSK: a thing's id and key, by DTLS and TLS, need no other key" {
	serve_psk
	local scheme
	for scheme in coaps coaps+tcp; do
		secure post "$scheme" '' -u "$THING" -k "$KEY" -e x
		said ''
		secure post "$scheme" "?auth=$KEY" -u "$THING" -k "$KEY" -e x
		said ''
	done
	[[ $(publishers) == "4 $THING" ]]
	head -c 30000 /dev/urandom >big
	for scheme in coaps coaps+tcp; do
		secure post "$scheme" '' -u "$THING" -k "$KEY" -t 42 -b 512 \
		    -f big
		said ''
		lines | tail -n 1 | "$ROOT/tests/payload.py" | cmp - big
	done
}

@test "PSK: a wrong key, another's, an unknown id: no handshake" {
	serve_psk
	local other args
	other=$(mfx-things create --name other)
	local pairs=("$THING x" "$THING $(jq -r .key <<<"$other")"
	    "$(jq -r .id <<<"$other") $KEY" "nobody $KEY"
	    "00000000-0000-4000-8000-000000000000 $KEY")
	for args in "${pairs[@]}"; do
		timeout 20 coap-client-openssl -B 2 -m post -u "${args% *}" \
		    -k "${args#* }" -e x \
		    "coaps+tcp://127.0.0.1:$SECURE/channels/$CHANNEL/messages" \
		    >said 2>&1 || true
		timeout 20 coap-client-openssl -B 1 -m post -u "${args% *}" \
		    -k "${args#* }" -e x \
		    "coaps://127.0.0.1:$SECURE/channels/$CHANNEL/messages" \
		    >said 2>&1 || true
	done
	n_lines 0
	# one on no channel comes in and gets no further
	secure post coaps '' -u "$(jq -r .id <<<"$other")" \
	    -k "$(jq -r .key <<<"$other")" -e x
	[[ $SAID == 4.03* ]]
	secure post coaps '' -u "$THING" -k "$KEY" -e x
	said ''
	n_lines 1
}

@test "PSK: another thing's key beside the handshake is refused" {
	serve_psk
	local other
	other=$(mfx-things create --name other)
	mfx-channels connect "$CHANNEL" "$(jq -r .id <<<"$other")"
	secure post coaps "?auth=$(jq -r .key <<<"$other")" \
	    -u "$THING" -k "$KEY" -e x
	[[ $SAID == 4.03* ]]
	n_lines 0
	# and no PSK without TLS
	coap post coap '' -u "$THING" -k "$KEY" -e x
	[[ $SAID == 4.03* ]]
}

# observe SCHEME NAME [ARGUMENT…]: coap-client in the background, with the
# thing's key or what is said
observe() {
	(($# > 2)) || set -- "$@" -u "$THING" -k "$KEY"
	coap-client-openssl -s 60 -w "${@:3}" \
	    "$1://127.0.0.1:$SECURE/channels/$CHANNEL/messages" \
	    >"$2" 2>"$2.err" 3>&- 8>&- &
	PIDS+=($!)
}

metric() {
	curl -fsS -m 20 "http://127.0.0.1:$ADMIN/metrics" |
		awk -v name="coap_adapter_$1" '$1 == name { print $2 }'
}

@test "PSK: observers; a changed key ends them and their sessions" {
	free_port ADMIN
	serve_psk --admin "127.0.0.1:$ADMIN"
	observe coaps dtls
	observe coaps+tcp tls
	await 20 eval '(($(metric observers) == 2))'
	printf '[{"channel":"%s","publisher":"p","protocol":"http","received":1,"n":"a","v":1}]\n' \
	    "$CHANNEL" >&8
	await 20 eval 'grep -q v dtls && grep -q v tls'
	(umask 077; echo another-key-of-it >another)
	mfx-things key --key-file another "$THING"
	await 20 eval '(($(metric observers) == 0))'
	await 20 grep -q '^4.01' dtls.err
	await 20 eval '(($(metric connections) == 0))'
	KEY=another-key-of-it
	secure post coaps '' -u "$THING" -k "$KEY" -e x
	said ''
}

# ---- certificates ----

serve_tls() {
	[[ -e ca.crt ]] || authority ca
	certificate server ca /CN=localhost DNS:localhost serverAuth
	free_port SECURE
	serve_coap -o raw --listen-tls "127.0.0.1:$SECURE" \
	    --tls-cert server.crt --tls-key server.key "$@"
}

with() { echo "-c $1.crt -j $1.key"; }

@test "x509: the thing by SAN urn:uuid:, or its key as CN, DTLS and TLS" {
	serve_tls --tls-ca ca.crt
	certificate id ca /CN=x "URI:urn:uuid:${THING^^}"
	certificate key ca "/CN=$KEY" ''
	local scheme c
	for scheme in coaps coaps+tcp; do
		for c in id key; do
			secure post "$scheme" '' $(with "$c") -e x
			said ''
		done
		secure post "$scheme" "?auth=$KEY" $(with id) -e x
		said ''
	done
	[[ $(publishers) == "6 $THING" ]]
	mfx-channels disconnect "$CHANNEL" "$THING"
	await 20 eval 'secure post coaps "" $(with id) -e x;
	    [[ $SAID == 4.03* ]]'
	secure post coaps '' $(with key) -e x
	[[ $SAID == 4.03* ]]
}

@test "x509: what is not to be believed, or names nobody" {
	serve_tls --tls-ca ca.crt
	authority other
	local other
	other=$(mfx-things create --name other)
	mfx-channels connect "$CHANNEL" "$(jq -r .id <<<"$other")"
	certificate untrusted other /CN=x "URI:urn:uuid:$THING"
	certificate two ca /CN=x "URI:urn:uuid:$THING,URI:urn:uuid:$(
	    jq -r .id <<<"$other")"
	certificate none ca "/CN=$KEY" URI:urn:uuid:x
	certificate nobody ca /CN=nobody ''
	certificate nameless ca /O=x ''
	local c
	for c in two none nobody nameless; do
		secure post coaps+tcp '' $(with "$c") -e x
		[[ $SAID == 4.03* ]] || { echo "$c: $SAID"; false; }
		secure post coaps+tcp "?auth=$KEY" $(with "$c") -e x
		[[ $SAID == 4.03* ]] || { echo "$c: $SAID"; false; }
	done
	# no handshake at all
	for c in "$(with untrusted)" ''; do
		timeout 20 coap-client-openssl -B 2 -m post $c -e x \
		    "coaps+tcp://127.0.0.1:$SECURE/channels/$CHANNEL/messages?auth=$KEY" \
		    >said 2>&1 || true
	done
	n_lines 0
}

# serial SCHEME: of the certificate that a new handshake is given
serial() {
	local dtls=()
	[[ $1 != coaps ]] || dtls=(-dtls1_2)
	timeout 20 openssl s_client "${dtls[@]}" -connect "127.0.0.1:$SECURE" \
	    -cert "$2.crt" -key "$2.key" </dev/null 2>/dev/null |
		openssl x509 -noout -serial
}

hup() {
	local before
	before=$(grep -c SIGHUP "$PID_ERR") || true
	kill -HUP "$PID"
	await 30 eval '(($(grep -c SIGHUP "$PID_ERR") > '"$before"'))'
}

# send_line VALUE: to all observers
send_line() {
	printf '[{"channel":"%s","publisher":"p","protocol":"http","received":1,"n":"a","v":%s}]\n' \
	    "$CHANNEL" "$1" >&8
}

@test "SIGHUP: new handshakes get new certificates, observers live on" {
	free_port ADMIN
	serve_tls -v --tls-ca ca.crt --admin "127.0.0.1:$ADMIN"
	certificate id ca /CN=x "URI:urn:uuid:$THING"
	observe coaps dtls $(with id)
	observe coaps+tcp tls $(with id)
	await 20 eval '(($(metric observers) == 2))'
	local old scheme
	old=$(openssl x509 -in server.crt -noout -serial)
	for scheme in coaps coaps+tcp; do
		[[ $(serial "$scheme" id) == "$old" ]]
	done
	certificate server ca /CN=localhost DNS:localhost serverAuth
	# until then, none of the new ones
	[[ $(serial coaps id) == "$old" ]]
	hup
	grep -q 'SIGHUP: reloaded' "$PID_ERR"
	for scheme in coaps coaps+tcp; do
		[[ $(serial "$scheme" id) == "$(openssl x509 -in server.crt \
		    -noout -serial)" ]]
	done
	send_line 42
	await 20 eval 'grep -q 42 dtls && grep -q 42 tls'
	# what does not fit together stays out
	old=$(serial coaps id)
	new_key server
	hup
	grep -q 'SIGHUP: nothing was reloaded: server.key: key values mismatch' \
	    "$PID_ERR"
	for scheme in coaps coaps+tcp; do
		[[ $(serial "$scheme" id) == "$old" ]]
	done
	(($(metric observers) == 2))
}

@test "SIGHUP: a certificate that is revoked ends its sessions, and no others" {
	free_port ADMIN
	authority ca
	revoke
	serve_tls -v --tls-ca ca.crt --tls-crl crl.pem --admin "127.0.0.1:$ADMIN"
	certificate id ca /CN=x "URI:urn:uuid:$THING"
	certificate other ca "/CN=$KEY" ''
	observe coaps dtls $(with id)
	observe coaps+tcp tls $(with id)
	observe coaps stays $(with other)
	await 20 eval '(($(metric observers) == 3))'
	revoke id
	hup
	await 20 eval '(($(metric observers) == 1))'
	await 20 eval '(($(metric connections) == 1))'
	send_line 7
	await 20 grep -q 7 stays
	local scheme
	for scheme in coaps coaps+tcp; do
		secure post "$scheme" '' $(with other) -e x
		said ''
		timeout 20 coap-client-openssl -B 2 -m post $(with id) -e no \
		    "$scheme://127.0.0.1:$SECURE/channels/$CHANNEL/messages" \
		    >refused 2>&1 || true
	done
	n_lines 2
}

@test "--tls-crl needs --tls-ca" {
	authority ca
	certificate server ca /CN=localhost DNS:localhost serverAuth
	revoke
	status 64 mfx-adapt-coap -l 127.0.0.1:0 --tls-cert server.crt \
	    --tls-key server.key --tls-crl crl.pem 2>err
	grep -q -e '--tls-crl needs --tls-ca' err
}

@test "certificates of ours alone: clients show keys" {
	serve_tls
	local scheme
	for scheme in coaps coaps+tcp; do
		secure post "$scheme" "?auth=$KEY" -R ca.crt -e x
		said ''
		secure post "$scheme" '' -R ca.crt -e x
		[[ $SAID == 4.03* ]]
	done
	n_lines 2
}

@test "PSK and certificates in one process, beside plain" {
	free_port PSK
	serve_tls --tls-ca ca.crt --listen-psk "127.0.0.1:$PSK"
	certificate id ca /CN=x "URI:urn:uuid:$THING"
	secure post coaps '' $(with id) -e x
	said ''
	SECURE=$PSK secure post coaps '' -u "$THING" -k "$KEY" -e x
	said ''
	coap post coap "?auth=$KEY" -e x
	said ''
	n_lines 3
}

@test "limits: sessions in all, and of one address" {
	serve_coap -o raw --max-sessions 3 --max-per-address 2
	exec 5<>"/dev/tcp/127.0.0.1/$PORT" 6<>"/dev/tcp/127.0.0.1/$PORT"
	local byte
	IFS= LC_ALL=C read -rn 1 -t 20 byte <&5
	IFS= LC_ALL=C read -rn 1 -t 20 byte <&6
	# the third is closed: all that comes is libcoap's greeting
	timeout 20 cat <"/dev/tcp/127.0.0.1/$PORT" >third
	exec 5>&- 6>&-
	await 20 eval 'coap post coap+tcp "?auth=$KEY" -e x; [[ -z $SAID ]]'
}
