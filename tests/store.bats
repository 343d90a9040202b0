#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-write-sqlite and mfx-read-sqlite: what goes in comes out, once.
load setup

W=mfx-write-sqlite
R=mfx-read-sqlite

# records FIRST LAST: packs of three as mfx-normalize gives them; only the
# last line of one has its position, which is its number
records() {
	awk -v first="$1" -v last="$2" 'BEGIN {
		for (i = first; i <= last; i++)
			printf "{\"channel\":\"c\",\"publisher\":\"p%d\"," \
			    "\"protocol\":\"mqtt\",%s\"n\":\"dev:n\"," \
			    "\"v\":%d,\"t\":%d}\n", i % 7,
			    i % 3 ? "" : "\"seq\":" i ",", i, 1700000000 + i
	}'
}

count() {
	sqlite3 "${1:-m.db}" 'SELECT count(*) FROM readings'
}

# position of the group in the store, and on the bus
positions() {
	sqlite3 m.db "SELECT seq FROM progress WHERE source = 'raw/store'"
	cat "$MFX_HOME/bus/raw/groups/store"
}

# one reading of each kind, and at the edges
every_kind() {
	local r='"channel":"c1","publisher":"p1","protocol":"http"'
	cat <<-END
	{$r,"subtopic":"a.b","n":"dev:t","u":"Cel","v":21.5,"t":1700000000.123456789}
	{$r,"n":"dev:max","v":9223372036854775807,"t":1700000001}
	{$r,"n":"dev:min","v":-9223372036854775808,"t":1700000002}
	{$r,"n":"dev:over","v":1e+300,"t":1700000003}
	{$r,"n":"dev:odd","v":9007199254740993,"t":1700000004}
	{$r,"n":"dev:tenth","v":0.1,"t":1700000005}
	{$r,"n":"dev:s","vs":"on\u0000 \"é\"","t":1700000006}
	{$r,"n":"dev:s","vs":"","t":1700000007}
	{$r,"n":"dev:b","vb":true,"t":1700000008}
	{$r,"n":"dev:b","vb":false,"t":1700000009}
	{$r,"n":"dev:d","vd":"AAH_","t":1700000010}
	{$r,"n":"payload","vd":"","t":1700000011,"ct":"text/plain"}
	{$r,"n":"dev:sum","s":-0.5,"t":1700000012}
	{$r,"n":"dev:both","v":1,"s":0.25,"t":1700000013,"ut":60.5}
	{$r,"bver":26,"n":"dev:v","u":"km/h","v":50,"t":1700000014}
	{"n":"bare","v":1,"t":-1.5}
	END
}

@test "what was stored comes back to the byte" {
	every_kind >in
	# the one before 1970 is relative to now for a resolver
	head -n -1 in >want
	$W m.db <want
	$R m.db >got
	diff want got
}

