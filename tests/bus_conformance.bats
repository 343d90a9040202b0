#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What every bus does alike (tests/unit/bus_conformance.c), asked of each
# driver: a new one is a line in `drivers`.
load setup
load tls
load servers

setup_file() {
	export MFX_MODULES=$BIN
	! with_servers || server_start nats
}

# the URL of a bus of each kind that is here
drivers() {
	echo "dir:$BATS_TEST_TMPDIR/bus"
	echo "$BATS_TEST_TMPDIR/other"
	! with_servers || server_url nats
}

conformance() {
	"$ROOT/${BUILD:-build}/unit/bus_conformance" "$@"
}

@test "each kind of bus does what all do" {
	local url
	for url in $(drivers); do
		conformance "$url"
	done
	# it was that one that they used
	[[ -n $(ls bus) && -n $(ls other) && ! -e $MFX_HOME ]]
}

full_disk() {
	head -c 1000000 /dev/zero >small/ballast
	ONLY='a full bus' conformance "dir:$PWD/small/bus" "$PWD/small/ballast"
}

# on_small_disk COMMAND: in a directory "small" of 2 MiB
on_small_disk() {
	mkdir -p small
	export -f full_disk conformance
	export ROOT BUILD
	unshare --mount $( ((EUID == 0)) || echo --map-root-user) \
	    bash -euo pipefail -c "mount -t tmpfs -o size=2m none small
	        $1" 3>&-
}

@test "a full bus takes nothing in part, and goes on with room" {
	on_small_disk full_disk
}

# broken RULE TITLE: a bus that breaks the rule fails the test
broken() {
	local url
	for url in $(drivers); do
		status 1 env BREAK="$1" ONLY="$2" \
		    "$ROOT/${BUILD:-build}/unit/bus_conformance" "$url" >out
		grep -q "^not ok 1 - $2" out
	done
}

@test "the tests notice what appends too much, too little, or apart" {
	broken twice 'lines come in the order'
	broken less 'lines come in the order'
	broken apart 'a batch stays together'
	broken later 'kill -9 of a writer'
	broken always 'a copy is made once'
	BREAK=refused status 1 on_small_disk full_disk >out
	grep -q '^not ok 1 - a full bus' out
}

@test "the tests notice what reads in another order, or says other positions" {
	broken swapped 'lines come in the order'
	broken shifted 'a reader at a position'
	broken find 'a time is the position'
	broken untold 'what a group needs'
	WAIT_MS=500 broken watch 'the fd of a reader'
}

@test "the tests notice a group that stays, has two readers, or is ignored" {
	broken put 'a group is where it was moved'
	broken lease 'a group has one reader'
	broken lease 'a group has one source'
	broken remove 'a group is forgotten'
	broken sought 'a group is moved by hand'
	broken prune 'what a group needs'
}

@test "the tests notice a question that makes a stream, and a wrong lag" {
	broken exists 'a question makes no stream'
	broken lag 'the lag is what comes'
}
