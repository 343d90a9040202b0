#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# scripts/reap, under which scripts/check runs each suite: what a suite leaves
# is noticed and ended.
load setup

@test "the status is that of the command, and orphans that end are no failure" {
	status 3 "$ROOT/scripts/reap" 60 bash -c '(: &); exit 3' >out
	status 137 "$ROOT/scripts/reap" 60 bash -c 'kill -KILL $$' >out
	[[ ! -s out ]]
}

@test "a command that takes too long ends, and all that it has started" {
	status 124 "$ROOT/scripts/reap" 1 bash -c '
	    setsid tail -f /dev/null & echo $! >pid; wait' >out
	grep -qx 'not ok: not at its end after 1 s' out
	gone "$(<pid)"
}

@test "a suite that leaves a process fails in scripts/check, and it is ended" {
	mkdir -p tree/scripts tree/tests
	cp "$ROOT"/scripts/{check,reap} tree/scripts
	printf '%s\n' '@test "leaves one" {' \
	    '(setsid tail -f /dev/null 3>&- 4>&- & echo $! >"$UNTIDY")' \
	    } >tree/tests/untidy.bats
	# nothing of the bats that runs this; the other suites are missing there
	status 1 env -i PATH="${PATH//"$BATS_LIBEXEC:"/}" MAKE=true \
	    UNTIDY="$PWD/pid" tree/scripts/check >out
	grep -q '^untidy  *1 passed, 1 failed ' out || { cat out; false; }
	grep -qx 'not ok: processes are left' out
	grep -q '^# .*tail -f /dev/null' out
	gone "$(<pid)"
}

@test "no signal is ignored, even where the shell ignores some" {
	# what a script starts with & has SIGINT and SIGQUIT ignored
	bash -c 'trap "" HUP; "$0/scripts/reap" 100 grep ^SigIgn /proc/self/status & wait' \
	    "$ROOT" >said
	# but for two of the C library's own
	((0x$(awk '{ print $2 }' said) << 33 == 0))
}
