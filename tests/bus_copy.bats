#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-bus copy: streams and groups from one bus to another, with a real server
# of NATS at one end, killed at any moment.
load setup
load bus
load tls
load servers

setup_suite_test() {
	export MFX_MODULES=$BIN
}

# group_at BUS STREAM/GROUP: the line after it
group_at() {
	MFX_BUS=$1 mfx-sub --no-follow "$2" -n 1 | sed -E 's/.*"v":([0-9]+).*/\1/'
}

# the URL of a server, and the file with its password
far_bus() {
	echo "$SERVER_PASSWORD" >password
	FAR="nats://$SERVER_USER@127.0.0.1:$(server_port "$1")"
	FAR+="${2:-}?password-file=$PWD/password"
}

fill() {
	numbers_of 1 3000 | MFX_BUS=$1 mfx-pub raw
	numbers_of 3001 3500 | MFX_BUS=$1 mfx-pub -u raw
	numbers_of 1 7 | MFX_BUS=$1 mfx-pub events
	MFX_BUS=$1 mfx-sub raw/store -n 1200 --auto-ack >/dev/null
	MFX_BUS=$1 mfx-sub raw/live --no-follow --auto-ack >/dev/null
	MFX_BUS=$1 mfx-bus seek --create raw/new start >/dev/null
}

is_copied() {
	all_of "$1" raw | cmp - <(numbers_of 1 3500)
	all_of "$1" events | cmp - <(numbers_of 1 7)
	[[ $(group_at "$1" raw/store) == 1201 ]]
	[[ $(group_at "$1" raw/new) == 1 ]]
	[[ ! $(group_at "$1" raw/live) ]]
	MFX_BUS=$1 mfx-bus verify >verified
	numbers_of 3501 3502 | MFX_BUS=$1 mfx-pub raw
	[[ $(group_at "$1" raw/live) == 3501 ]]
}

