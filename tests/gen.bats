#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-gen: the messages of devices, made up
load setup

gen() {
	mfx-gen --start 2026-01-01 "$@"
}

@test "the same seed gives the same bytes, another one others" {
	gen --count 1000 --records 9 >a
	gen --count 1000 --records 9 >b
	gen --count 1000 --records 9 --seed 2 >c
	cmp a b
	run cmp -s a c
	[ "$status" -eq 1 ]
	# these very bytes, on every machine and in every later version
	[ "$(gen --count 2 --records 9 | sha256sum)" = \
	    "$(sha256sum <"$BATS_TEST_DIRNAME/vectors/gen-seed-1.ndjson")" ]
}

@test "as many packs and records as asked for" {
	local n
	for n in 1 3 8 9 20; do
		gen --count 500 --records $n >packs
		[ "$(wc -l <packs)" -eq 500 ]
		[ "$(mfx-normalize packs | wc -l)" -eq $((500 * n)) ]
	done
	[ -z "$(gen --count 0)" ]
}

@test "every pack is valid, also at the extremes of time" {
	local start
	for start in 1970-01-01 1980-01-01 1700000000.123456789 \
	    2100-01-01T00:00:00+02:00; do
		mfx-gen --start $start --count 2000 --records 16 |
			mfx-normalize >/dev/null
	done
	# the end of time comes before the end of the count
	[ "$(mfx-gen --start 2262-04-11T23:47:15Z --every 1s --things 1 \
	    --count 5 | wc -l)" -lt 5 ]
}

@test "names and times of the records of one pack are all different" {
	gen --count 200 --records 50 --things 1 | head -n 1 | mfx-normalize |
		jq -c '[.n, .t]' | sort | uniq -d >twice
	[ ! -s twice ]
}

@test "readings are as real ones are" {
	gen --things 3 --count 3000 --records 8 --every 60s | mfx-normalize |
		jq -s -e '
		def of(n): map(select(.n | endswith(":" + n)));
		(of("temperature") | length == 3000 and
		    all(.u == "Cel" and .v > 5 and .v < 35)) and
		(of("humidity") | all(.u == "%RH" and .v >= 20 and .v <= 95)) and
		(of("battery") | all(.u == "V" and .v > 2.6 and .v <= 4.2)) and
		(of("switch") | map(.vb) | (any and (all | not))) and
		(of("latitude") | all(.u == "lat" and .v > -90 and .v < 90)) and
		(of("status") | all(.vs | type == "string")) and
		(of("energy") | group_by(.n) | all(map(.v) | . == sort))' \
		>/dev/null
	# warmer at three in the afternoon than at three at night
	gen --things 1 --records 1 --every 12h --count 200 |
		jq -s -e 'def mean: add / length;
		map(.[0] | select(.v)) | (map(select(.bt % 86400 == 43200).v)
		| mean) > (map(select(.bt % 86400 == 0).v) | mean) + 3' >/dev/null
}

@test "times follow from --every, --rate or one a second" {
	times() { grep -oE '"bt":[0-9.]+' | cut -c 12- | paste -sd ' '; }
	[ "$(gen --count 3 --things 2 | times)" = "5600 5600.5 5601" ]
	[ "$(gen --count 3 --things 2 --every 10m | times)" = \
	    "5600 5900 6200" ]
	[ "$(gen --count 3 --things 2 --rate 1000 | times)" = \
	    "5600 5600.001 5600.002" ]
	[ "$(gen --things 2 --duration 2s | times)" = \
	    "5600 5600.5 5601 5601.5" ]
	[ "$(gen --things 7 --every 1m --duration 1h | wc -l)" -eq 420 ]
}

@test "without --start packs have the time of the clock" {
	local before after
	before=$(date +%s)
	mfx-gen --count 3 >packs
	after=$(date +%s)
	jq -es --argjson a "$before" --argjson b "$after" \
	    'all(.[0].bt >= $a and .[0].bt <= $b + 1)' packs >/dev/null
}

@test "routing labels in front, as an adapter writes them" {
	gen --count 4 --channel c1 --channel c2 --subtopic /a/b/ \
	    --protocol coap --publisher p >lines
	[ "$(cut -c -90 lines | head -n 1)" = '[{"channel":"c1","publisher":"p","protocol":"coap","subtopic":"a.b","received":1767225600,' ]
	[ "$(jq -r '.[0].channel' lines | paste -sd ' ')" = "c1 c2 c1 c2" ]
	mfx-normalize lines |
		jq -es 'all(.channel and .publisher == "p")' >/dev/null
	# an id of its own for each thing, the same each time
	gen --things 500 --count 1000 --channel c | jq -r '.[0].publisher' |
		sort | uniq -c >ids
	[ "$(wc -l <ids)" -eq 500 ]
	[ "$(grep -cE '^ +2 [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' ids)" -eq 500 ]
	# two seeds share no thing
	gen --things 500 --count 500 --channel c --seed 2 |
		jq -r '.[0].publisher' | sort >other
	[ -z "$(awk '{ print $2 }' ids | sort | comm -12 - other)" ]
}

@test "--rate holds, and each pack leaves when it is due" {
	# 100 intervals of 5 ms after the first, by the packs' own clock
	mfx-gen --rate 200 --count 101 >packs
	jq -es 'length == 101 and .[100][0].bt - .[0][0].bt >= 0.4' packs
	start mfx-gen --rate 1
	await 10 test -s "$PID_OUT"
}

@test "SIGTERM ends it with whole lines and status 0" {
	local rate
	for rate in 0 1 100000; do
		rm -f fifo
		mkfifo fifo
		mfx-gen --rate $rate 3>&- >fifo &
		PIDS+=($!)
		local pid=$!
		exec 8<fifo
		head -c 1 <&8 >got
		kill -TERM $pid
		cat <&8 >>got
		exec 8<&-
		wait $pid
		mfx-normalize got >/dev/null
		[ "$(tail -c 1 got | od -An -c | tr -d ' ')" = '\n' ]
	done
}

@test "wrong use: 64" {
	status 64 mfx-gen --things 0
	status 64 mfx-gen --things 1000001
	status 64 mfx-gen --records 0
	status 64 mfx-gen --rate -1
	status 64 mfx-gen --start never
	status 64 mfx-gen --every 1m
	status 64 mfx-gen --publisher p
	status 64 mfx-gen --subtopic p
	status 64 mfx-gen --channel 'a"b'
	status 64 mfx-gen --channel $'a\n'
	status 64 mfx-gen --channel ''
	status 64 mfx-gen --channel c --publisher 'a\b'
	status 64 mfx-gen --channel c --subtopic 'a.*'
	status 64 mfx-gen --channel c --protocol $'\xff'
	status 64 mfx-gen operand
}

@test "an output that fails: 74" {
	status 74 mfx-gen --count 10 >/dev/full
	status 74 mfx-gen >/dev/full
	status 74 mfx-gen --rate 100 >/dev/full
}

@test "the largest pack still is a line" {
	gen --count 1 --records 10000 >line
	[ "$(wc -c <line)" -lt 1048576 ]
	[ "$(mfx-normalize line | wc -l)" -eq 10000 ]
}
