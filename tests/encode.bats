#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-encode: packs that are small, limits kept, and back without a loss
load setup

setup_suite_test() {
	cat >in <<'EOF'
{"channel":"c","publisher":"p","protocol":"mqtt","subtopic":"a.b","n":"dev1:t","u":"Cel","v":21.50,"t":1700000000.5}
{"channel":"c","publisher":"p","protocol":"mqtt","subtopic":"a.b","n":"dev1:h","u":"%RH","v":40,"t":1700000000.5}
{"channel":"d","publisher":"p","protocol":"mqtt","bver":26,"n":"x","u":"kW","v":1E3,"t":1700000000}
{"channel":"c","publisher":"p","protocol":"mqtt","subtopic":"a.b","n":"dev1:t","u":"Cel","v":21.6,"t":1700000001.5}
EOF
}

# records NAME…: one of each, at one time
records() {
	printf '{"n":"%s","v":1,"t":1700000000}\n' "$@"
}

# packs WANT OPTION…: the payloads that come of stdin
packs() {
	local want=$1
	shift
	diff <(printf '%s\n' "$want") <(mfx-encode --payload "$@")
}

hex() {
	od -An -v -tx1 | tr -d ' \n'
}

# ---- the forms ----

@test "JSON: lines with labels, a route a pack; --payload without" {
	mfx-encode in >out
	diff - out <<'EOF'
[{"channel":"c","publisher":"p","protocol":"mqtt","subtopic":"a.b","bn":"dev1:","bt":1700000000.5,"bu":"Cel","n":"t","v":21.50},{"n":"h","u":"%RH","v":40},{"n":"t","v":21.6,"t":1}]
[{"channel":"d","publisher":"p","protocol":"mqtt","bver":26,"bt":1700000000,"n":"x","u":"kW","v":1e3}]
EOF
	sed 's/"channel.*"mqtt",//; s/"subtopic":"a.b",//' out >want
	mfx-encode --payload in | diff want -
}

@test "CBOR: definite arrays, integer keys, shortest numbers" {
	sed -i /bver/d in
	[ "$(mfx-encode -t cbor in | hex)" = \
"83a5216564657631""3a22fb41d954fc40200000236343656c00617402f94d60""\
a300616801632552480218""28""a300617402fb403599999999999a0601" ]
	printf '{"bver":26,"n":"x","u":"kW","v":1E3,"t":1700000000}' >in
	[ "$(mfx-encode -t cbor in | hex)" = \
	    "81a520181a221a6553f10000617801626b57021903e8" ]
}

@test "XML: documents, one a line" {
	mfx-encode -t xml in >out
	diff - out <<'EOF'
<sensml xmlns="urn:ietf:params:xml:ns:senml"><senml bn="dev1:" bt="1700000000.5" bu="Cel" n="t" v="21.50"/><senml n="h" u="%RH" v="40"/><senml n="t" v="21.6" t="1"/></sensml>
<sensml xmlns="urn:ietf:params:xml:ns:senml"><senml bver="26" bt="1700000000" n="x" u="kW" v="1e3"/></sensml>
EOF
}

@test "SensML: one stream of all, closed at the end" {
	sed -i /bver/d in
	mfx-encode -t sensml in >out
	diff - out <<'EOF'
[{"bn":"dev1:","bt":1700000000.5,"bu":"Cel","n":"t","v":21.50}
,{"n":"h","u":"%RH","v":40}
,{"n":"t","v":21.6,"t":1}
]
EOF
	jq -e 'length == 3' out
	[[ $(mfx-encode -t sensmlc in | hex) =~ ^9f.*ff$ ]]
}

@test "--lines: any form as data in a line, and normalize looks into it" {
	local form
	mfx-encode in | mfx-normalize --input-order >want
	for form in cbor xml; do
		mfx-encode -t $form --lines in >out
		[ "$(jq -r '.[0] | .channel, .ct' out | paste -sd ' ')" = \
		    "c application/senml+$form d application/senml+$form" ]
		mfx-normalize --input-order out |
			sed 's/21.50*,/21.50,/; s/"v":1000/"v":1e3/' |
			cmp - want
	done
}

@test "nothing in, nothing out, in all forms" {
	local form
	for form in json cbor xml sensml sensmlc; do
		mfx-encode -t $form </dev/null >out
		[ ! -s out ]
	done
}

# ---- base fields ----

