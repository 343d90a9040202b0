#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx: the programs under one name
load setup

# a program that shows what it was given, one argument a line
recorder() {
	mkdir -p "$1"
	printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >"$1/$2"
	chmod +x "$1/$2"
}

@test "mfx NAME is mfx-NAME, with all arguments as they are" {
	diff <(mfx gen --count 3 --start 2026-01-01) \
	    <(mfx-gen --count 3 --start 2026-01-01)
	recorder dir mfx-mine
	PATH=$PWD/dir:$PATH run mfx mine 'a b' '' '$(id)' ';' -- --version
	[ "$status" -eq 0 ]
	diff <(printf '%s\n' "$output") \
	    <(printf '%s\n' 'a b' '' '$(id)' ';' -- --version)
}

@test "the exit status is the program's" {
	status 64 mfx gen --no-such-option
	status 1 mfx grep --name x </dev/null
}

@test "the program beside mfx comes before the one in PATH" {
	recorder dir mfx-gen
	PATH=$PWD/dir:$PATH "$BIN/mfx" gen --count 1 | grep '^\[{"bn"'
}

@test "an empty element of PATH is not the current directory" {
	recorder . mfx-mine
	PATH=:$PATH: status 64 mfx mine
	PATH=:$PATH:$PWD mfx mine
}

@test "mfx --help lists every program of the suite with its page's line" {
	local page name
	mfx --help >help
	for page in "$ROOT"/man/mfx-*.1; do
		name=$(basename "$page" .1)
		grep -F "  ${name#mfx-} " help |
			grep -F "$(sed -n 's/^\.Nd //p' "$page")"
	done
	grep '^  help ' help
	grep '^  version ' help
	mfx --options | grep "^gen$(printf '\t\t\t\t')generate"
	diff help <(mfx help)
}

@test "mfx version and mfx --version" {
	mfx version | grep -E '^mfx [0-9]+\.[0-9]+'
	diff <(mfx version) <(mfx --version)
}

@test "an unknown program: the nearest name, 64" {
	run mfx gne
	[ "$status" -eq 64 ]
	[[ $output == *"unknown program 'gne'"* ]]
	run mfx normalise
	[ "$status" -eq 64 ]
	[[ $output == *"nearest is 'normalize'"* ]]
	run mfx entirely-different-thing
	[ "$status" -eq 64 ]
	[[ $output != *nearest* ]]
	run mfx
	[ "$status" -eq 64 ]
	[[ $output == *"missing PROGRAM"* ]]
}

@test "an unknown verb or option: the nearest one, 64" {
	status 64 mfx bus stta 2>err
	grep -qF "unknown verb 'stta'; nearest is 'stat'" err
	status 64 mfx things lst 2>err
	grep -qF "unknown verb 'lst'; nearest is 'list'" err
	status 64 mfx things list --usr ann@example.com 2>err
	grep -qF "unknown option '--usr'; nearest is '--user'" err
	status 64 mfx sub --no-folow=1 raw 2>err
	grep -qF "unknown option '--no-folow'; nearest is '--no-follow'" err
	status 64 mfx bus frobnicate 2>err
	status 64 mfx sub --frobnicate raw 2>>err
	refute grep nearest err
	(($(grep -c unknown err) == 2))
}

# refused TEXT PROGRAM ARGUMENT…: with 64, in these words
refused() {
	local text=$1
	shift
	status 64 "$@" </dev/null 2>err
	grep -qF -- "$text" err || { cat err; return 1; }
}

