#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-ws: what was before, then what comes, nothing twice.
load setup
load site
load ws

setup_suite_test() {
	make_site
}

# lines FROM TO [SUBTOPIC]: of the channel, with those numbers
lines() {
	seq "$1" "$2" | sed "s|.*|[{\"channel\":\"$CHANNEL\",\"publisher\":\"x\",\"protocol\":\"http\",${3:+\"subtopic\":\"$3\",}\"received\":$(date +%s),\"n\":\"n\",\"v\":&}]|"
}

numbers() {
	sed 's/.*"v":\([0-9]*\).*/\1/' "$1"
}

@test "from=start, a position, end, beyond the end" {
	local seq
	lines 1 5 | mfx-pub raw
	lines 6 6 other | mfx-pub raw
	serve_ws
	seq=$(mfx-sub raw --no-follow | sed -n 's/.*"seq":\([0-9]*\).*"v":3.*/\1/p')
	talk '?from=start' recv:5 quiet >said
	[[ $(numbers said | xargs) == '1 2 3 4 5 quiet' ]]
	talk "?from=$seq&format=line" recv:2 quiet >said
	[[ $(numbers said | xargs) == '4 5 quiet' ]]
	# in the middle of a line: from the next one
	talk "?from=$((seq + 5))" recv:1 quiet >said
	[[ $(numbers said | xargs) == '5 quiet' ]]
	talk '/%23?from=-10m' recv:6 quiet >said
	[[ $(numbers said | xargs) == '1 2 3 4 5 6 quiet' ]]
	talk_on new '?from=end' recv
	talk_on far '?from=999999999' recv
	lines 7 7 | mfx-pub raw
	await 20 grep -q '"v":7' new
	await 20 grep -q '"v":7' far
	[[ $(numbers new) == 7 && $(numbers far) == 7 ]]
}

@test "nothing to replay from: 400; a stream named by --replay" {
	free_port PORT
	start_ready mfx-adapt-ws -l "127.0.0.1:$PORT"
	handshake 400 "/channels/$CHANNEL/messages?from=start" \
	    -H "Authorization: $KEY"
	kill "$PID"
	lines 1 2 | mfx-pub past
	start_ready mfx-adapt-ws -l "127.0.0.1:$PORT" --replay past
	at_channel "$CHANNEL"
	talk '?from=start' recv:2 quiet >said
	[[ $(numbers said | xargs) == '1 2 quiet' ]]
}

# While lines are written as fast as can be, clients come one after the
# other from the start: each has all of them, in order and once.
replay_under_load() {
	local i all=()
	lines 1 1000 | mfx-pub raw
	lines 1001 6000 >more
	mfx-pub raw <more 3>&- &
	PIDS+=($!)
	for i in {1..3}; do
		talk_on "client$i" '?from=start' recv:6000
		all+=("$TALKING")
	done
	wait "${all[@]}"
	for i in {1..3}; do
		numbers "client$i" | cmp - <(seq 6000)
	done
}

@test "replay, then live from the bus, under load" {
	serve_ws
	replay_under_load
}

@test "replay, then live from stdin, under load" {
	both_ways
	replay_under_load
}

@test "a client that replays slowly is not closed for it, and holds up nobody" {
	free_port ADMIN
	lines 1 6000 | mfx-pub raw
	serve_ws --max-queue 64K --admin "127.0.0.1:$ADMIN"
	talk_on slow '?from=start' await:go recv:6000
	[[ $(talk '?from=end' send:now recv) == 'text now' ]]
	: >go
	wait "$TALKING"
	numbers slow | cmp - <(seq 6000)
	[[ $(metric slow_total) == 0 ]]
}

@test "what can't be read is passed over, counted and said, with its place" {
	free_port ADMIN
	lines 1 1 | mfx-pub raw
	# as a writer that is not ours left them
	{ printf '%s\n' "[{\"n\":\"n\",\"channel\":\"$CHANNEL\"}]" 'no message'
	  head -c 1200000 /dev/zero | tr '\0' x; echo
	} >>"$(find "$MFX_HOME/bus/raw" -name '*.ndjson')"
	lines 2 2 | mfx-pub raw
	serve_ws --admin "127.0.0.1:$ADMIN"
	talk '?from=start' recv:2 quiet >said
	[[ $(numbers said | xargs) == '1 2 quiet' ]]
	[[ $(metric replay_rejected_total) == 3 ]]
	grep -Eq 'raw@[0-9]+: passed over: its labels' "$WS_ERR"
	grep -Eq 'raw@[0-9]+: passed over: not a message$' "$WS_ERR"
	grep -Eq 'raw@[0-9]+: passed over: .*over 1 MiB' "$WS_ERR"
}