@test "bn is the prefix that saves, changes where that saves more, or is left out" {
	records a b c |
		packs '[{"bt":1700000000,"n":"a","v":1},{"n":"b","v":1},{"n":"c","v":1}]'
	records dev:t{1,2,3} |
		packs '[{"bn":"dev:t","bt":1700000000,"n":"1","v":1},{"n":"2","v":1},{"n":"3","v":1}]'
	# what is named so has no n
	records abc abc abc |
		packs '[{"bn":"abc","bt":1700000000,"v":1},{"v":1},{"v":1}]'
	records urn:dev:1-2345/{a,b,c} urn:dev:6-7890/{a,b,c} |
		packs '[{"bn":"urn:dev:1-2345/","bt":1700000000,"n":"a","v":1},{"n":"b","v":1},{"n":"c","v":1},{"bn":"urn:dev:6-7890/","n":"a","v":1},{"n":"b","v":1},{"n":"c","v":1}]'
}

@test "bt is absolute, to the nanosecond, and new where several share a time" {
	printf '{"n":"a","v":1,"t":%s}\n' 1700000000.123456789 1700000001 \
	    1699999999.999999999 |
		packs '[{"bn":"a","bt":1700000000.123456789,"v":1},{"v":1,"t":0.876543211},{"v":1,"t":-0.12345679}]'
	printf '{"n":"%s","v":1,"t":%s}\n' a 1700000000 b 1700000060.5 \
	    c 1700000060.5 d 1700000060.5 |
		packs '[{"bt":1700000000,"n":"a","v":1},{"bt":1700000060.5,"n":"b","v":1},{"n":"c","v":1},{"n":"d","v":1}]'
	# the largest and the least there are
	printf '{"n":"a","v":1,"t":%s}\n' 9223372036.854775807 268435456 |
		packs '[{"bn":"a","bt":9223372036.854775807,"v":1},{"bt":268435456,"v":1}]'
}

@test "bu is what saves; a record without a unit then says so" {
	local r='{"n":"a","v":1,"t":1700000000'
	printf '%s\n' "$r,\"u\":\"lat\"}" "$r,\"u\":\"lat\"}" "$r}" \
	    "$r,\"u\":\"lat\"}" | mfx-encode --payload |
		jq -c '.[0].bu, [.[].u]' | paste -sd ' ' |
		grep -xF '"lat" [null,null,"",null]'
	printf '%s\n' "$r,\"u\":\"m\"}" "$r}" "$r}" | mfx-encode --payload |
		jq -c '.[0].bu, [.[].u]' | paste -sd ' ' |
		grep -xF 'null ["m",null,null]'
}

@test "bct stands only when all data has a type" {
	local r='{"n":"a","t":1700000000,"vd":"AA"'
	printf '%s\n' "$r,\"ct\":\"60\"}" "$r,\"ct\":\"60\"}" |
		mfx-encode --payload | jq -c '.[0].bct, [.[].ct]' |
		paste -sd ' ' | grep -xF '"60" [null,null]'
	printf '%s\n' "$r,\"ct\":\"60\"}" "$r,\"ct\":\"60\"}" "$r}" |
		mfx-encode --payload | jq -c '.[0].bct, [.[].ct]' |
		paste -sd ' ' | grep -xF 'null ["60","60",null]'
}

@test "packs take less than what devices send, and much less than records" {
	mfx-gen --count 2000 --records 8 --start 1700000000 >packs
	mfx-normalize packs >records
	mfx-encode --payload records >json
	mfx-encode -t cbor records >cbor
	(($(stat -c %s json) < $(stat -c %s packs)))
	(($(stat -c %s json) * 10 < $(stat -c %s records) * 6))
	(($(stat -c %s cbor) * 10 < $(stat -c %s records) * 4))
}

@test "numbers in CBOR: integers, the shortest float, a decimal at need" {
	local v want got
	while read -r v want; do
		got=$(echo "{\"n\":\"a\",\"t\":1700000000,\"v\":$v}" |
			mfx-encode -t cbor | hex)
		[ "$got" = "81a3221a6553f10000616102$want" ] || {
			echo "$v: $got" >&2
			return 1
		}
	done <<'EOF'
0 00
-0 00
23 17
24 1818
-1 20
-257 390100
1e5 1a000186a0
21.50 f94d60
1.5 f93e00
100000.5 fa47c35040
0.1 fb3fb999999999999a
1e300 fb7e37e43c8800759c
18446744073709551615 1bffffffffffffffff
-18446744073709551615 3bfffffffffffffffe
12345678901234567.5 c482201b01b69b4ba630f34b
0.12345678901234567 c482301b002bdc545d6b4b87
1e-400 00
EOF
}

# ---- limits ----

@test "-n: that many records, the last pack with what is left" {
	[ "$(records a b c d e | mfx-encode -n 2 | jq -c length |
		paste -sd ' ')" = "2 2 1" ]
	[ "$(records $(seq 250) | mfx-encode | jq -c length |
		paste -sd ' ')" = "100 100 50" ]
}

