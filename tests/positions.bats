#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Positions, mfx-line(5), and what a sink makes of them: any filter may stand
# in front of it, and its store may be an older one.
load setup

W=mfx-write-sqlite

count() {
	sqlite3 "${1:-m.db}" 'SELECT count(*) FROM readings'
}

# parts FIRST LAST: packs of three as mfx-normalize gives them, each line with
# its position; a pack ends at the number of its last reading
parts() {
	awk -v first="$1" -v last="$2" 'BEGIN {
		for (i = first; i <= last; i++)
			printf "{\"channel\":\"c\",\"seq\":%d%s," \
			    "\"n\":\"dev:%d\",\"v\":%d,\"t\":%d}\n",
			    i + (3 - i % 3) % 3,
			    i % 3 ? ",\"part\":" i % 3 : "", i % 3, i,
			    1700000000 + i
	}'
}

# ---- any filter in between ----

# what the store knows: seq, the line that is not whole, its parts
progress() {
	sqlite3 -separator ' ' m.db 'SELECT seq, open_seq, part FROM progress'
}

@test "a batch may end within what was one line; it goes on after that part" {
	parts 1 8 | $W --ack raw/store m.db
	[[ $(count) == 8 && $(progress) == '6 9 2' ]]
	# the group only stands at ends of lines
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 6 ]]
	parts 7 9 | $W --ack raw/store m.db
	[[ $(count) == 9 && $(progress) == '9 0 0' ]]
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 9 ]]
	[[ $(sqlite3 m.db 'SELECT count(DISTINCT value) FROM readings') == 9 ]]
}

@test "whatever a filter drops, the end of each line too, the rest is stored once" {
	local keep
	for keep in 'dev:1' 'dev:2' 'dev:0' 'dev:[12]' 'dev:[01]'; do
		rm -rf m.db "$MFX_HOME"
		parts 1 300 | grep "$keep" >in
		# any part of it, again from anywhere before the group
		head -n 70 in | $W --batch 3 --ack raw/store m.db
		tail -n +30 in | head -n 50 | $W --batch 7 --ack raw/store m.db
		tail -n +60 in | $W --ack raw/store m.db
		sqlite3 m.db 'SELECT CAST(value AS integer) FROM readings ORDER BY time' |
			diff - <(jq .v in)
	done
	# the end of the last line has not been seen when its last part is dropped
	[[ $(progress) == '300 0 0' ]]
	rm -rf m.db "$MFX_HOME"
	parts 1 300 | grep dev:1 | $W --ack raw/store m.db
	[[ $(progress) == '297 300 1' ]]
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 297 ]]
	# a mark says it
	echo '{"seq":300}' | $W --ack raw/store m.db
	[[ $(progress) == '300 0 0' && $(count) == 100 ]]
}

@test "mfx-normalize, then grep, jq or awk: all of it stored, the group follows" {
	local i filter n=0
	for i in {1..60}; do
		echo '[{"channel":"c1","received":'$((1700000000 + i))',"bn":"dev:","n":"temp","v":'$i'},{"n":"hum","v":40},{"n":"bat","v":3}]'
	done | mfx-pub raw
	for filter in 'grep "dev:temp"' 'grep dev:hum' \
	    'jq -c "select(.n == \"dev:temp\")"' 'awk /dev:bat/' \
	    'jq -cS "select(.n == \"dev:hum\")"'; do
		n=$((n + 1))
		mfx-sub raw/g$n --no-follow | mfx-normalize | eval "$filter" |
			$W --ack raw/g$n $n.db
		[[ $(count $n.db) == 60 ]]
		mfx-sub raw/g$n --no-follow | mfx-normalize | eval "$filter" |
			$W --ack raw/g$n $n.db
		[[ $(count $n.db) == 60 ]]
		# at most the last line comes again
		(($(mfx-sub raw/g$n --no-follow | wc -l) <= 1))
	done
}

@test "it does not wait for a position that grep has dropped" {
	mkfifo in
	start_ready_on in $W --every 50ms --ack raw/store m.db
	parts 1 300 | grep --line-buffered dev:1 >&5
	await 10 eval '[[ $(count) == 100 ]]'
	await 10 grep -qx 297 "$MFX_HOME/bus/raw/groups/store"
	# SIGKILL: nothing is stored twice, nothing is left out
	kill -9 "$PID"
	exec 5>&-
	parts 298 600 | grep dev:1 | $W --ack raw/store m.db
	[[ $(sqlite3 m.db 'SELECT count(*), count(DISTINCT value) FROM readings') == '200|200' ]]
}

@test "a filter that strips positions: stored and warned about once, not awaited" {
	mkfifo in
	start_ready_on in $W --every 50ms --ack raw/store m.db
	parts 1 300 | jq -c --unbuffered 'select(.n) | {n, v, t}' >&5
	await 10 eval '[[ $(count) == 300 ]]'
	parts 301 330 | jq -c --unbuffered '{n, v, t}' >&5
	await 10 eval '[[ $(count) == 330 ]]'
	exec 5>&-
	status 0 wait "$PID"
	[[ $(grep -c "without 'seq'" err) == 1 && ! -e $MFX_HOME/bus/raw/groups/store ]]
	# and at the end of the input at once
	parts 1 30 | jq -c '{n, v, t}' | $W --ack raw/store 2.db
	[[ $(count 2.db) == 30 ]]
}

