#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# OCSP (RFC 6960, RFC 5019): what openssl, curl and nginx make of the answers.
load setup
load site
load tls
load certs_api

setup_suite_test() {
	make_ca_site
	mfx-certs issue "$THING" --out device
	mv "device/$THING.crt" a.crt
}

# serve_ocsp [OPTION…]: at $OCSP, without TLS, and nothing else there
serve_ocsp() {
	free_port PLAIN
	OCSP=http://127.0.0.1:$PLAIN/ocsp
	serve_api --ocsp-listen "127.0.0.1:$PLAIN" "$@"
}

# status_of [OPENSSL-OPTION…]: what openssl says of them
status_of() {
	openssl ocsp -issuer ca.crt -CAfile ca.crt -url "$OCSP" "$@" \
	    >said 2>&1 || { cat said; return 1; }
	cat said
}

# question FILE: a request for it in question.der, and in base64 in $QUESTION
question() {
	openssl ocsp -issuer ca.crt -cert "$1" -no_nonce -reqout question.der
	QUESTION=$(openssl base64 -A -in question.der)
}

# get TEXT: asks by GET; the head is in `head`, the answer in answer.der
get() {
	curl -sS -m 20 -D head.crlf -o answer.der --path-as-is "$OCSP/$1"
	tr -d '\r' <head.crlf >head
	openssl ocsp -issuer ca.crt -CAfile ca.crt -respin answer.der \
	    -no_nonce "${@:2}" >said 2>&1 || { cat said; return 1; }
}

# error STATUS FILE: posts it, and OpenSSL says so of the answer
error() {
	curl -sS -m 20 -o answer.der -H 'Content-Type: application/ocsp-request' \
	    --data-binary "@$2" "$OCSP"
	openssl ocsp -respin answer.der >said 2>&1 || true
	grep -q "Responder Error: $1" said || { cat said; return 1; }
}

@test "openssl: good, revoked with its reason, on hold, unknown; a nonce; any hash" {
	serve_ocsp
	local hash
	for hash in sha1 sha256 sha384 sha512; do
		status_of "-$hash" -cert a.crt >got
		grep -qx 'a.crt: good' got
		grep -q 'Response verify OK' got
		refute grep -q 'no nonce in response' got
	done
	# of several at once; a server's is as that of a thing
	status_of -cert a.crt -cert server/localhost.crt \
	    -serial 0x0123456789 >got
	grep -qx 'a.crt: good' got
	grep -qx 'server/localhost.crt: good' got
	grep -qx '0x0123456789: unknown' got
	# a serial of our form that was never issued
	status_of -serial 0x0123456789abcdef0123456789abcdef |
		grep -q ': unknown'
	mfx-things disable "$THING"
	held() { status_of -cert a.crt | grep -q 'certificateHold'; }
	await 5 held
	mfx-things enable "$THING"
	good() { status_of -cert a.crt | grep -q 'a.crt: good'; }
	await 5 good
	mfx-certs revoke --reason key "$THING"
	revoked() { status_of -cert a.crt | grep -q 'a.crt: revoked'; }
	await 5 revoked
	grep -q 'Reason: keyCompromise' said
	# with its thing, which says no reason of its own
	THING=$(mfx-things create | jq -r .id)
	mfx-certs issue "$THING" >b.crt
	status_of -cert b.crt | grep -qx 'b.crt: good'
	mfx-things remove "$THING"
	revoked() { status_of -cert b.crt | grep -q 'b.crt: revoked'; }
	await 5 revoked
	grep -q 'Reason: cessationOfOperation' said
	# of another CA, which none of ours may answer for
	authority away
	certificate foreign away /CN=x ''
	openssl ocsp -issuer away.crt -cert foreign.crt -reqout q.der
	error 'unauthorized (6)' q.der
	# one that is made later answers, too
	mfx-certs ca init later
	mfx-certs ca show later >ca.crt
	mfx-certs issue --ca later "$(mfx-things create | jq -r .id)" >c.crt
	later() { status_of -cert c.crt | grep -qx 'c.crt: good'; }
	await 5 later
	silent "$PID_ERR"
}

