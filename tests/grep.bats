#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-grep: which messages pass, and what is left of those that do not
load setup

setup_suite_test() {
	cat >in <<'EOF'
[{"channel":"c1","publisher":"p1","protocol":"mqtt","subtopic":"a.b","received":1700000000.5,"bn":"d:","n":"t","u":"Cel","v":21.50},{"n":"h","u":"%RH","v":40}]
{"channel":"c2","publisher":"p1","protocol":"http","n":"d:t","u":"Cel","v":19,"t":1700000000}
[{"channel":"c2","publisher":"p2","protocol":"coap","received":1700000001,"n":"d:s","vs":"on"}]
{"channel":"c3","publisher":"p2","protocol":"http","n":"e:b","vb":true,"t":1700000009}
[{"n":"payload","vd":"AAEC","ct":"application/octet-stream","channel":"c3"}]
EOF
}

# lines of `in` by number that pass: passes "1 3" OPTION…
passes() {
	local want=$1 got
	shift
	got=$(mfx-grep "$@" in | grep -nxFf - in | cut -d : -f 1 |
		paste -sd ' ')
	if [[ $got != "$want" ]]; then
		echo "lines '$got', not '$want': $*" >&2
		return 1
	fi
}

@test "labels by glob" {
	passes "1 2 3 4 5"
	passes 1 --channel c1
	passes "2 3" --channel c2
	passes "1 2 3" --channel 'c[12]'
	passes "3 4" --publisher 'p[!1]'
	passes "2 4" --protocol http
	passes 1 --subtopic 'a.*'
	passes "2 3 4 5" --subtopic ''
	passes "" --subtopic a
	passes "" --channel C1
}

@test "records by name, unit, time" {
	passes "1 2" --name '*:t'
	passes 1 --name 'd:h'
	passes "1 2" --unit Cel
	passes "3 4 5" --unit ''
	passes "3 4 5" --from 1700000001
	passes "2" --to 2023-11-14T22:13:20.5Z
	passes "1 2" --to 1700000000.500000001
	passes "3" --from 1700000001 --to 1700000002
}

@test "any of one kind, all of different kinds" {
	passes "1 2 3" --channel c1 --channel c2
	passes 2 --channel c2 --name '*:t'
	passes "" --channel c3 --name '*:t'
	# in one record, not one here and another there
	passes "" --name d:h --unit Cel
}

@test "values compare as numbers, text or booleans" {
	passes 1 --value 21.5
	passes 1 --value =2150e-2
	passes 1 --value '>19'
	passes "1 2" --value '>=19'
	passes 2 --value '<21'
	passes "1 2" --value '<=21.5'
	passes 1 --value '!=19'
	passes 2 --value '!=21.5' --name '*:t'
	passes 3 --value on
	passes 3 --value '="on"'
	passes 3 --value '!=off'
	passes 4 --value true
	passes 4 --value '!=false'
	passes "" --value '="true"'
	passes "" --value '"21.5"'
	passes "" --value AAEC
}

@test "several comparisons: equalities are alternatives, others a range" {
	passes "2 3" --value =19 --value =on
	passes 1 --value '>=20' --value '<30'
	passes "" --value '>30' --value '<40'
	passes "1" --value '!=19' --value '!=21.5'
	printf '[{"n":"%s","v":%s}]\n' a 1 b 2 c 3 >in
	passes "1 3" --value '!=2'
	passes 2 --value '!=1' --value '!=3'
}

@test "--invert of lines and of records" {
	passes "2 3 4 5" --invert --channel c1
	passes "3 4 5" --invert --name '*:t'
	[ "$(mfx-grep --records --invert --name '*:t' in | jq -r .n |
		paste -sd ' ')" = "d:h d:s e:b payload" ]
}

@test "lines pass byte for byte" {
	printf '%s\n' '[{"bn" : "x",  "n":"\u0061","v":1.10e+00,"zz":[1,{}]}] ' \
	    '{"n":"b","v":0.0,"t":1700000000,"unknown":"kept"}' >in
	mfx-grep in | cmp - in
	printf '[{"n":"a","v":1}]\r\n\n[{"n":"b","v":2}]' | mfx-grep >out
	printf '[{"n":"a","v":1}]\n[{"n":"b","v":2}]\n' | cmp - out
}

