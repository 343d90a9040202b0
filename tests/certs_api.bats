#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Certificates over REST, as Mainflux's certs service has them: what is issued,
# refused and revoked, and what open connections come to.
load setup
load site
load tls
load certs_api

setup_suite_test() {
	make_ca_site
}

# issue STATUS MEMBERS: of $THING, unless they name another one
issue() {
	wants "$1" -H @headers -d "{\"thing_id\":\"$THING\"${2:+,$2}}" \
	    "$URL/certs"
}

# take NAME: the certificate and the key of the last answer
take() {
	jq -j .client_cert answer >"$1.crt"
	jq -j .client_key answer >"$1.key"
}

@test "issued: the key once, a time, an OCSP and a CRL, and an adapter takes it" {
	serve_api --ocsp http://ocsp.example/ocsp --crl-url http://crl.example/a.crl
	log_in
	issue 201 '"key_type":"rsa","key_bits":2048,"ttl":"10h"'
	grep -qi '^cache-control: no-store' head
	jq -e '.private_key_type == "rsa" and .key_bits == 2048 and
	    .status == "valid" and .expiration == .expires_at and
	    .ca_chain == [.issuing_ca]' answer
	take a
	jq -j .issuing_ca answer | cmp - ca.crt
	openssl verify -x509_strict -purpose sslclient -CAfile ca.crt a.crt
	cmp <(openssl pkey -in a.key -pubout) \
	    <(openssl x509 -in a.crt -noout -pubkey)
	openssl x509 -in a.crt -noout -text >text
	grep -q 'OCSP - URI:http://ocsp.example/ocsp$' text
	grep -q 'URI:http://crl.example/a.crl$' text
	openssl x509 -in a.crt -noout -checkend 35000
	refute openssl x509 -in a.crt -noout -checkend 36100
	# what was issued is there, and its key is nowhere
	wants 200 -H @headers "$URL/certs/$(serial a.crt)"
	jq -j .client_cert answer | cmp - a.crt
	refute says client_key
	refute grep -rqaF "$(sed -n 5p a.key)" "$MFX_HOME" "$PID_ERR"
	# one for each type of key, and one for a key that the device has
	issue 201 '"key_type":"ec","key_bits":384'
	issue 201 '"key_type":"ed25519"'
	issue 201
	take b
	openssl pkey -in b.key -noout -text | grep -q P-256
	request c
	issue 201 "\"csr\":$(openssl req -inform der -in c.csr | jq -sR .)"
	jq -e 'has("client_key") | not' answer
	wants 200 -H @headers "$URL/serials/$THING?limit=2&offset=3"
	jq -e '.total == 5 and (.certs | length) == 2 and
	    .certs[0].thing_id == "'"$THING"'"' answer
	[[ $(mfx-certs list "$THING" | wc -l) == 5 ]]
	mfx-events | grep -c '"certificate.issue"' | grep -qx 6
	local api=$PORT
	PORT=
	serve -o raw --tls-cert server/localhost.crt \
	    --tls-key server/localhost.key --tls-ca ca.crt
	[[ $(ask -o /dev/null -w '%{http_code}' --cert b.crt --key b.key \
	    -d '[{"n":"t","v":1}]' "${MESSAGES/http:/https:}") == 202 ]]
	# and refuses it at once when it is revoked
	PORT=$api
	wants 200 -X DELETE -H @headers "$URL/certs/$(serial b.crt)?reason=key"
	jq -e '.revocation_time | test("Z$")' answer
	refused() {
		[[ $(ask -o /dev/null -w '%{http_code}' --cert b.crt \
		    --key b.key -d '[{"n":"t","v":1}]' \
		    "${MESSAGES/http:/https:}") == 403 ]]
	}
	await 5 refused
	wants 404 -X DELETE -H @headers "$URL/certs/$(serial b.crt)"
	# by the thing: all that are left
	wants 200 -X DELETE -H @headers "$URL/certs/$THING"
	[[ $(mfx-certs list "$THING" | jq -r .status | sort -u) == revoked ]]
}