@test "GET: in base64, kept by caches and here, until the status is another one" {
	serve_ocsp
	question a.crt
	local encoded
	encoded=$(jq -rn --arg q "$QUESTION" '$q | @uri')
	get "$encoded" -cert a.crt
	grep -qx 'a.crt: good' said
	grep -q '^Content-Type: application/ocsp-response$' head
	grep -q '^Cache-Control: max-age=1[78][0-9][0-9], public, no-transform, must-revalidate$' head
	grep -q '^ETag: "' head
	# RFC 5019 6.2: the times are those of the answer
	[[ $(date -d "$(sed -n 's/^Last-Modified: //p' head)" +%s) == \
	    $(date -d "$(sed -n 's/.*This Update: //p' said)" +%s) ]]
	[[ $(date -d "$(sed -n 's/^Expires: //p' head)" +%s) == \
	    $(date -d "$(sed -n 's/.*Next Update: //p' said)" +%s) ]]
	# as some clients send it, and as POST has it: the same answer
	cp answer.der first.der
	get "$QUESTION" -cert a.crt
	cmp first.der answer.der
	curl -sS -o answer.der -H 'Content-Type: application/ocsp-request' \
	    --data-binary @question.der "$URL/ocsp" --cacert ca.crt
	cmp first.der answer.der
	[[ $(curl -sSI "$OCSP/$encoded" | head -n 1) == *200* ]]
	# one with a nonce is for its client alone
	openssl ocsp -issuer ca.crt -cert a.crt -reqout nonce.der
	curl -sS -D head -o answer.der -H 'Content-Type: application/ocsp-request' \
	    --data-binary @nonce.der "$OCSP"
	refute cmp -s first.der answer.der
	grep -qi '^cache-control: no-store' head
	mfx-certs revoke "$THING"
	revoked() { get "$encoded" -cert a.crt && grep -q 'a.crt: revoked' said; }
	await 5 revoked
}

@test "a delegate: the CA's key is not here, and only what it issued for OCSP serves" {
	mfx-certs ca init --outside far.key far
	mfx-certs ca show far >ca.crt
	mfx-certs issue --ca far "$THING" >a.crt
	mfx-certs ocsp --ca far --days 30 --out delegate answers
	openssl x509 -in delegate/answers.crt -noout -text >text
	grep -q 'OCSP Signing' text
	grep -q 'OCSP No Check' text
	refute grep -q 'Client Authentication' text
	openssl verify -x509_strict -CAfile ca.crt delegate/answers.crt
	status 65 mfx-certs renew "$(serial delegate/answers.crt)" 2>err
	grep -q "another one with 'mfx-certs ocsp'" err
	mv far.key away.key
	serve_ocsp
	openssl ocsp -issuer ca.crt -cert a.crt -reqout q.der
	error 'unauthorized (6)' q.der
	kill "$API"
	await 30 gone "$API"
	cat ca.crt delegate/ca.crt >/dev/null
	mfx-certs ca show ca >tls.crt
	cp ca.crt far.crt
	cp tls.crt ca.crt
	serve_ocsp --ocsp-cert delegate/answers.crt \
	    --ocsp-key delegate/answers.key
	cp far.crt ca.crt
	status_of -cert a.crt -resp_text >got
	grep -qx 'a.crt: good' got
	grep -q 'Response verify OK' got
	grep -q 'OCSP Signing' got
	# it is read again, and one that is wrong changes nothing
	cp server/localhost.crt delegate/answers.crt
	kill -HUP "$API"
	await 20 grep -q 'ocsp-cert.*the private key is not that of' "$PID_ERR"
	status_of -cert a.crt | grep -qx 'a.crt: good'
	kill "$API"
	await 30 gone "$API"
	cp tls.crt ca.crt
	local refuses=(mfx-api -l 127.0.0.1:0 --ocsp-key)
	status 64 "${refuses[@]}" delegate/answers.key 2>err
	grep -q -- '--ocsp-cert and --ocsp-key go together' err
	status 78 "${refuses[@]}" server/localhost.key \
	    --ocsp-cert server/localhost.crt 2>err
	grep -q 'the certificate is not for OCSP' err
	status 64 mfx-api -l 127.0.0.1:0 --ocsp ftp://a/b 2>err
	grep -q 'begins with http:// or https://' err
}

@test "a new delegate signs at once, and another registry has CAs of its own" {
	mfx-certs ocsp --days 30 --out delegate answers
	mfx-certs ocsp --days 30 --out next answers
	serve_ocsp --est --ocsp-cert delegate/answers.crt \
	    --ocsp-key delegate/answers.key
	question a.crt
	# signed WITH: that certificate is in the answer
	signed() {
		get "$QUESTION" -cert a.crt -resp_text &&
			tr -d ' :\n' <said | grep -q "$(serial "$1")"
	}
	signed delegate/answers.crt
	cp next/answers.crt next/answers.key delegate
	kill -HUP "$API"
	await 5 signed next/answers.crt
	kill "$API"
	await 30 gone "$API"
	serve_ocsp --est
	wants 200 "$EST/cacerts"
	cp answer ours
	# one that has made as many
	MFX_HOME=$PWD/other mfx-users create "$MFX_USER" \
	    --password-file - <<<'correct horse'
	MFX_HOME=$PWD/other mfx-certs ca init
	mv "$MFX_HOME" was
	mv other "$MFX_HOME"
	others() { wants 200 "$EST/cacerts" && refute cmp -s ours answer; }
	await 20 others
	openssl ocsp -issuer ca.crt -cert a.crt -reqout q.der
	error 'unauthorized (6)' q.der
}

