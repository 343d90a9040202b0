#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-certs: what it issues, as OpenSSL and servers see it, what it refuses,
# and what it revokes.
load setup
load site
load coap
load mqtt
load tls
load ws

setup_suite_test() {
	make_site
}

db() {
	sqlite3 "$MFX_HOME/registry.db" "$@"
}

# fails STATUS WORDS COMMAND…: with that status, and these words on stderr
fails() {
	local want=$1 words=$2
	shift 2
	status "$want" "$@" >out 2>err || { cat err; return 1; }
	grep -qF -- "$words" err || { echo "not '$words':"; cat err; return 1; }
}

# shown FILE FIELD…: as openssl x509 shows it
shown() {
	openssl x509 -in "$1" -noout "${@:2}"
}

serial() {
	shown "$1" -serial | sed 's/.*=//' | tr A-F a-f
}

one_ca() {
	mfx-certs ca init >/dev/null
	mfx-certs ca show >ca.crt
}

# ---- CAs ----

@test "a CA: its certificate is one, its key is sealed, its name is its own" {
	fails 78 "make one with 'mfx-certs ca init'" mfx-certs ca show
	fails 78 "make one with 'mfx-certs ca init'" mfx-certs issue "$THING"
	one_ca
	openssl verify -x509_strict -CAfile ca.crt ca.crt
	shown ca.crt -ext basicConstraints,keyUsage | tr -d '\n' |
		grep -q 'critical *CA:TRUE, pathlen:1.*critical *Certificate Sign, CRL Sign'
	mfx-certs ca list | jq -e '.name == "ca" and .key == "sealed" and
	    .above == 0 and (.subject | test("^/CN=mfx ca [0-9a-f]{8}$"))'
	fails 65 "a CA named 'ca' exists" mfx-certs ca init
	fails 64 'not one of init|import|list|show' mfx-certs ca make
	fails 64 'invalid name' mfx-certs ca init 'a b'
	mfx-certs ca init --subject 'Garden of Ann' --days 2 -t rsa2048 garden
	mfx-certs ca show garden >garden.crt
	shown garden.crt -subject | grep -q 'CN = Garden of Ann$'
	openssl x509 -in garden.crt -noout -checkend 80000
	refute openssl x509 -in garden.crt -noout -checkend 200000
	mfx-certs ca list -H | grep -q 'garden .*sealed'
	# nothing of a private key is in the file as it is
	[[ $(db "SELECT count(*) FROM authorities WHERE length(key_box) > 100
	    AND key_box NOT LIKE '%' || x'06072a8648ce3d0201' || '%'") == 2 ]]
	fails 1 "no CA 'x'" mfx-certs ca show x
	fails 1 "no CA 'x'" mfx-certs issue --ca x "$THING"
}

@test "an intermediate CA: chains that OpenSSL takes, and none below it" {
	mfx-certs ca init root
	mfx-certs ca show root >root.crt
	mfx-certs ca init --parent root line
	mfx-certs ca show line >chain.crt
	[[ $(grep -c BEGIN chain.crt) == 2 ]]
	openssl verify -x509_strict -CAfile root.crt chain.crt
	# RFC 5280 4.2.1.1
	[[ $(shown chain.crt -ext authorityKeyIdentifier | tail -n 1 | xargs) == \
	    $(shown root.crt -ext subjectKeyIdentifier | tail -n 1 | xargs) ]]
	fails 65 'may have no CA below it' mfx-certs ca init --parent line third
	mfx-certs issue "$THING" --out dir
	[[ $(grep -c BEGIN "dir/$THING.crt") == 2 ]]
	cmp dir/ca.crt root.crt
	openssl verify -x509_strict -purpose sslclient -CAfile root.crt \
	    -untrusted "dir/$THING.crt" "dir/$THING.crt"
	refute openssl verify -CAfile root.crt "dir/$THING.crt"
	mfx-certs verify "dir/$THING.crt"
	# the root is the one that is asked for
	mfx-certs issue --ca root "$THING" >by-root.pem
	openssl verify -CAfile root.crt by-root.pem
	# with that of the CA all below it are revoked
	mfx-certs revoke --reason key "$(serial chain.crt)"
	status 1 mfx-certs verify "dir/$THING.crt" >out
	grep -q 'it is revoked' out
	mfx-certs verify by-root.pem
	mfx-certs list "$(serial "dir/$THING.crt")" | jq -e '.status == "revoked"'
}

@test "a CA's key outside: made, used, and missed" {
	mfx-certs ca init --outside ca.key
	[[ $(stat -c %a ca.key) == 600 ]]
	mfx-certs ca list | jq -e '.key == "outside"'
	[[ $(db 'SELECT key_box IS NULL FROM authorities') == 1 ]]
	mfx-certs ca show >ca.crt
	cmp <(openssl pkey -in ca.key -pubout) <(shown ca.crt -pubkey)
	(cd / && mfx-certs issue "$THING") >by.pem
	openssl verify -CAfile ca.crt by.pem
	mv ca.key away
	fails 66 'ca.key: No such file' mfx-certs issue "$THING"
	new_key ca
	fails 78 "not that of its certificate" mfx-certs issue "$THING"
	chmod 640 ca.key
	fails 78 'others may read it' mfx-certs ca init --outside ca.key second
	chmod 600 ca.key
	mfx-certs ca init --outside ca.key second
	mfx-certs ca show second | openssl x509 -noout -pubkey |
		cmp - <(openssl pkey -in ca.key -pubout)
}

@test "a CA that exists: taken with its key, sealed or outside, or without" {
	authority old
	fails 65 'not that of the certificate' mfx-certs ca import old \
	    --cert old.crt --key-file <(openssl genpkey -algorithm ed25519)
	mfx-certs ca import old --cert old.crt --key-file old.key
	mfx-certs issue "$THING" >by.pem
	openssl verify -CAfile old.crt by.pem
	mfx-certs ca import same --cert old.crt --outside old.key
	authority other
	certificate one other "/CN=$THING" "URI:urn:uuid:$THING"
	status 1 mfx-certs verify one.crt >out
	mfx-certs ca import other --cert other.crt
	mfx-certs verify one.crt
	# the one made last has no key: another one signs
	mfx-certs issue "$THING" >by.pem
	openssl verify -CAfile old.crt by.pem
	fails 78 "no private key here" mfx-certs issue --ca other "$THING"
	certificate leaf other /CN=x ''
	fails 65 'not that of a CA' mfx-certs ca import leaf --cert leaf.crt
	fails 65 'not a certificate' mfx-certs ca import leaf --cert other.key
	fails 65 'not issued by the one after it' mfx-certs ca import two \
	    --cert <(cat old.crt other.crt)
	fails 64 'import needs --cert' mfx-certs ca import two
}

@test "a CA that has expired issues nothing, and is not taken" {
	mfx-certs ca init --outside ca.key
	mkdir -p db
	: >db/index
	openssl req -new -key ca.key -subj /CN=old -out ca.csr
	openssl ca -batch -selfsign -config <(printf '%s\n' '[ca]' default_ca=x \
	    '[x]' database=db/index serial=db/serial default_md=sha256 policy=p \
	    new_certs_dir=db '[p]' commonName=supplied) -create_serial \
	    -in ca.csr -keyfile ca.key -notext -extfile \
	    <(echo basicConstraints=CA:TRUE) -startdate 20200101000000Z \
	    -enddate 20200201000000Z -out old.crt 2>/dev/null
	fails 65 'the CA has expired' mfx-certs ca import old --cert old.crt
	openssl x509 -in old.crt -outform DER -out old.der
	db "UPDATE authorities SET certificate = readfile('old.der')"
	fails 78 "the CA 'ca' expired at 2020-02-01T00:00:00Z" \
	    mfx-certs issue "$THING"
	mfx-certs ca init next
	mfx-certs issue "$THING" >/dev/null
	# the list of the other one only
	mfx-certs crl | grep -c BEGIN | grep -qx 1
}

# ---- things ----

@test "issue: a certificate for a client, in every form, with every key" {
	local type
	one_ca
	mfx-certs issue "$THING" >one.pem
	openssl verify -x509_strict -purpose sslclient -CAfile ca.crt one.pem
	refute openssl verify -purpose sslserver -CAfile ca.crt one.pem
	shown one.pem -subject | grep -qx "subject=CN = $THING"
	shown one.pem -ext subjectAltName | grep -q "URI:urn:uuid:$THING$"
	shown one.pem -ext keyUsage,extendedKeyUsage,basicConstraints |
		tr -d '\n' | grep -q 'CA:FALSE.*critical *Digital Signature.*Client Auth'
	cmp <(openssl pkey -in one.pem -pubout) <(shown one.pem -pubkey)
	[[ $(serial one.pem) =~ ^[0-9a-f]{32}$ || $(serial one.pem) =~ ^1[0-9a-f]{30}$ ]]
	openssl x509 -in one.pem -noout -checkend $((364 * 86400))
	refute openssl x509 -in one.pem -noout -checkend $((366 * 86400))

	mfx-certs issue --out dir "$THING"
	[[ $(stat -c %a "dir/$THING.key" "dir/$THING.crt" dir | xargs) == '600 644 700' ]]
	openssl verify -CAfile dir/ca.crt "dir/$THING.crt"
	mfx-certs issue --out tar "$THING" | tar -tv >listed
	[[ $(awk '{ print $1, $NF }' listed | xargs) == "-rw-r--r-- ca.crt \
-rw------- $THING.key -rw-r--r-- $THING.crt" ]]
	mfx-certs issue --out json "$THING" >json
	jq -r '.key, .certificate' json >json.pem
	openssl verify -CAfile ca.crt json.pem
	jq -e --arg t "$THING" '.thing == $t and .expires > now' json
	mfx-certs list "$(jq -r .serial json)" | jq -e '.status == "valid"'
	mfx-certs issue --out p12 --password-file <(echo secret) "$THING" >one.p12
	openssl pkcs12 -in one.p12 -passin pass:secret -nodes >p12.pem
	[[ $(grep -c 'BEGIN CERT' p12.pem) == 2 ]]
	cmp <(openssl pkey -in p12.pem -pubout) <(shown p12.pem -pubkey)
	fails 65 'is empty' mfx-certs issue --out p12 --password-file /dev/null "$THING"

	for type in p256 p384 ed25519 rsa2048; do
		mfx-certs issue -t $type --days 1 "$THING" >$type.pem
		openssl verify -x509_strict -CAfile ca.crt $type.pem
		cmp <(openssl pkey -in $type.pem -pubout) <(shown $type.pem -pubkey)
	done
	mfx-certs ca init -t ed25519 ed
	mfx-certs issue "$THING" >ed.pem
	openssl verify -x509_strict -CAfile <(mfx-certs ca show ed) ed.pem
	fails 1 "no thing 'x'" mfx-certs issue x
	fails 64 'missing THING' mfx-certs issue
}

@test "issue: it ends with its CA; another's thing gets none" {
	mfx-certs ca init --days 10
	mfx-certs issue --days 100 "$THING" >one.pem
	[[ $(shown one.pem -enddate) == $(mfx-certs ca show | openssl x509 -noout -enddate) ]]
	mfx-users create bob@example.com --password-file - <<<'correct horse'
	MFX_USER=bob@example.com fails 1 "no thing '$THING'" \
	    mfx-certs issue "$THING"
	fails 1 "no thing '$THING'" mfx-certs issue --user bob@example.com "$THING"
	fails 1 "no user" mfx-certs issue --user eve@example.com "$THING"
	[[ -z $(mfx-certs list --user bob@example.com) ]]
	fails 1 'no valid certificate' mfx-certs revoke --user bob@example.com "$THING"
	(unset MFX_USER; mfx-certs issue "$THING" >/dev/null)
	[[ $(mfx-certs list | wc -l) == 2 ]]
}

@test "issue -f: one for each line, all or none to begin with" {
	local n=700
	one_ca
	yes '{"name":"m"}' | head -n $n | mfx-things create -f - >things
	mfx-certs issue -f things >issued
	[[ $(jq -r .thing issued) == $(jq -r .id things) ]]
	[[ $(mfx-certs list | jq -r .serial) == $(jq -r .serial issued) ]]
	mfx-certs issue --out all -f things
	openssl verify -CAfile ca.crt all/*-*.crt >said
	[[ $(grep -c ': OK$' said) == $n ]]
	jq -sr '.[3].certificate, .[3].key' issued >four.pem
	cmp <(openssl pkey -in four.pem -pubout) <(shown four.pem -pubkey)
	shown four.pem -subject | grep -q "$(sed -n 4p things | jq -r .id)"
	mfx-certs issue --out tar -f <(head -n 300 things) | tar -t | wc -l |
		grep -qx 601
	mfx-certs issue --out dir -f <(head -n 3 things)
	[[ $(ls dir | wc -l) == 7 ]]
	# nothing was issued for the first ones
	echo '{"id":"00000000-0000-4000-8000-000000000000"}' >>things
	fails 65 "things:$((n + 1)): no thing" mfx-certs issue -f things
	[[ $(mfx-certs list | wc -l) == $((2 * n + 303)) ]]
	fails 65 "<stdin>:1: " mfx-certs issue -f - <<<'x'
	fails 64 'not with -f' mfx-certs issue --out p12 -f <(head -n 1 things)
}

@test "sign: the device keeps its key; what the request names is checked" {
	local form
	one_ca
	new_key device
	openssl req -new -key device.key -subj /CN=whatever -out device.csr
	mfx-certs sign "$THING" device.csr >device.crt
	openssl verify -x509_strict -purpose sslclient -CAfile ca.crt device.crt
	cmp <(openssl pkey -in device.key -pubout) <(shown device.crt -pubkey)
	shown device.crt -subject | grep -qx "subject=CN = $THING"
	refute grep -q PRIVATE device.crt
	# DER, stdin, and its own names, in any case
	openssl req -new -key device.key -outform DER -subj "/CN=${THING^^}" \
	    -addext "subjectAltName=URI:URN:UUID:${THING^^},DNS:x" |
		mfx-certs sign "$THING" >device.crt
	openssl verify -CAfile ca.crt device.crt
	refute grep -q DNS <(shown device.crt -ext subjectAltName)
	for form in 'ec -pkeyopt ec_paramgen_curve:P-521' ed25519 rsa:3072; do
		openssl req -new -newkey $form -nodes -keyout x.key \
		    -subj /CN=x 2>/dev/null | mfx-certs sign "$THING" >x.crt
		openssl verify -CAfile ca.crt x.crt
	done
	fails 64 'needs a new key' mfx-certs sign --out p12 "$THING" device.csr
}

@test "sign: a request that is malformed, weak, or for another thing" {
	local other form
	one_ca
	other=$(mfx-things create | jq -r .id)
	new_key device
	openssl req -new -key device.key -subj "/CN=$other" -out cn.csr
	fails 65 "is for '$other', not for thing '$THING'" \
	    mfx-certs sign "$THING" cn.csr
	openssl req -new -key device.key -subj /CN=x -out san.csr \
	    -addext "subjectAltName=URI:urn:uuid:$THING,URI:urn:uuid:$other"
	fails 65 "is for '$other'" mfx-certs sign "$THING" san.csr
	openssl req -new -key device.key -subj "/CN=$THING/CN=$other" -out two.csr
	fails 65 "is for '$other'" mfx-certs sign "$THING" two.csr
	openssl req -new -key device.key -subj /CN=x -out none.csr \
	    -addext "subjectAltName=URI:urn:uuid:x"
	fails 65 "is for 'x'" mfx-certs sign "$THING" none.csr
	for form in rsa:1024 'ec -pkeyopt ec_paramgen_curve:P-192' \
	    'ec -pkeyopt ec_paramgen_curve:secp256k1'; do
		openssl req -new -newkey $form -nodes -keyout x.key -subj /CN=x \
		    -out weak.csr 2>/dev/null
		fails 65 'weak.csr: refused: ' mfx-certs sign "$THING" weak.csr
	done
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
	    -pkeyopt rsa_keygen_pubexp:3 -out x.key 2>/dev/null
	openssl req -new -key x.key -subj /CN=x -out weak.csr
	fails 65 'exponent' mfx-certs sign "$THING" weak.csr
	# another key than the one that signed
	openssl req -new -key device.key -subj /CN=x -outform DER -out good.der
	python3 - good.der <<-'END' >bad.der
	import sys
	b = bytearray(open(sys.argv[1], 'rb').read())
	b[-1] ^= 1
	sys.stdout.buffer.write(b)
	END
	fails 65 'not by its own key' mfx-certs sign "$THING" bad.der
	head -c 60 good.der >cut.der
	for form in /dev/null ca.crt device.key cut.der; do
		fails 65 'certificate request' mfx-certs sign "$THING" $form
	done
	fails 65 ': over 65537 bytes' mfx-certs sign "$THING" <(head -c 100000 /dev/zero)
	(cat good.der; echo x) >after.der
	fails 65 'not a certificate request' mfx-certs sign "$THING" after.der
	fails 66 'nowhere' mfx-certs sign "$THING" nowhere
	[[ -z $(mfx-certs list) ]]
}

# ---- servers ----

@test "server: names and addresses, and what is neither" {
	local name
	one_ca
	mfx-certs server mfx.example.com '*.example.com' 127.0.0.1 ::1 --out dir
	openssl verify -x509_strict -purpose sslserver -CAfile ca.crt \
	    -verify_hostname a.example.com dir/mfx.example.com.crt
	for name in 127.0.0.1 ::1; do
		openssl verify -CAfile ca.crt -verify_ip $name \
		    dir/mfx.example.com.crt
	done
	refute openssl verify -CAfile ca.crt -verify_hostname example.org \
	    dir/mfx.example.com.crt
	mfx-certs list | jq -e '.thing == "" and
	    .name == "mfx.example.com,*.example.com,127.0.0.1,::1"'
	for name in '' a..b a- 'a b' a/b 'x.*' "$(printf '%064d' 0)" 'ü'; do
		fails 64 "'$name': " mfx-certs server a "$name" --out dir
	done
	# longer than a common name may be
	name=$(printf '%060d.%060d' 0 0)
	mfx-certs server "$name" >long.pem
	openssl verify -x509_strict -CAfile ca.crt -verify_hostname "$name" long.pem
}

# ---- revocation ----

@test "revoke: by serial and by thing; lists that OpenSSL takes" {
	local a b
	one_ca
	mfx-certs issue "$THING" >a.pem
	mfx-certs issue "$THING" >b.pem
	mfx-certs issue "$THING" >c.pem
	a=$(serial a.pem)
	mfx-certs verify a.pem | grep -q "^valid until .*: serial $a, thing $THING$"
	mfx-certs crl -o crl.pem
	openssl crl -in crl.pem -CAfile ca.crt -noout
	openssl verify -crl_check -CAfile ca.crt -CRLfile crl.pem a.pem
	# in capitals and with colons, as others print it
	mfx-certs revoke --reason key "$(sed 's/../&:/g; s/:$//' <<<"${a^^}")"
	status 1 mfx-certs verify a.pem >out
	[[ $(<out) == "not valid: serial $a: it is revoked" ]]
	mfx-certs crl >crl2.pem
	[[ $(openssl crl -in crl2.pem -noout -crlnumber) == crlNumber=0x02 ]]
	openssl crl -in crl2.pem -noout -text | grep -A 4 -i "$a" | grep -q 'Key Compromise'
	status 2 openssl verify -crl_check -CAfile ca.crt -CRLfile crl2.pem a.pem 2>err
	grep -q 'certificate revoked' err
	openssl verify -crl_check -CAfile ca.crt -CRLfile crl2.pem b.pem
	openssl crl -in crl2.pem -CAfile ca.crt -noout
	fails 1 'nothing was done' mfx-certs revoke "$(serial b.pem)" "$a"
	mfx-certs verify b.pem
	mfx-certs revoke "$THING"
	[[ $(mfx-certs list "$THING" | jq -r .status | sort | uniq -c | xargs) == '3 revoked' ]]
	fails 64 'not a serial' mfx-certs revoke xyz
	mfx-certs crl --days 30 --ca ca >crl3.pem
	[[ $(openssl crl -in crl3.pem -noout -text | grep -c 'Serial Number') == 3 ]]
	mfx-events | jq -r 'select(.operation == "certificate.revoke").id' |
		sort | cmp - <(mfx-certs list | jq -r .serial | sort)
	mfx-events | jq -se --arg t "$THING" --arg a "$a" '[.[] |
	    select(.operation == "certificate.issue")] | length == 3 and
	    .[0].thing_id == $t and .[0].id == $a and .[0].ca == "ca" and
	    .[0].expires > now'
}

@test "a thing that is removed, disabled or without key loses its certificates" {
	local other
	one_ca
	other=$(mfx-things create | jq -r .id)
	mfx-certs issue "$THING" >a.pem
	mfx-certs issue "$other" >b.pem
	mfx-things disable "$THING"
	status 1 mfx-certs verify a.pem >out
	grep -q 'is disabled' out
	mfx-certs list "$THING" | jq -e '.status == "disabled"'
	mfx-certs crl | openssl crl -noout -text | grep -q 'Certificate Hold'
	mfx-things enable "$THING"
	mfx-certs verify a.pem
	mfx-certs crl | openssl crl -noout -text | grep -q 'No Revoked'
	mfx-things remove "$THING"
	mfx-certs list "$THING" | jq -e '.status == "revoked" and .revoked > 0'
	mfx-certs crl | openssl crl -noout -text | grep -q 'Cessation'
	status 1 mfx-certs verify a.pem >out
	# the same id again is no reason to trust the old one
	mfx-things create -f - <<<"{\"id\":\"$THING\"}"
	status 1 mfx-certs verify a.pem >out
	mfx-certs verify b.pem
	# many at once
	yes '{}' | head -n 50 | mfx-things create -f - >things
	mfx-certs issue -f things >issued
	mfx-things remove -f <(jq -c '{id}' things)
	[[ $(mfx-certs list | jq -r .status | sort | uniq -c | xargs) == \
	    '51 revoked 1 valid' ]]
}

@test "expiring: what ends soon, an event of each once" {
	one_ca
	mfx-certs issue --days 5 "$THING" >soon.pem
	mfx-certs issue --days 5 "$THING" >revoked.pem
	mfx-certs issue --days 25 "$THING" >later.pem
	mfx-certs issue --days 200 "$THING" >/dev/null
	mfx-certs revoke "$(serial revoked.pem)"
	# a root, and one below it
	mfx-certs ca init --days 20 old
	mfx-certs ca init --parent old --days 10 line
	mfx-certs ca show old >old.crt
	mfx-certs ca show line >line.crt
	told() { mfx-events | jq -r 'select(.operation == "certificate.expiring") | .id'; }
	mfx-certs expiring >listed
	[[ $(jq -r .serial listed | sort | xargs) == \
	    $(for c in soon.pem later.pem old.crt line.crt; do serial $c; done | sort | xargs) ]]
	jq -se '[.[] | select(.name == "old")][0] | .ca == "old" and .thing == "" and
	    .status == "valid"' listed
	[[ -z $(told) ]]
	mfx-certs expiring --event --within 7d >first
	[[ $(jq -r .serial first) == $(serial soon.pem) ]]
	[[ $(told) == $(serial soon.pem) ]]
	[[ -z $(mfx-certs expiring --event --within 7d) ]]
	mfx-certs expiring --event >second
	jq -r .serial first second | sort | cmp - <(jq -r .serial listed | sort)
	[[ -z $(mfx-certs expiring --event) ]]
	told | sort | cmp - <(jq -r .serial listed | sort)
	# what a consumer needs
	mfx-events | jq -se --arg t "$THING" '[.[] |
	    select(.operation == "certificate.expiring")] | .[0].thing_id == $t and
	    .[0].expires > now and any(.[]; .name == "old")'
	# the new one is another, whatever was said of the old one
	mfx-certs renew --days 3 --replace "$(serial later.pem)" >new.pem
	[[ $(mfx-certs expiring --event | jq -r .serial) == $(serial new.pem) ]]
	# of a user: no other's things
	mfx-users create bob@example.com --password-file - <<<'correct horse'
	[[ -z $(mfx-certs expiring --user bob@example.com | jq -r 'select(.thing != "")') ]]
	mfx-certs expiring -H | grep -q "$THING"
}

@test "prune: what ended long ago is forgotten, and nothing else" {
	local i
	one_ca
	for i in a b c d; do mfx-certs issue "$THING" >$i.pem; done
	mfx-certs revoke "$(serial b.pem)" "$(serial c.pem)"
	ended() {
		sqlite3 "$MFX_HOME/registry.db" "UPDATE certificates SET expires =
		    strftime('%s', 'now', '-$1 days') WHERE serial = '$(serial $2)'"
	}
	ended 100 a.pem
	ended 100 b.pem
	mfx-events >events
	mfx-certs prune --keep-age 101d
	status 64 mfx-certs prune 2>err
	grep -q 'give --keep-age DURATION' err
	status 64 mfx-certs prune --keep-age 1h 2>err
	grep -q -- '--keep-age' err
	mfx-certs prune --keep-age 90d --dry-run >gone
	[[ $(jq -r .serial gone | sort) == \
	    $(for i in a b; do serial $i.pem; done | sort) ]]
	(($(mfx-certs list | wc -l) == 4))
	mfx-users create bob@example.com --password-file - <<<'correct horse'
	mfx-certs prune --keep-age 90d --user bob@example.com
	(($(mfx-certs list | wc -l) == 4))
	mfx-certs prune --keep-age 90d
	[[ $(mfx-certs list | jq -r .serial | sort) == \
	    $(for i in c d; do serial $i.pem; done | sort) ]]
	mfx-certs crl | openssl crl -noout -text |
		grep -qi "serial number: $(serial c.pem)"
	mfx-events | grep -v user.create | cmp - <(grep -v user.create events)
	ended 2 d.pem
	mfx-certs prune -v --keep-age 1d 2>err
	grep -q '1 certificates were removed' err
}

@test "list: what ends soon; renew: the same key or another one" {
	one_ca
	mfx-certs issue --days 20 "$THING" >old.pem
	mfx-certs issue --days 300 "$(mfx-things create | jq -r .id)" >far.pem
	mfx-certs server --days 5 a.example.com b.example.com --out dir
	[[ $(mfx-certs list --expiring 30d | jq -r .name | xargs) == \
	    a.example.com,b.example.com ]]
	[[ $(mfx-certs list --expiring 30d | wc -l) == 2 ]]
	[[ $(mfx-certs list --expiring 6d | wc -l) == 1 ]]
	mfx-certs list -H | grep -q "$(serial old.pem)"
	status 1 mfx-certs list "$(printf '%032d' 0)"
	mfx-certs renew "$THING" >new.pem
	cmp <(shown old.pem -pubkey) <(shown new.pem -pubkey)
	cmp <(shown old.pem -subject) <(shown new.pem -subject)
	refute grep -q PRIVATE new.pem
	mfx-certs verify old.pem
	mfx-certs renew --new-key --replace "$THING" >newer.pem
	refute cmp -s <(shown old.pem -pubkey) <(shown newer.pem -pubkey)
	cmp <(openssl pkey -in newer.pem -pubout) <(shown newer.pem -pubkey)
	status 1 mfx-certs verify new.pem >out
	mfx-certs verify old.pem
	mfx-certs crl | openssl crl -noout -text | grep -q Superseded
	mfx-certs renew "$(serial dir/a.example.com.crt)" >server.crt
	openssl verify -CAfile ca.crt -verify_hostname b.example.com server.crt
	mfx-certs revoke "$THING"
	fails 1 'not revoked' mfx-certs renew "$THING"
	mfx-certs ca init --parent ca below
	fails 65 'is a CA' mfx-certs renew "$(serial <(mfx-certs ca show below))"
}

# ---- with servers ----

# bats test_tags=plugin
@test "curl at mfx-adapt-http, mosquitto_pub, coap-client: taken; another CA's too" {
	local device
	one_ca
	mfx-certs server 127.0.0.1 localhost --out server
	mfx-certs issue "$THING" --out device
	device=device/$THING
	authority outside
	certificate theirs outside /CN=x "URI:urn:uuid:$THING"
	cat ca.crt outside.crt >both.crt
	serve -o raw --tls-cert server/127.0.0.1.crt --tls-key server/127.0.0.1.key \
	    --tls-ca both.crt --require-cert
	for device in "device/$THING" theirs; do
		curl -fsS -m 20 --cacert ca.crt --cert "$device.crt" \
		    --key "$device.key" -d '[{"n":"t","v":1}]' \
		    "${MESSAGES/http:/https:}"
	done
	device=device/$THING

	cp ca.crt ca.pem
	cp server/127.0.0.1.crt server.pem
	cp server/127.0.0.1.key server.key
	start_broker
	timeout 20 mosquitto_pub -h 127.0.0.1 -p "$CERT_PORT" --cafile ca.crt \
	    --cert "$device.crt" --key "$device.key" -q 1 \
	    -t "channels/$CHANNEL/messages" -m '[{"n":"t","v":2}]'

	local secure
	free_port secure
	unset PORT
	serve_coap -o raw --listen-tls "127.0.0.1:$secure" --tls-ca ca.crt \
	    --tls-cert server/127.0.0.1.crt --tls-key server/127.0.0.1.key
	cat "$device.crt" "$device.key" >device.pem
	coap_at post "coaps://127.0.0.1:$secure/channels/$CHANNEL/messages" \
	    -c device.pem -j "$device.key" -R ca.crt -e '[{"n":"t","v":3}]'
	said ''
	on_bus 4
	[[ $(cat "$MFX_HOME"/bus/raw/*.ndjson | jq -r '.[0].publisher' |
	    sort -u) == "$THING" ]]
}

# ---- what is open when a certificate is revoked ----

# post_with NAME: the status that mfx-adapt-http answers
post_with() {
	curl -sS -o answer -w '%{http_code}' -m 20 --cacert ca.crt \
	    --cert "$1.pem" --key "$1.pem" -d '[{"n":"t","v":1}]' \
	    "${MESSAGES/http:/https:}"
}

answers() {
	[[ $(post_with "$1") == "$2" ]]
}

# two things with a certificate each, a.pem and b.pem; $THING and $OTHER
two_devices() {
	one_ca
	mfx-certs server 127.0.0.1 --out server
	cp server/127.0.0.1.crt server.pem
	cp server/127.0.0.1.key server.key
	OTHER=$(mfx-things create | jq -r .id)
	mfx-channels connect "$CHANNEL" "$OTHER"
	mfx-certs issue "$THING" >a.pem
	mfx-certs issue "$OTHER" >b.pem
}

TLS=(--tls-cert server.pem --tls-key server.key --tls-ca ca.crt)

@test "HTTP: revoked, renewed, its thing removed" {
	two_devices
	serve -o raw "${TLS[@]}" --require-cert
	answers a 202
	answers b 202
	mfx-certs renew --new-key --replace "$THING" >new.pem
	await 20 answers a 403
	answers new 202
	answers b 202
	grep -q 'the certificate is revoked' "$PID_ERR"
	# and not with a key beside it, either
	[[ $(curl -sS -o answer -w '%{http_code}' -m 20 --cacert ca.crt \
	    --cert a.pem -H "Authorization: $KEY" -d '[{"n":"t","v":1}]' \
	    "${MESSAGES/http:/https:}") == 403 ]]
	mfx-things disable "$OTHER"
	await 20 answers b 403
	mfx-things enable "$OTHER"
	await 20 answers b 202
	mfx-things remove "$OTHER"
	await 20 answers b 403
	# whoever creates it again decides about its certificates again
	mfx-things create -f - <<<"{\"id\":\"$OTHER\"}" >/dev/null
	mfx-channels connect "$CHANNEL" "$OTHER"
	mfx-certs issue "$OTHER" >c.pem
	await 20 answers c 202
	answers b 403
}

@test "WebSocket: an open connection ends when its certificate is revoked" {
	two_devices
	serve_ws "${TLS[@]}"
	local name
	for name in a b; do
		start timeout 100 "$ROOT/tests/ws_talk.py" "${WS/ws:/wss:}" \
		    -A ca.crt -C $name.pem $name.pem "made:$name.open" closed
		eval "$name=$PID ${name}_out=$PID_OUT"
	done
	await 20 test -e a.open
	await 20 test -e b.open
	mfx-certs revoke "$THING"
	wait "$a"
	[[ $(<"$a_out") == 'closed 4403 access was revoked' ]]
	kill -0 "$b"
	[[ $(timeout 60 "$ROOT/tests/ws_talk.py" "${WS/ws:/wss:}" -A ca.crt \
	    -C a.pem a.pem quiet) == 'refused 403' ]]
	mfx-things remove "$OTHER"
	wait "$b"
	[[ $(<"$b_out") == 'closed 4403 access was revoked' ]]
}

metric() {
	curl -fsS -m 20 "http://127.0.0.1:$ADMIN/metrics" |
		awk -v name="coap_adapter_$1" '$1 == name { print $2 }'
}

# observers N: mfx-adapt-coap has as many
observers() {
	[[ $(metric observers) == "$1" ]]
}

@test "CoAP: an observer ends, and a session is closed, when it is revoked" {
	two_devices
	free_port SECURE ADMIN
	unset PORT
	serve_coap -i raw -o raw --listen-tls "127.0.0.1:$SECURE" \
	    "${TLS[@]}" --admin "127.0.0.1:$ADMIN"
	local uri=127.0.0.1:$SECURE/channels/$CHANNEL/messages
	start coap-client-openssl -s 100 -w -c a.pem -j a.pem -R ca.crt \
	    "coaps+tcp://$uri"
	start coap-client-openssl -s 100 -w -c b.pem -j b.pem -R ca.crt \
	    "coaps://$uri"
	await 20 observers 2
	mfx-certs revoke "$THING"
	await 20 observers 1
	coap_at post "coaps+tcp://$uri" -c a.pem -j a.pem -R ca.crt -e x
	[[ $SAID == 4.03* ]] || { echo "$SAID"; false; }
	coap_at post "coaps://$uri" -c a.pem -j a.pem -R ca.crt -e x
	[[ $SAID == 4.03* ]] || { echo "$SAID"; false; }
	coap_at post "coaps://$uri" -c b.pem -j b.pem -R ca.crt -e x
	said ''
	mfx-things remove "$OTHER"
	await 20 observers 0
}

# bats test_tags=plugin
@test "MQTT: a subscriber is disconnected when its certificate is revoked" {
	two_devices
	cp ca.crt ca.pem
	start_broker
	local name
	for name in a b; do
		start stdbuf -oL mosquitto_sub -h 127.0.0.1 -p "$CERT_PORT" --cafile ca.crt \
		    --cert $name.pem --key $name.pem -t "channels/$CHANNEL/messages" -d
		eval "$name=$PID ${name}_out=$PID_OUT"
	done
	await 20 grep -q SUBACK "$a_out"
	await 20 grep -q SUBACK "$b_out"
	mfx-certs revoke "$THING"
	# it comes back, and is refused
	await 20 eval 'gone "$a" || grep -q "CONNACK ([^0]" "$a_out"'
	refute timeout 20 mosquitto_pub -h 127.0.0.1 -p "$CERT_PORT" \
	    --cafile ca.crt --cert a.pem --key a.pem -q 1 \
	    -t "channels/$CHANNEL/messages" -m x
	kill -0 "$b"
	timeout 20 mosquitto_pub -h 127.0.0.1 -p "$CERT_PORT" --cafile ca.crt \
	    --cert b.pem --key b.pem -q 1 -t "channels/$CHANNEL/messages" -m x
	await 20 grep -qx x "$b_out"
}
