#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-plot, and mfx-fmt -t spark: charts of readings
load setup

# ramp N: values 0 to N-1, a second apart
ramp() {
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
		printf "{\"n\":\"r\",\"u\":\"V\",\"v\":%d,\"t\":%d}\n", i,
		    1700000000 + i }'
}

# the lines of a document that well-formedness or the grammar of SVG refuses
svg() {
	python3 - "$1" <<'EOF'
import re, sys
import xml.etree.ElementTree as tree
ns = "{http://www.w3.org/2000/svg}"
root = tree.parse(sys.argv[1]).getroot()
assert root.tag == ns + "svg", root.tag
width, height = float(root.get("width")), float(root.get("height"))
for e in root.iter():
    assert e.tag.startswith(ns), e.tag
    assert e.tag[len(ns):] in ("svg", "title", "desc", "style", "rect", "g",
        "path", "text", "tspan"), e.tag
for e in root.iter(ns + "path"):
    d = e.get("d")
    assert re.fullmatch(r"M[\d.]+ [\d.]+([LhvZ][\d. ]*)*", d), d
    for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", d):
        assert 0 <= float(x) <= width and 0 <= float(y) <= height, d
print(len(root.findall(ns + "g")))
EOF
}

@test "a ramp in Braille: a line from one corner to the other" {
	ramp 100 | mfx-plot -w 32 --height 3 >out
	cat >want <<'EOF'
r (V): 100 values from 0 to 99, mean 49.5, last 99
       100 ┤            ⢀⣀⣤⣤⠶⠖⠛⠋
           │     ⣀⣠⣤⡴⠶⠚⠛⠉⠉
         0 ┤⣠⠴⠶⠛⠋⠉⠁
           └────────┬
                    22:14
            2023-11-14T22:13:20Z to 2023-11-14T22:14:59Z
EOF
	diff want out
	# the dots themselves: 40 columns, and each is at its place or next to it
	python3 - <<'EOF'
rows = [line[12:].rstrip("\n") for line in open("out", encoding="utf-8")][1:4]
bits = {0: (0, 0), 1: (0, 1), 2: (0, 2), 6: (0, 3),
        3: (1, 0), 4: (1, 1), 5: (1, 2), 7: (1, 3)}
dots = set()
for row, text in enumerate(rows):
    for column, c in enumerate(text):
        for bit, (x, y) in bits.items():
            if c != " " and (ord(c) - 0x2800) >> bit & 1:
                dots.add((column * 2 + x, row * 4 + y))
assert {x for x, y in dots} == set(range(40)), dots
for x, y in dots:
    assert abs(11 - y - 11 * x / 39) < 1.5, (x, y)
EOF
}

@test "no peak is lost: one value of a million" {
	{
		ramp 1 | sed 's/"v":0/"v":5/'
		awk 'BEGIN { for (i = 0; i < 300000; i++)
			printf "{\"n\":\"r\",\"u\":\"V\",\"v\":%d,\"t\":%d}\n",
			    i == 123456 ? 1000 : 5, 1700000000 + i }'
	} >in
	mfx-plot -w 80 in >out
	grep -q '^r (V): 300001 values from 5 to 1000' out
	# the top row has the peak and nothing else
	[ "$(sed -n 2p out | python3 -c 'import sys
print(len(sys.stdin.buffer.read().decode()[12:].split()))')" = 1 ]
	# in any order the chart is the same
	tac in | mfx-plot -w 80 | cmp - out
	shuf --random-source=in in | mfx-plot -w 80 | cmp - out
	mfx-plot -t svg in >out.svg
	shuf --random-source=in in | mfx-plot -t svg | cmp - out.svg
}

@test "memory does not grow with the input" {
	small=$(ramp 20000 | memory_of mfx-plot)
	large=$(ramp 600000 | memory_of mfx-plot)
	((large < small + 1024))
}

