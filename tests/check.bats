#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-check: what it says about packs, and where
load setup

# says PACK MESSAGE…: exactly these, and the status is that of its levels
says() {
	local line=$1 want=0
	shift
	: >want
	(($# == 0)) || printf '<stdin>:%s\n' "$@" >want
	if grep -q ': error: ' want; then want=65; fi
	printf '%s\n' "$line" | status "$want" mfx-check >out 2>err
	diff want out && [ ! -s err ]
}

@test "a good pack gives not a word" {
	says '[{"bn":"dev:","bt":1.7e9,"n":"t","u":"Cel","v":21.5},{"n":"h","u":"%RH","v":40,"t":-5}]'
	says '[{"bver":26,"n":"a","u":"ms","v":1,"t":1.7e9}]'
	says '{"n":"a","vd":"YQ","ct":"text/plain","t":1700000000}'
	says '[{"channel":"C","publisher":"T","received":1700000000.5,"seq":7,"n":"a","bt":0,"vb":true}]'
	says '{"seq":7}'
}

@test "units: unknown, secondary under version 10, not recommended" {
	says '[{"n":"a","bt":2e9,"bu":"celsius","v":1},{"n":"b","v":2}]' \
		"1:26: warning: unknown unit 'celsius'"
	says '[{"n":"a","t":2e9,"u":"cel","v":1}]' \
		"1:24: warning: unknown unit 'cel'"
	says '[{"n":"a","t":2e9,"u":"kWh","v":1}]' \
		"1:24: warning: secondary unit without version 26 'kWh'"
	# whatever stands first in the record
	says '[{"n":"a","t":2e9,"u":"kWh","v":1,"bver":26}]'
	says '[{"n":"a","t":2e9,"u":"g","v":1}]' \
		"1:24: warning: unit not recommended 'g'"
	says '[{"n":"a","t":2e9,"u":"","v":1}]'
}

@test "values that can't be meant" {
	says '[{"n":"a","t":2e9,"u":"%","v":40}]' \
		"1:24: warning: unit not recommended '%'" \
		"1:31: warning: value not from 0 to 1 in unit '%': '40'"
	says '[{"n":"a","t":2e9,"u":"lat","v":-90.1}]' \
		"1:33: warning: value not from -90 to 90 in unit 'lat': '-90.1'"
	says '[{"n":"a","bt":2e9,"bu":"K","bv":-1,"v":0.5}]' \
		"1:41: warning: value below 0 in unit 'K': '-0.5'"
	says '[{"n":"a","t":2e9,"u":"lon","v":180},{"n":"b","t":2e9,"u":"K","v":0}]'
	says '[{"bver":26,"n":"a","t":2e9,"u":"dBm","v":1,"s":2}]' \
		"1:49: warning: a sum has no meaning in unit 'dBm'"
	says '[{"bver":26,"bs":1,"n":"a","t":2e9,"u":"dBm","v":1}]' \
		"1:25: warning: a sum has no meaning in unit 'dBm'"
}

@test "no time, once a pack" {
	says '[{"n":"a","v":1},{"n":"b","v":2}]' \
		"1:8: warning: no time: it counts as when it is received"
	says '[{"n":"a","v":1,"t":0},{"n":"b","v":2}]'
	says '[{"bt":-1},{"n":"a","v":1}]'
}

@test "names that come twice at one time" {
	says '[{"bn":"d","bt":2e9,"n":"a","v":1},{"n":"b","v":2},{"n":"a","v":3},{"n":"a","v":4,"t":1}]' \
		"1:58: warning: the same name, unit and time again: 'da'"
	# a place is lat and lon of one name (RFC 8428 5.1.3)
	says '[{"bn":"d","bt":2e9,"u":"lat","v":1},{"u":"lon","v":2}]'
}

@test "a pack of 30,000 records of one name is looked through at once" {
	jq -nc '[range(30000) | {n: "a", v: ., t: 2e9}]' >pack
	status 0 timeout 20 mfx-check pack >out
	[ "$(wc -l <out)" -eq 29999 ]
	tail -n 1 out | grep -q '^pack:1:[0-9]*: warning: the same name'
}

@test "labels: unknown ones, with escapes too; ours in a second record" {
	says '[{"n":"a","t":2e9,"v":1,"N":{"v":[]},"vlo":"x"}]' \
		"1:26: warning: unknown label 'N'" \
		"1:39: warning: unknown label 'vlo'"
	says '[{"n":"a","t":2e9,"v":1,"fo\u006f\u001b\n":1}]' \
		"1: warning: unknown label 'foo\\x1b\\n'"
	says '[{"n":"a","t":2e9,"v":1},{"channel":"x","n":"b","t":2e9,"v":1}]' \
		"1:28: warning: unknown label 'channel'"
	printf '[{"n":"a","t":2e9,"v":1,"%0100d":1}]\n' 0 | mfx-check >out
	printf "<stdin>:1:26: warning: unknown label '%064d…'\n" 0 | diff - out
}

@test "versions, content formats, data" {
	says '[{"bver":5,"n":"a","t":2e9,"v":1}]' \
		"1:10: warning: version of an old draft: '5'"
	says '[{"bver":10,"n":"a","t":2e9,"v":1}]'
	says '[{"n":"a","t":2e9,"v":1,"ct":"60"}]' \
		"1:31: warning: ct without vd: '60'"
	says '[{"n":"a","t":2e9,"vd":"YQ=="},{"n":"b","t":2e9,"vd":"+/8"}]' \
		"1:8: warning: vd is padded or not in base64url" \
		"1:38: warning: vd is padded or not in base64url"
}

@test "numbers as RFC 8428 says they should be written" {
	says '[{"n":"a","t":2E9,"v":0.12345678901234567,"s":1e-0005}]' \
		"1:23: warning: mantissa over 18 characters: '0.12345678901234567'" \
		"1:47: warning: exponent over 4 characters: '1e-0005'" \
		"1:15: warning: exponent with a capital E: '2E9'"
	says '[{"n":"a","t":1700000000.1234567,"v":-1.5e-300}]'
	# in CBOR there are none
	printf '\x81\xa3\x00ac\x06\x1a\x77\x35\x94\x00\x02\xfb\x3f\xc9\x99\x99\x99\x99\x99\x9a' |
		mfx-check -t cbor >out
	[ ! -s out ]
}

@test "packs without a record" {
	says '[]' "1: warning: a pack without a record"
	says '[{"bn":"x"}]' "1: warning: a pack without a record"
}

@test "errors are those of mfx-normalize, with their place" {
	local f n=0
	says '[{"n":"a"}]' "1:11: error: no value"
	says '[{"n":"a","u":"x","v":1,"t":2e9},{"n":"b"}]' \
		"1:16: warning: unknown unit 'x'" "1:43: error: no value"
	printf '[{"n":"a\0b","v":1}]\n' >nul
	status 65 mfx-check nul
	for f in "$VECTORS"/*.json; do
		[[ $f != *.pretty.json ]] || continue
		mfx-normalize "$f" 2>&1 >/dev/null | sed -n 's/^mfx-normalize: //p' >want
		mfx-check "$f" | sed -n 's/: error: /: /p' >out || true
		diff want out
		n=$((n + 1))
	done
	[ "$n" -ge 26 ]
}

# wrapped BYTES TYPE: the line that an adapter makes of it
wrapped() {
	printf '[{"channel":"C","publisher":"T","protocol":"http","received":1700000000,"n":"payload","vd":"%s","ct":"%s"}]\n' \
		"$(printf '%b' "$1" | base64 -w 0 | tr -d =)" "$2"
}

@test "payloads inside of lines: SenML is looked into, the rest is let be" {
	says "$(wrapped '[\n{"n":"a","u":"x","v":1}]' application/senml+json)" \
		"1: warning: unknown unit 'x'" \
		"1: warning: no time: it counts as when it is received"
	says "$(wrapped '\x81\xa3\x00aa\x01ax\x02\x01' 112)" \
		"1: warning: unknown unit 'x'" \
		"1: warning: no time: it counts as when it is received"
	says "$(wrapped a application/senml+json)" "1: error: not a SenML pack"
	says "$(wrapped a text/plain)"
}

@test "documents over several lines; CBOR; streams" {
	status 0 mfx-check -t json "$VECTORS/rfc8428-5.1.2b.pretty.json" >out
	[ "$(cut -d: -f2- out)" = "3:23: warning: version of an old draft: '5'" ]
	printf '[\n{"n":"a","t":2e9,\n "v":1, "u":\n"x"}\n]\n[{}]\n' |
		status 65 mfx-check -t json >out
	printf '<stdin>:%s\n' "4:2: warning: unknown unit 'x'" \
		'6:4: error: no value' | diff - out
	# a second pack, the name at its fifth byte
	printf '\x80\x81\xa4\x00ac\x06\x1a\x77\x35\x94\x00\x01ax\x02\x01\x81\xa2\x00a-\x02\x01' |
		status 65 mfx-check -t cbor >out
	printf '<stdin>:%s\n' '1: warning: a pack without a record' \
		"2:14: warning: unknown unit 'x'" \
		'3:2: error: name does not start with a letter or digit' |
		diff - out
	printf '\x81\xa4\x00aa\x06\x00\x02\x01\x18\x20\x01' |
		mfx-check -t cbor >out
	grep -qx '<stdin>:1: warning: unknown integer label' out
	printf '[{"n":"a","v":1},{"n":"b","v":1},\n{"n":"c","u":"x","v":1}' |
		mfx-check -t sensml >out
	printf '<stdin>:%s\n' \
		'1:7: warning: no time: it counts as when it is received' \
		"2:15: warning: unknown unit 'x'" | diff - out
	status 0 mfx-check -t sensmlc "$VECTORS/rfc8428-5.1.2c.sensmlc" >out
	[ ! -s out ]
}

@test "XML: the document and the byte where the record begins" {
	local ns='xmlns="urn:ietf:params:xml:ns:senml"'
	{
		echo "<sensml $ns><senml n='a' u='x' v='1' t='2E9' foo='x'/>"
		echo "<senml n='a' u='x' v='1' t='2e9'/></sensml>"
		echo "<sensml $ns><senml n='a' v='1'/></sensml>"
		echo "<sensml $ns><senml n='a' v='b'/></sensml>"
	} | status 65 mfx-check -v -t xml >out 2>err
	printf '<stdin>:%s\n' "1:46: warning: unknown label 'foo'" \
		"1:46: warning: unknown unit 'x'" \
		"1:89: warning: unknown unit 'x'" \
		"1:89: warning: the same name, unit and time again: 'a'" \
		'2:46: warning: no time: it counts as when it is received' \
		'3:46: error: not a number' | diff - out
	grep -qx 'mfx-check: 2 taken, 1 errors, 5 warnings' err
}

@test "a stream says at once what is wrong" {
	mkfifo in
	start mfx-check -t sensml in
	exec 5<>in
	printf '[{"n":"a","v":1,"t":0,"u":"x"}' >&5
	await 10 grep -q "unknown unit 'x'" "$PID_OUT"
	exec 5>&-
	wait "$PID"
}

@test "--strict makes warnings count, -q leaves them out, -v counts" {
	echo '[{"n":"a","v":1}]' >pack
	status 0 mfx-check pack >out
	status 65 mfx-check --strict pack >strict
	cmp out strict
	status 65 mfx-check -q --strict pack >out
	[ ! -s out ]
	status 0 mfx-check -v pack >out 2>err
	grep -qx 'mfx-check: 1 taken, 0 errors, 1 warnings' err
	echo '[{"n":"a"}]' | status 65 mfx-check -q >out
	[ "$(cat out)" = '<stdin>:1:11: error: no value' ]
}

@test "nothing, a line too long, no such file, a full disk, a closed stdout" {
	status 0 mfx-check </dev/null >out 2>err
	[ ! -s out ] && [ ! -s err ]
	head -c 1100000 /dev/zero | tr '\0' '[' | status 65 mfx-check 2>err
	grep -q '^mfx-check: <stdin>:1: line over 1 MiB' err
	echo '[{"n":"a"}]' >bad
	status 66 mfx-check missing bad >out 2>err
	[ "$(cat out)" = 'bad:1:11: error: no value' ]
	grep -q '^mfx-check: missing: ' err
	status 74 mfx-check bad >/dev/full 2>err
	status 74 mfx-check bad >&- 2>err
	yes '[{"n":"a"}]' 2>/dev/null | mfx-check | head -n 1 >out
	[ "$(cat out)" = '<stdin>:1:11: error: no value' ]
	status 64 mfx-check -t exi
}
