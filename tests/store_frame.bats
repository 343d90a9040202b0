#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is done for a store that can't do it: each part of a query, and a store
# that is away or refuses readings (tests/stores/part.c, keyed.c).
load setup

MODEL=$ROOT/tests/stores/model.py
. "$ROOT/tests/stores/keyed.bash"

setup_suite_test() {
	store_start
	make -s -C "$ROOT" "${BUILD:-build}/stores/part"
	PART=$ROOT/${BUILD:-build}/stores/part
	W=mfx-write-keyed R=mfx-read-keyed
}

numbered() {
	awk -v first="$1" -v last="$2" 'BEGIN {
		for (i = first; i <= last; i++)
			printf "{\"channel\":\"c\",\"seq\":%d,\"n\":\"dev:n\"," \
			    "\"v\":%d,\"t\":%d}\n", i, i, 1700000000 + i
	}'
}

@test "whatever parts a store does, the answers are the same" {
	$MODEL lines 7 400 >lines
	mfx-write-sqlite m.db <lines
	local can
	# enum store_can: none, all but series limits, one each, all but one
	for can in 0 0x2fff 0x100 0x7f 0x1ff 0x3ff 0x7ff 0x17ff 0x21ff 0x2eff \
	    0x27ff 0x2ffe 0x2fbf 0x2f7f 0x1b55 0x2cf3; do
		PART_CAN=$can $MODEL batch lines m.db "$PART" >answers ||
			{ echo "$can"; tail -n 3 answers; false; }
	done
}

@test "more than fits into memory is sorted in a file, which is gone then" {
	. "$ROOT/tests/stores/tsv.bash"
	store_start
	mkdir tmp
	export TMPDIR=$PWD/tmp
	awk 'BEGIN { for (i = 0; i < 1000000; i++)
		printf "{\"channel\":\"c\",\"n\":\"dev:n\",\"v\":%d,\"t\":%d}\n",
		    i, 1700000000 + i * 7919 % 1000003 }' | tee lines |
		mfx-write-tsv m.tsv
	sort -t : -k 6rn lines >want
	mfx-read-tsv --order desc m.tsv | cmp want
	[[ -z $(ls tmp) ]]
	# where files may not be large it can't do that (SIGXFSZ); and what is
	# limited needs none
	small() {
		bash -c 'ulimit -f 1000; exec "$@"' - mfx-read-tsv --order desc \
		    "$@" m.tsv
	}
	status 153 small > >(wc -l >lines)
	small --limit 1000 | cmp - <(head -n 1000 want)
}

@test "a store that is away is waited for, said once, and once when it is back" {
	mkfifo in
	touch m.away
	$W --every 10ms --ack raw/store m <in >out 2>err 3>&- &
	PID=$!
	PIDS+=("$PID")
	exec 5>in
	numbered 1 10 >&5
	await 10 grep -q 'the store is away; trying again until it works' err
	rm m.away
	await 10 eval '[[ $($R --count m) == 10 ]]'
	touch m.away
	numbered 11 20 >&5
	await 10 eval '(($(grep -c "is away" err) == 2))'
	rm m.away
	await 10 eval '[[ $($R --count m) == 20 ]]'
	await 10 eval '[[ $(<"$MFX_HOME/bus/raw/groups/store") == 20 ]]'
	exec 5>&-
	status 0 wait "$PID"
	diff - err <<-END
	mfx-write-keyed: the store is away; trying again until it works
	mfx-write-keyed: the store takes readings again
	mfx-write-keyed: the store is away; trying again until it works
	mfx-write-keyed: the store takes readings again
	END
}

# the bytes that a process has read, twice the same
stalls() {
	local before
	before=$(grep rchar "/proc/$1/io")
	pause 1
	[[ $(grep rchar "/proc/$1/io") == "$before" ]]
}

# less than half of what comes, and the table of this store is 100 MB of it
took_little() {
	(($(awk '/^VmHWM/ { print $2 }' "/proc/$1/status") < 220000))
}

@test "a store that is away for long: what comes waits, memory stays flat" {
	local n=500000 pad
	mkfifo in
	touch m.away
	$W --ack raw/store m <in 2>err 3>&- &
	PID=$!
	PIDS+=("$PID")
	exec 5>in
	pad=$(printf '%1000s' | tr ' ' x)
	numbered 1 $n | sed -E "s/\"v\":([0-9]+)/\"vs\":\"$pad\1\"/" \
	    >&5 3>&- &
	PIDS+=($!)
	await 20 grep -q 'is away' err
	await 60 stalls "$PID"
	took_little "$PID"
	rm m.away
	await 240 eval '[[ $(<"$MFX_HOME/bus/raw/groups/store") == $n ]]'
	took_little "$PID"
	exec 5>&-
	status 0 wait "$PID"
	[[ $($R --count m) == "$n" ]]
}

