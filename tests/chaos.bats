#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-chaos: faults at the odds that were asked for, the same for the same seed
load setup
load bus

# numbered FIRST LAST: lines with positions
numbered() {
	awk -v first="$1" -v last="$2" 'BEGIN {
		for (i = first; i <= last; i++)
			printf "{\"channel\":\"c1\",\"seq\":%d,\"n\":\"n\",\"v\":%d,\"t\":%d}\n",
			    i, i, i
	}'
}

@test "without a fault everything passes, byte for byte" {
	numbered 1 1000 >in
	mfx-chaos in | cmp in -
	mfx-chaos --drop 0% --die 0/1 --cut 0% in | cmp in -
}

@test "dropped lines leave their position, at about the odds" {
	numbered 1 20000 >in
	mfx-chaos --drop 10% in >out
	n=$(grep -c '"n"' out)
	((n > 17500 && n < 18500))
	# of each run of dropped lines the last position is there
	[ "$(grep -o '"seq":[0-9]*' out | tail -n 1)" = '"seq":20000' ]
	jq -r .seq out | sort -nc
	numbered 1 50 | mfx-chaos --drop 100% | diff - <(echo '{"seq":50}')
	numbered 1 50 | mfx-chaos --drop 100% --after 49 | tail -n 1 | grep -qxF '{"seq":50}'
	n=$(numbered 1 50 | mfx-chaos --drop 100% --most 3 | grep -c '"n"')
	((n == 47))
}

@test "the same seed gives the same faults, and another others" {
	numbered 1 2000 >in
	mfx-chaos --drop 5% --seed 7 in >a
	mfx-chaos --drop 5% --seed 7 -u in >b
	cmp a b
	# whatever else is asked for
	mfx-chaos --drop 5% --seed 7 --delay 1/500:1ms --stall 1/500:1ms in | cmp a -
	mfx-chaos --drop 5% --seed 8 in >c
	refute cmp -s a c
	# what dies has written a beginning of that
	status 137 mfx-chaos --drop 5% --seed 7 --die 1/1000 -u in >d
	[ -s d ]
	head -c "$(stat -c %s d)" a | cmp - d
	status 137 mfx-chaos --drop 5% --seed 7 --die 1/1000 -u in | cmp d -
}

@test "a cut line has no end, and is killed for it" {
	numbered 1 10 >in
	status 137 mfx-chaos --cut 100% --after 4 in >out
	(($(wc -l <out) == 4))
	head -c "$(stat -c %s out)" in | cmp - out
	(($(stat -c %s out) > $(head -n 4 in | wc -c)))
	refute cmp -s <(head -n 4 in) out
}

@test "a delayed line is late, and those before it are not" {
	mkfifo fifo
	start mfx-chaos -v --delay 100%:1h --after 2 fifo
	exec 5>fifo
	numbered 1 3 >&5
	await 10 lines_are "$PID_OUT" 2
	await 10 grep -q 'fifo:3: delay' "$PID_ERR"
	kill -TERM "$PID"
	exec 5>&-
	await 10 gone "$PID"
	(($(wc -l <"$PID_OUT") == 3))
}

lines_are() {
	(($(wc -l <"$1") == $2))
}

@test "a pipeline with kills and cuts in its middle stores each line once" {
	local seed=0 got
	set -o pipefail
	mfx-gen --count 3000 --seed 3 | mfx-pub raw
	mfx-sub --no-follow --from start raw | mfx-normalize | mfx-write-sqlite want.db
	for ((seed = 1; seed < 200; seed++)); do
		got=0
		mfx-sub --no-follow raw/s |
			mfx-chaos -s $seed --cut 1/2000 --die 1/2000 -u |
			mfx-normalize 2>err |
			mfx-write-sqlite --batch 50 --ack raw/s got.db 2>>err || got=$?
		((got != 0)) || break
	done
	((seed > 1 && seed < 200))
	diff <(mfx-read-sqlite want.db | sort | md5sum) <(mfx-read-sqlite got.db | sort | md5sum)
}

@test "odds that are not valid" {
	local bad
	for bad in 1 0.5 101% -1% 1/0 x% % '' 1%:1s; do
		status 64 mfx-chaos --drop "$bad" /dev/null 2>err
		grep -qF "not odds such as 1%" err
	done
	status 64 mfx-chaos --delay 1% /dev/null
	status 64 mfx-chaos --stall 1%:5 /dev/null
}