# most memory of a command, in KiB
memory_of() {
	python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}

@test "extremes: one value, equal values, the ends of doubles and of time" {
	ramp 1 | mfx-plot >out
	grep -q '^r (V): 1 value from 0 to 0' out
	yes '{"n":"a","v":-7.5,"t":1}' | head -n 100 | mfx-plot -t blocks >out
	grep -q '100 values from -7.5 to -7.5, mean -7.5' out
	cat >in <<'EOF'
{"n":"a","v":1.7e308,"t":-9223372036}
{"n":"a","v":-1.7e308,"t":9223372036}
{"n":"a","v":1.7e308,"t":0}
{"n":"b","v":1e-320,"t":0}
{"n":"b","v":4.9e-324,"t":1}
{"n":"c","v":12345678901234567,"t":0}
{"n":"c","v":12345678901234568,"t":0.000000001}
EOF
	for t in braille blocks spark svg; do
		mfx-plot -t $t in >out.$t
		status 1 grep -iE '\b(nan|inf)\b' out.$t
	done
	[ "$(svg out.svg)" = 3 ]
	for e in 0 1e300 -1e300; do
		mfx-plot -t svg --min="$e" in >out.svg
		svg out.svg
		mfx-plot --max="$e" in >out
	done
}

@test "series: by name and unit, or by the fields that --by names" {
	cat >in <<'EOF'
{"channel":"c","publisher":"p1","protocol":"http","n":"t","u":"Cel","v":1,"t":1}
{"channel":"c","publisher":"p2","protocol":"http","n":"t","u":"Cel","v":2,"t":2}
{"channel":"c","publisher":"p2","protocol":"http","n":"t","u":"K","v":3,"t":3}
{"channel":"c","publisher":"p2","protocol":"http","n":"on","vb":true,"t":3}
{"channel":"c","publisher":"p2","protocol":"http","n":"s","vs":"x","t":3}
EOF
	mfx-plot in | grep values\\? | grep -v '^ ' | sed 's/:.*//' >out
	printf '%s\n' 't (Cel)' 't (K)' on | cmp - out
	mfx-plot --by publisher,name in | grep -v '^ ' | sed 's/:.*//' >out
	printf '%s\n' 'p1 t (Cel)' 'p2 t (Cel)' 'p2 t (K)' 'p2 on' | cmp - out
	mfx-plot --unit Cel --publisher p1 in | grep -v '^ ' >out
	[ "$(cat out)" = 't (Cel): 1 value from 1 to 1, mean 1, last 1' ]
	# a chart for each unit
	mfx-plot -t svg in >out.svg
	[ "$(grep -o 'height="[0-9]*"' out.svg | head -n 1)" = 'height="900"' ]
	# more series than can be drawn
	awk 'BEGIN { for (i = 0; i < 70; i++)
		printf "{\"n\":\"n%d\",\"v\":1,\"t\":1}\n", i }' |
		mfx-plot -t spark >out 2>err
	[ "$(wc -l <out)" = 64 ]
	grep -q '6 values left out: more than 64 series' err
}

@test "names that differ after many bytes are series of their own" {
	local long
	for n in 300 5000 60000; do
		long=$(head -c $n /dev/zero | tr '\0' a)
		printf '{"n":"%s%s","v":1,"t":1}\n' "$long" b "$long" c "$long" b |
			mfx-plot -t spark >out
		[ "$(wc -l <out)" = 2 ]
	done
}

@test "a gap is left open only when --gap says how long it is" {
	{ ramp 10; ramp 10 | sed 's/"t":17000000/"t":17000009/'; } >in
	mfx-plot -t svg in >out.svg
	[ "$(grep -c 'fill="none" stroke=' out.svg)" = 1 ]
	mfx-plot -t svg --gap 1m in >out.svg
	[ "$(grep -c 'fill="none" stroke=' out.svg)" = 2 ]
	svg out.svg
	mfx-plot -w 60 in >whole
	mfx-plot -w 60 --gap 1m in >open
	status 1 cmp -s whole open
}

