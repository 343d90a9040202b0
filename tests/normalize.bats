# mfx-normalize: RFC 8428, 9100 and 9193 as decided in mfx-line(5), against
# the vectors and one by one.
load setup

N=(mfx-normalize --now 1700000000)

# refused LINE: no record of it, status 65, a message with a place
refused() {
	local got=0
	printf '%s\n' "$1" | "${N[@]}" >out 2>err || got=$?
	[ "$got" -eq 65 ] && [ ! -s out ] && grep -q '<stdin>:1' err && return
	echo "taken ($got): $1" >&2
	cat out err >&2
	return 1
}

# becomes LINE RECORD…: exactly these, to the byte
becomes() {
	local line=$1
	shift
	printf '%s\n' "$line" | "${N[@]}" >out
	printf '%s\n' "$@" >want
	diff want out
}

same_json() {
	diff <(jq -cS . "$1") <(jq -cS . "$2")
}

# vectors TYPE MEDIA_TYPE_PATTERN AT_LEAST: each gives its records, read at
# once and byte by byte
vectors() {
	local input type expected rest n=0
	while IFS=$'\t' read -r input type expected rest; do
		[[ $input != \#* && $type == $2 ]] || continue
		if [ "$(cat "$VECTORS/$expected")" = ERROR ]; then
			status 65 "${N[@]}" -t "$1" "$VECTORS/$input" >out
			[ ! -s out ]
		else
			"${N[@]}" -t "$1" "$VECTORS/$input" >out
			same_json "$VECTORS/$expected" out
			dd bs=1 status=none if="$VECTORS/$input" |
				"${N[@]}" -t "$1" >bytewise
			cmp out bytewise
		fi
		n=$((n + 1))
	done <"$VECTORS/CASES.tsv"
	[ "$n" -ge "$3" ]
}

@test "every vector of packs, one a line" {
	vectors lines 'application/senml+json' 26
}

@test "every vector of JSON documents, over several lines too" {
	vectors json 'application/senml+json*' 27
}

@test "every vector of CBOR" {
	vectors cbor 'application/senml+cbor' 17
}

@test "every vector of XML" {
	vectors xml 'application/senml+xml' 17
}

@test "XML documents one after the other; what is wrong with one does not end the file" {
	local head='<sensml xmlns="urn:ietf:params:xml:ns:senml">'
	printf '%s<senml n="a" v="21.50" t="1700000001"/></sensml>\n' "$head" >one
	printf '%s<senml n="b" v="1"/><senml n="c"/></sensml>' "$head" >bad
	cat one one bad one >all
	status 65 "${N[@]}" -t xml all one >out 2>err
	[ "$(jq -r .n out | xargs)" = 'a a a a' ]
	grep -q '"v":21.50,' out
	grep -q 'all:3:66: no value' err
	printf '%s<senml n="a" v="1"/>' "$head" | status 65 "${N[@]}" -t xml >out
	[ ! -s out ]
	printf '<!DOCTYPE sensml [<!ENTITY x "y">]>%s<senml n="a" vs="&x;"/></sensml>' "$head" |
		status 65 "${N[@]}" -t xml >out 2>err
	[ ! -s out ]
	"${N[@]}" -t xml </dev/null
}

@test "--primary-units converts exactly, and drops the version" {
	"${N[@]}" -t json --primary-units "$VECTORS/rfc9100-1.json" >out
	same_json "$VECTORS/rfc9100-1.primary.ndjson" out
	echo '[{"bver":26,"n":"a","u":"km/h","v":36},{"n":"b","u":"/100","v":21.5},{"n":"c","u":"kWh","v":0.1,"s":2}]' |
		"${N[@]}" --primary-units >out
	printf '%s\n' '{"n":"a","u":"m/s","v":10,"t":1700000000}' \
		'{"n":"b","u":"/","v":0.215,"t":1700000000}' \
		'{"n":"c","u":"J","v":360000,"s":7200000,"t":1700000000}' | diff - out
}

@test "the open streams of the vectors" {
	vectors sensml 'application/sensml+json*' 1
	vectors sensmlc 'application/sensml+cbor*' 1
	# which are not packs
	status 65 "${N[@]}" -t json "$VECTORS/rfc8428-5.1.2c.sensml" >out
	[ ! -s out ]
	status 65 "${N[@]}" -t cbor "$VECTORS/rfc8428-5.1.2c.sensmlc" >out
	[ ! -s out ]
}

@test "a record of a stream is out as soon as it is complete" {
	mkfifo in
	"${N[@]}" -t sensml <in >out &
	exec 8>in
	printf '[{"bn":"x","n":"a","v":1},' >&8
	await 20 grep -q '"n":"xa"' out
	printf '{"n":"b","v":2}' >&8
	await 20 grep -q '"n":"xb"' out
	exec 8>&-
	wait $!
}

@test "a stream: bases carry over, order stays, an error ends it" {
	printf '[{"bn":"x","bt":2e9,"n":"a","v":1},{"n":"b","t":-9,"v":2}]' |
		"${N[@]}" -t sensml >out
	[ "$(jq -r .n out | xargs)" = 'xa xb' ]
	printf '[{"bn":"x","n":"a","v":1},{"n":"b"},{"n":"c","v":2}' |
		status 65 "${N[@]}" -t sensml >out 2>err
	[ "$(jq -r .n out)" = xa ]
	grep -q 'no value' err
	grep -q 'after a record that was refused' err
	printf '[{"n":"a","v":1}{"n":"b","v":1}]' |
		status 65 "${N[@]}" -t sensml >out 2>err
	[ "$(jq -r .n out)" = a ]
	# a second file is another stream
	printf '[{"bn":"x","n":"a","v":1}' >one
	printf '[{"n":"b","v":1}' >two
	"${N[@]}" -t sensml one two >out
	[ "$(jq -r .n out | xargs)" = 'xa b' ]
}

@test "documents: several, with junk between, the place in lines" {
	printf '[{"n":"a","v":1}]\n junk\n[{"n":"b",\n "v":x}] [{"n":"c","v":1}]\n[{"n":"d"' |
		status 65 "${N[@]}" -t json >out 2>err
	[ "$(jq -r .n out | xargs)" = 'a c' ]
	grep -q '<stdin>:4:6: not a number' err
	grep -q '<stdin>:5: the input ends inside of it' err
}

# cbor HEX: what comes of it
cbor() {
	printf %b "$(sed 's/ //g; s/../\\x&/g' <<<"$1")" | "${N[@]}" -t cbor
}

@test "CBOR: integers of 64 bits, all floats, decimal fractions, bignums" {
	[ "$(cbor '81a200616102 1bffffffffffffffff' | jq -c .n)" = '"a"' ]
	cbor '81a2006161021bffffffffffffffff' | grep -q '"v":18446744073709551615,'
	cbor '81a2006161023bffffffffffffffff' | grep -q '"v":-18446744073709551616,'
	cbor '81a200616102f93e00' | grep -q '"v":1.5,'
	cbor '81a200616102f90001' | grep -q '"v":5.9604644775390625e-08,'
	cbor '81a200616102fa41ac0000' | grep -q '"v":21.5,'
	cbor '81a200616102fb4035000000000000' | grep -q '"v":21,'
	cbor '81a200616102c48221190866' | grep -q '"v":21.50,'
	cbor '81a200616102c4822119fff6' | grep -q '"v":655.26,'
	cbor '81a200616102c4822420' | grep -q '"v":-0.00001,'
	cbor '81a200616102c482031903e8' | grep -q '"v":1000e3,'
	cbor '81a200616102c249010000000000000000' | grep -q '"v":18446744073709551616,'
	cbor '81a200616102c349010000000000000000' | grep -q '"v":-18446744073709551617,'
	# text keys, tag 1 on a time, tag 55799 in front, indefinite lengths
	cbor 'd9d9f79fbf616e616161760106c11a65531f00ffff' |
		diff - <(echo '{"n":"a","v":1,"t":1699946240}')
}

@test "CBOR that is refused, at once and without harm" {
	local bad n=0
	while IFS= read -r bad; do
		n=$((n + 1))
		cbor "$bad" >out 2>err && { echo "taken: $bad"; return 1; }
		[ ! -s out ]
	done <<'BAD'
81a200616102
81a20061610
a0
81a200616102f97e00
81a200616102f97c00
81a200616102fb7ff0000000000000
81a200616102c5822119
81a200616102c4821a3b9aca0001
81a20061610261
81a3006161020102 02
81a2006161026131
81a200616104 f6
81a200616108 6161
81a20063610062 0201
9bffffffffffffffff
bbffffffffffffffff
81bbffffffffffffffff
81a200 7bffffffffffffffff
81a2006161021c
81a2005f6161ff0201
81a2007f6161ff0201
81a30061610201 6178 5f
81a3006161020161785f6161ff
81a300616102016178ff
81a20061ff0201
81a3006161020163666f5f01
BAD
	[ "$n" -eq 26 ]
	# nested to the limit is skipped, beyond it refused
	cbor "81a300616102016178$(printf '81%.0s' {1..60})00" | grep -q '"v":1'
	refute cbor "81a300616102016178$(printf '81%.0s' {1..70})00"
}

@test "--lax takes what the field sends, and counts it" {
	printf '%s\n' '[{"bn":"/3/0/","n":"9","v":"21.50"},{"n":"1","vlo":"x"}]' >in
	status 65 "${N[@]}" in >out
	[ ! -s out ]
	"${N[@]}" --lax in >out 2>err
	echo '{"n":"/3/0/9","v":21.50,"t":1700000000}' | diff - out
	grep -q 'taken: 1 names' err
	grep -q 'taken: 1 numbers' err
	grep -q 'taken: 1 records' err
	# but nonsense is nonsense
	printf '%s\n' '[{"n":"a","v":"x"}]' '[{"n":"a","v":"1 "}]' \
		'[{"n":"a b","v":1}]' | status 65 "${N[@]}" --lax >out
	[ ! -s out ]
	printf '\x81\xa2\x00\x61a\x08\x63aGk' | "${N[@]}" --lax -t cbor |
		grep -q '"vd":"aGk"'
}

@test "a payload of CBOR in a line is resolved, a stream too" {
	local b64
	b64=$(basenc --base64url -w0 "$VECTORS/rfc8428-5.1.2b.cbor" | tr -d =)
	echo "[{\"channel\":\"C\",\"seq\":4,\"n\":\"payload\",\"vd\":\"$b64\",\"ct\":\"112\"}]" |
		"${N[@]}" >out
	jq -c 'del(.channel, .seq, .part)' out >plain
	same_json "$VECTORS/rfc8428-5.1.2b.ndjson" plain
	[ "$(jq -c .seq out | tail -1)" = 4 ]
	b64=$(basenc --base64url -w0 "$VECTORS/rfc8428-5.1.2c.sensml" | tr -d =)
	echo "[{\"n\":\"payload\",\"vd\":\"$b64\",\"ct\":\"application/sensml+json\"}]" |
		"${N[@]}" >out
	same_json "$VECTORS/rfc8428-5.1.2c.ndjson" out
}

@test "a payload of XML in a line is resolved, a stream too" {
	wrapped() {
		printf '[{"channel":"C","seq":4,"n":"payload","vd":"%s","ct":"%s"}]\n' \
			"$(basenc --base64url -w0 "$1" | tr -d =)" "$2" | "${N[@]}"
	}
	wrapped "$VECTORS/rfc8428-5.1.2b.xml" 310 >out
	jq -c 'del(.channel, .seq, .part)' out >plain
	same_json "$VECTORS/rfc8428-5.1.2b.ndjson" plain
	[ "$(jq -c .seq out | tail -1)" = 4 ]
	# as a stream: in the order it came, and without its end
	grep -o '.*</senml>' "$VECTORS/rfc8428-5.1.2b.xml" >open
	wrapped open application/sensml+xml >out
	jq -c 'del(.channel, .seq, .part)' out >plain
	same_json "$VECTORS/rfc8428-5.1.2b.inorder.ndjson" plain
	# no document: it stays what it was
	wrapped open application/senml+xml | grep -q '"vd":"PHNlbnNt'
	# whoever writes our labels into it speaks for nobody
	echo '<sensml xmlns="urn:ietf:params:xml:ns:senml"><senml n="a" v="1" publisher="X" channel="Y"/></sensml>' >forged
	wrapped forged application/senml+xml |
		grep -q '^{"channel":"C","seq":4,"n":"a","v":1,"t":1700000000}$'
}

@test "records of a pack come in order of time; --input-order keeps theirs" {
	"${N[@]}" --input-order "$VECTORS/rfc8428-5.1.2b.json" >out
	same_json "$VECTORS/rfc8428-5.1.2b.inorder.ndjson" out
	# equal times keep the order they came in
	becomes '[{"n":"b","v":1,"t":2e9},{"n":"a","v":2,"t":2e9},{"n":"c","v":3,"t":1.9e9}]' \
		'{"n":"c","v":3,"t":1900000000}' \
		'{"n":"b","v":1,"t":2000000000}' '{"n":"a","v":2,"t":2000000000}'
}

@test "resolving again changes nothing" {
	local f
	for f in "$VECTORS"/rfc*.ndjson; do
		"${N[@]}" "$f" >once
		"${N[@]}" once >twice
		cmp once twice
	done
}

@test "the route stands in front; received gives now and is left out" {
	becomes '[{"channel":"C","publisher":"T","protocol":"mqtt","subtopic":"a.b","received":1700000009.25,"bn":"dev:","n":"t","v":21.50},{"n":"h","v":40,"t":-1}]' \
		'{"channel":"C","publisher":"T","protocol":"mqtt","subtopic":"a.b","n":"dev:h","v":40,"t":1699999999}' \
		'{"channel":"C","publisher":"T","protocol":"mqtt","subtopic":"a.b","n":"dev:t","v":21.50,"t":1700000000}'
	echo '[{"received":1700000009.25,"n":"t","v":1}]' | mfx-normalize >out
	echo '{"n":"t","v":1,"t":1700000009.25}' | diff - out
}

@test "seq goes with each record, all but the last are numbered; a mark passes" {
	becomes '[{"seq":77,"channel":"C","n":"a","v":1},{"n":"b","v":2},{"n":"c","v":3}]' \
		'{"channel":"C","seq":77,"part":1,"n":"a","v":1,"t":1700000000}' \
		'{"channel":"C","seq":77,"part":2,"n":"b","v":2,"t":1700000000}' \
		'{"channel":"C","seq":77,"n":"c","v":3,"t":1700000000}'
	becomes '{"seq":78}' '{"seq":78}'
	becomes '{"seq":78,"part":2}' '{"seq":78,"part":2}'
	# a pack of bases leaves one
	becomes '[{"seq":79,"bn":"x"}]' '{"seq":79}'
}

@test "what is a part already stays one; of several only the last can say it" {
	becomes '{"channel":"C","seq":7,"part":2,"n":"a","v":1,"t":1700000000}' \
		'{"channel":"C","seq":7,"part":2,"n":"a","v":1,"t":1700000000}'
	becomes '[{"seq":7,"part":2,"n":"a","v":1},{"n":"b","v":2}]' \
		'{"n":"a","v":1,"t":1700000000}' \
		'{"seq":7,"part":2,"n":"b","v":2,"t":1700000000}'
	# in whatever order the labels come, and only as a number from 1 on
	becomes '{"n":"a","part":2,"t":1700000000,"v":1,"seq":7}' \
		'{"seq":7,"part":2,"n":"a","v":1,"t":1700000000}'
	# of no position it says nothing
	becomes '{"part":2,"n":"a","v":1,"t":1700000000}' \
		'{"n":"a","v":1,"t":1700000000}'
	local p
	for p in -1 1.5 2147483648 '"1"'; do
		echo "{\"seq\":7,\"part\":$p,\"n\":\"a\",\"v\":1,\"t\":1.7e9}" |
			status 65 "${N[@]}"
	done
	# of a pack that was made of several lines, which need not be the same
	# the next time
	becomes '[{"seq":7,"part":0,"n":"a","v":1},{"n":"b","v":2}]' \
		'{"n":"a","v":1,"t":1700000000}' \
		'{"seq":7,"n":"b","v":2,"t":1700000000}'
	# in a payload it is nobody's
	becomes '[{"seq":7,"n":"a","v":1},{"part":9,"n":"b","v":2}]' \
		'{"seq":7,"part":1,"n":"a","v":1,"t":1700000000}' \
		'{"seq":7,"n":"b","v":2,"t":1700000000}'
}

@test "a refused line leaves its seq behind as a mark" {
	printf '%s\n' '[{"seq":5,"n":"a"}]' '[{"seq":9,"n":"-","v":1}]' |
		status 65 "${N[@]}" >out 2>err
	[ "$(cat out)" = '{"seq":9}' ]
	printf '%s\n' '[{"seq":5,"n":"a"}]' '[{"seq":9,"n":"a","v":1}]' |
		status 65 "${N[@]}" >out 2>err
	[ "$(cat out)" = '{"seq":9,"n":"a","v":1,"t":1700000000}' ]
}

@test "numbers keep their digits where nothing is added" {
	becomes '[{"n":"a","v":1.10},{"n":"b","v":18446744073709551615},{"n":"c","v":1e3},{"n":"d","v":-0}]' \
		'{"n":"a","v":1.10,"t":1700000000}' \
		'{"n":"b","v":18446744073709551615,"t":1700000000}' \
		'{"n":"c","v":1e3,"t":1700000000}' '{"n":"d","v":-0,"t":1700000000}'
	becomes '[{"n":"a","v":1E5,"s":-2.50E+3,"ut":1E1}]' \
		'{"n":"a","v":1e5,"s":-2.50e+3,"t":1700000000,"ut":1e1}'
	becomes '[{"bs":1E5,"n":"a"}]' '{"n":"a","s":1e5,"t":1700000000}'
	becomes '[{"bv":0.1,"n":"a","v":0.2}]' '{"n":"a","v":0.3,"t":1700000000}'
	becomes '[{"bs":0.1,"n":"a","v":1,"s":0.2},{"n":"b","v":1}]' \
		'{"n":"a","v":1,"s":0.3,"t":1700000000}' \
		'{"n":"b","v":1,"s":0.1,"t":1700000000}'
	becomes '[{"bt":1276020076.001,"t":-5,"n":"a","v":1}]' \
		'{"n":"a","v":1,"t":1276020071.001}'
}

@test "bases replace, 0 and empty ones too" {
	becomes '[{"bn":"a","bu":"V","bt":1e9,"n":"1","v":1},{"bn":"","bu":"","bt":0,"n":"2","v":2}]' \
		'{"n":"a1","u":"V","v":1,"t":1000000000}' \
		'{"n":"2","v":2,"t":1700000000}'
	becomes '[{"bv":5,"n":"a","v":1},{"bv":0,"n":"b","v":1}]' \
		'{"n":"a","v":6,"t":1700000000}' '{"n":"b","v":1,"t":1700000000}'
	becomes '[{"bn":"x:"},{"n":"a","v":1}]' '{"n":"x:a","v":1,"t":1700000000}'
	becomes '[{"bs":3,"n":"a"}]' '{"n":"a","s":3,"t":1700000000}'
}

@test "the relative test is on the sum" {
	becomes '[{"bt":268435455,"t":1,"n":"a","v":1}]' '{"n":"a","v":1,"t":268435456}'
	becomes '[{"bt":268435455,"n":"a","v":1}]' '{"n":"a","v":1,"t":1968435455}'
	becomes '[{"bt":1.7e9,"t":-1.6e9,"n":"a","v":1}]' '{"n":"a","v":1,"t":1800000000}'
}

@test "strings: escapes, NUL, UTF-8" {
	becomes '[{"n":"\u0061","vs":"q\"\\\/\u0000\u00e9é\ud83d\ude00\t"}]' \
		'{"n":"a","vs":"q\"\\/\u0000éé😀\t","t":1700000000}'
}

@test "vd is normalised to base64url without padding" {
	becomes '[{"n":"a","vd":"+/8="},{"n":"b","vd":"-_8"},{"n":"c","vd":""}]' \
		'{"n":"a","vd":"-_8","t":1700000000}' \
		'{"n":"b","vd":"-_8","t":1700000000}' '{"n":"c","vd":"","t":1700000000}'
	becomes '[{"n":"a","vd":"AA","ct":"110"},{"n":"b","v":1,"ct":"60"}]' \
		'{"n":"a","vd":"AA","t":1700000000,"ct":"110"}' \
		'{"n":"b","v":1,"t":1700000000}'
}

@test "versions: 1 to 10 and 26, one a pack" {
	becomes '[{"bver":26,"n":"a","v":1}]' '{"bver":26,"n":"a","v":1,"t":1700000000}'
	becomes '[{"bver":10.0,"n":"a","v":1}]' '{"n":"a","v":1,"t":1700000000}'
	becomes '[{"n":"a","v":1},{"bver":10,"n":"b","v":1}]' \
		'{"n":"a","v":1,"t":1700000000}' '{"n":"b","v":1,"t":1700000000}'
	local v
	for v in 0 -1 11 16 42 4294967306 18446744073709551626 10.5 '"10"' null; do
		refused "[{\"bver\":$v,\"n\":\"a\",\"v\":1}]"
	done
	refused '[{"n":"a","v":1},{"bver":26,"n":"b","v":1}]'
}

@test "one wrong record refuses its pack, and only that" {
	local bad
	while IFS= read -r bad; do
		refused "$bad"
	done <<'BAD'
[{"n":"ok","v":1},{"n":"a"}]
[{"n":"ok","v":1},{"v":1}]
[{"n":"a","v":1,"vs":"x"}]
[{"n":"a","v":"1"}]
[{"n":"a","v":null}]
[{"n":"a","vb":1}]
[{"n":"a","vs":1}]
[{"n":1,"v":1}]
[{"n":"-a","v":1}]
[{"n":"a b","v":1}]
[{"n":"ä","v":1}]
[{"n":"a\u0000b","v":1}]
[{"n":"a\n","v":1}]
[{"bn":"/3/0/","n":"1","v":1}]
[{"n":"a","v":1,"foo_":1}]
[{"n":"a","v":1,"foo\u005f":{}}]
[{"n":"a","v":1,"n":"b"}]
[{"n":"a","v":1,"\u0076":2}]
[{"n":"a","v":1e309}]
[{"n":"a","v":NaN}]
[{"n":"a","v":01}]
[{"n":"a","v":1,}]
[{"n":"a","v":1},]
[{"n":"a","v":1}
[{"n":"a","v":1}]]
[{"n":"a","v":1}] x
[1]
[{}]
[{"n":"a","vd":"A"}]
[{"n":"a","vd":"AA A"}]
[{"n":"a","vd":"AA=A"}]
[{"n":"a","vd":"AA","ct":"x"}]
[{"n":"a","vd":"AA","ct":"070"}]
[{"n":"a","vd":"AA","ct":"65536"}]
[{"n":"a","v":1,"t":1e300}]
[{"bt":9e9,"n":"a","v":1,"t":1e9}]
[{"n":"a","vs":"\ud800"}]
[{"vlo":1,"n":"a"}]
"x"
null
{"n":"a"}
BAD
	refused "$(printf '[{"n":"a","vs":"\xff"}]')"
	refused "$(printf '\xef\xbb\xbf[{"n":"a","v":1}]')"
	printf '%s\n' '[{"n":"a"}]' '[{"n":"b","v":1}]' |
		status 65 "${N[@]}" --rejects rej >out 2>err
	[ "$(cat out)" = '{"n":"b","v":1,"t":1700000000}' ]
	[ "$(cat rej)" = '[{"n":"a"}]' ]
	grep -q '<stdin>:1:11: no value' err
}

@test "unknown labels are ignored, whatever they hold" {
	becomes '[{"n":"a","v":1,"_x":1,"a_b":[{"n":2,"foo_":1}],"N":3,"":null}]' \
		'{"n":"a","v":1,"t":1700000000}'
	refused "[{\"n\":\"a\",\"v\":1,\"x\":$(printf '[%.0s' {1..70})$(printf ']%.0s' {1..70})}]"
}

@test "labels count only in the first record" {
	becomes '[{"channel":"C","n":"a","v":1},{"channel":"X","seq":9,"n":"b","v":2}]' \
		'{"channel":"C","n":"a","v":1,"t":1700000000}' \
		'{"channel":"C","n":"b","v":2,"t":1700000000}'
}

@test "a payload in vd: SenML inside is resolved, its labels are nobody's" {
	local in b64
	in=$'[{"channel":"EVIL","n":"t",\n"v":1,"t":-1},{"publ\\u0069sher":"EVIL","n":"u","v":2}]'
	b64=$(printf %s "$in" | basenc --base64url -w0 | tr -d =)
	becomes "[{\"channel\":\"C\",\"publisher\":\"T\",\"received\":1600000000,\"seq\":5,\"n\":\"payload\",\"vd\":\"$b64\",\"ct\":\"application/senml+json\"}]" \
		'{"channel":"C","publisher":"T","seq":5,"part":1,"n":"t","v":1,"t":1699999999}' \
		'{"channel":"C","publisher":"T","seq":5,"n":"u","v":2,"t":1700000000}'
	# received is its now
	printf '[{"received":1600000000,"n":"payload","vd":"%s","ct":"110"}]\n' "$b64" |
		mfx-normalize >out
	[ "$(tail -1 out)" = '{"n":"u","v":2,"t":1600000000}' ]
}

@test "a payload that is not SenML passes as data" {
	becomes '[{"channel":"C","seq":5,"n":"payload","vd":"aGk","ct":"text/plain"}]' \
		'{"channel":"C","seq":5,"n":"payload","vd":"aGk","t":1700000000,"ct":"text/plain"}'
	echo '[{"channel":"C","n":"payload","vd":"aGk","ct":"application/senml+json"}]' |
		"${N[@]}" >out 2>err
	echo '{"channel":"C","n":"payload","vd":"aGk","t":1700000000,"ct":"application/senml+json"}' |
		diff - out
	grep -q 'not a SenML pack' err
	# an empty pack is SenML, of nothing
	becomes '[{"seq":6,"n":"payload","vd":"W10","ct":"application/senml+json"}]' '{"seq":6}'
}

@test "a device's own record of that look is only data" {
	becomes '[{"n":"payload","v":1}]' '{"n":"payload","v":1,"t":1700000000}'
	local b64
	b64=$(printf '[{"n":"payload","vd":"aGk","ct":"text/plain"}]' | basenc --base64url -w0 | tr -d =)
	becomes "[{\"n\":\"payload\",\"vd\":\"$b64\",\"ct\":\"application/senml+json\"}]" \
		'{"n":"payload","vd":"aGk","t":1700000000,"ct":"text/plain"}'
}

@test "a long base name times many records costs neither memory nor time" {
	python3 -c 'print("[{\"bn\":\"" + "x" * 60000 + "\"}," + ",".join(["{\"v\":1}"] * 100000) + "]")' >attack
	status 65 "${N[@]}" attack >out 2>err
	[ ! -s out ]
	grep -q 'pack too large when resolved' err
}

@test "a pack of 30,000 records resolves and sorts" {
	python3 -c 'print("[" + ",".join("{\"n\":\"a\",\"t\":%d,\"v\":1}" % (2000000000 - i) for i in range(30000)) + "]")' |
		"${N[@]}" >out
	[ "$(wc -l <out)" -eq 30000 ]
	[ "$(head -1 out)" = '{"n":"a","v":1,"t":1999970001}' ]
	sort -c -t: -k4 out
}

@test "files as operands, - for stdin, one that is missing" {
	echo '[{"n":"a","v":1}]' >f1
	echo '[{"n":"b","v":1}]' >f2
	echo '[{"n":"c","v":1}]' | status 66 "${N[@]}" f1 nowhere - f2 >out 2>err
	[ "$(jq -r .n out | tr -d '\n')" = acb ]
	grep -q 'nowhere: No such file' err
}

# ---- times ----

# RFC 8428 4.5.3 makes a time below 2^28 relative; a resolved record has been
# through that, and 4.6 calls its time absolute.
@test "the time of a resolved record is absolute in every stage" {
	local t line
	for t in 0 1 -1 0.000000001 -0.5 268435455 268435455.999999999 268435456 \
	    -86400.25 -9223372036.854775808 9223372036.854775807; do
		line='{"channel":"c","n":"a","v":1,"t":'$t'}'
		[[ $(mfx-normalize <<<"$line") == "$line" ]]
		[[ $(mfx-normalize <<<"$line" | mfx-normalize) == "$line" ]]
		[[ $(mfx-normalize --now 1700000000 <<<"$line") == "$line" ]]
		[[ $(mfx-grep --channel c <<<"$line") == "$line" ]]
		[[ $(mfx-fmt -F '{time}' <<<"$line") == "$t" ]]
		mfx-check <<<"$line"
		rm -f x.db*
		mfx-write-sqlite x.db <<<"$line"
		[[ $(mfx-read-sqlite x.db) == "$line" ]]
		rm -rf "$MFX_HOME/bus"
		mfx-pub raw <<<"$line"
		[[ $t == -* ]] ||
			mfx-sub --no-follow --from "@$t" raw | grep -qF "\"t\":$t}"
		# packs give the same time again, or the record is refused
		case $t in
		268435456 | 9223372036*)
			[[ $(mfx-encode <<<"$line" | mfx-normalize) == "$line" ]] ;;
		*)	status 65 mfx-encode <<<"$line" 2>err
			grep -q 'before 1978' err ;;
		esac
	done
	for t in 253402300800 9223372036.854775808 -9223372036.854775809 1e300; do
		status 65 mfx-normalize <<<'{"n":"a","v":1,"t":'$t'}' 2>err
		grep -q 't is out of range' err
	done
	# in a pack they stay relative
	[[ $(mfx-normalize --now 1700000000 <<<'[{"n":"a","v":1,"t":-5.5}]') == \
	    '{"n":"a","v":1,"t":1699999994.5}' ]]
}

