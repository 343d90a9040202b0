#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-fmt: messages as tables, tsv, csv, line protocol, templates
load setup

setup_suite_test() {
	cat >in <<'EOF'
[{"channel":"c1","publisher":"p1","protocol":"mqtt","subtopic":"a.b","received":1700000000.5,"seq":9,"bn":"d:","n":"t","u":"Cel","v":21.50},{"n":"h","u":"%RH","v":40,"s":1e3,"ut":60}]
{"channel":"c2","publisher":"p1","protocol":"http","n":"d:on","vb":true,"t":1700000001.000000001}
{"seq":10}
{"n":"d:s","vs":"open","t":1700000002}
{"n":"d:x","vd":"AAEC-_8","ct":"60","t":1700000003}
{"n":"d:sum","s":5,"t":1700000004}
EOF
}

# hostile text, as JSON: every byte and escape that means something to one
# of the forms, in strings, units and subtopics
hostile() {
	python3 - <<'EOF'
import json, random
random.seed(3)
bits = ["a", "Z", "0", " ", ",", "=", '"', "'", "\\", "\n", "\r", "\t",
    "\0", "\x1b[31m", "\x7f", "\u009b2J", "\u20ac", "\U0001f600", ";", "|",
    "\u202e", "\u2066", "\u200f", "\u061c",
    "{", "}", "\\n", '\\"', "\\\\", "\u2028", "#", "%", "\x01"]
text = lambda most: "".join(random.choice(bits)
    for _ in range(random.randrange(1, most)))
for i in range(400):
    r = {"channel": text(8), "publisher": text(8), "subtopic": text(8),
        "protocol": text(8), "n": "d:%d" % i, "u": text(8),
        "vs": text(20), "t": 1700000000 + i}
    print(json.dumps(r, ensure_ascii=random.random() < 0.5))
EOF
}

@test "table: aligned, numbers to the right, no spaces at the ends" {
	diff - <(mfx-fmt in) <<'EOF'
time                            channel  publisher  subtopic  name   value    unit
2023-11-14T22:13:20.5Z          c1       p1         a.b       d:t      21.50  Cel
2023-11-14T22:13:20.5Z          c1       p1         a.b       d:h         40  %RH
2023-11-14T22:13:21.000000001Z  c2       p1                   d:on   true
2023-11-14T22:13:22Z                                          d:s    open
2023-11-14T22:13:23Z                                          d:x    AAEC-_8
2023-11-14T22:13:24Z                                          d:sum
EOF
	[ -z "$(mfx-fmt </dev/null)" ]
}

@test "table: long cells are cut, --width says where, characters count" {
	echo '{"n":"a","vs":"äöüäöüäöü","t":1700000000}' >in
	[ "$(mfx-fmt --fields value --width 4 in | tail -n 1)" = "äöü…" ]
	[ "$(mfx-fmt --fields value --width 9 in | tail -n 1)" = "äöüäöüäöü" ]
	[ "$(mfx-fmt --fields value --width 1 in | tail -n 1)" = "…" ]
	mfx-gen --count 1000 --start 2026-01-01 | mfx-fmt >out
	[ "$(wc -l <out)" -eq 3001 ]
	[ "$(grep -c '^time' out)" -eq 1 ]
}

@test "table: rows come as soon as there is nothing more to read" {
	mkfifo fifo
	start mfx-fmt --fields name,value fifo
	exec 8>fifo
	echo '[{"n":"a","v":1}]' >&8
	await 10 grep -q '^a' "$PID_OUT"
	echo '[{"n":"wide-name","v":1}]' >&8
	await 10 grep -q '^wide' "$PID_OUT"
	exec 8>&-
	wait "$PID"
	diff - "$PID_OUT" <<'EOF'
name  value
a         1
wide-name      1
EOF
}

@test "tsv: all columns, no header unless asked for" {
	diff - <(mfx-fmt -t tsv in | tr '\t' '|') <<'EOF'
1700000000.5|c1|p1|mqtt|a.b|d:t|Cel|21.50|number|||
1700000000.5|c1|p1|mqtt|a.b|d:h|%RH|40|number|1e3|60|
1700000001.000000001|c2|p1|http||d:on||true|bool|||
1700000002|||||d:s||open|string|||
1700000003|||||d:x||AAEC-_8|data|||60
1700000004|||||d:sum||||5||
EOF
	[ "$(mfx-fmt -t tsv --header in | head -n 1 | tr '\t' ,)" = \
	    "$(mfx-fmt -t csv in | head -n 1)" ]
	[ "$(mfx-fmt -t tsv --header </dev/null | wc -l)" -eq 1 ]
}

@test "tsv: text that means something is escaped, and nothing is lost" {
	hostile >in
	mfx-fmt -t tsv in >out
	[ "$(wc -l <out)" -eq 400 ]
	python3 - <<'EOF'
import json, re
def plain(s):
    return re.sub(rb"\\(x..|.)", lambda m: bytes([int(m[1][1:], 16)])
        if m[1][:1] == b"x" else {b"n": b"\n", b"t": b"\t", b"r": b"\r",
        b"\\": b"\\"}[m[1]], s).decode()
for line, row in zip(open("in"), open("out", "rb")):
    r = json.loads(line)
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c"
        rb"|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]", row)
    f = [plain(x) for x in row[:-1].split(b"\t")]
    assert f[1:9] == [r["channel"], r["publisher"], r["protocol"],
        r["subtopic"], r["n"], r["u"], r["vs"], "string"], (r, f)