@test "malformed, too long, too many, critical: said in OCSP, and bounded" {
	local extensions
	serve_ocsp
	question a.crt
	# an extension that is critical, and that nobody knows
	cat >critical.cnf <<-END
	asn1 = SEQUENCE:request
	[request]
	tbs = SEQUENCE:tbs
	[tbs]
	list = SEQUENCE:list
	extensions = EXPLICIT:2,SEQUENCE:extensions
	[list]
	one = SEQUENCE:one
	[one]
	id = SEQUENCE:id
	[id]
	hash = SEQUENCE:hash
	name = FORMAT:HEX,OCT:0123456789012345678901234567890123456789
	key = FORMAT:HEX,OCT:0123456789012345678901234567890123456789
	serial = INTEGER:1
	[hash]
	oid = OID:sha1
	[extensions]
	one = SEQUENCE:extension
	[extension]
	oid = OID:1.2.3.4
	critical = BOOLEAN:CRITICAL
	value = FORMAT:HEX,OCT:0500
	END
	sed 's/CRITICAL/false/' critical.cnf >plain.cnf
	sed -i 's/CRITICAL/true/' critical.cnf
	for extensions in critical plain; do
		openssl asn1parse -genconf $extensions.cnf -noout \
		    -out $extensions.der
	done
	error 'malformedrequest (1)' critical.der
	error 'unauthorized (6)' plain.der
	head -c 50 question.der >cut.der
	error 'malformedrequest (1)' cut.der
	{ cat question.der; printf '\0'; } >more.der
	error 'malformedrequest (1)' more.der
	# nine certificates, where eight may be
	openssl ocsp -issuer ca.crt -reqout many.der \
	    $(printf -- '-serial %s ' {1..9})
	error 'malformedrequest (1)' many.der
	openssl ocsp -issuer ca.crt -reqout many.der \
	    $(printf -- '-serial %s ' {1..8})
	curl -sS -o answer.der -H 'Content-Type: application/ocsp-request' \
	    --data-binary @many.der "$OCSP"
	[[ $(openssl ocsp -respin answer.der -noverify -resp_text |
	    grep -c 'Cert Status: unknown') == 8 ]]
	get AAAA || true
	grep -q 'malformedrequest (1)' said
	get '!' || true
	grep -q 'malformedrequest (1)' said
	head -c 5000 /dev/zero >long.der
	wants 413 -H 'Content-Type: application/ocsp-request' \
	    --data-binary @long.der "$URL/ocsp"
	wants 415 --data-binary @question.der "$URL/ocsp"
	# there is nothing else without TLS
	wants 404 "http://127.0.0.1:$PLAIN/version"
	wants 404 "http://127.0.0.1:$PLAIN/things"
	wants 405 -X PUT "$URL/ocsp"
}

@test "nginx staples it, and curl asks for that" {
	# curl wants the CA in the chain that it is sent
	mfx-certs ca init --parent ca line
	serve_ocsp
	mfx-certs server localhost 127.0.0.1 --ca line --ocsp "$OCSP" --out stapled
	mfx-certs ca show line >chain.crt
	local port
	free_port port
	mkdir -p nginx
	cat >nginx.conf <<-END
	pid nginx.pid;
	error_log nginx.log info;
	daemon off; master_process off;
	events { }
	http {
		access_log off;
		client_body_temp_path nginx; proxy_temp_path nginx;
		fastcgi_temp_path nginx; uwsgi_temp_path nginx;
		scgi_temp_path nginx;
		server {
			listen 127.0.0.1:$port ssl;
			ssl_certificate stapled/localhost.crt;
			ssl_certificate_key stapled/localhost.key;
			ssl_trusted_certificate chain.crt;
			ssl_stapling on;
			ssl_stapling_verify on;
			return 200 fine;
		}
	}
	END
	start nginx -p "$PWD" -c nginx.conf -e nginx.log
	# the first client makes it ask
	stapled() { [[ $(ask --cert-status "https://127.0.0.1:$port/") == fine ]]; }
	await 20 stapled
	refute ask --cert-status "$URL/version"
}
