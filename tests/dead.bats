#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Refused lines on a stream of the bus (--rejects bus:STREAM), and back to where
# they came from (mfx-bus redrive).
load setup
load servers

setup_suite_test() {
	unset MFX_GROUP
}

# bad FIRST LAST [CHANNEL]: lines that mfx-normalize refuses
bad() {
	seq "$1" "$2" | sed "s/.*/[{\"channel\":\"${3:-c}\",\"publisher\":\"p\",\"n\":\"n\",\"v\":1,\"odd_\":&}]/"
}

# letters FIRST LAST: as if these had come from streams s0, s1 and s2 by turns,
# with two reasons
letters() {
	/usr/bin/python3 - "$@" <<-'END'
	import base64, sys
	for i in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
	    line = '{"channel":"c%d","seq":%d,"n":"n","v":%d}' % (i % 5, i, i)
	    print('{"channel":"c%d","n":"dead","reason":"%s","place":"x",'
	          '"program":"y","from":"s%d","at":%d,"vd":"%s"}' % (
	          i % 5, "one" if i % 2 else "the other", i % 3, i,
	          base64.urlsafe_b64encode(line.encode()).rstrip(b"=").decode()))
	END
}

# what is on STREAM, without positions
on_stream() {
	mfx-sub "$1" --no-follow --from start | sed -E 's/"seq":[0-9]+,//'
}

# field NAME: of the letters on `dead`
field() {
	on_stream dead | jq -r ".$1"
}

@test "what a filter refuses is on the stream, with labels, reason and place" {
	bad 1 2 | mfx-pub raw
	mfx-sub raw/store --no-follow >lines
	MFX_GROUP=raw/store status 65 mfx-normalize --rejects bus:dead <lines \
	    >out 2>err
	# its positions go on
	[[ $(<out) == "$(tail -n 1 lines | sed -E 's/.*("seq":[0-9]+).*/{\1}/')" ]]
	on_stream dead | jq -e '.channel == "c" and .publisher == "p" and
	    .n == "dead" and .reason == "a label that must be understood" and
	    (.place | startswith("<stdin>:")) and .program == "mfx-normalize"
	    and .from == "raw" and (.received | . > 1700000000)'
	[[ $(field at | xargs) == "$(jq -r '.[0].seq' lines | xargs)" ]]
	on_stream dead | /usr/bin/python3 -c '
import base64, json, sys
for line in sys.stdin:
    print(base64.urlsafe_b64decode(json.loads(line)["vd"] + "==").decode())' |
	    diff - lines
	mfx-sub dead --no-follow --channel c | wc -l | grep -qx 2
	mfx-bus verify | jq -se 'all(.[]; .damage == 0)'
}

@test "every filter and sink has --rejects bus:STREAM" {
	local what
	echo garbage >garbage
	echo 'alarm a name x value > 1' >rules
	for what in mfx-normalize mfx-encode mfx-fmt mfx-grep mfx-plot \
	    'mfx-alarm rules' 'mfx-pub raw' \
	    'mfx-write-sqlite --ack raw/store m.db'; do
		# shellcheck disable=SC2086
		status 65 $what --rejects bus:dead <garbage 2>err
		[[ $(field program | tail -n 1) == "${what%% *}" ]]
	done
	[[ $(field vd | sort -u) == Z2FyYmFnZQ ]]
	(($(on_stream dead | wc -l) == 8))
	# the sink knows the stream
	[[ $(field from | sort | uniq -c | xargs) == '7 null 1 raw' ]]
	status 64 mfx-grep --rejects bus:../x <garbage 2>err
	grep -q "invalid stream name '../x'" err
	status 64 mfx-adapt-mqtt --rejects bus:dead 2>err
	grep -q "'bus:dead': not a file" err
}

@test "a line that can't be written to --rejects is not passed either" {
	printf '%s\n' '{"channel":"c","seq":10,"n":"a","v":1}' \
	    '{"channel":"c","seq":20,"n":"a"' \
	    '{"channel":"c","seq":30,"n":"a","v":3}' >in
	local what
	for what in mfx-normalize 'mfx-grep --name *' mfx-encode \
	    'mfx-fmt -t tsv' 'mfx-pub raw'; do
		set -f
		# shellcheck disable=SC2086
		status 74 $what --rejects /dev/full <in >out 2>err
		set +f
		grep -q '/dev/full: No space left on device' err
		# no position after it, nor a mark for it
		refute grep -qE '"seq":[23]0' out
	done
	[[ -z $(on_stream raw) ]]
}

@test "redrive sends them back, and the rest stays" {
	letters 1 30 | mfx-pub dead
	mfx-bus redrive dead --dry-run --reason one --channel c1 >said
	jq -se 'map({(.to): .lines}) | add == {"s0":1,"s1":1,"s2":1,"dead":27}' \
	    said
	status 66 mfx-sub s0 --no-follow
	mfx-bus redrive dead --reason one --channel c1 >said
	[[ $(jq -s 'map(select(.to != "dead").lines) | add' said) == 3 ]]
	for s in s0 s1 s2; do on_stream $s; done | jq .v | sort -n | xargs |
	    grep -qx '1 11 21'
	# the line as it was, without the position that it had
	[[ $(on_stream s1 | head -n 1) == '{"channel":"c1","n":"n","v":1}' ]]
	status 1 mfx-bus redrive dead --reason one --channel c1
	status 1 mfx-bus redrive dead --reason 'no such*'
	mfx-bus redrive dead --reason '*other'
	mfx-bus redrive dead
	status 1 mfx-bus redrive dead
	for s in s0 s1 s2; do on_stream $s; done | jq .v | sort -n |
	    diff - <(seq 30)
	[[ $(mfx-bus groups dead | jq -r '"\(.group) \(.lag)"') == 'redrive 0' ]]
	mfx-bus verify | jq -se 'all(.[]; .damage == 0)'
}

