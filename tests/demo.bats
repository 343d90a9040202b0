#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The demo, as a new user has it: no terminal, no input, nothing left.
load setup

setup_suite_test() {
	unset MAKEFLAGS MFLAGS MAKELEVEL SANITIZE BUILD MFX_HOME
	mkdir tmp
	export TMPDIR=$PWD/tmp
}

# no process has the demo's directory in its environment
nothing_left() {
	[[ -z $(ls -A tmp) ]]
	grep -lsF "MFX_HOME=$TMPDIR/mfx-demo" /proc/[0-9]*/environ | refute grep .
}

@test "the demo counts what was sent, acknowledged and stored, and leaves nothing" {
	"$ROOT/scripts/demo" >out 2>err </dev/null
	[[ ! -s err ]] || { cat err; false; }
	local n
	n=$(sed -n 's/^sent *\([0-9]*\) records$/\1/p' out)
	((n > 6000))
	grep -qx "acknowledged  *$n records" out
	grep -qx "stored  *$n records" out
	# taken with a certificate, and refused when that is revoked
	grep -A 3 '^\$ curl --cacert' out | grep -xE '[0-9]{3}' | xargs |
		grep -qx '202 40[13]'
	# a table and a plot
	grep -q 'Cel$' out
	grep -q '▁.*█' out
	# what waited for the wall, and what came while it was there
	[[ $(grep -c '^      channels/.*/messages/door/. \[{"n":"wall:' out) == 4 ]]
	nothing_left
}

@test "the demo ends all it started when it is interrupted" {
	setsid "$ROOT/scripts/demo" >out 2>err </dev/null 3>&- &
	local pid=$!
	PIDS+=("$pid")
	await 20 grep -q '^== In' out
	kill -TERM "$pid"
	status 130 wait "$pid"
	nothing_left
}

@test "the demo ends the broker too when it is interrupted" {
	setsid "$ROOT/scripts/demo" >out 2>err </dev/null 3>&- &
	local pid=$!
	PIDS+=("$pid")
	await 40 grep -q '^      # a session that is stored' out
	kill -TERM "$pid"
	status 130 wait "$pid"
	nothing_left
}
