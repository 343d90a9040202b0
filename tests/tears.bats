#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Lines whose writer was killed: mfx-line(5), "Lines that were cut off".
load setup

@test "at every byte, through every filter: not refused, not stored, only noted" {
	"$ROOT/tests/tears.py"
}

@test "a whole message without a newline is taken, unless it has a position" {
	[ "$(printf '{"n":"a","v":1,"t":1.7e9}' | mfx-normalize)" = \
	    '{"n":"a","v":1,"t":1700000000}' ]
	[ "$(printf '[{"n":"a","v":1,"t":1.7e9}]' | mfx-grep -c)" = 1 ]
	printf '{"n":"a","v":1,"seq":7,"t":1.7e9}' | mfx-normalize >out 2>err
	[[ ! -s out ]] && grep -q '<stdin>:1: line left out' err
}

@test "what is whole and wrong is refused, with a newline or without" {
	local line
	for line in '{"n":"a"}' '[{"n":"a","v":1,"v":2}]' 'text' '"x"' '{}x'; do
		printf %s "$line" | status 65 mfx-normalize 2>err
		printf '%s\n' "$line" | status 65 mfx-normalize 2>err
	done
	# as is half a line that others follow, in whatever stream
	printf '%s\n' '{"n":"a","v' '{"n":"a","v":1,"t":1.7e9}' |
		status 65 mfx-normalize --rejects out
	[ "$(cat out)" = '{"n":"a","v' ]
	printf '%s\n' '{"seq":5,"n":"a","v":1,"t":1.7e9}' '{"seq":7,"n":"a","v' \
	    '{"seq":9,"n":"a","v":1,"t":1.7e9}' |
		status 65 mfx-normalize --rejects out2 2>err
	[ "$(cat out2)" = '{"seq":7,"n":"a","v' ]
	grep -q '<stdin>:2:' err
	# or that is not from the bus, and was ended
	printf '%s\n' '{"n":"a","v' | status 65 mfx-normalize
}

@test "a file: the place is told; mfx-check calls it an error" {
	printf '%s\n{"n":"a"' '{"n":"a","v":1,"t":1.7e9}' >torn
	[ "$(mfx-normalize torn 2>err)" = '{"n":"a","v":1,"t":1700000000}' ]
	grep -q 'torn:2: line left out' err
	status 65 mfx-check torn >out
	grep -q '^torn:2:' out
	mfx-check <torn
}

@test "half a line that grep has ended hands no position on" {
	# the whole of it comes again
	printf '%s\n' '{"seq":3,"n":"a","v":1,"t":1.7e9}' \
	    '{"seq":9,"part":1,"n":"b' |
		status 75 mfx-write-sqlite --ack raw/store m.db
	printf '%s\n' '{"seq":9,"part":1,"n":"b","v":1,"t":1.7e9}' \
	    '{"seq":9,"n":"c","v":1,"t":1.7e9}' |
		mfx-write-sqlite --ack raw/store m.db
	[ "$(mfx-read-sqlite m.db | jq -r .n | xargs)" = 'a b c' ]
}