# bats test_tags=servers
@test "to JetStream, on to another prefix, back, and to a directory" {
	server_start nats
	far_bus nats
	fill near
	mfx-bus copy near "$FAR" | jq -sc '.[] | [.stream, .to, .lines, .groups]' \
	    >out
	diff out - <<-'EOF'
	["events","events",7,0]
	["raw","raw",3500,3]
	EOF
	mfx-bus copy "$FAR" "${FAR/\?/\/other?}" >/dev/null
	mfx-bus copy "${FAR/\?/\/other?}" "dir:$PWD/back" >/dev/null
	mfx-bus copy near "$PWD/beside" >/dev/null
	is_copied "$FAR"
	is_copied "${FAR/\?/\/other?}"
	is_copied back
	is_copied beside
	cmp <(cat near/raw/*.ndjson) <(head -n 3500 beside/raw/*.ndjson)
}

@test "again: what is new, and groups move on; others' lines are left" {
	numbers_of 1 10 | MFX_BUS=near mfx-pub raw
	mfx-bus copy near far raw >/dev/null
	[[ $(mfx-bus copy near far | jq .lines) == 0 ]]
	numbers_of 11 20 | MFX_BUS=near mfx-pub raw
	MFX_BUS=near mfx-sub raw/g -n 15 --auto-ack >/dev/null
	[[ $(mfx-bus copy --suffix -far near far raw |
	    jq -c '[.lines, .groups]') == '[10,1]' ]]
	all_of far raw | cmp - <(numbers_of 1 20)
	[[ $(group_at far raw/g-far) == 16 ]]
	[[ $(MFX_BUS=far mfx-bus groups | jq -r .group) == g-far ]]
	MFX_BUS=near mfx-sub raw/g -n 3 --auto-ack >/dev/null
	mfx-bus copy --suffix -far near far raw >/dev/null
	[[ $(group_at far raw/g-far) == 19 ]]
	# of a reader that went on there already it is left
	MFX_BUS=far mfx-sub raw/g-far --no-follow --auto-ack >/dev/null
	mfx-bus copy --suffix -far near far raw >/dev/null
	[[ ! $(group_at far raw/g-far) ]]
	# another bus into the same stream
	numbers_of 100 105 | MFX_BUS=third mfx-pub raw
	status 78 mfx-bus copy third far raw 2>err
	grep -q "'raw' has lines of others; --add" err
	mfx-bus copy third far raw=second >/dev/null
	all_of far second | cmp - <(numbers_of 100 105)
	MFX_BUS=third mfx-sub raw/h -n 2 --auto-ack >/dev/null
	[[ $(mfx-bus copy --add third far raw | jq -c '[.lines, .groups]') == \
	    '[6,1]' ]]
	all_of far raw | cmp - <(numbers_of 1 20; numbers_of 100 105)
	[[ $(group_at far raw/h) == 102 ]]
	# somebody else wrote between: no group gets a wrong place
	numbers_of 200 200 | MFX_BUS=far mfx-pub raw
	numbers_of 106 106 | MFX_BUS=third mfx-pub raw
	status 65 mfx-bus copy third far raw 2>err
	grep -q 'its groups are left' err
	[[ $(group_at far raw/h) == 102 ]]
}

@test "a bus that was made again, a stream that is not there, bad operands" {
	numbers_of 1 100 | MFX_BUS=near mfx-pub raw
	mfx-bus copy near far raw >/dev/null
	rm -rf near
	numbers_of 1 5 | MFX_BUS=near mfx-pub raw
	status 78 mfx-bus copy near far raw 2>err
	grep -q 'give --as another one' err
	all_of far raw | cmp - <(numbers_of 1 100)
	mfx-bus copy --as fresh --add near far raw >/dev/null
	all_of far raw | cmp - <(numbers_of 1 100; numbers_of 1 5)
	status 66 mfx-bus copy near far nothing 2>err
	status 64 mfx-bus copy near near raw 2>err
	status 64 mfx-bus copy near "$PWD/near" raw 2>err
	status 64 mfx-bus copy near far raw raw 2>err
	status 64 mfx-bus copy near far raw= 2>err
	status 64 mfx-bus copy --as ../x near far raw 2>err
	status 64 mfx-bus copy near nats://u:secret@127.0.0.1 2>err
	refute grep -q secret err
	status 78 mfx-bus copy near ftp://x 2>err
	mfx-bus copy near near raw=raw2 >/dev/null
	all_of near raw2 | cmp - <(numbers_of 1 5)
}

@test "lines that can't be on a bus are named and left out" {
	numbers_of 1 3 | MFX_BUS=near mfx-pub raw
	chmod u+w near/raw/*.ndjson
	echo 'not a message' >>"$(echo near/raw/*.ndjson)"
	numbers_of 4 5 >>"$(echo near/raw/*.ndjson)"
	MFX_BUS=near mfx-bus seek --create raw/g end >/dev/null
	status 65 mfx-bus copy near far raw 2>err >out
	grep -q 'raw: position [0-9]*: not a message' err
	all_of far raw | cmp - <(numbers_of 1 5)
	[[ $(jq -c '[.lines, .groups]' out) == '[5,1]' ]]
	mfx-bus copy near far raw >/dev/null
}

@test "pruned in between, and a position of a group before that" {
	export MFX_BUS_SEGMENT=2000
	numbers_of 1 100 | MFX_BUS=near mfx-pub -u raw
	MFX_BUS=near mfx-sub raw/old -n 3 --auto-ack >/dev/null
	mfx-bus copy near far raw >/dev/null
	numbers_of 101 200 | MFX_BUS=near mfx-pub -u raw
	MFX_BUS=near mfx-sub raw/late -n 150 --auto-ack >/dev/null
	MFX_BUS=near mfx-bus prune --past-groups --keep-bytes 4000 raw
	mfx-bus copy near far raw >/dev/null 2>err
	grep -q 'were pruned before they were read' err
	all_of far raw | sed -E 's/.*"v":([0-9]+).*/\1/' >v
	head -n 100 v | cmp - <(seq 100)
	tail -n +101 v | cmp - <(seq "$(sed -n 101p v)" 200)
	[[ $(group_at far raw/old) == 4 ]]
}

# killed_copies FROM TO N: the copy, killed N times, and then not
killed_copies() {
	local i pause
	for ((i = 0; i < $3; i++)); do
		mfx-bus copy "$1" "$2" >>killed 2>&1 3>&- &
		PIDS+=("$!")
		printf -v pause 0.%02d $((RANDOM % 20))
		pause "$pause"
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
	done
	mfx-bus copy "$1" "$2" >out
}

# bats test_tags=servers
@test "killed at any moment: each line once and in order, groups in place" {
	server_start nats
	far_bus nats
	numbers_of 1 60000 | MFX_BUS=near mfx-pub raw
	MFX_BUS=near mfx-sub raw/store -n 45678 --auto-ack >/dev/null
	killed_copies near "$FAR" 12
	killed_copies "$FAR" back 12
	killed_copies near beside 8
	for bus in "$FAR" back beside; do
		all_of "$bus" raw | cmp - <(numbers_of 1 60000)
		[[ $(group_at "$bus" raw/store) == 45679 ]]
	done
	MFX_BUS=back mfx-bus verify
	MFX_BUS=beside mfx-bus verify
}

# bats test_tags=servers
@test "a server that is killed and paused while it is copied to" {
	local copy
	server_start nats-always
	far_bus nats-always
	numbers_of 1 60000 | MFX_BUS=near mfx-pub raw
	start mfx-bus copy near "$FAR&timeout=500ms"
	copy=$!
	server_kill nats-always
	server_restart nats-always
	server_pause nats-always
	await 20 eval "grep -q '; waiting' '$PID_ERR' || gone $copy"
	server_resume nats-always
	wait "$copy"
	all_of "$FAR" raw | cmp - <(numbers_of 1 60000)
	server_kill nats-always
	status 75 mfx-bus copy --timeout 300ms "$FAR" back raw 2>err
}
