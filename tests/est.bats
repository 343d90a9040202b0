#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# EST (RFC 7030, RFC 8951): devices that enroll by themselves, with openssl and
# curl.  tests/est/clauses.tsv says which clause is shown by which test.
load setup
load site
load tls
load certs_api

setup_suite_test() {
	make_ca_site
	SAN=URI:urn:uuid:$THING
}

# certificates: those of the last answer, one line for each subject
certificates() {
	openssl base64 -d -A -in answer | openssl pkcs7 -inform der -print_certs
}

@test "cacerts: the CA and those above it, to anybody; without --est nothing is there" {
	mfx-certs ca init --parent ca line
	serve_api --est
	wants 200 "$EST/cacerts"
	grep -qi '^content-type: application/pkcs7-mime; *smime-type=certs-only' \
	    head
	grep -qi '^content-transfer-encoding: base64' head
	# RFC 8951 3.1: no line breaks
	[[ $(wc -l <answer) == 0 ]]
	certificates >chain
	[[ $(grep -c BEGIN chain) == 2 ]]
	mfx-certs ca show line | diff -w - <(sed -n '/BEGIN/,/END/p' chain)
	# what it issues has a chain to the root in there
	request device
	enroll 200 simpleenroll device -u "$THING:$KEY"
	openssl verify -x509_strict -purpose sslclient -CAfile ca.crt \
	    -untrusted chain device.crt
	wants 204 "$EST/csrattrs"
	wants 404 "$EST/serverkeygen"
	wants 404 "$EST/fullcmc"
	wants 405 "$EST/simpleenroll"
	wants 405 -X POST "$EST/cacerts"
	kill "$API"
	await 30 gone "$API"
	serve_api
	wants 404 "$EST/cacerts"
	enroll 404 simpleenroll device -u "$THING:$KEY"
}

@test "simpleenroll: by the key of a thing, by a certificate; else 401" {
	serve_api --est
	request device
	local how
	for how in "$THING:$KEY" ":$KEY"; do
		enroll 200 simpleenroll device -u "$how"
	done
	grep -qi '^content-type: application/pkcs7-mime; *smime-type=certs-only' \
	    head
	grep -qi '^content-transfer-encoding: base64' head
	# that one and no other
	[[ $(certificates | grep -c BEGIN) == 1 ]]
	openssl verify -x509_strict -purpose sslclient -CAfile ca.crt device.crt
	[[ $(openssl x509 -in device.crt -noout -ext subjectAltName | tail -n 1 |
	    xargs) == "$SAN" ]]
	cmp <(openssl pkey -in device.key -pubout) \
	    <(openssl x509 -in device.crt -noout -pubkey)
	mfx-certs verify device.crt
	enroll 200 simpleenroll device -H "Authorization: Thing $KEY"
	# a new key, by the certificate of the old one
	request next
	enroll 200 simpleenroll next --cert device.crt --key device.key
	mfx-certs verify next.crt
	mfx-events |
		grep -c "\"certificate.issue\".*\"thing_id\":\"$THING\"" |
		grep -qx 4
	# nobody else, and nobody is told why
	local other
	other=$(mfx-things create)
	for how in "$THING:wrong" "$(jq -r .id <<<"$other"):$KEY" "$KEY:" \
	    "ann@example.com:correct horse"; do
		enroll 401 simpleenroll device -u "$how"
		grep -qi '^www-authenticate: basic realm=' head
		says 'the id and the key of a thing, or its certificate'
	done
	enroll 401 simpleenroll device
	enroll 401 simpleenroll device -H 'Authorization: Basic !'
	enroll 401 simpleenroll device -u "$(jq -r .id <<<"$other"):$(jq -r .key \
	    <<<"$other")" --cert device.crt --key device.key
	mfx-things disable "$THING"
	disabled() { enroll 401 simpleenroll device -u "$THING:$KEY"; }
	await 5 disabled
	# no key has got anywhere
	refute grep -rqaF "$KEY" "$PID_ERR"
}