# RFC 8428 has no such form; earlier drafts had
@test "a line of one object that gives no record is an error" {
	local line
	while read -r line; do
		status 65 mfx-normalize <<<"$line" >out 2>err
		status 65 mfx-check <<<"$line" 2>err
		status 65 mfx-grep --channel x <<<"$line" >out 2>err
		[[ $(<out) == "$([[ $line != *seq* ]] || echo '{"seq":5}')" ]]
	done <<-'END'
	{"bn":"urn:dev:mac:0024befffe804ff1/","e":[{"n":"temp","v":1}]}
	{"e":[{"n":"temp","v":1}],"bt":1700000000}
	{"bn":"x"}
	{"channel":"c","seq":5,"bn":"x"}
	{"channel":"c"}
	{}
	END
	[[ $(mfx-normalize <<<'{"seq":5}') == '{"seq":5}' ]]
}

# ---- amplification ----

# attack BASE RECORDS: one base name for many tiny records
attack() {
	python3 -c 'import json, sys
base, n = int(sys.argv[1]), int(sys.argv[2])
p = [{"channel": "c", "bn": "x" * base, "n": "0", "v": 1}]
p += [{"n": str(i), "v": 1} for i in range(1, n)]
print(json.dumps(p, separators=(",", ":")))' "$@"
}