@test "refused: others' things, weak keys, requests of other things, no CA, a CA that expired" {
	serve_api
	log_in
	issue 400 '"key_type":"rsa","key_bits":1024'
	says 'rsa with 2048, 3072 or 4096'
	issue 400 '"ttl":"0"'
	says 'from 1m to 36500d'
	openssl req -new -newkey rsa:1024 -nodes -keyout weak.key \
	    -subj "/CN=$THING" -out weak.pem 2>/dev/null
	issue 400 "\"csr\":$(jq -sR . <weak.pem)"
	says 'less than 2048 bits is too weak'
	request other /CN=01234567-89ab-7cde-8f01-23456789abcd
	issue 400 "\"csr\":$(openssl req -inform der -in other.csr | jq -sR .)"
	says "is for '01234567-89ab-7cde-8f01-23456789abcd', not for thing"
	issue 400 '"csr":"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"'
	says 'not a certificate request'
	# another user sees nothing of it, and revokes nothing
	issue 201
	take a
	MFX_USER=bob@example.com
	mfx-users create "$MFX_USER" --password-file - <<<'correct horse'
	log_in
	issue 404
	wants 404 -H @headers "$URL/certs/$(serial a.crt)"
	wants 404 -H @headers "$URL/serials/$THING"
	wants 404 -X DELETE -H @headers "$URL/certs/$(serial a.crt)"
	wants 404 -X DELETE -H @headers "$URL/certs/$THING"
	# nor one of a server, which is no user's
	wants 404 -H @headers "$URL/certs/$(serial server/localhost.crt)"
	wants 404 -X DELETE -H @headers \
	    "$URL/certs/$(serial server/localhost.crt)"
	[[ $(MFX_USER= mfx-certs list | jq -r .status | sort -u) == valid ]]
	# a CA that has expired: it is put into the registry as it is
	THING=$(mfx-things create | jq -r .id)
	authority old
	openssl req -x509 -new -key old.key -days 1 -subj /CN=old -out old.crt
	MFX_USER= mfx-certs ca import --cert old.crt --key-file old.key old
	issue 201
	kill "$API"
	await 30 gone "$API"
	certificate expired ca2 /CN=x '' 2>/dev/null || true
	authority ca2
	certificate late ca2 /CN=late '' clientAuth 0
	sqlite3 "$MFX_HOME/registry.db" "UPDATE authorities SET
	    certificate = x'$(openssl x509 -in late.crt -outform der |
	    od -An -v -tx1 | tr -d ' \n')', key_box = NULL,
	    outside = '$PWD/late.key' WHERE name = 'old'"
	serve_api
	log_in
	issue 503
	says "the CA 'old' expired at 2020-02-01"
	grep -q "the CA 'old' expired" "$PID_ERR"
	kill "$API"
	await 30 gone "$API"
	serve_api --ca ca
	log_in
	issue 201
	kill "$API"
	await 30 gone "$API"
	sqlite3 "$MFX_HOME/registry.db" 'PRAGMA foreign_keys = 0;
	    DELETE FROM authorities'
	serve_api
	log_in
	issue 503
	says "make one with 'mfx-certs ca init'"
	# and is noticed when it is made
	MFX_USER= mfx-certs ca init again
	issued() { issue 201; }
	await 5 issued
}

@test "limits: 20 an hour for a thing, and others go on; RSA keys hold up no other" {
	local i
	serve_api
	log_in
	for i in {1..20}; do
		issue 201
	done
	issue 429
	says 'too many certificates for this thing'
	grep -qi '^retry-after: [1-9]' head
	# what was refused counts for nothing
	THING=$(mfx-things create | jq -r .id)
	for i in {1..21}; do
		issue 400 '"csr":"x"'
	done
	# three keys of 4096 bits wait for each other, and this one for none
	for i in 1 2 3; do
		ask -o "rsa.$i" -H @headers -d "{\"thing_id\":\"$THING\",
		    \"key_type\":\"rsa\",\"key_bits\":4096}" "$URL/certs" &
		PIDS+=($!)
	done
	issue 201
	refute [ -s rsa.3 -a -s rsa.2 -a -s rsa.1 ]
}

