#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-http over TLS: which certificates identify a thing, and which don't.
load setup
load site
load tls

PACK='[{"n":"dev:t","v":1}]'

setup_suite_test() {
	make_site
	authority ca
	certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1 serverAuth
	OTHER=$(mfx-things create --name other)
	OTHER_ID=$(jq -r .id <<<"$OTHER")
	OTHER_KEY=$(jq -r .key <<<"$OTHER")
}

serve_tls() {
	serve -o raw --tls-cert server.crt --tls-key server.key "$@"
	MESSAGES=${MESSAGES/http:/https:}
}

# ask STATUS ARGUMENT…: curl with these arguments, trusting our authority
ask() {
	local want=$1 got
	shift
	got=$(curl -sS -m 20 --cacert ca.crt -o answer -w '%{http_code}' \
	    -d "$PACK" "$@" "$MESSAGES") || true
	[[ $got == "$want" ]] || { echo "$got, not $want: $*"; cat answer "$PID_ERR"; return 1; }
}

# with NAME: curl's options for that certificate
with() {
	echo --cert "$1.crt" --key "$1.key"
}

publishers() {
	cat "$MFX_HOME"/bus/raw/*.ndjson | jq -r '.[0].publisher'
}

@test "a key over TLS 1.2 and 1.3, over many requests; nothing below" {
	serve_tls
	ask 202 -H "Authorization: $KEY"
	ask 202 -H "Authorization: $KEY" --tls-max 1.2
	ask 202 -H "Authorization: $KEY" --tlsv1.3
	ask 403 -H 'Authorization: x'
	ask 403
	ask 000 -H "Authorization: $KEY" --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0
	[[ $(publishers | wc -l) == 3 ]]
	head -c 500000 /dev/zero >big
	MESSAGES=$MESSAGES/big
	ask 202 -H "Authorization: $KEY" --data-binary @big
	# the absolute-form of what is served here
	ask 202 -H "Authorization: $KEY" --request-target "$MESSAGES"
	# clear text is not answered
	[[ $(curl -sS -m 20 -o answer -w '%{http_code}' -d x \
	    "${MESSAGES/https:/http:}" 2>/dev/null) == 000 ]]
}

@test "300 TLS connections, kept open" {
	serve_tls
	"$ROOT/tests/http_raw.py" tls "$PORT" 300 2 <<-EOF >said
	POST /channels/$CHANNEL/messages HTTP/1.1
	Host: a
	Authorization: $KEY
	Content-Length: ${#PACK}

	$PACK
	EOF
	[[ $(<said) == "600 202" ]] || { cat said; false; }
	[[ $(publishers | sort | uniq -c | xargs) == "600 $THING" ]]
}

@test "a client certificate by urn:uuid:, in any case of letters" {
	certificate thing ca /CN=anything "URI:urn:uuid:$THING"
	certificate upper ca /CN=anything "DNS:x,URI:URN:UUID:${THING^^},URI:http://x/"
	serve_tls --tls-ca ca.crt
	ask 202 $(with thing)
	ask 202 $(with thing) --tls-max 1.2
	ask 202 $(with upper)
	[[ $(publishers | sort -u) == "$THING" && $(publishers | wc -l) == 3 ]]
}

@test "a client certificate with the key as common name, as Mainflux had it" {
	certificate thing ca "/CN=$KEY" ''
	certificate stranger ca "/CN=$OTHER_KEY" ''
	certificate nobody ca "/CN=$THING" ''
	serve_tls --tls-ca ca.crt
	ask 202 $(with thing)
	ask 403 $(with stranger)
	ask 403 $(with nobody)
	[[ $(publishers) == "$THING" ]]
}

@test "certificate and key of the same thing, or 403" {
	mfx-channels connect "$CHANNEL" "$OTHER_ID"
	certificate id ca /CN=x "URI:urn:uuid:$THING"
	certificate key ca "/CN=$KEY" ''
	serve_tls --tls-ca ca.crt
	local c
	for c in id key; do
		ask 202 $(with "$c") -H "Authorization: $KEY"
		ask 202 $(with "$c") -H "Authorization: Thing $KEY"
		ask 403 $(with "$c") -H "Authorization: $OTHER_KEY"
		ask 403 $(with "$c") -H 'Authorization: x'
	done
	# without --require-cert a key alone will do
	ask 202 -H "Authorization: $OTHER_KEY"
}

@test "a certificate that is not to be believed is refused, key or not" {
	authority evil
	certificate untrusted evil /CN=x "URI:urn:uuid:$THING"
	certificate expired ca /CN=x "URI:urn:uuid:$THING" clientAuth 0
	certificate wrong ca /CN=x "URI:urn:uuid:$THING" serverAuth
	certificate two ca /CN=x "URI:urn:uuid:$THING,URI:urn:uuid:$OTHER_ID"
	certificate none ca "/CN=$KEY" URI:urn:uuid:x
	certificate nul ca "/CN=$KEY" \
	    "URI:urn:uuid:$THING$(printf %%00)x"
	certificate nameless ca /O=x ''
	openssl req -x509 -new -key two.key -days 2 -subj "/CN=$KEY" \
	    -out self.crt 2>/dev/null
	cp two.key self.key
	openssl x509 -in expired.crt -noout -checkend 0 && return 1
	serve_tls --tls-ca ca.crt
	local c
	for c in untrusted expired wrong two none nul nameless self; do
		ask 403 $(with "$c")
		ask 403 $(with "$c") -H "Authorization: $KEY"
	done
	[[ ! -e $MFX_HOME/bus/raw/00000000000000000000.ndjson ]] ||
		[[ -z $(publishers) ]]
	ask 202 -H "Authorization: $KEY"
}

@test "--require-cert: nothing without one" {
	certificate thing ca /CN=x "URI:urn:uuid:$THING"
	serve_tls --tls-ca ca.crt --require-cert
	ask 403
	ask 403 -H "Authorization: $KEY"
	ask 202 $(with thing)
	ask 202 $(with thing) -H "Authorization: $KEY"
}

@test "without --tls-ca no certificate counts" {
	certificate thing ca /CN=x "URI:urn:uuid:$THING"
	serve_tls
	ask 403 $(with thing)
	ask 202 $(with thing) -H "Authorization: $KEY"
}

@test "a thing that is taken away is refused by its certificate too" {
	certificate id ca /CN=x "URI:urn:uuid:$THING"
	certificate key ca "/CN=$KEY" ''
	serve_tls --tls-ca ca.crt
	ask 202 $(with id)
	ask 202 $(with key)
	mfx-channels disconnect "$CHANNEL" "$THING"
	await 20 ask 403 $(with id)
	ask 403 $(with key)
	mfx-channels connect "$CHANNEL" "$THING"
	await 20 ask 202 $(with id)
	mfx-things remove "$THING"
	await 20 ask 403 $(with id)
	ask 403 $(with key)
}

@test "a client that does not finish its handshake is cut off" {
	serve_tls --timeout 1
	# the beginning of a ClientHello of 508 bytes
	printf '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' |
		"$ROOT/tests/http_raw.py" trickle "$PORT" 0.3 >said
	grep -qx cut said
	ask 202 -H "Authorization: $KEY"
}

@test "files of TLS that are not what they should be: which, and the status" {
	authority other
	local serve="mfx-adapt-http -l 127.0.0.1:0"
	status 66 $serve --tls-cert none --tls-key server.key 2>err
	grep -q '^mfx-adapt-http: none: No such file' err
	status 78 $serve --tls-cert server.crt --tls-key other.key 2>err
	grep -q '^mfx-adapt-http: other.key: key values mismatch' err
	status 78 $serve --tls-cert server.key --tls-key server.key 2>err
	status 78 $serve --tls-cert server.crt --tls-key server.key \
	    --tls-ca key 2>err
	grep -q '^mfx-adapt-http: key: ' err
	: >empty
	status 78 $serve --tls-cert empty --tls-key server.key 2>err
	status 78 $serve --tls-cert server.crt --tls-key server.key \
	    --tls-ca empty 2>err
	refute grep -F "$KEY" err
}
