#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What each process counts, in $MFX_HOME/run, read as mfx-run(5) says.
load setup
load site
load mqtt

# value PROGRAM NAME [LABELS]: that of the one process of this program
value() {
	python3 "$ROOT/tests/run.py" | awk -F '\t' -v p="$1" -v n="$2" \
	    -v l="${3-}" '$1 == p && $6 == n && $7 == l { print $8 }'
}

# is PROGRAM NAME VALUE [LABELS]
is() {
	[[ $(value "$1" "$2" "${4-}") == "$3" ]]
}

# how many files there are
files() {
	find "$MFX_HOME/run" -type f | wc -l
}

lines() {
	mfx-gen --seed 1 --count "$1" --channel c --publisher p --start 1700000000
}

# runs a filter whose stdin is open as fd 5, and gives it lines
filter() {
	mkfifo in
	"$@" <in >out 2>err 3>&- &
	PID=$!
	PIDS+=("$PID")
	exec 5>in
}

@test "the stages of a pipeline count lines and bytes" {
	lines 100 >some
	mfx-pub raw <some
	mkfifo a b
	mfx-sub raw/store >a 2>/dev/null 3>&- &
	PIDS+=($!)
	mfx-normalize <a >b 3>&- &
	PIDS+=($!)
	mfx-write-sqlite --ack raw/store m.db <b 3>&- &
	PIDS+=($!)
	await 10 is mfx-write-sqlite readings_stored_total 300
	is mfx-sub lines_in_total 100
	is mfx-sub bytes_in_total "$(wc -c <some)"
	is mfx-sub lines_out_total 100
	await 10 is mfx-normalize lines_in_total 100
	is mfx-normalize lines_out_total 300
	is mfx-normalize bytes_in_total "$(value mfx-sub bytes_out_total)"
	is mfx-write-sqlite bytes_in_total \
	    "$(value mfx-normalize bytes_out_total)"
	is mfx-write-sqlite position "$(wc -c <some)"
	await 10 is mfx-write-sqlite lag_bytes 0
	python3 "$ROOT/tests/run.py" | cut -f 1,3-5 | sort -u >who
	grep -qx $'mfx-write-sqlite\traw/store\t\tsqlite:m.db' who
	grep -qx $'mfx-sub\traw/store\t\t' who
	# one that is stopped does not count
	kill -STOP "${PIDS[-1]}"
	lines 100 | mfx-pub raw
	await 10 is mfx-normalize lines_in_total 200
	kill -CONT "${PIDS[-1]}"
	await 10 is mfx-write-sqlite readings_stored_total 600
}

@test "refused lines, notes and marks are counted" {
	mkdir -p "$MFX_HOME/run"
	filter mfx-grep --name 'no such'
	lines 10 | sed 's/"protocol"/"seq":7,&/' >&5
	printf '%s\n' '{"n":1}' '[1]' >&5
	await 10 is mfx-grep lines_in_total 12
	await 10 is mfx-grep marks_total 1
	is mfx-grep rejected_total 2
	is mfx-grep lines_out_total 1
	exec 5>&-
}