@test "simplereenroll: by the certificate to be renewed, with its names" {
	serve_api --est
	request device "/CN=$THING" "$SAN"
	enroll 200 simpleenroll device -u "$THING:$KEY"
	cp device.crt old.crt
	local shown=(--cert old.crt --key device.key)
	# renewed: the same key; and with a new one
	enroll 200 simplereenroll device "${shown[@]}"
	[[ $(serial old.crt) != "$(serial device.crt)" ]]
	cmp <(openssl x509 -in old.crt -noout -pubkey -subject -ext subjectAltName) \
	    <(openssl x509 -in device.crt -noout -pubkey -subject -ext subjectAltName)
	request next "/CN=$THING" "$SAN"
	enroll 200 simplereenroll next "${shown[@]}"
	mfx-certs verify next.crt
	# other names
	request bare "/CN=$THING"
	enroll 400 simplereenroll bare "${shown[@]}"
	says 'alternative names of the request are not those of the certificate'
	request renamed /CN=device "$SAN"
	enroll 400 simplereenroll renamed "${shown[@]}"
	says 'subject of the request is not that of the certificate'
	request more "/CN=$THING" "$SAN,DNS:example.com"
	enroll 400 simplereenroll more "${shown[@]}"
	# a key alone is no certificate; nor is one that is revoked, or not ours
	enroll 403 simplereenroll device -u "$THING:$KEY"
	says 'needs the certificate that is to be renewed'
	enroll 401 simplereenroll device
	mfx-certs revoke "$(serial old.crt)"
	revoked() { enroll 403 simplereenroll device "${shown[@]}"; }
	await 5 revoked
	says 'the client certificate is revoked'
	kill "$API"
	await 30 gone "$API"
	authority away
	certificate foreign away /CN=x "$SAN"
	cat away.crt >>ca.crt
	serve_api --est
	enroll 403 simplereenroll device --cert foreign.crt --key foreign.key
	says 'issued here: use simpleenroll'
	enroll 200 simpleenroll device --cert foreign.crt --key foreign.key
}

@test "refused: types, bytes, weak keys, other things, too many" {
	serve_api --est
	request device
	wants 415 -H 'Content-Type: text/plain' --data-binary @device.b64 \
	    "$EST/simpleenroll" -u "$THING:$KEY"
	local body
	for body in '' '!' AAAA "$(head -c 200 device.b64)" \
	    "$(cat device.b64 device.b64)"; do
		printf %s "$body" >wrong.b64
		enroll 400 simpleenroll wrong -u "$THING:$KEY"
	done
	head -c 20000 /dev/zero | base64 -w 0 >wrong.b64
	enroll 413 simpleenroll wrong -u "$THING:$KEY"
	# without line breaks, and with those of others
	tr -d '\n' <device.b64 >flat.b64
	enroll 200 simpleenroll flat -u "$THING:$KEY"
	sed 's/$/\r/' device.b64 >crlf.b64
	enroll 200 simpleenroll crlf -u "$THING:$KEY" \
	    -H 'Content-Transfer-Encoding: base64'
	request other /CN=01234567-89ab-7cde-8f01-23456789abcd
	enroll 400 simpleenroll other -u "$THING:$KEY"
	says 'not for thing'
	openssl req -new -newkey rsa:1024 -nodes -keyout weak.key -subj /CN=x \
	    -outform der -out weak.csr 2>/dev/null
	openssl base64 -in weak.csr -out weak.b64
	enroll 400 simpleenroll weak -u "$THING:$KEY"
	says 'less than 2048 bits is too weak'
	# a signature that is not by that key
	{ head -c -20 device.csr; head -c 20 other.csr; } >forged.csr
	openssl base64 -in forged.csr -out forged.b64
	enroll 400 simpleenroll forged -u "$THING:$KEY"
	local i
	for i in {3..20}; do
		enroll 200 simpleenroll device -u "$THING:$KEY"
	done
	enroll 429 simpleenroll device -u "$THING:$KEY"
	# an address that guesses has to wait, and an other one does not
	kill "$API"
	await 30 gone "$API"
	serve_api --est --attempts 1
	for i in {1..10}; do
		enroll 401 simpleenroll device -u "$THING:wrong"
	done
	enroll 429 simpleenroll device -u "$THING:$KEY"
	grep -qi '^retry-after: ' head
	enroll 200 simpleenroll device -u "$THING:$KEY" --interface 127.0.0.2
}

@test "a challenge password ties a request to its connection, or is refused" {
	serve_api --est
	new_key device
	local version
	for version in 1.2 1.3; do
		[[ $("$ROOT/tests/est_bound.py" "$PORT" ca.crt "$THING" "$KEY" \
		    device.key "$version" bound) == 200 ]]
		"$ROOT/tests/est_bound.py" "$PORT" ca.crt "$THING" "$KEY" \
		    device.key "$version" other >answer
		grep -q ^400 answer
		says 'not the channel binding of this connection'
	done
}

@test "a replica issues nothing, and says where" {
	mkdir -m 700 b
	mfx-registry start --bus "$PWD/bus" --name a
	mfx-registry snapshot snapshot
	mv snapshot b/registry.db
	cp -p "$MFX_HOME/master.key" b/
	request device
	MFX_HOME=$PWD/b serve_api --est --closed \
	    --primary https://primary.example
	enroll 503 simpleenroll device -u "$THING:$KEY"
	says 'issued at https://primary.example/.well-known/est'
	enroll 401 simpleenroll device -u "$THING:no"
	wants 200 "$EST/cacerts"
	kill "$API"
	await 30 gone "$API"
	MFX_HOME=$PWD/b serve_api --est --closed
	enroll 503 simpleenroll device -u "$THING:$KEY"
	says "made on 'a'"
}

@test "clauses.tsv: each clause has a test that is there, or a reason" {
	clauses_shown est/clauses.tsv 25
}