EOF
	# and no form for a terminal lets a control character through
	for form in "-t table" "-F {value}{unit}{subtopic}\n"; do
		mfx-fmt $form in >out
		run grep -caP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xaa-\xae]|\xe2\x81[\xa6-\xa9]' out
		[ "$output" = 0 ]
	done
	[ "$(mfx-fmt -F '{value}\n' in | wc -l)" -eq 400 ]
}

@test "csv: Python's reader gets back what was sent" {
	hostile >in
	mfx-fmt -t csv in >out
	python3 - <<'EOF'
import csv, io, json
# the reader of this Python refuses NUL: it is put aside for it
text = open("out", "rb").read().decode().replace("\0", "\ue000")
rows = list(csv.reader(io.StringIO(text, newline="")))
assert rows[0] == ("time,channel,publisher,protocol,subtopic,name,unit,"
    "value,type,sum,update,ct").split(",")
lines = open("in").readlines()
assert len(rows) == len(lines) + 1
for line, f in zip(lines, rows[1:]):
    r = json.loads(line)
    f = [x.replace("\ue000", "\0") for x in f]
    assert f == [str(r["t"]), r["channel"], r["publisher"], r["protocol"],
        r["subtopic"], r["n"], r["u"], r["vs"], "string", "", "", ""], (r, f)
EOF
	[ "$(mfx-fmt -t csv --no-header in | wc -l)" -lt "$(wc -l <out)" ]
	[ "$(mfx-fmt -t csv </dev/null | wc -l)" -eq 1 ]
}

@test "influx: the points that Mainflux wrote" {
	diff - <(mfx-fmt -t influx in) <<'EOF'
messages,channel=c1,name=d:t,publisher=p1,subtopic=a.b protocol="mqtt",unit="Cel",value=21.50 1700000000500000000
messages,channel=c1,name=d:h,publisher=p1,subtopic=a.b protocol="mqtt",unit="%RH",value=40,valueSum=1e3,updateTime="60" 1700000000500000000
messages,channel=c2,name=d:on,publisher=p1 protocol="http",boolValue=true 1700000001000000001
messages,name=d:s stringValue="open" 1700000002000000000
messages,name=d:x dataValue="AAEC-_8" 1700000003000000000
messages,name=d:sum valueSum=5 1700000004000000000
EOF
}

@test "influx: hostile text stays in its tag or its field" {
	hostile >in
	mfx-fmt -t influx in >out
	python3 - <<'EOF'
import json, re
# A reader of its own, for both ways in which backslashes in tags are
# read: InfluxDB 1.x looks at the byte before, others pair them.
text = open("out", "rb").read().decode()
def until(stops, pos, pairs):
    out = ""
    while text[pos] not in stops:
        if text[pos] == "\\" and (text[pos + 1] in ", =" or
                (pairs and text[pos + 1] == "\\")):
            pos += 1
        out += text[pos]
        pos += 1
    return out, pos
def point(pos, pairs):
    measurement, pos = until(", ", pos, pairs)
    tags, fields = {}, {}
    while text[pos] == ",":
        key, pos = until("=", pos + 1, pairs)
        tags[key], pos = until(", ", pos + 1, pairs)
    while not tags or text[pos] != " " or not fields:
        key, pos = until("=", pos + 1, pairs)
        m = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S).match(text, pos + 1)
        fields[key] = re.sub(r'\\(["\\])', r"\1", m[1])
        pos = m.end()
        if text[pos] == " ":
            break
    m = re.compile(r" (\d+)\n").match(text, pos)
    return measurement, tags, fields, int(m[1]), m.end()
clean = lambda s: re.sub(r"[\x00-\x1f\x7f\\]", "_", s)
for pairs in False, True:
    pos = 0
    for line in open("in"):
        r = json.loads(line)
        measurement, tags, fields, t, pos = point(pos, pairs)
        assert measurement == "messages" and t == r["t"] * 10**9
        assert tags == {"channel": clean(r["channel"]), "name": r["n"],
            "publisher": clean(r["publisher"]),
            "subtopic": clean(r["subtopic"])}, (r, tags)
        assert fields == {"protocol": r["protocol"], "unit": r["u"],
            "stringValue": r["vs"]}, (r, fields)
    assert pos == len(text)
EOF
}