@test "a filter that keeps seq and loses part: all is stored, with a warning" {
	parts 1 30 | jq -c 'del(.part)' | $W --ack raw/store m.db 2>err
	[[ $(count) == 30 && $(grep -c "'part'" err) == 1 ]]
	# the same line again is not another one
	parts 30 30 | $W --ack raw/store m.db
	[[ $(count) == 30 ]]
}

@test "a pack that mfx-encode made is not numbered: it may be another next time" {
	parts 1 30 | mfx-encode -n 7 | mfx-normalize | $W --ack raw/store m.db
	[[ $(count) == 30 && $(progress) == '30 0 0' ]]
	# half of it, as when mfx-encode was killed: what has no position yet
	parts 31 60 | mfx-encode -n 7 | mfx-normalize | head -n 10 |
		status 75 $W --ack raw/store m.db 2>err
	parts 31 60 | mfx-encode -n 4 | mfx-normalize | $W --ack raw/store m.db
	[[ $(sqlite3 m.db 'SELECT count(*), count(DISTINCT value) FROM readings') == '60|60' ]]
}


# ---- a store behind its group ----

store() {
	mfx-sub raw/store --no-follow | mfx-normalize | $W --ack raw/store m.db
}

# readings FIRST LAST: each a line for the bus
readings() {
	for ((i = $1; i <= $2; i++)); do
		echo '[{"channel":"c","received":'$((1700000000 + i))',"n":"a","v":'$i'}]'
	done
}

@test "a store restored from a backup is behind its group, and reads on from there" {
	readings 1 320 | mfx-pub raw
	store
	cp m.db backup.db
	readings 321 330 | mfx-pub raw
	store
	[[ $(count) == 330 ]]
	rm -f m.db-wal m.db-shm
	cp backup.db m.db
	status 75 $W --ack raw/store m.db </dev/null 2>err
	(($(wc -l <err) == 1))
	grep -q 'raw/store: the store has it up to .* moved back' err
	store
	[[ $(sqlite3 m.db 'SELECT count(*), count(DISTINCT value) FROM readings') == '330|330' ]]
	[[ $(mfx-sub raw/store --no-follow | wc -l) == 0 ]]
}

@test "and a supervised pipeline does so by itself" {
	readings 1 320 | mfx-pub raw
	store
	cp m.db backup.db
	readings 321 330 | mfx-pub raw
	store
	rm -f m.db-wal m.db-shm
	cp backup.db m.db
	supervised() {
		until mfx-sub raw/store | mfx-normalize |
		    $W --ack raw/store m.db; do :; done
	}
	supervised 2>err 3>&- &
	PIDS+=($!)
	await 20 eval '[[ $(count) == 330 ]]'
	readings 331 340 | mfx-pub raw
	await 20 eval '[[ $(count) == 340 ]]'
	[[ $(sqlite3 m.db 'SELECT count(DISTINCT value) FROM readings') == 340 ]]
	# the stages end with the test too, and nobody starts them again
	local stages
	stages=$(pgrep -P "${PIDS[-1]}")
	kill -9 "${PIDS[-1]}"
	kill $stages
}

@test "behind its group, and the lines are pruned: 78 and what mends it" {
	readings 1 20 | mfx-pub raw
	store
	cp m.db backup.db
	export MFX_BUS_SEGMENT=300
	readings 21 60 | mfx-pub -u raw
	store
	rm -f m.db-wal m.db-shm
	cp backup.db m.db
	mfx-bus prune --keep-bytes 400B raw || mfx-bus prune --keep-bytes 400 raw
	status 78 $W --ack raw/store m.db </dev/null 2>err
	cp m.db same.db
	# the command that it names goes on with what is left
	eval "$(grep -o "'mfx-bus seek [^']*'" err | tr -d "'")"
	store 2>/dev/null
	(($(count) > 20 && $(count) < 60))
	[[ $(sqlite3 m.db 'SELECT count(*) = count(DISTINCT value), max(value) FROM readings') == '1|60' ]]
}

@test "a group that was moved ahead by hand stays there" {
	readings 1 20 | mfx-pub raw
	store
	readings 21 30 | mfx-pub raw
	mfx-bus seek raw/store end
	readings 31 33 | mfx-pub raw
	store
	[[ $(sqlite3 m.db 'SELECT count(*), max(value) FROM readings') == '23|33' ]]
	# but not when the sink has moved it since
	sqlite3 m.db 'DELETE FROM readings WHERE value > 20;
	    UPDATE progress SET seq = 100 WHERE source = "raw/store"'
	status 75 $W --ack raw/store m.db </dev/null
}
