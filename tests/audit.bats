#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-audit: what came on a stream is in the store, and what is not is named.
# KILLS=200 (make nightly) kills the pipeline more often.
load setup

# lines FIRST LAST: packs of two records, of three channels
lines() {
	awk -v first="$1" -v last="$2" 'BEGIN {
		for (i = first; i <= last; i++)
			printf "[{\"channel\":\"c%d\",\"publisher\":\"p\",\"protocol\":\"http\",\"bn\":\"d:\",\"bt\":%d,\"n\":\"a\",\"v\":%d.25},{\"n\":\"b\",\"vs\":\"x%d\"}]\n",
			    i % 3, 1700000000 + i, i, i
	}'
}

stored() {
	mfx-sub raw/store --no-follow "$@" | mfx-normalize |
		mfx-write-sqlite --ack raw/store m.db
}

# the same, until the end of the test
store_all() {
	mkfifo pipe
	start bash -c 'exec mfx-sub raw/store >pipe'
	start bash -c 'exec mfx-write-sqlite --ack raw/store m.db <pipe'
}

total() {
	mfx-audit --store m.db -t json "$@" raw/store | jq -c 'select(.total) |
	    [.in, .stored, .rejected, .filtered, .in_flight, .missing, .extra]'
}

# where the line with this value is on the stream
position() {
	mfx-sub raw --no-follow --from start | grep -F "$1" |
		sed -E 's/.*"seq":([0-9]+).*/\1/'
}

@test "all is there, and what is on its way" {
	lines 1 1000 | mfx-pub raw
	stored
	[[ $(total) == '[2000,2000,0,0,0,0,0]' ]]
	lines 1001 1010 | mfx-pub raw
	[[ $(total) == '[2020,2000,0,0,20,0,0]' ]]
	mfx-audit --store m.db raw/store >out
	grep -qxE 'c1 +674 +668 +0 +0 +6 +0 +0' out
	grep -qxE '\(all\) +2020 +2000 +0 +0 +20 +0 +0' out
	# stored, but the group has not been moved yet
	mfx-bus groups raw | jq .seq >seq
	stored
	mfx-bus seek raw/store "$(<seq)"
	[[ $(total) == '[2020,2020,0,0,0,0,0]' ]]
}

@test "one reading removed by hand is named, with its position" {
	lines 1 500 | mfx-pub raw
	stored
	sqlite3 m.db "DELETE FROM readings WHERE value = 321.25"
	status 1 mfx-audit --store m.db raw/store >out
	grep -qxF "missing: raw@$(position 321.25) record 1 of 2 channel 'c0' publisher 'p' name 'd:a' time 2023-11-14T22:18:41Z" out
	grep -qxE 'c0 +332 +331 +0 +0 +0 +1 +0' out
	status 1 mfx-audit --store m.db -t json raw/store >out
	jq -se "[.[] | select(.difference)] == [{difference:\"missing\",
	    stream:\"raw\",group:\"store\",seq:$(position 321.25),record:1,
	    records:2,channel:\"c0\",subtopic:\"\",publisher:\"p\",
	    name:\"d:a\",time:1700000321}]" out
	# by time and channel it is within, or not
	status 1 mfx-audit --store m.db --channel c0 raw/store >out
	mfx-audit --store m.db --channel c1 raw/store >out
	mfx-audit --store m.db --from @1700000322 raw/store >out
	status 1 mfx-audit --store m.db --to @1700000322 raw/store >out
	# a value that was changed is one missing and one unknown
	sqlite3 m.db "UPDATE readings SET value = 7.5 WHERE value = 100.25"
	status 1 mfx-audit --store m.db raw/store >out
	grep -q "^missing: raw@$(position 100.25) record 1 of 2" out
	grep -q "^unknown: channel 'c1' .* time 2023-11-14T22:15:00Z$" out
}

@test "what is stored twice is named" {
	lines 1 50 | mfx-pub raw
	stored
	mfx-sub raw --no-follow --from "$(position '"v":9.25')" -n 1 |
		sed -E 's/"seq":[0-9]+,//' | mfx-write-sqlite m.db
	status 1 mfx-audit --store m.db raw/store >out
	grep -q "^stored again: raw@$(position '"v":10.25') record 1 of 2 channel 'c1'" out
	grep -q "^stored again: raw@$(position '"v":10.25') record 2 of 2 channel 'c1'" out
	# the same line twice on the stream is no difference
	lines 10 10 | mfx-pub raw
	[[ $(total) == '[102,102,0,0,0,0,0]' ]]
}

@test "refused lines, with and without letters" {
	lines 1 10 | mfx-pub raw
	echo '[{"channel":"c1","n":"n","v":1,"odd_":2}]' | mfx-pub raw
	lines 11 20 | mfx-pub raw
	# that one, and one that the audit can read
	mfx-sub raw/store --no-follow | sed 's/"v":5.25/"v":"five"/' |
		MFX_GROUP=raw/store mfx-normalize --rejects bus:dead |
		mfx-write-sqlite --ack raw/store m.db || true
	[[ $(total) == '[41,38,1,0,0,2,0]' ]]
	# a store that refused it gives it as a letter
	mfx-sub raw --no-follow --from start | grep '"v":5.25' >line
	/usr/bin/python3 -c 'import base64, sys
vd = base64.urlsafe_b64encode(open("line", "rb").read().rstrip())
print("{\"channel\":\"c2\",\"n\":\"dead\",\"reason\":\"r\",\"place\":\"\","
      "\"program\":\"x\",\"from\":\"raw\",\"vd\":\"%s\"}"
      % vd.decode().rstrip("="))' | mfx-pub dead
	[[ $(total) == '[41,38,3,0,0,0,0]' ]]
	status 1 mfx-audit --store m.db --dead other raw/store >out
}