@test "--records takes the records that fit out of a pack" {
	diff - <(mfx-grep --records --unit %RH --unit Cel in) <<'EOF'
{"channel":"c1","publisher":"p1","protocol":"mqtt","subtopic":"a.b","n":"d:t","u":"Cel","v":21.50,"t":1700000000.5}
{"channel":"c1","publisher":"p1","protocol":"mqtt","subtopic":"a.b","n":"d:h","u":"%RH","v":40,"t":1700000000.5}
{"channel":"c2","publisher":"p1","protocol":"http","n":"d:t","u":"Cel","v":19,"t":1700000000}
EOF
	# all of them: as mfx-normalize does it
	mfx-gen --records 12 --count 50 --channel c >in
	diff <(mfx-grep --records in) <(mfx-normalize in)
}

@test "a pack of base fields alone passes by its labels" {
	echo '[{"channel":"c","bn":"x:","bt":1700000000}]' >in
	passes 1 --channel c
	passes "" --channel d
	passes "" --channel c --name '*'
}

@test "--count, --max and the exit status" {
	[ "$(mfx-grep -c --unit Cel in)" = 2 ]
	[ "$(mfx-grep -c --records in)" = 6 ]
	[ "$(mfx-grep -n 2 in | wc -l)" = 2 ]
	[ "$(mfx-grep -n 1 --records in | wc -l)" = 2 ]
	[ "$(mfx-grep -c -n 3 in)" = 3 ]
	status 0 mfx-grep in >/dev/null
	status 1 mfx-grep --name x in
	run mfx-grep -c --name x in
	[ "$status" -eq 1 ]
	[ "$output" = 0 ]
	status 1 mfx-grep </dev/null
	status 66 mfx-grep in missing 2>err >out
	[ "$(wc -l <out)" -eq 5 ]
	grep -q "missing: No such file" err
}

@test "lines that are not messages: their place, 65, --rejects, and the rest passes" {
	sed -i '2i not a message' in
	status 65 mfx-grep --rejects bad in >out 2>err
	[ "$(wc -l <out)" -eq 5 ]
	[ "$(cat bad)" = "not a message" ]
	grep -q '^mfx-grep: in:2:1: ' err
}