@test "at a terminal it shows rate, lag, retries and what is refused" {
	numbered 1 1 | mfx-pub raw
	local run="mfx-sub raw/store | exec $W --batch 20 --every 10ms"
	run+=" --ack raw/store"
	script -qec "$run m" -f seen </dev/null >out 3>&- &
	PID=$!
	PIDS+=("$PID")
	await 20 grep -q '0 readings/s  lag 0 s' seen
	touch m.away
	numbered 2 40 | sed '7s/dev:n/dev:bad/' | mfx-pub raw
	await 20 grep -qE '0 readings/s  lag [0-9.]+ s \([0-9,]+ bytes\)  [0-9]+ retr' \
	    seen
	grep -q 'is away; trying again' seen
	rm m.away
	await 20 grep -qE 'lag 0 s  [0-9]+ retr(y|ies)  1 refused' seen
	# the line is drawn over, and a message takes its place
	grep -q $'\r[0-9,]* readings/s.*\033\[K' seen
	grep -q $'\r\033\[Kmfx-write-keyed: not stored' seen
	kill $(pgrep -P "$(pgrep -P "$PID")" -x mfx-sub)
	wait "$PID" || true
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == $(mfx-bus stat raw | jq .last) ]]
	# without a group there is no lag; -q, json, and not a terminal
	numbered 1 10 >lines
	script -qec "$W n <lines" -f seen </dev/null >out
	grep -q 'readings/s' seen
	refute grep -q 'lag' seen
	script -qec "$W -q n <lines" -f seen </dev/null >out
	refute grep -q 'readings/s' seen
	script -qec "$W --log json n <lines" -f seen </dev/null >out
	refute grep -q 'readings/s' seen
	$W n <lines 2>err
	[[ ! -s err ]]
}

@test "SIGTERM ends it while the store is away, and nothing is acknowledged" {
	mkfifo in
	touch m.away
	$W --every 10ms --ack raw/store m <in >out 2>err 3>&- &
	PID=$!
	PIDS+=("$PID")
	exec 5>in
	await 10 grep -q 'is away' err
	kill "$PID"
	status 75 wait "$PID"
	exec 5>&-
	rm m.away
	$W --every 10ms --ack raw/store m <in >out 2>err 3>&- &
	PID=$!
	PIDS+=("$PID")
	exec 5>in
	numbered 1 10 >&5
	await 10 eval '[[ $($R --count m) == 10 ]]'
	touch m.away
	numbered 11 20 >&5
	await 10 grep -q 'is away' err
	kill "$PID"
	status 75 wait "$PID"
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 10 ]]
	exec 5>&-
	rm m.away
	numbered 1 20 | $W --ack raw/store m
	[[ $($R --count m) == 20 ]]
}

@test "a reading that the store refuses is set aside, and can be stored later" {
	numbered 1 30 | sed '7s/dev:n/dev:bad/; 20,29s/dev:n/dev:bad/' >lines
	status 65 $W --ack raw/store --rejects out m <lines 2>err
	[[ $($R --count m) == 19 ]]
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 30 ]]
	grep -qx "mfx-write-keyed: not stored: 'dev:bad' at 1700000007, channel 'c': it is bad" err
	(($(grep -c 'not stored' err) == 10))
	grep -q '11 readings refused by the store' err
	[[ $(wc -l <out) == 11 ]]
	sed 's/dev:bad/dev:n/' out | $W m
	[[ $($R m | jq .v | sort -n | xargs) == $(seq -s ' ' 30) ]]
	# they can't be set aside: nothing is acknowledged
	numbered 31 40 | sed 's/dev:n/dev:bad/' |
		status 74 $W --ack raw/store --rejects /dev/full m 2>err
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 30 ]]
}

@test "a reading that the store refuses goes to a stream of the bus, and back" {
	numbered 1 10 | sed '7s/dev:n/dev:bad/' |
		status 65 $W --ack raw/store --rejects bus:dead m 2>err
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 10 ]]
	mfx-sub dead --no-follow | jq -e '.reason == "it is bad" and
	    .from == "raw" and .at == 7 and .program == "mfx-write-keyed"'
	mfx-bus redrive dead
	mfx-sub raw --no-follow | jq -e '.n == "dev:bad" and .v == 7'
	# it can't be set aside: nothing is acknowledged
	: >"$MFX_HOME/bus/nowhere"
	numbered 11 20 | sed 's/dev:n/dev:bad/' | refute \
		$W --ack raw/store --rejects bus:nowhere m 2>err
	[[ $(<"$MFX_HOME/bus/raw/groups/store") == 10 ]]
}

@test "a store without transactions that is killed again and again has all once" {
	numbered 1 3000 >lines
	local i
	for i in 1 2 3; do
		# as if killed after each batch, before the group was moved
		head -n $((i * 1000)) lines | $W --batch 7 --ack raw/store m
		echo 0 >"$MFX_HOME/bus/raw/groups/store"
	done
	$W --ack raw/store m <lines
	[[ $($R m | jq .v | sort -n | uniq | wc -l) == 3000 ]]
	[[ $($R --count m) == 3000 ]]
	(($(grep -c . m) > 6000))
}
