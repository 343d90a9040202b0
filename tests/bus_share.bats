#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-bus share: members come, go, are killed and stopped; each line is stored
# exactly once.  The same on a directory and in JetStream.
load setup
load servers

setup_suite_test() {
	export MFX_MODULES=$BIN
}

PARTS=4
# a lease of 3 seconds, and less to wait for an answer
LEASE=3s

# each part has a file of its own, as SQLite takes one writer at a time
# shellcheck disable=SC2016
PIPELINE='mfx-sub "$MFX_GROUP" --shard "$MFX_SHARD" --take-over |
    mfx-normalize | mfx-write-sqlite --ack "$MFX_GROUP" --every 100ms \
    "part${MFX_SHARD%/*}.db"'

member() {
	start setsid mfx-bus share raw/store --parts $PARTS --lease $LEASE -v \
	    -- sh -c "$PIPELINE"
}

# numbers FIRST LAST: a line each, to 20 channels
numbers() {
	awk -v i="$1" -v n="$2" 'BEGIN { for (; i <= n; i++)
		printf "{\"channel\":\"c%d\",\"n\":\"n\",\"v\":%d,\"t\":%d}\n",
		    i % 20, i, 1700000000 + i }' | mfx-pub raw
}

stored() {
	local db
	for db in part*.db; do
		mfx-read-sqlite "$db" --limit 100000
	done | sed -E 's/.*"v":([0-9]+).*/\1/' | sort -n
}

# has_stored N: 1 to N, each once
has_stored() {
	stored >got || return
	cmp -s got <(seq "$1")
}

members_are() {
	grep -q "$1 members" "$2"
}

has_children() {
	(($(pgrep -P "$2" | wc -l) == $1))
}

# the fault of one of two members, in $1: KILL, or STOP of all it runs
fault_of_one() {
	local first second
	member
	first=$PID
	numbers 1 200
	await 60 has_stored 200
	member
	second=$PID
	await 60 members_are 2 "$PID_ERR"
	await 60 has_children 2 "$first"
	await 60 has_children 2 "$second"
	numbers 201 400
	await 60 has_stored 400
	if [[ $1 == KILL ]]; then
		kill -KILL "$first"
	else
		stopped=$(tree_of "$first")
		kill -STOP $stopped
	fi
	numbers 401 600
	await 60 has_stored 600
	if [[ $1 == STOP ]]; then
		# it wakes, with lines in its pipes
		kill -CONT $stopped
		numbers 601 800
		await 60 has_stored 800
	fi
	numbers 801 1000
	[[ $1 == STOP ]] || numbers 601 800
	await 60 has_stored 1000
	kill "$second"
	[[ $1 == KILL ]] || kill "$first"
	wait "$second"
	has_stored 1000
}

# a process and all that it has started
tree_of() {
	local pid
	echo "$1"
	for pid in $(pgrep -P "$1"); do
		tree_of "$pid"
	done
}

@test "a directory: a member is killed, and the other stores all, once" {
	fault_of_one KILL
}

# bats test_tags=servers
@test "JetStream: a member is killed, and the other stores all, once" {
	server_start nats
	export MFX_BUS="$(server_url nats)?timeout=1s"
	fault_of_one KILL
}

# bats test_tags=servers
@test "JetStream: a member is stopped; it wakes, and stores nothing twice" {
	server_start nats
	export MFX_BUS="$(server_url nats)?timeout=1s"
	fault_of_one STOP
}

# in the order of what goes through the server
asked_at_once() {
	awk -v n="$1" '/^mfx-lease\./ { if (++asked == n) exit }
		asked > 0 && /^\$JS\.API\.STREAM\.MSG\.GET/ { between = 1 }
		END { exit !(asked == n && !between) }' "$2"
}

# bats test_tags=servers
@test "JetStream: the holders of all parts are asked at once" {
	local first stopped heard
	PARTS=6
	server_start nats
	export MFX_BUS="$(server_url nats)?timeout=1s"
	start /usr/bin/python3 "$ROOT/tests/nats_client.py" \
	    "$(server_url nats)" listen \
	    'mfx-lease.* $JS.API.STREAM.MSG.GET.>' 1000000
	heard=$PID_OUT
	await 20 grep -q ready "$heard"
	member
	first=$PID
	numbers 1 20
	await 60 has_children 6 "$first"
	stopped=$(tree_of "$first")
	kill -STOP $stopped
	member
	# its place, and six parts
	await 60 eval '(($(grep -c "^mfx-lease" "$heard") >= 7))'
	asked_at_once 7 "$heard"
	kill -CONT $stopped
}

# nothing is lost as "store-1" would be half of the channels, then a third
@test "another number of parts has other groups, and other members" {
	local n
	for n in 2 3; do
		# shellcheck disable=SC2016
		start mfx-bus share raw/store --parts $n -v -- sh -c \
		    'echo "$MFX_GROUP" >>groups; exec tail -f /dev/null'
		await 60 members_are 1 "$PID_ERR"
	done
	await 60 eval '[[ $(wc -l <groups) == 5 ]]'
	grep -qx raw/store-2-of-3 groups
	[[ $(sort groups | uniq -d) == '' ]]
}

@test "what can't be is said" {
	status 64 mfx-bus share raw/store true 2>err
	grep -q -- '--parts' err
	status 64 mfx-bus share raw --parts 2 true 2>err
	status 64 mfx-bus share raw/store --parts 1000 true 2>err
	grep -q 'from 1 to 240' err
	status 127 mfx-bus share raw/store --parts 1 nothing-like-it 2>err
	# of a command that can't go on
	status 78 mfx-bus share raw/store --parts 2 -- sh -c 'exit 78' 2>err
	grep -q 'status 78' err
}