@test "the view has plain columns" {
	every_kind | head -n -1 | $W m.db
	sqlite3 -json m.db 'SELECT * FROM messages ORDER BY time_ns' >got
	jq -ce '.[0] | .channel == "c1" and .subtopic == "a.b" and
	    .publisher == "p1" and .protocol == "http" and .name == "dev:t"
	    and .unit == "Cel" and .value == 21.5 and
	    .time_ns == 1700000000123456789' got
	jq -ce '.[1].subtopic == null and .[1].unit == null' got
	jq -ce '[.[] | select(.name == "dev:b") | .bool_value] == [1, 0]' got
	jq -ce '.[12] | .sum == -0.5 and .value == null' got
	jq -ce '.[13] | .update_time == 60.5' got
	jq -ce '.[11].content_type == "text/plain"' got
	[[ $(sqlite3 m.db "SELECT count(*), typeof(value), hex(string_value)
	    FROM messages WHERE string_value <> ''") == "1|null|6F6E002022C3A922" ]]
	[[ $(sqlite3 m.db "SELECT hex(data_value) FROM messages
	    WHERE name = 'dev:d'") == 0001FF ]]
	[[ $(sqlite3 m.db "SELECT group_concat(typeof(value)) FROM messages
	    WHERE name IN ('dev:max', 'dev:over', 'dev:t')") =~ integer ]]
}

@test "packs and records may be mixed; a pack's time is when it was received" {
	cat >in <<-'END'
	[{"channel":"c","publisher":"p","received":1700000000.25,"bn":"d:","n":"a","v":1},{"n":"b","v":2,"t":-5}]
	{"channel":"c","publisher":"p","n":"d:c","v":3,"t":1700000001}
	END
	$W m.db <in
	$R m.db | jq -c '[.n, .v, .t]' >got
	diff - got <<-'END'
	["d:b",2,1699999995.25]
	["d:a",1,1700000000.25]
	["d:c",3,1700000001]
	END
}

@test "the same name and time: all are kept, in their order" {
	for i in 5 4 4 9; do
		echo '{"channel":"c","n":"x","v":'$i',"t":1700000000}'
	done | tee in | $W m.db
	$W m.db <in
	[[ $($R m.db | jq -c .v | xargs) == '5 4 4 9 5 4 4 9' ]]
	[[ $($R --order desc m.db | jq -c .v | xargs) == '9 4 4 5 9 4 4 5' ]]
	[[ $($R --aggregate last m.db | jq .v) == 9 ]]
}

@test "bad lines: refused with their place, the others stored" {
	{ records 1 3; echo bad; records 4 6; echo '[{"n":"x"}]'; } >in
	status 65 $W --rejects out m.db <in 2>err
	[[ $(count) == 6 ]]
	grep -q '<stdin>:4:' err
	grep -q '<stdin>:8:' err
	printf 'bad\n[{"n":"x"}]\n' | diff - out
}

# ---- batches ----

@test "a batch ends by its size" {
	mkfifo in
	start_ready_on in $W --every 1h --batch 30 m.db
	records 1 66 >&5
	await 10 eval '(($(count) >= 60))'
	exec 5>&-
	status 0 wait "$PID"
	[[ $(count) == 66 ]]
}

@test "a batch ends by its time, also while more and more comes" {
	mkfifo in
	start_ready_on in $W --every 200ms m.db
	records 1 3 >&5
	await 10 eval '[[ $(count) == 3 ]]'
	# a line each 20 ms, so that there is never a longer pause
	(for ((i = 4; i < 400; i++)); do
		records $i $i
		pause 0.02
	done >&5) 3>&- &
	PIDS+=($!)
	await 10 eval '(($(count) > 10))'
	kill -0 "${PIDS[1]}"
}

@test "SIGTERM stores what is whole, moves the group and ends with 0" {
	mkfifo in
	start_ready_on in $W --every 1h --ack raw/store m.db
	records 1 10 >&5
	# it is read when a later line's refusal is told
	echo bad >&5
	await 10 grep -q '<stdin>:11' err
	kill "$PID"
	status 65 wait "$PID"
	[[ $(count) == 9 ]]
	[[ $(positions | xargs) == '9 9' ]]
}

# ---- exactly once ----

@test "half a pack at the end is not stored, and not acknowledged" {
	records 1 8 | status 75 $W --ack raw/store m.db 2>err
	grep -q '2 readings' err
	[[ $(count) == 6 ]]
	[[ $(positions | xargs) == '6 6' ]]
	records 7 9 | $W --ack raw/store m.db
	[[ $(count) == 9 ]]
}

@test "what was delivered before is dropped, also the half of it" {
	records 1 9 | $W --ack raw/store m.db
	records 1 12 | $W --ack raw/store m.db
	records 5 15 | $W --batch 1 --ack raw/store m.db
	[[ $(count) == 15 ]]
	[[ $(positions | xargs) == '15 15' ]]
	# another group is another matter
	records 1 3 | $W --ack raw/other m.db
	[[ $(count) == 18 ]]
}

@test "marks are progress, also alone" {
	{ records 1 3; echo '{"seq":7}'; } | $W --ack raw/store m.db
	[[ $(positions | xargs) == '7 7' ]]
	echo '{"seq":9}' | $W --ack raw/store m.db
	[[ $(count) == 3 ]]
	[[ $(positions | xargs) == '9 9' ]]
}

@test "a refused line that has a position is progress" {
	{ records 1 3; echo '{"channel":"c","seq":6,"n":"x"}'; } |
		status 65 $W --ack raw/store m.db 2>err
	[[ $(positions | xargs) == '6 6' ]]
}

@test "killed between the commit and the group: the group is moved at the start" {
	records 1 9 | $W --ack raw/store m.db
	echo 3 >"$MFX_HOME/bus/raw/groups/store"
	$W --ack raw/store m.db </dev/null
	[[ $(positions | xargs) == '9 9' ]]
}


@test "a new bus under the old file is refused: its lines would look old" {
	records 1 9 | $W --ack raw/store m.db
	rm -r "$MFX_HOME/bus"
	records 1 3 | status 78 $W --ack raw/store m.db 2>err
	grep -q 'another bus' err
	records 1 3 | $W --ack raw/new m.db
	[[ $(count) == 12 ]]
}

# bats test_tags=many
@test "killed at random moments, thirty times: all once" {
	local n=0 killed=0 from got
	# more than a fast disk takes before it has been killed twenty times
	records 1 1500000 >all
	# a kill in front of the first move of the group would leave a file
	# that is ahead of an empty bus, which there never is
	head -n 3 all | $W --ack raw/store m.db
	while ((killed < 30)); do
		((n++ < 200))
		from=0
		[[ ! -e $MFX_HOME/bus/raw/groups/store ]] ||
			from=$(<"$MFX_HOME/bus/raw/groups/store")
		# redelivery, as the group may be behind
		got=0
		tail -n +$((from + 1)) all |
			timeout -s KILL "0.0$((RANDOM % 9 + 1))" \
			$W --batch 60 --every 5ms --ack raw/store m.db || got=$?
		((got == 0 || got == 137))
		killed=$((killed + (got == 137)))
		((got != 0)) || break
	done
	echo "# killed $killed times, stored $from by then" >&3
	((killed >= 20))
	tail -n +$((from + 1)) all | $W --ack raw/store m.db
	[[ $(sqlite3 m.db 'SELECT count(*), count(DISTINCT value), min(value),
	    max(value) FROM readings') == '1500000|1500000|1|1500000' ]]
	[[ $(sqlite3 m.db 'PRAGMA integrity_check') == ok ]]
}

@test "two writers at once store all of both" {
	records 1 30000 | $W --batch 100 m.db &
	records 30001 60000 | $W --batch 100 m.db
	wait $!
	[[ $(sqlite3 m.db 'SELECT count(*), count(DISTINCT value)
	    FROM readings') == '60000|60000' ]]
}

@test "many first writers of one file: one makes it, none is put off" {
	local i n pids
	for ((i = 0; i < 40; i++)); do
		pids=()
		for n in 1 2 3 4; do
			records $n $n | $W new.$i.db & pids+=($!)
		done
		for n in "${pids[@]}"; do wait "$n"; done
	done
	for ((i = 0; i < 40; i++)); do
		[[ $(sqlite3 new.$i.db 'SELECT count(*) FROM readings') == 4 ]]
	done
}

@test "two writers of one group store nothing twice; the second one gives up" {
	mkfifo in
	start_ready_on in $W --every 10ms --ack raw/store m.db
	records 1 30 | $W --ack raw/store m.db
	records 1 60 >&5
	status 75 wait "$PID"
	grep -q 'another writer' err
	[[ $(count) == 30 ]]
}

# ---- the disk and the file ----

full_disk() {
	mount -t tmpfs -o size=2m none small
	mkfifo in
	start_ready_on in $W --every 10ms --ack raw/store small/m.db
	records 1 120000 >&5 5>&- &
	await 20 grep -q full err
	# it waits, and says so once
	kill -0 "$PID"
	(($(wc -l <err) == 1))
	sqlite3 small/m.db 'SELECT count(*) = max(value) FROM readings' >whole
	[[ $(<whole) == 1 ]]
	mount -t tmpfs -o remount,size=100m none small
	wait $!
	exec 5>&-
	status 0 wait "$PID"
	[[ $(sqlite3 small/m.db 'SELECT count(*), count(DISTINCT value)
	    FROM readings') == '120000|120000' ]]
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 120000 ]]
}

full_disk_stopped() {
	mount -t tmpfs -o size=2m none small
	mkfifo in
	start_ready_on in $W --every 10ms --ack raw/store small/m.db
	records 1 120000 >&5 5>&- &
	await 20 grep -q full err
	kill "$PID"
	status 75 wait "$PID"
	kill $! 2>/dev/null || true
	sqlite3 small/m.db 'SELECT max(value) FROM readings' >stored
	cmp stored "$MFX_HOME/bus/raw/groups/store"
	((10#$(<stored) < 120000))
}

# alone FUNCTION: where its mounts are nobody else's, and end with it
alone() {
	mkdir small
	export -f "$1" await pause start_ready_on records status
	export W BATS_TEST_TMPDIR
	unshare --mount $( ((EUID == 0)) || echo --map-root-user) \
	    bash -euo pipefail -c "PIDS=(); $1" 3>&-
}

@test "a full disk is waited for: nothing lost, no gap, nothing double" {
	alone full_disk
}

# bats test_tags=many
@test "SIGTERM on a full disk: 75, and nothing acknowledged that is not stored" {
	alone full_disk_stopped
}

@test "a file that is moved away under it is noticed" {
	mkfifo in
	start_ready_on in $W --every 10ms m.db
	records 1 3 >&5
	await 10 eval '[[ $(count) == 3 ]]'
	mv m.db n.db
	records 4 6 >&5
	status 74 wait "$PID"
	grep -q 'moved or removed; 3 readings not stored' err
}

@test "another application's database is refused and not touched" {
	sqlite3 other.db 'CREATE TABLE t(x); INSERT INTO t VALUES (1)'
	sqlite3 id.db 'PRAGMA application_id = 7; CREATE TABLE series(x)'
	sqlite3 version.db 'PRAGMA application_id = 1835432051;
	    PRAGMA user_version = 99; CREATE TABLE series(x)'
	echo 'no database at all, but long enough to be taken for one' >text.db
	local f
	for f in *.db; do
		cp "$f" "$f.before"
		records 1 3 | status 78 $W "$f" 2>err
		(($(wc -l <err) == 1))
		grep -q "$f: " err
		status 78 $R "$f" 2>err
		cmp "$f" "$f.before"
	done
}

@test "the file is made 0600, whatever its name" {
	local f
	for f in m.db :memory: file:x.db 'a b?mode=ro#'; do
		records 1 3 | (umask 0 && $W "$f")
		[[ -s $f && $(stat -c %a "$f") == 600 ]]
		[[ $($R "$f" | wc -l) == 3 ]]
	done
	status 78 $W no/such/dir.db </dev/null
	status 78 $W . </dev/null
	status 64 $W </dev/null
	status 64 $W '' </dev/null
	status 64 $W a b </dev/null
	status 64 $W --ack raw m.db </dev/null
	[[ ! -e a ]]
}

@test "a file that is not there is 66, and is not made" {
	status 66 $R none.db 2>err
	grep -q 'none.db: No such file' err
	[[ ! -e none.db ]]
	: >empty.db
	status 78 $R empty.db
	[[ ! -s empty.db ]]
}

# ---- reading ----

# a day of two things
day() {
	awk 'BEGIN {
		for (i = 0; i < 1440; i++) for (k = 1; k <= 2; k++) {
			printf "{\"channel\":\"c%d\",\"publisher\":\"p%d\"," \
			    "\"protocol\":\"%s\",\"subtopic\":\"room.%d\"," \
			    "\"n\":\"dev%d:t\",\"u\":\"Cel\",\"v\":%d," \
			    "\"t\":%d}\n", k, k, k == 1 ? "mqtt" : "coap", k,
			    k, i % 60, 1700006400 + i * 60
		}
		print "{\"channel\":\"c1\",\"n\":\"dev1:on\",\"vb\":true,\"t\":1700006401}"
		print "{\"channel\":\"c1\",\"n\":\"dev1:mode\",\"vs\":\"eco\",\"t\":1700006402}"
	}'
}

# finds N OPTION…
finds() {
	local want=$1 n
	shift
	n=$($R "$@" m.db | wc -l)
	[[ $n == "$want" && $($R --count "$@" m.db) == "$want" ]] ||
		{ echo "$n, not $want: $*"; return 1; }
}

@test "globs, comparisons and times select" {
	day | $W m.db
	finds 2882
	finds 1442 --channel c1
	finds 2882 --channel c1 --channel 'c[2-9]'
	finds 1440 --channel 'c[!1]'
	finds 1440 --publisher p2
	finds 1440 --protocol 'mq*'
	finds 1440 --subtopic 'room.?' --subtopic x --channel c2
	finds 2 --subtopic ''
	finds 1442 --name 'dev1:*'
	finds 2880 --unit Cel
	finds 2 --unit ''
	finds 96 --value '>=58'
	finds 48 --value '>=58' --value '<59'
	finds 96 --value 3 --value '=4'
	finds 1 --value true
	finds 1 --value =eco
	finds 1 --value '!=x'
	finds 120 --from 1700006400 --to 1700010000 --name '*:t'
	finds 1 --from 1700006401 --to 1700006402
	finds 2882 --from 2023-11-15T00:00:00Z
	status 1 $R --channel none m.db
	[[ $(status 1 $R --count --channel none m.db) == 0 ]]
}

@test "it is the same as mfx-grep on what was stored" {
	day >in
	$W m.db <in
	$R m.db >all
	local o
	for o in "--name *1:t" "--value >30" "--value =eco" "--value !=30" \
	    "--from 1700010000 --to 1700020000" "--channel c2 --value <=7"; do
		set -f
		diff <(mfx-grep $o all) <($R $o m.db)
		set +f
	done
}

@test "order, limit and offset" {
	day | $W m.db
	$R m.db >all
	tac all >back
	$R --order desc m.db | cmp - back
	$R --limit 7 m.db | cmp - <(head -n 7 all)
	$R --limit 7 --offset 100 m.db | cmp - <(tail -n +101 all | head -n 7)
	$R --order desc --limit 9 --offset 3 m.db |
		cmp - <(tail -n +4 back | head -n 9)
	$R --order desc --limit 3 --value '<10' --to 1700020000 m.db |
		cmp - <(mfx-grep --value '<10' --to 1700020000 all | tac | head -n 3)
	$R --offset 2880 m.db | cmp - <(tail -n 2 all)
	status 1 $R --limit 0 m.db
}

# wrapped SEQ TYPE: what stdin has, in a line as an adapter makes it
wrapped() {
	printf '[{"channel":"c","publisher":"p","protocol":"coap",'
	printf '"seq":%d,"received":1700000000,"n":"payload","vd":"%s",' "$1" \
	    "$(base64 -w 0 | tr '+/' '-_' | tr -d '=')"
	printf '"ct":"%s"}]\n' "$2"
}

@test "packs of all forms of SenML are stored as mfx-normalize gives them" {
	{
		printf '\x81\xa2\x00\x61a\x02\x01' |
			wrapped 1 application/senml+cbor
		printf '%s' '<sensml xmlns="urn:ietf:params:xml:ns:senml">' \
		    '<senml bn="x:" n="b" u="Cel" v="2"/>' \
		    '<senml n="c" t="-5" vs="on"/></sensml>' |
			wrapped 2 application/senml+xml
		printf '[\n{"n":"d","v":4,"t":-7}]' |
			wrapped 3 application/senml+json
		printf hello | wrapped 4 text/plain
		printf '\xff' | wrapped 5 application/senml+cbor
		echo '[{"channel":"c","seq":6,"bn":"e","bt":1.7e9,"v":1},{"n":"f","v":2}]'
	} >in
	$W direct.db <in 2>err
	grep -q ':5: payload kept as data: ' err
	mfx-normalize in 2>/dev/null | $W normalized.db
	$R --unit Cel direct.db | jq -e '.n == "x:b" and .v == 2 and
	    .t == 1700000000'
	diff <($R direct.db) <($R normalized.db)
	[[ $($R -c direct.db) == 8 ]]
}

@test "all that may be asked at once" {
	records 1 9 | $W m.db
	local o args=()
	for o in channel publisher protocol subtopic name unit; do
		for ((i = 0; i < 63; i++)); do
			args+=("--$o" "x$i")
		done
	done
	for ((i = 0; i < 64; i++)); do
		args+=(--value ">=-$i")
	done
	args+=(--channel c --publisher 'p[1]' --protocol mqtt --subtopic ''
	    --name dev:n --unit '' --from 0 --to 2000000000 --aggregate last)
	run $R "${args[@]}" m.db
	[[ $status == 0 && $output == *'"v":8,'* ]]
	run $R --value x "${args[@]}" m.db
	[[ $status == 64 ]]
}

@test "aggregates" {
	day | $W m.db
	$R --aggregate avg --every 1h m.db >got
	(($(wc -l <got) == 48))
	head -n 1 got | diff - <(echo '{"channel":"c1","publisher":"p1","protocol":"mqtt","subtopic":"room.1","n":"dev1:t","u":"Cel","v":29.5,"t":1700006400}')
	[[ $(jq -s 'map(.t) == (map(.t) | sort)' got) == true ]]
	# 23:00 is a multiple of five hours, 00:00 is not
	[[ $($R --aggregate count --every 5h --channel c2 m.db |
		jq -sc 'map([.t, .v, .u])') == '[[1699992000,60,null],[1700010000,300,null],[1700028000,300,null],[1700046000,300,null],[1700064000,300,null],[1700082000,180,null]]' ]]
	[[ $($R --aggregate sum --name dev2:t m.db | jq -c '[.v, .t]') == \
	    '[42480,1700092740]' ]]
	[[ $($R --aggregate min --value '>10' m.db | jq -c .v | xargs) == '11 11' ]]
	[[ $($R --aggregate max --every 1d m.db | jq -c .v | xargs) == '59 59' ]]
	[[ $($R --aggregate last m.db | jq -c '[.n, .v // .vs // .vb]' | xargs) == \
	    '[dev1:on,true] [dev1:mode,eco] [dev1:t,59] [dev2:t,59]' ]]
	[[ $($R --aggregate last --every 12h --channel c2 m.db |
		jq -c '[.v, .t]' | xargs) == '[59,1700006400] [59,1700049600]' ]]
	[[ $($R --aggregate count m.db | jq -s 'map(.v) | add') == 2882 ]]
	[[ $($R --aggregate count --every 1h --count m.db) == 50 ]]
	(($($R --aggregate avg --every 1h --order desc --limit 5 m.db | wc -l) == 5))
	status 64 $R --every 1h m.db
	status 64 $R --aggregate median m.db
}

@test "sums go beyond 64 bits; buckets start before 1970, too" {
	for i in 1 2; do
		echo '{"n":"x","v":9223372036854775807,"t":170000000'$i'}'
	done | $W m.db
	[[ $($R --aggregate sum m.db | jq .v) == 18446744073709552000 ]]
	[[ $($R --aggregate max m.db | grep -o '"v":[0-9]*') == \
	    '"v":9223372036854775807' ]]
	sqlite3 m.db 'UPDATE readings SET time = -1 WHERE time = 1700000001e9'
	[[ $($R --aggregate count --every 10s m.db | head -n 1 | jq .t) == -10 ]]
}

@test "what looks like SQL is only text" {
	day | $W m.db
	local o t
	for o in channel publisher protocol subtopic name unit value; do
		for t in "' OR '1'='1" "x'); DROP TABLE readings;--" '" OR 1' \
		    '%' '_' "x' UNION SELECT 1--" '@a' ':a' '\'; do
			status 1 $R "--$o=$t" m.db >got
		done
	done
	for t in "1' OR 1" '1;DROP' '--'; do
		for o in from to limit offset order aggregate every; do
			status 64 $R --$o "$t" m.db
		done
	done
	[[ $(count) == 2882 ]]
	$W 'x; DROP' <<<'{"channel":"'"'"'); DROP TABLE series;--","n":"x","v":1,"t":1.7e9}'
	[[ $($R 'x; DROP' | jq -r .channel) == "'); DROP TABLE series;--" ]]
}

@test "indexes are used" {
	day | $W m.db
	$R -vv --channel c1 --from -1h --limit 5 --order desc m.db 2>plan ||
		[ $? -eq 1 ]
	grep -q 'SEARCH s USING COVERING INDEX .*(channel=?)' plan
	grep -q 'SEARCH r USING PRIMARY KEY (series=? AND time>?' plan
	refute grep -q 'SCAN [rx]' plan
	$R -vv --name '*:t' --from 1700010000 --to 1700010001 m.db 2>plan >got ||
		[ $? -eq 1 ]
	grep -q 'SEARCH r USING PRIMARY KEY (series=? AND time>? AND time<?)' plan
	$R -vv --aggregate last m.db 2>plan >got
	refute grep -q 'SCAN [rxy]' plan
}

@test "a reader sees whole batches while a writer is at work" {
	mkfifo in
	start_ready_on in $W --batch 30 --every 1h m.db
	records 1 59997 >&5 5>&- &
	local i n before=0
	for ((i = 0; i < 40; i++)); do
		n=$($R --count m.db) || (($? == 1))
		((n % 3 == 0 && n >= before))
		before=$n
	done
	wait $!
	exec 5>&-
	status 0 wait "$PID"
	[[ $($R --count m.db) == 59997 ]]
}

@test "an answer that can't be written is status 74, and head ends it" {
	day | $W m.db
	status 74 $R m.db >/dev/full 2>err
	(($(wc -l <err) == 1))
	[[ $($R m.db | head -n 1 | wc -l) == 1 ]]
}

# ---- how much a message may cost ----

# packs KIND N: N messages that try to take more of the store than they are
packs() {
	python3 -c 'import json, sys
kind, n = sys.argv[1], int(sys.argv[2])
for i in range(n):
    a = {"channel": "c", "publisher": "t", "protocol": "http"}
    if kind == "base":          # a long base name, tiny records
        r = [{"bn": "x" * (8000 + i), "n": "0", "v": 1}]
        r += [{"n": str(k), "v": 1} for k in range(1, 130)]
    elif kind == "edge":        # one that makes each text as long as a row
        r = [{"bn": "%061d" % i, "n": "0", "v": 1}]
        r += [{"n": str(k), "v": 1} for k in range(1, 900)]
    elif kind == "names":       # all names long and different
        r = [{"n": "%d:%d:" % (i, k) + "y" * 3000, "v": 1} for k in range(30)]
    elif kind == "units":       # a long unit, tiny records
        r = [{"bu": "\u00e9%d" % i * 2000, "n": "0", "v": 1}]
        r += [{"n": str(k), "v": 1} for k in range(1, 130)]
    elif kind == "tiny":        # all that tells series apart changes
        r = [{"n": "%d" % (i * 999 + k), "v": 1} for k in range(999)]
    elif kind == "subtopics":   # a route for each message
        a["subtopic"] = "%d." % i + "z" * 250
        r = [{"n": "a", "v": 1}]
    print(json.dumps([a | r[0]] + r[1:], separators=(",", ":")))' "$@"
}

# Database, index and log: at most 20 times what was sent, and a constant:
# the log keeps the size it once had, 8000 pages and a batch.
# bats test_tags=many
@test "no message takes more than 20 times its size of the store" {
	local kind sent stored
	for kind in base:150 edge:60 names:40 units:100 tiny:60 \
	    subtopics:3000; do
		rm -f m.db*
		packs "${kind%:*}" "${kind#*:}" >sent
		mfx-normalize sent >resolved
		mkfifo slow
		$W m.db <slow &
		exec 7>slow
		rm slow
		cat resolved >&7
		await 60 test_stored "$(wc -l <resolved)"
		sent=$(wc -c <sent)
		stored=$(($(stat -c %s m.db) + $(stat -c %s m.db-wal)))
		exec 7>&-
		wait
		echo "$kind: sent $sent, stored $stored," \
		    "in the end $(stat -c %s m.db)"
		((stored <= 20 * sent + (48 << 20)))
		(($(stat -c %s m.db) <= 20 * sent))
		$R m.db | sort | cmp - <(sort resolved)
	done
}

test_stored() {
	(($(sqlite3 m.db 'SELECT count(*) FROM readings') == $1))
}

@test "names that share a base share its rows, for SQL too" {
	local base
	base=$(printf 'b%.0s' {1..3000})
	printf '{"channel":"c","n":"%s%s","u":"%s","v":1,"t":1.7e9}\n' \
	    "$base" x "$base" "$base" y short "$base" '' short >in
	$W m.db <in
	# 3000 bytes are 46 whole pieces of 64 and one of 56
	(($(sqlite3 m.db "SELECT count(*) FROM texts") == 46 + 3 + 2))
	sqlite3 m.db 'SELECT name FROM messages' | sort |
		diff - <(printf '%s\n' "$base" "${base}x" "${base}y")
	(($($R --name "${base}y" -c m.db) == 1))
	(($($R --name 'b*y' -c m.db) == 1))
	(($($R --unit "$base" -c m.db) == 1))
}

# What the version before this one made, with all kinds of values.
@test "a file of version 1 is read, and becomes one of now when written" {
	local base
	base=$(printf 'b%.0s' {1..500})
	sqlite3 m.db <"$ROOT/tests/vectors/store-1.sql"
	[[ $(sqlite3 m.db 'PRAGMA user_version') == 1 ]]
	$R m.db >before
	(($(wc -l <before) == 7))
	grep -q '"u":"Cel"' before
	sqlite3 m.db 'SELECT * FROM messages' >view
	$W m.db </dev/null
	[[ $(sqlite3 m.db 'PRAGMA user_version') == 3 ]]
	$R m.db | diff before -
	sqlite3 m.db 'SELECT * FROM messages' | diff view -
	[[ $(sqlite3 m.db 'PRAGMA integrity_check') == ok ]]
	[[ $(sqlite3 m.db "SELECT seq FROM progress") == 4711 ]]
	# readings of a series that was there go to it
	head -n 1 before | $W m.db
	(($($R -c m.db) == 8))
	(($(sqlite3 m.db 'SELECT count(*) FROM series') == 7))
}

@test "one operand too many is named, and is not said to be missing" {
	local p
	for p in mfx-write-sqlite mfx-read-sqlite; do
		status 64 "$p" a.db b.db </dev/null 2>err
		grep -q "unexpected operand 'b.db'" err
		[[ ! -e a.db && ! -e b.db ]]
	done
}

@test "a name that another program has stored can't forge a line" {
	echo '{"channel":"c1","n":"a","v":1,"t":5}' | mfx-write-sqlite m.db
	sqlite3 m.db "UPDATE texts SET text = 'a\",\"vs\":\"x' WHERE text = 'a'"
	status 65 mfx-read-sqlite m.db >out 2>err
	[[ ! -s out ]]
	grep -q 'a name in the store is not one of SenML' err
}