@test "a pipeline that was mended stores what it had refused" {
	export MFX_GROUP=raw/store
	bad 1 3 | mfx-pub raw
	echo '[{"n":"m","v":7}]' | mfx-pub raw
	store() {
		mfx-sub raw/store --no-follow | "$@" |
		    mfx-write-sqlite --ack raw/store m.db
	}
	store mfx-normalize --rejects bus:dead 2>err
	[[ $(mfx-read-sqlite m.db | jq .v) == 7 ]]
	[[ $(mfx-bus redrive dead) == '{"stream":"dead","to":"raw","lines":3}' ]]
	store sed 's/"odd_"/"odd"/'
	(($(mfx-read-sqlite --count m.db) == 4))
}

@test "lines that can not be sent back stay, and are counted" {
	echo '{"n":"x","v":1}' | mfx-pub dead
	letters 1 1 | sed 's/"from":"s1",//' | mfx-pub dead
	letters 2 2 | sed 's/"from":"s2"/"from":"..\/s2"/' | mfx-pub dead
	letters 3 3 | sed 's/"from"/"cut":true,"from"/' | mfx-pub dead
	letters 4 4 | sed 's/"vd":"/"vd":"AAAA/' | mfx-pub dead
	status 1 mfx-bus redrive dead 2>err
	grep -q '1 lines do not say where they came from: --to STREAM' err
	grep -q '1 lines are not refused lines' err
	status 64 mfx-bus redrive dead --to ../x 2>err
	status 64 mfx-bus redrive dead --reason '[' 2>err
	status 66 mfx-bus redrive missing 2>err
	mfx-bus redrive dead --to found
	[[ $(on_stream found | jq .v) == 1 ]]
	[[ $(mfx-bus stat | jq -r .stream | xargs) == 'dead found' ]]
	# one that is too long for a letter
	{ printf '{"n":"x","v":1,"odd_":"'; head -c 800000 /dev/zero | tr '\0' x
	  echo '"}'; } | status 65 mfx-normalize --rejects bus:long 2>err
	on_stream long | jq -e '.cut and (.vd | length > 900000)'
}

@test "labels that no bus may have do not get there, and the line does" {
	printf '%s\n' '{"channel":"a\u0000b","publisher":"p","n":1}' \
	    '{"channel":"c","subtopic":"a/../b","n":1}' \
	    $'{"channel":"\xff","n":1}' '{"channel":"c","channel":"d","n":1}' |
		status 65 mfx-normalize --rejects bus:dead 2>err
	(($(on_stream dead | wc -l) == 4))
	mfx-bus verify | jq -e '.damage == 0'
}

@test "a stream that can't be written ends the filter before the position is told" {
	bad 1 1 | mfx-pub raw
	mfx-sub raw/store --no-follow >lines
	: >"$MFX_HOME/bus/dead"
	mfx-normalize --rejects bus:dead <lines >out 2>err && false
	[[ ! -s out ]]
	grep -q dead err
	rm "$MFX_HOME/bus/dead"
	status 65 mfx-normalize --rejects bus:dead <lines >out 2>err
	[[ -s out ]]
}

# ---- kill -9 ----

# redriven: killed at random moments, each time with other options
redriven() {
	local i options=('--reason one' '--channel c2' '' '--channel c4')
	letters 1 400 | mfx-pub dead
	for ((i = 0; i < $1; i++)); do
		# shellcheck disable=SC2086
		start mfx-bus redrive dead ${options[i % 4]}
		pause "0.0$((RANDOM % 10))"
		kill -9 "$PID" 2>/dev/null || true
		wait "$PID" 2>/dev/null || true
	done
	mfx-bus redrive dead || (($? == 1))
	for s in s0 s1 s2; do on_stream $s; done | jq .v | sort -n |
	    diff - <(seq 400)
	mfx-bus verify | jq -se 'all(.[]; .damage == 0)'
}

@test "redrive, killed at any moment: each line goes back once" {
	redriven 25
}

# bats test_tags=servers
@test "on NATS: redrive, killed at any moment, and a bus that is away" {
	local filter i
	server_start nats
	export MFX_BUS
	MFX_BUS=$(server_url nats)
	redriven 8
	mkfifo lines
	for i in 1 2; do
		# the second one finds the server away when it starts
		((i == 1)) || server_pause nats
		exec 7<>lines
		start mfx-normalize --rejects bus:late lines 7>&-
		filter=$PID
		if ((i == 1)); then
			bad 1 1 >&7
			late() { (($(on_stream late | wc -l) == 1)); }
			await 60 late
			server_pause nats
		fi
		bad 2 2 >&7
		await 60 grep -q '; waiting' "$PID_ERR"
		server_resume nats
		exec 7>&-
		wait "$filter" || (($? == 65))
		(($(on_stream late | wc -l) == i + 1))
		grep -q 'it takes refused lines again' "$PID_ERR"
	done
}