@test "what names and units of a pack expand to is bounded, and says so" {
	attack 60000 999 >big
	attack 10 3 >small
	cat small big small >in
	status 65 mfx-normalize --rejects bad <in >out 2>err
	cmp bad big
	(($(wc -l <out) == 6))
	grep -q -- '--max-expand' err
	for p in mfx-check "mfx-grep --channel c" mfx-encode mfx-fmt \
	    "mfx-write-sqlite x.db"; do
		status 65 $p <big >out 2>&1
		grep -q -- '--max-expand' out
	done
	(($(mfx-normalize --max-expand 1000 <big | wc -l) == 999))
	# as data it stays what it is
	printf '[{"channel":"c","received":1,"n":"payload","vd":"%s","ct":"%s"}]\n' \
	    "$(sed 's/"channel":"c",//' big | tr -d '\n' | base64 -w 0 |
		tr -d =)" application/senml+json >data
	mfx-normalize <data >out 2>err
	(($(wc -l <out) == 1 && $(wc -c <out) < 2 * $(wc -c <data)))
	# a base unit is the same
	sed 's/"bn":"x/"bn":"y","bu":"x/' big | status 65 mfx-normalize 2>err
	# at the limit, 16 times and 1 MiB, a pack is taken
	attack 17000 64 >edge
	mfx-normalize <edge >out
	attack 30000 64 >edge
	status 65 mfx-normalize <edge >out 2>err
}

# What is a pack alone is one in a sequence too (RFC 8742), at any depth up
# to that of 64 for what is ignored.
@test "cbor: a value that is ignored nests as deep in a sequence as alone" {
	local depth want
	for depth in 60 61 62 63 64 65; do
		# d9d9f7 is the tag of CBOR, d2 one of one byte
		printf '\xd9\xd9\xf7\x81\xa3\x00\x61a\x02\x01\x61x%b\x00' \
		    "$(printf '\\xd2%.0s' $(seq $depth))" >one
		cat one one >two
		want=0
		((depth <= 64)) || want=65
		status $want mfx-normalize -t cbor one >out 2>err
		status $want mfx-normalize -t cbor two >out 2>err
		((want == 65 || $(wc -l <out) == 2))
		printf '[{"n":"payload","vd":"%s","ct":"112"}]\n' \
		    "$(basenc --base64url -w 0 one | tr -d =)" >line
		mfx-normalize line >out 2>err
		((want == 65)) || grep -q '"n":"a","v":1' out
	done
}