@test "a value that is refused: the option, the value and what would be right" {
	refused "--count 'x': not a number" mfx-sub -n x raw
	refused "--count '0': not a number of 1 or more" mfx-sub -n 0 raw
	refused "--max-body '1Q': not a size such as 500, 64K or 2GiB from 0 to" \
	    mfx-adapt-http --max-body 1Q
	refused "--timeout '1ms': not a duration such as 90s, 1h30m or 30d from 1s to 1h" \
	    mfx-adapt-http --timeout 1ms
	refused "--every '60': give a unit: 60s, 60m, 60h or 60d" \
	    mfx-read-sqlite --every 60 --aggregate avg f
	refused "--from 'yesterday': not a time such as -1h or 2026-01-31T00:00:00Z" \
	    mfx-read-sqlite --from yesterday f
	refused "--from 'yesterday': not start, end, a position, -1h or 2026" \
	    mfx-sub --from yesterday raw
	refused "--sync 'maybe': not one of none|interval|always" \
	    mfx-pub --sync maybe raw
	refused "--count '+5': not a number" mfx-sub -n +5 raw
	refused "--count '-1': not a number of 0 or more" mfx-gen --count=-1
	refused "--channel '65': at most 64 of these" \
	    mfx-sub $(printf -- '--channel %d ' {1..65}) raw
}

@test "an operand that is missing, too many or not right is named" {
	refused "missing STREAM; see 'mfx-sub --help'" mfx-sub
	refused "missing STREAM" mfx-pub
	refused "missing FILE" mfx-read-sqlite
	refused "missing FILE" mfx-write-sqlite ''
	refused "unexpected operand 'b'" mfx-sub a b
	refused "unexpected operand 'x'" mfx-gen x
	refused "missing VERB; see 'mfx-bus --help'" mfx-bus
	refused "missing WHERE; see 'mfx-bus seek --help'" mfx-bus seek a/b
	refused "unexpected operand 'x'" mfx-bus seek a/b end x
	refused "missing THING, or -f FILE; see 'mfx-things remove --help'" \
	    mfx-things remove
	refused "missing THING, or -f FILE" mfx-channels connect c
	refused "unexpected operand 't' with -f FILE" \
	    mfx-things remove -f - t
	refused "unexpected operand 'a'" mfx-things create a
	refused "missing THING; see" mfx-things key
	refused "missing CHANNEL, or --key-file FILE" mfx-can t publish
	refused "'read': not one of publish|subscribe" mfx-can t read c
	refused "missing CHANNEL; see" mfx-can --key-file k publish
	refused "unexpected operand 'c' with --key-file FILE" \
	    mfx-can --key-file k publish t c
}

@test "a name can't lead out of the suite" {
	mkdir mfx-x
	recorder . evil
	local name
	for name in ../evil x/../evil "$PWD/evil" '' ' ' $'a\nb' A é \
	    "$(printf 'x%.0s' {1..5000})"; do
		run mfx "$name"
		[ "$status" -eq 64 ]
		[[ $output != *$'\e'* ]]
	done
	PATH=$PATH:$PWD status 64 mfx x/../../evil
	# a directory is not a program
	PATH=$PATH:$PWD status 64 mfx x
}

@test "a program of the suite that is not there: 69" {
	cp "$BIN/mfx" .
	PATH=/usr/bin:/bin run ./mfx gen
	[ "$status" -eq 69 ]
	[[ $output == *"mfx-gen is not installed"* ]]
}

@test "mfx help NAME runs man, or else the program's --help" {
	recorder dir man
	PATH=$PWD/dir:$PATH run mfx help gen
	[ "$output" = mfx-gen ]
	PATH=$PWD/dir:$PATH run mfx help mfx-gen
	[ "$output" = mfx-gen ]
	printf '#!/bin/sh\necho no page >&2\nexit 16\n' >dir/man
	diff <(PATH=$PWD/dir:$PATH mfx help gen 2>&1) <(mfx-gen --help)
	PATH=$BIN run mfx help gen
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "usage: mfx-gen [options]" ]
	PATH=$PWD/dir:$PATH status 64 mfx help nothing-such
}

@test "signals reach the program as without mfx" {
	start mfx gen --rate 1
	await 10 test -s "$PID_OUT"
	kill -TERM "$PID"
	wait "$PID"
}

@test "options of its own end before the program's name" {
	status 64 mfx --count gen
	mfx -q gen --count 1
}

@test "stdout that can't be written: 74" {
	status 74 mfx --help >/dev/full
	status 74 mfx version >/dev/full
}