@test "text of devices is text: in a terminal and in SVG" {
	printf '%s\n' '[{"n":"t","u":"<b>&\u001b[31m\u202e\uffff\u0000\"","v":1,"t":1}]' >in
	for t in braille spark; do
		mfx-plot -t $t -w 200 in >out
		status 1 grep -q $'\033\|\u202e' out
		grep -qF '<b>&\x1b[31m' out
	done
	mfx-plot -t svg in >out.svg
	[ "$(svg out.svg)" = 1 ]
	grep -qF '&lt;b&gt;&amp;\x1b[31m' out.svg
}

@test "PNG, by rsvg-convert" {
	ramp 50 | mfx-plot -t png -w 300 --height 200 >out.png
	[ "$(head -c 8 out.png | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
	[ "$(od -An -j 16 -N 8 -tx1 out.png | tr -d ' ')" = 0000012c000000c8 ]
	ramp 50 | PATH=$BIN status 78 mfx-plot -t png >out 2>err
	grep -q 'no program rsvg-convert in the PATH' err
	mkdir bad
	printf '#!/bin/sh\nexit 3\n' >bad/rsvg-convert
	chmod +x bad/rsvg-convert
	ramp 50 | PATH=$PWD/bad:$PATH status 74 mfx-plot -t png >out 2>err
	grep -q 'rsvg-convert: exit status 3' err
}

@test "straight from a store, with its conditions" {
	{ ramp 100; ramp 100 | sed 's/"n":"r"/"n":"x"/'; } |
		mfx-write-sqlite m.db
	mfx-plot --store sqlite:m.db --name r --from 1700000050 >out
	grep -q '^r (V): 50 values from 50 to 99' out
	status 1 grep -q '^x' out
	MFX_STORE=m.db mfx-plot --store sqlite -t spark >out
	[ "$(wc -l <out)" = 2 ]
	status 1 mfx-plot --store sqlite:m.db --name none
	status 66 mfx-plot --store sqlite:nothing.db 2>err
	grep -q 'nothing.db' err
	status 78 mfx-plot --store nosuch:x 2>err
	grep -q 'no program mfx-read-nosuch' err
	status 64 mfx-plot --store sqlite:m.db m.db 2>err
	grep -q -- '--store and files' err
	status 64 mfx-plot --store ../x 2>err
	grep -q "such as sqlite:messages.db" err
}

@test "nothing to draw, and what is refused" {
	status 1 mfx-plot </dev/null
	echo '{"n":"s","vs":"x","t":1}' | status 1 mfx-plot
	{ ramp 3; echo not a line; } | status 65 mfx-plot >out 2>err
	grep -q '^r (V): 3 values' out
	status 66 mfx-plot nothing 2>err
	ramp 3 | status 74 mfx-plot >/dev/full 2>err
	ramp 3 | status 64 mfx-plot --min x 2>err
	grep -q -- "--min 'x': not a number, such as 20.5" err
	ramp 3 | status 64 mfx-plot --min 5 --max 5 2>err
	grep -q -- '--min 5: not below --max 5' err
	ramp 3 | status 64 mfx-plot -t svg -w 100 2>err
	ramp 3 | status 64 mfx-plot --by nothing 2>err
}

@test "mfx-fmt -t spark: a line for each series" {
	ramp 8 | mfx-fmt -t spark >out
	[[ $(cat out) == 'r (V) '*▁*█*' 0 '*' 7 '*' 7' ]]
	ramp 8 | mfx-plot -t spark -w 80 | cmp - out
	mfx-fmt -t spark </dev/null >out
	[ ! -s out ]
	ramp 3 | status 64 mfx-fmt -t spark --fields name 2>err
	ramp 3 | status 64 mfx-fmt -t spark --time ns 2>err
}