@test "wrong use: 64 and what was wrong" {
	local o
	for o in --channel=[ '--name=a[]' '--value=>on' '--value=<true' \
	    '--value=>"5"' '--value=>=' --from=noon --max=0; do
		run mfx-grep "$o" in
		[ "$status" -eq 64 ]
	done
	run mfx-grep '--value=>on' in
	[[ $output == "mfx-grep: --value '>on': only numbers have an order"* ]]
}

# ---- marks: what an acknowledgement at the end of the pipe sees ----

@test "what is dropped leaves its seq as a mark, several joined" {
	printf '{"channel":"%s","seq":%d,"n":"a","v":1,"t":1700000000}\n' \
	    x 10 x 20 c 30 x 40 x 50 c 60 x 70 x 80 >in
	diff - <(mfx-grep --channel c in) <<'EOF'
{"channel":"c","seq":30,"n":"a","v":1,"t":1700000000}
{"channel":"c","seq":60,"n":"a","v":1,"t":1700000000}
{"seq":80}
EOF
	run mfx-grep --channel nothing in
	[ "$status" -eq 1 ]
	[ "$output" = '{"seq":80}' ]
}

@test "marks that come in go on, and say as much as ever" {
	printf '{"seq":%d}\n' 5 6 7 | mfx-grep >out || [ $? -eq 1 ]
	[ "$(cat out)" = '{"seq":7}' ]
	printf '%s\n' '{"seq":5}' '{"seq":9,"n":"a","v":1,"t":1}' |
		mfx-grep >out
	[ "$(cat out)" = '{"seq":9,"n":"a","v":1,"t":1}' ]
	# streams one after another: the second begins again
	printf '{"seq":%d}\n' 50 60 5 6 | mfx-grep >out || [ $? -eq 1 ]
	[ "$(cat out)" = $'{"seq":60}\n{"seq":6}' ]
}

@test "a mark never stands between the records of one message" {
	# as mfx-normalize writes a pack: the last record carries the seq
	cat >in <<'EOF'
{"seq":10,"n":"x","v":1,"t":1700000000}
{"n":"a","v":1,"t":1700000000}
{"n":"x","v":2,"t":1700000000}
{"seq":20,"n":"x","v":3,"t":1700000000}
{"n":"x","v":1,"t":1700000000}
{"n":"a","v":2,"t":1700000000}
{"seq":30,"n":"a","v":3,"t":1700000000}
EOF
	diff - <(mfx-grep --name a in) <<'EOF'
{"seq":10}
{"n":"a","v":1,"t":1700000000}
{"seq":20}
{"n":"a","v":2,"t":1700000000}
{"seq":30,"n":"a","v":3,"t":1700000000}
EOF
}

@test "--records: those that fit are the parts of their pack" {
	cat >in <<'EOF'
[{"channel":"c","seq":10,"n":"a","v":1},{"n":"b","v":2},{"n":"a2","v":3},{"n":"z","v":4}]
[{"channel":"c","seq":20,"n":"z","v":1},{"n":"z2","v":2}]
EOF
	mfx-grep --records --name 'a*' in | jq -c '[.n, .seq, .part]' | diff - \
	    <(printf '["a",10,1]\n["a2",10,null]\n[null,20,null]\n')
}

@test "a refused line leaves its mark too" {
	printf '%s\n' '[{"channel":"c","seq":10,"n":"a","v":1}]' \
	    '[{"channel":"c","seq":20,"n":"a"}]' >in
	status 65 mfx-grep in >out 2>/dev/null
	[ "$(tail -n 1 out)" = '{"seq":20}' ]
	# of two, the first: it is mfx-sub that writes in front
	status 65 mfx-grep >out 2>/dev/null \
	    <<<'[{"seq":30,"seq":999,"n":"a","v":1}]'
	[ "$(cat out)" = '{"seq":30}' ]
}

@test "no mark is held back while there is nothing to read" {
	mkfifo fifo
	start mfx-grep --channel c fifo
	exec 8>fifo
	echo '[{"channel":"x","seq":10,"n":"a","v":1}]' >&8
	await 10 grep -qx '{"seq":10}' "$PID_OUT"
	echo '[{"channel":"c","seq":20,"n":"a","v":1}]' >&8
	await 10 grep -q '"seq":20' "$PID_OUT"
	echo '[{"channel":"x","seq":30,"n":"a","v":1}]' >&8
	await 10 grep -qx '{"seq":30}' "$PID_OUT"
	exec 8>&-
	wait "$PID"
}

@test "--count writes no marks" {
	[ "$(printf '{"seq":%d}\n' 50 60 5 | mfx-grep -c)" = 0 ]
}

# What a sink does with a stream: it may commit after a line with a position,
# and then has all up to there.  Whatever is asked for, a cut at any such
# place has to leave all that fits before it in front.
@test "property: an acknowledgement is exact wherever a sink cuts" {
	python3 - <<'EOF'
import json, random, subprocess
END = 1 << 31
random.seed(7)
for turn in range(60):
    lines, fits, seq = [], [], 0
    for i in range(random.randrange(1, 60)):
        seq += random.randrange(1, 9)
        n = random.randrange(1, 5)
        names = [random.choice("ab") for _ in range(n)]
        ids = [f"{name}{i}.{k}" for k, name in enumerate(names)]
        form = random.randrange(5)
        if form == 0:
            lines.append('{"seq":%d}' % seq)
        elif form == 1:
            rs = [{"n": x, "v": 1} for x in ids]
            rs[0] = {"channel": "c", "seq": seq, **rs[0]}
            lines.append(json.dumps(rs, separators=(",", ":")))
            # those that fit become the parts
            fit = [x for x in ids if x[0] == "a"]
            fits += [((seq, k + 1 if k + 1 < len(fit) else END), x)
                for k, x in enumerate(fit)]
        else:
            for k, x in enumerate(ids):
                at = {"seq": seq} if k == n - 1 or form == 3 else {}
                if k < n - 1 and form == 3:
                    at["part"] = k + 1
                r = {**at, "n": x, "v": 1, "t": 1700000000}
                lines.append(json.dumps(r, separators=(",", ":")))
                if x[0] == "a":
                    place = k + 1 if k < n - 1 and form == 3 else END
                    fits.append(((seq, place), x))
    out = subprocess.run(["mfx-grep", "--records", "--name", "a*"],
        input="\n".join(lines) + "\n", text=True, stdout=-1).stdout
    seen, last, open_record = [], (0, 0), False
    for line in out.splitlines():
        r = json.loads(line)
        if "n" in r:
            seen.append(r["n"])
            open_record = True
        if "seq" in r:
            assert (r["seq"], r.get("part", END)) > last
            last = (r["seq"], r.get("part", END))
            assert seen == [x for s, x in fits if s <= last], (lines, out)
            open_record = False
    assert last == (seq, END) and not open_record, (lines, out)
EOF
}