@test "--max-bytes: never more, and not much less" {
	local size
	mfx-gen --count 300 --records 8 --start 1700000000 |
		mfx-normalize >in
	for size in 150 500 3000; do
		mfx-encode --payload -n 1000 --max-bytes $size in >out
		awk -v max=$size 'length($0) > max { bad++ }
		    { sum += length($0) }
		    END { exit bad || sum / NR < 0.7 * max }' out
		mfx-normalize --input-order -t json out | cmp - in
	done
}

@test "--max-bytes: one that is larger alone is refused" {
	records abc >in
	status 65 mfx-encode --payload --max-bytes 34 in >out 2>err
	[ ! -s out ]
	grep -q ':1: record larger than a pack may be' err
	[ "$(mfx-encode --payload --max-bytes 35 in | tr -d '\n' | wc -c)" = 35 ]
}

@test "a line is never longer than one may be" {
	printf "{\"n\":\"a\",\"t\":1700000000,\"vs\":\"%0100000d\"}\n" \
	    $(seq 25) >in
	mfx-encode --max-bytes 16M in >out
	awk 'length($0) > 1048512 { exit 1 }' out
	[ "$(wc -l <out)" = 3 ]
	mfx-pub s <out
	mfx-encode -t cbor --lines --max-bytes 16M in >out
	awk 'length($0) > 1048512 { exit 1 }' out
	[ "$(wc -l <out)" = 4 ]
	mfx-normalize --input-order out | cmp - <(mfx-normalize in)
}

@test "--every: times that lie further apart do not share a pack" {
	printf '{"n":"a","v":1,"t":%s}\n' 1700000000 1700000060 1700000061 \
	    1699999999 1700000059 >in
	[ "$(mfx-encode --every 60s in | jq -c length | paste -sd ' ')" = \
	    "2 1 2" ]
}

@test "more routes than are told apart at once: nothing is lost or mixed" {
	awk 'BEGIN { for (i = 0; i < 10000; i++)
	    printf "{\"channel\":\"c%d\",\"n\":\"a\",\"v\":%d," \
		"\"t\":1700000000}\n", i % 5000, i }' >in
	mfx-encode --every 1h in | mfx-normalize | sort | cmp - <(sort in)
}

# ---- while it runs ----

@test "a record is held for --every, not longer" {
	mkfifo fifo
	start mfx-encode --every 50ms fifo
	exec 8>fifo
	records a >&8
	await 10 grep -q '"n":"a"' "$PID_OUT"
	records b >&8
	await 10 grep -q '"n":"b"' "$PID_OUT"
	exec 8>&-
	wait "$PID"
	[ "$(wc -l <"$PID_OUT")" = 2 ]
}

@test "a stream holds no record; SIGTERM closes it" {
	mkfifo fifo
	start mfx-encode -t sensml fifo
	exec 8>fifo
	records dev:a >&8
	await 10 grep -qxF '[{"bn":"dev:","bt":1700000000,"n":"a","v":1}' \
	    "$PID_OUT"
	records dev:b >&8
	await 10 grep -qxF ',{"n":"b","v":1}' "$PID_OUT"
	kill -TERM "$PID"
	status 0 wait "$PID"
	exec 8>&-
	jq -e 'length == 2' "$PID_OUT"
}

@test "SIGTERM: what is held is written" {
	mkfifo fifo
	start mfx-encode --every 1h -n 2 fifo
	exec 8>fifo
	# all of one write is read at once
	records a b c >&8
	await 10 grep -q '"n":"b"' "$PID_OUT"
	kill -TERM "$PID"
	status 0 wait "$PID"
	exec 8>&-
	[ "$(jq -c length "$PID_OUT" | paste -sd ' ')" = "2 1" ]
}

# ---- what is refused ----

@test "times that would be relative are refused with their message" {
	printf '%s\n' \
	    '[{"received":1700000000,"n":"a","v":1,"t":-1500000000}]' \
	    '[{"received":1700000000,"n":"a","v":1},{"n":"b","v":2,"t":-1500000000}]' \
	    '[{"received":1700000000,"n":"c","v":1}]' >in
	status 65 mfx-encode --rejects bad --payload in >out 2>err
	[ "$(cat out)" = '[{"bt":1700000000,"n":"c","v":1}]' ]
	[ "$(wc -l <bad)" = 2 ]
	grep -q '^mfx-encode: in:1: a time before 1978' err
}