@test "what a filter leaves out" {
	lines 1 30 | mfx-pub raw
	mfx-sub raw/store --no-follow | mfx-normalize | mfx-grep --name d:a |
		mfx-write-sqlite --ack raw/store m.db
	[[ $(total) == '[60,30,0,0,0,30,0]' ]]
	[[ $(total --name d:a) == '[60,30,0,30,0,0,0]' ]]
}

@test "shards, and several groups of one store" {
	lines 1 60 | mfx-pub raw
	local i
	for i in 1 2 3; do
		mfx-sub "raw/s$i" --shard "$i/3" --no-follow | mfx-normalize |
			mfx-write-sqlite --ack "raw/s$i" m.db
	done
	mfx-audit --store m.db --sharded raw/s{1,2,3} >out
	grep -qxE '\(all\) +120 +120 +0 +0 +0 +0 +0' out
	status 1 mfx-audit --store m.db raw/s1 raw/s2 raw/s3 >out
	sqlite3 m.db 'DELETE FROM readings WHERE value = 7.25'
	status 1 mfx-audit --store m.db --sharded raw/s1 raw/s2 raw/s3 >out
	grep -q '^missing: raw@' out
}

@test "a stream whose beginning was pruned away" {
	lines 1 20000 | mfx-pub raw
	stored
	mfx-bus prune --keep-bytes 1 raw
	lines 20001 20100 | mfx-pub raw
	stored
	mfx-audit --store m.db -t json raw/store | jq -se '.[-1] |
	    .differences == 0 and .in == .stored'
	sqlite3 m.db "DELETE FROM readings WHERE value = 20050.25"
	status 1 mfx-audit --store m.db raw/store >out
	grep -q "^missing: raw@$(position 20050.25) " out
}

@test "more differences than are listed, and more than can be told apart" {
	lines 1 60000 | mfx-pub raw
	stored
	sqlite3 m.db 'DELETE FROM readings WHERE time < 1700030000e9'
	status 1 mfx-audit --store m.db --list 3 raw/store >out 2>err
	(($(grep -c '^missing: ' out) == 3))
	grep -q '59995 more differences' err
	grep -qxE '\(all\) +120000 +60002 +0 +0 +0 +59998 +0' out
	sqlite3 m.db 'DELETE FROM readings'
	status 1 mfx-audit --store m.db raw/store >out 2>err
	grep -q 'more differences than can be told apart' err
	grep -qxE '\(all\) +120000 +0 +0 +0 +0 +120000 +0' out
}

@test "the store that a running sink tells of, or the environment" {
	lines 1 10 | mfx-pub raw
	status 64 mfx-audit raw/store 2>err
	grep -q 'give --store' err
	store_all
	caught_up() { mfx-bus groups raw | jq -e '.lag == 0'; }
	await 10 caught_up
	await 10 eval 'mfx-audit raw/store >out'
	# its file is where it was started, not where we are
	(cd / && mfx-audit raw/store) | cmp - out
	MFX_STORE=m.db mfx-audit raw/store >out
}

@test "wrong use, and what is not there" {
	lines 1 3 | mfx-pub raw
	stored
	status 64 mfx-audit --store m.db
	status 64 mfx-audit --store m.db raw
	status 66 mfx-audit --store m.db raw/other
	status 66 mfx-audit --store m.db other/store
	status 66 mfx-audit --store absent.db raw/store
	status 64 mfx-audit --store absent:x raw/store
	status 64 mfx-audit --store m.db --dead ../x raw/store
	status 74 mfx-audit --store m.db raw/store >/dev/full
}

# one run of the pipeline, of which one process gets a kill -9 after a while
killed_once() {
	start bash -c 'mfx-sub raw/store 2>/dev/null | mfx-normalize |
	    mfx-write-sqlite --batch 50 --ack raw/store m.db'
	local shell=$PID pids
	# or it has ended, as the one before had the group for a moment longer
	three() { pids=($(pgrep -P "$shell")) && ((${#pids[@]} >= 3)) ||
		gone "$shell"; }
	await 10 three
	((${#pids[@]} >= 3)) || return 0
	pause "0.0$((RANDOM % 90 + 10))"
	kill -9 "${pids[RANDOM % 3]}" 2>/dev/null || true
	kill -9 "${pids[@]}" 2>/dev/null || true
	wait "$shell" 2>/dev/null || true
}

@test "kills of the pipeline leave no difference" {
	local i n=${KILLS:-12}

	for ((i = 0; i < n; i++)); do
		lines $((i * 200 + 1)) $((i * 200 + 200)) | mfx-pub raw
		killed_once
		if ((i % 10 == 5)); then
			[[ ! -e m.db ]] || total
		fi
	done
	stored
	[[ $(total) == "[$((n * 400)),$((n * 400)),0,0,0,0,0]" ]]
}

@test "it audits while the pipeline runs" {
	store_all
	local i
	lines 1 1 | mfx-pub raw
	moved() { mfx-bus groups raw | jq -e '.seq > 0'; }
	await 10 moved
	for ((i = 0; i < 20; i++)); do
		lines $((i * 2000 + 2)) $((i * 2000 + 2001)) | mfx-pub raw
		mfx-audit --store m.db raw/store >out || { cat out; false; }
	done
}