@test "templates: fields, braces, escapes; --format alone is enough" {
	mfx-fmt -F '{{{name}}}\t{value}{unit}\x21\\\n' in >out
	[ "$(sed -n 1p out)" = $'{d:t}\t21.50Cel!\\' ]
	[ "$(wc -l <out)" -eq 6 ]
	[ "$(mfx-fmt -F '{type},' in)" = "number,number,bool,string,data,," ]
	[ "$(mfx-fmt -t template -F x in)" = xxxxxx ]
	[ -z "$(mfx-fmt -F '' in)" ]
	[ "$(mfx-fmt -F '{time} ' --time ns in | cut -d ' ' -f 1,3)" = \
	    "1700000000500000000 1700000001000000001" ]
	[ "$(mfx-fmt -F '{time} ' --time rfc3339 in | cut -d ' ' -f 1)" = \
	    2023-11-14T22:13:20.5Z ]
}

@test "--fields picks columns, in any order" {
	[ "$(mfx-fmt -t csv --fields value,name in | sed -n 1,2p |
		paste -sd ' ')" = "value,name 21.50,d:t" ]
	[ "$(mfx-fmt -t tsv --time ns --fields time in | sed -n 3p)" = \
	    1700000001000000001 ]
	[ "$(mfx-fmt --fields unit in | sed -n 1,2p | paste -sd ' ')" = \
	    "unit Cel" ]
}

@test "wrong use: 64 and what was wrong" {
	local o
	for o in '-F {nothing}' '-F {name' '-F name}' '-F \q' '-F \x1' \
	    '-F \' '-t template' '-t csv -F x' '-t xml' '--fields time,when' \
	    '--fields ,' '--fields=' '-t influx --fields time' \
	    '-t influx --time ns' '--width 0' '--width 501' '--time long'; do
		run mfx-fmt $o in
		[ "$status" -eq 64 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	run mfx-fmt -F 'a {nothing}' in
	[[ $output == "mfx-fmt: --format '{nothing}': unknown field"* ]]
	run mfx-fmt -F "$(printf '{name}%.0s' {1..200})" in
	[ "$status" -eq 64 ]
}

@test "lines that are not messages: their place, 65, --rejects; the rest is printed" {
	sed -i '2i [{"n":"a","v":1},{"n":"b"}]' in
	status 65 mfx-fmt -t tsv --rejects bad in >out 2>err
	[ "$(wc -l <out)" -eq 6 ]
	[ "$(cat bad)" = '[{"n":"a","v":1},{"n":"b"}]' ]
	grep -q '^mfx-fmt: in:2:' err
}

@test "a row too large is refused as a whole" {
	python3 -c 'import json
print(json.dumps([{"n": "a", "vs": "x" * 900000}]))
print(json.dumps([{"n": "b", "vs": "y"}]))' >in
	status 65 mfx-fmt -F "$(printf '{value}%.0s' {1..120})\\n" in \
	    >out 2>err
	[ "$(wc -c <out)" -eq 121 ]
	grep -q 'in:1: too large when printed' err
}

@test "an output that fails: 74" {
	for t in table tsv csv influx; do
		status 74 mfx-fmt -t $t in >/dev/full
	done
}

@test "property: gen | normalize | fmt keeps every record, in all forms" {
	local n form
	for n in 1 7 30; do
		mfx-gen --seed $n --records $n --count 300 --channel c \
		    --start 2026-01-01 >packs
		mfx-normalize packs >records
		for form in "-t table" "-t tsv" "-t csv" "-t influx" \
		    "-F {name}\n"; do
			mfx-fmt $form packs >a
			mfx-fmt $form records >b
			# the heads of table and csv are one more
			cmp a b
			[ $(($(grep -cv '^time' a))) -eq $((300 * n)) ]
		done
	done
	# and the numbers are those that were sent
	diff <(mfx-fmt -t tsv --fields value packs | sort) \
	    <(grep -oE '"(v|vb|vs)":("[^"]*"|[^,}]*)' packs |
		cut -d : -f 2- | tr -d '"' | sort)
}

@test "json: one array of records, and an empty one" {
	[[ $(mfx-fmt -t json </dev/null) == '[]' ]]
	mfx-fmt -t json in >out
	jq -e 'length == 6 and .[0].channel == "c1" and .[1].v == 40' out
	jq -c '.[]' out | cmp - <(mfx-normalize in | jq -c 'del(.seq, .part) |
	    select(length > 0)')
	hostile >in
	mfx-fmt -t json in | jq -e 'length == 400'
	(($(mfx-fmt -t json in | wc -l) == 400))
	status 64 mfx-fmt -t json --time ns in
	status 64 mfx-fmt -t json --fields name in
}

@test "template: dates, of a time before 1970 too" {
	echo '{"n":"a","v":1,"t":1700000000.75}' >in
	[[ $(mfx-fmt -F '{time:%H:%M} {time:%Y-%m-%d %%}|{name}' in) == \
	    '22:13 2023-11-14 %|a' ]]
	echo '{"n":"a","v":1,"t":-0.5}' | mfx-fmt -F '{time:%F %T}' >out
	[[ $(<out) == '1969-12-31 23:59:59' ]]
	local bad
	for bad in '{time:}' '{time:%}' '{time:%Q}' '{name:%H}' '{time:%H' \
	    "{time:$(printf '%%H%.0s' {1..40})}"; do
		status 64 mfx-fmt -F "$bad" in 2>err
		(($(wc -l <err) == 1))
	done
}