@test "XML: what it can't carry is refused, line breaks come back" {
	printf '{"n":"a","vs":"%s","t":1700000000}\n' 'x\u0000' 'x\u001f' \
	    'x\uffff' '\t\r\n<&>\"' >in
	status 65 mfx-encode -t xml in >out 2>err
	[ "$(grep -c "a character that XML can't carry" err)" = 3 ]
	mfx-normalize -t xml out | diff - <(tail -n 1 in)
	printf '{"n":"a","v":1,"u":"\\u0001","t":1700000000}\n' >in
	status 65 mfx-encode -t xml in >out 2>err
	[ ! -s out ]
}

@test "a stream has one version" {
	status 65 mfx-encode -t sensml in >out 2>err
	grep -q ':3: bver changes inside the stream' err
	jq -e 'length == 3' out
}

@test "lines that are not messages: their place, 65, --rejects, and the rest is written" {
	sed -i '2i not a message' in
	status 65 mfx-encode --rejects bad in >out 2>err
	[ "$(wc -l <out)" = 2 ]
	[ "$(cat bad)" = "not a message" ]
	grep -q '^mfx-encode: in:2:1: ' err
}

@test "wrong use: 64" {
	local o
	for o in '-t yaml' '-n 0' '--max-bytes 0' '--max-bytes 17M' \
	    '--every x' '--lines --payload' '-t sensml -n 5' \
	    '-t sensmlc --lines' '-t sensml --every 1s' \
	    '-t sensml --max-bytes 5'; do
		status 64 mfx-encode $o in >out 2>err
		[ ! -s out ]
	done
}

# ---- acknowledgement ----

@test "seq: on the last line of all that is held, not on a full pack before" {
	cat >in <<'EOF'
{"channel":"a","seq":10,"n":"x","v":1,"t":1700000000}
{"channel":"b","n":"x","v":1,"t":1700000000}
{"channel":"b","seq":20,"n":"x","v":2,"t":1700000000}
{"seq":30}
EOF
	mfx-encode -n 2 --every 1h in >out
	# the mark says that positions follow, before a line that has none
	diff - out <<'EOF'
{"seq":0}
[{"channel":"b","bn":"x","bt":1700000000,"v":1},{"v":2}]
[{"channel":"a","seq":30,"bt":1700000000,"n":"x","v":1}]
EOF
	# a message that is half read: no seq covers what is written
	[ "$(head -n 2 in | mfx-encode --every 1h | grep -v '^{' |
		jq -c '.[0].seq' | paste -sd ' ')" = 'null null' ]
	# a pack has the position of its last record, a part's too
	sed 's/^{"channel":"b","n"/{"channel":"b","seq":20,"part":1,"n"/' in |
		head -n 2 | mfx-encode | diff - <(printf '%s\n' '{"seq":0}' \
		'[{"channel":"a","bt":1700000000,"n":"x","v":1}]' \
		'[{"channel":"b","seq":20,"part":1,"bt":1700000000,"n":"x","v":1}]')
	status 1 grep seq <(mfx-encode --payload in)
}

@test "marks go on, a refused line leaves one, and none is held back" {
	mkfifo fifo
	start mfx-encode fifo
	exec 8>fifo
	echo '{"seq":10}' >&8
	await 10 grep -qx '{"seq":10}' "$PID_OUT"
	echo '{"seq":20,"n":"?","v":1}' >&8
	await 10 grep -qx '{"seq":20}' "$PID_OUT"
	exec 8>&-
	status 65 wait "$PID"
	# streams one after another: the second begins again
	printf '{"seq":%d}\n' 50 60 5 6 | mfx-encode >out
	printf '{"seq":%d}\n' 60 6 | cmp - out
}

@test "from one stream of the bus to another, and all of it acknowledged" {
	mfx-gen --count 200 --channel c1 --channel c2 --start 1700000000 |
		mfx-pub raw
	mfx-sub raw/x --no-follow | mfx-normalize | mfx-encode |
		mfx-pub --ack raw/x packed
	mfx-sub raw --from start --no-follow | mfx-grep --records |
		sed -E 's/"(seq|part)":[0-9]*,//g' | sort >want
	mfx-sub packed --from start --no-follow | mfx-grep --records |
		sed -E 's/"(seq|part)":[0-9]*,//g' | sort | cmp - want
	[ -z "$(mfx-sub raw/x --no-follow)" ]
}

@test "property: an acknowledgement is exact wherever a sink cuts" {
	"$ROOT/tests/encode.py" acknowledge
}

@test "property: JSON resolves to what was encoded" {
	"$ROOT/tests/encode.py" inverse json
	"$ROOT/tests/encode.py" inverse json lines
}

@test "property: CBOR resolves to what was encoded" {
	"$ROOT/tests/encode.py" inverse cbor
	"$ROOT/tests/encode.py" inverse cbor lines
}

@test "property: XML resolves to what was encoded" {
	"$ROOT/tests/encode.py" inverse xml
	"$ROOT/tests/encode.py" inverse xml lines
}

@test "property: streams resolve to what was encoded" {
	"$ROOT/tests/encode.py" inverse sensml
	"$ROOT/tests/encode.py" inverse sensmlc
}