@test "mfx-certs --url: issues, signs, lists and revokes there" {
	serve_api
	local token
	log_in
	(umask 077; sed -n 's/^Authorization: //p' headers >token)
	export MFX_URL=$URL MFX_CACERT=$PWD/ca.crt
	there() { MFX_HOME=$PWD/nothing mfx-certs "$@" --token-file token; }
	there issue "$THING" -t p384 --days 3 >a.pem
	openssl x509 -in a.pem -out a.crt
	openssl pkey -in a.pem -noout -text | grep -q P-384
	openssl verify -CAfile ca.crt a.crt
	openssl x509 -in a.crt -noout -checkend 250000
	refute openssl x509 -in a.crt -noout -checkend 260000
	new_key device
	openssl req -new -key device.key -subj /CN=device -outform der \
	    -out device.csr
	there sign "$THING" device.csr >b.crt
	refute grep -q 'PRIVATE KEY' b.crt
	cmp <(openssl pkey -in device.key -pubout) \
	    <(openssl x509 -in b.crt -noout -pubkey)
	[[ $(there list "$THING" | jq -r .status | sort | uniq -c | xargs) == \
	    '2 valid' ]]
	there revoke --reason key "$(serial a.crt)"
	there list "$(serial a.crt)" | jq -e '.status == "revoked" and
	    .revoked >= .issued and .expires > .revoked'
	# as it is here
	diff <(there list "$THING" | jq 'del(.ca)') \
	    <(MFX_URL= mfx-certs list "$THING" | jq 'del(.ca)')
	status 1 there revoke "$(serial a.crt)" 2>err
	grep -q 'no valid certificate' err
	status 1 there issue 01234567-89ab-7cde-8f01-23456789abcd 2>err
	status 64 there issue --ca ca "$THING" 2>err
	status 64 there renew --out p12 "$THING" 2>err
	# without operands: those of all of the user's things
	MFX_URL= mfx-things create | jq -r .id >other
	there issue "$(<other)" >c.pem
	diff <(there list | jq -r .serial | sort) <(MFX_URL= mfx-certs list |
	    jq -r 'select(.thing != "") | .serial' | sort)
	# the last one again, with its key or another one
	there renew "$THING" >d.crt
	refute grep -q 'PRIVATE KEY' d.crt
	cmp <(openssl pkey -in device.key -pubout) \
	    <(openssl x509 -in d.crt -noout -pubkey)
	there renew --new-key -t p384 --replace --days 2 "$(serial d.crt)" >e.pem
	openssl pkey -in e.pem -noout -text | grep -q P-384
	there list "$(serial d.crt)" | jq -e '.status == "revoked"'
	status 1 there renew "$(serial d.crt)" 2>err
	grep -q 'that is not revoked' err
	status 1 there renew 01234567-89ab-7cde-8f01-23456789abcd 2>err
	# many, as lines: what is printed is issued, up to the one that can't be
	printf '{"id":"%s"}\n' "$THING" "$(<other)" \
	    01234567-89ab-7cde-8f01-23456789abcd "$THING" >things
	status 65 there issue -f things >lines 2>err
	grep -q "things:3: no thing '01234567.*; 2 of 4 certificates" err
	jq -se --arg a "$THING" --arg b "$(<other)" 'map(.thing) == [$a, $b]' \
	    lines
	jq -j .key lines | grep -c BEGIN | grep -qx 2
	jq -j .certificate lines >f.pem
	openssl verify -CAfile ca.crt f.pem
	[[ $(there list "$(serial f.pem)" | jq .expires) == \
	    "$(jq -s ".[0].expires" lines)" ]]
	[[ ! -e nothing ]]
}