@test "commits are counted" {
	mkdir -p "$MFX_HOME"
	filter mfx-pub raw
	lines 5 >&5
	await 10 is mfx-pub lines_out_total 5
	(($(value mfx-pub commit_seconds) > 0))
	[[ $(python3 "$ROOT/tests/run.py" | awk -F '\t' '
	    $6 == "commit_seconds" && $7 ~ /^le/ { n += $8 }
	    END { print (n > 0) }') == 1 ]]
	exec 5>&-
}

@test "outside of a site nothing is made" {
	lines 3 | mfx-normalize >/dev/null
	lines 3 | mfx-write-sqlite m.db
	[[ ! -e $MFX_HOME ]]
	mkdir "$MFX_HOME"
	lines 3 | mfx-normalize >/dev/null
	lines 3 | mfx-write-sqlite m.db
	lines 3 | MFX_BUS=$PWD/elsewhere mfx-pub raw
	MFX_BUS=$PWD/elsewhere mfx-sub --no-follow --from start raw >/dev/null
	[[ $(ls -A "$MFX_HOME") == run ]]
	rmdir "$MFX_HOME/run"
	mfx-bus stat
	status 66 mfx-sub --no-follow raw
	status 78 mfx-can x publish y
	[[ -z $(ls -A "$MFX_HOME") ]]
}

@test "files and directory are for the user alone, and disappear" {
	mkdir -p "$MFX_HOME"
	filter mfx-pub raw
	lines 1 >&5
	await 10 is mfx-pub lines_out_total 1
	[[ $(stat -c %a "$MFX_HOME/run") == 700 ]]
	[[ $(stat -c %a "$MFX_HOME/run/mfx-pub.$PID") == 600 ]]
	exec 5>&-
	await 10 gone "$PID"
	(($(files) == 0))
}

@test "MFX_RUN=off: no file" {
	mkdir -p "$MFX_HOME/run"
	MFX_RUN=off filter mfx-pub raw
	lines 1 >&5
	await 10 eval 'grep -q . "$MFX_HOME"/bus/raw/*.ndjson'
	(($(files) == 0))
	exec 5>&-
}

@test "what a killed process left is removed by the next, and nothing else" {
	mkdir -p "$MFX_HOME"
	filter mfx-pub raw
	lines 1 >&5
	await 10 is mfx-pub lines_out_total 1
	kill -9 "$PID"
	exec 5>&-
	await 10 gone "$PID"
	python3 "$ROOT/tests/run.py" | grep -q dead
	echo mine >"$MFX_HOME/run/mfx-notes.1"
	echo mine >"$MFX_HOME/run/others"
	lines 1 | mfx-pub raw
	[[ $(ls "$MFX_HOME/run") == $'mfx-notes.1\nothers' ]]
}

@test "a file in the way of the directory is no trouble" {
	mkdir -p "$MFX_HOME"
	: >"$MFX_HOME/run"
	lines 5 | mfx-pub raw 2>err
	silent err
	[[ ! -s $MFX_HOME/run ]]
}

@test "a file that is cut off while it is written is no trouble" {
	mkdir -p "$MFX_HOME"
	filter mfx-pub raw
	lines 1 >&5
	await 10 is mfx-pub lines_out_total 1
	: >"$MFX_HOME/run/mfx-pub.$PID"
	lines 10 >&5
	exec 5>&-
	wait "$PID"
	(($(cat "$MFX_HOME"/bus/raw/*.ndjson | wc -l) == 11))
}

full_disk() {
	mkdir -p full/run
	while head -c 4096 /dev/zero >>full/filler; do :; done 2>/dev/null
	lines 5 | MFX_BUS=$BATS_TEST_TMPDIR/bus MFX_HOME=$PWD/full mfx-pub raw
	[[ -z $(ls -A full/run) ]]
}

@test "on a full disk a program goes on without" {
	export -f lines
	CHANNEL=c THING=t KEY=k on_small_disk 1 full full_disk
	(($(cat bus/raw/*.ndjson | wc -l) == 5))
}

@test "an adapter has what its --admin page has" {
	make_site
	free_port ADMIN
	serve -o raw --admin "127.0.0.1:$ADMIN"
	expect 202 '[{"n":"a","v":1}]'
	expect 202 '[{"n":"b","v":1}]'
	KEY=wrong expect 403 '[{"n":"b","v":1}]'
	await 10 is mfx-adapt-http adapter_messages_total 2
	is mfx-adapt-http lines_out_total 2
	is mfx-adapt-http bytes_out_total \
	    "$(cat "$MFX_HOME"/bus/raw/*.ndjson | wc -c)"
	is mfx-adapt-http adapter_refused_total 1 'reason="unknown key"'
	is mfx-adapt-http adapter_answers_total 2 'code="202"'
	is mfx-adapt-http adapter_answers_total 1 'code="403"'
	curl -sS "http://127.0.0.1:$ADMIN/metrics" >page
	grep -qx 'http_adapter_refused_total{reason="unknown key"} 1' page
	grep -qx 'http_adapter_messages_total 2' page
	grep -qx 'http_adapter_answers_total{code="202"} 2' page
	grep -qx 'http_adapter_api_request_count{method="publish"} 3' page
}

@test "the API and the readers that it keeps have files too" {
	make_site
	lines 5 | mfx-normalize | mfx-write-sqlite "$MFX_HOME/messages.db"
	free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT"
	curl -sS -o /dev/null "http://127.0.0.1:$PORT/version"
	await 10 is mfx-api api_answers_total 1 'code="200"'
	filter mfx-read-sqlite --batch "$MFX_HOME/messages.db"
	echo '{"limit":2}' >&5
	await 10 is mfx-read-sqlite lines_in_total 1
	await 10 is mfx-read-sqlite lines_out_total 3
	exec 5>&-
}

@test "the plugin has a file" {
	make_site
	start_broker
	mosquitto_pub -p "$MQTT_PORT" -u "$THING" -P "$KEY" -q 1 \
	    -t "channels/$CHANNEL/messages" -m '[{"n":"a","v":1}]'
	await 10 is mfx_mosquitto mqtt_broker_messages_total 1
	is mfx_mosquitto bytes_out_total \
	    "$(cat "$MFX_HOME"/bus/raw/*.ndjson | wc -c)"
	# once a second
	await 10 is mfx_mosquitto top_messages_total 1 "thing=\"$THING\""
	is mfx_mosquitto top_bytes_total 17 "channel=\"$CHANNEL\""
	kill "$BROKER"
	await 10 gone "$BROKER"
	(($(files) == 0))
}