@test "a user's certificates in pages, renewed, and at most so many" {
	local first other
	serve_api --thing-certs 3 --user-certs 5
	log_in
	issue 201 '"ttl":"9d"'
	take a
	first=$(serial a.crt)
	issue 201 '"ttl":"8d"'
	# in order of their end, and with those that are revoked
	other=$(jq -r .cert_serial answer)
	wants 200 -X DELETE -H @headers "$URL/certs/$other"
	wants 200 -H @headers "$URL/certs?limit=1"
	jq -e --arg s "$other" '.total == 2 and .limit == 1 and
	    [.certs[].cert_serial] == [$s] and .certs[0].status == "revoked"' \
	    answer
	wants 200 -H @headers "$URL/certs?offset=1"
	jq -e --arg s "$first" '[.certs[].cert_serial] == [$s]' answer
	wants 400 -H @headers "$URL/certs?limit=101"
	wants 400 -H @headers "$URL/certs?x=1"
	wants 403 "$URL/certs"
	# a renewal is one more, which a revoked one is not taken for
	wants 404 -X POST -H @headers "$URL/certs/$other/renew"
	says 'that is not revoked'
	wants 400 -X POST -H @headers "$URL/certs/$first/renew?key_type=rsa"
	wants 404 -X POST -H @headers "$URL/certs/${first%?}x/renew"
	wants 201 -X POST -H @headers "$URL/certs/$first/renew?replace=true"
	jq -e 'has("client_key") | not' answer
	jq -j .client_cert answer >b.crt
	cmp <(openssl x509 -in a.crt -noout -pubkey) \
	    <(openssl x509 -in b.crt -noout -pubkey)
	wants 200 -H @headers "$URL/certs/$first"
	says '"status":"revoked"'
	# those that were revoked count until their end
	issue 403
	says 'this thing has 3 certificates that have not expired'
	wants 403 -X POST -H @headers "$URL/certs/$(serial b.crt)/renew"
	sqlite3 "$MFX_HOME/registry.db" "UPDATE certificates SET expires = 1
	    WHERE serial = '$other'"
	issue 201
	THING=$(mfx-things create | jq -r .id)
	issue 201
	issue 201
	issue 403
	says 'the owner of this thing has 5 certificates that have not expired'
	# the administrator's own are not bound
	mfx-certs issue "$THING" >c.pem
	# another user has none of them
	MFX_USER=bob@example.com
	mfx-users create "$MFX_USER" --password-file - <<<'correct horse'
	log_in
	wants 200 -H @headers "$URL/certs"
	jq -e '.total == 0 and .certs == []' answer
	wants 404 -X POST -H @headers "$URL/certs/$(serial b.crt)/renew"
}

@test "another registry: its CAs issue, though --ocsp-cert is not of one of them" {
	mfx-certs ocsp --out pem >ocsp.pem
	serve_api --ocsp-cert ocsp.pem --ocsp-key ocsp.pem
	log_in
	issue 201
	cp -r "$MFX_HOME" other
	MFX_HOME=$PWD/other mfx-certs ca init second
	MFX_HOME=$PWD/other sqlite3 other/registry.db "PRAGMA foreign_keys = 0;
	    DELETE FROM authorities WHERE name = 'ca'"
	mv other/registry.db "$MFX_HOME/registry.db"
	of_second() {
		issue 201 && jq -j .issuing_ca answer |
		    cmp -s - <(mfx-certs ca show second)
	}
	await 30 of_second
	grep -q -- '--ocsp-cert' "$PID_ERR"
}

# stays N: that many connections are open
stays() {
	(($(ask --cert admin.crt --key admin.key "$URL/metrics" |
		awk '$1 == "api_connections" { print $2 }') == $1 + 1))
}

@test "mfx-api: a revoked certificate ends its connections, and its streams" {
	mfx-certs issue "$THING" --out device
	mv "device/$THING.crt" a.crt
	mv "device/$THING.key" a.key
	ADMIN=$(mfx-things create | jq -r .id)
	mfx-certs issue "$ADMIN" --out device
	mv "device/$ADMIN.crt" admin.crt
	mv "device/$ADMIN.key" admin.key
	serve_api --require-cert
	wants 403 "$URL/version"
	says 'a valid client certificate is required'
	log_in_with() { ask() {
		curl -sS -m 20 --cacert ca.crt --cert admin.crt \
		    --key admin.key "$@"; }; log_in; }
	log_in_with
	ask() { curl -sS -m 20 --cacert ca.crt "$@"; }
	wants 200 --cert a.crt --key a.key -H @headers "$URL/things"
	# one that waits for events, one that has asked and is idle
	curl -sS -N --cacert ca.crt --cert a.crt --key a.key -H @headers \
	    "$URL/events?from=end" >events 2>events.err 3>&- &
	PIDS+=($!)
	local stream=$!
	"$ROOT/tests/tls_idle.py" "$PORT" ca.crt a.crt a.key >idle 3>&- &
	PIDS+=($!)
	local idle=$!
	await 20 grep -q 200 idle
	await 20 stays 2
	mfx-certs revoke "$THING"
	await 20 gone "$stream"
	await 20 gone "$idle"
	grep -q closed idle
	wants 403 --cert a.crt --key a.key -H @headers "$URL/things"
	says 'the client certificate is revoked'
	# others stay
	wants 200 --cert admin.crt --key admin.key -H @headers "$URL/things"
	# and a thing that is disabled has no access with its certificate
	mfx-things disable "$ADMIN"
	disabled() {
		wants 403 --cert admin.crt --key admin.key "$URL/version"
	}
	await 5 disabled
	silent "$PID_ERR"
}
