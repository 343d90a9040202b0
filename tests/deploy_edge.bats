#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# scripts/deploy/cluster and scripts/deploy/edge: three real servers with that
# configuration, and the commands of the units.  Only paths, hosts and ports
# are changed.
load setup
load bus
load tls
load servers

CLUSTER=$ROOT/scripts/deploy/cluster
EDGE=$ROOT/scripts/deploy/edge

setup_suite_test() {
	local i
	export MFX_MODULES=$BIN
	free_port A B C BETWEEN_A BETWEEN_B BETWEEN_C HTTP_A HTTP_B HTTP_C
	SERVERS=127.0.0.1:$A,127.0.0.1:$B,127.0.0.1:$C
	mkdir -p etc "$MFX_HOME"
	# the first block of the page
	awk '/^    / { print substr($0, 5); seen = 1; next } seen { exit }' \
	    "$CLUSTER/README.md" | sed "s,/etc/mfx,$PWD/etc,g" >step
	grep -q nats.env step
	bash -euo pipefail step
	[[ $(stat -c %a etc/nats.env) == 600 ]]
	sed -i "s,@a:6222,@127.0.0.1:$BETWEEN_A,; s,@b:6222,@127.0.0.1:$BETWEEN_B,
	    s,@c:6222,@127.0.0.1:$BETWEEN_C," etc/nats.env
	sed -n 's/^SITE7_PASSWORD=//p' etc/nats.env >etc/centre.password
	sed -n 's/^MFX_PASSWORD=//p' etc/nats.env >etc/bus.password
	export CENTRE
	CENTRE=$(sed -n "s/^    export MFX_BUS='\(.*\)'$/\1/p" \
	    "$CLUSTER/README.md" | here)
}

# as the files say it, for this machine
here() {
	sed "s,/usr/local/bin/nats-server,$("$ROOT/scripts/stores" \
	    --directory nats)/nats-server,; s,/usr/local/bin,$BIN,g
	    s,/etc/mfx,$PWD/etc,g; s|@a,b,c|@$SERVERS|g"
}

# node NAME: one of the three, by the unit's command
node() {
	local at=${1^^} between http
	between=BETWEEN_$at http=HTTP_$at
	sed "s,0.0.0.0:4222,127.0.0.1:${!at},; s,0.0.0.0:6222,127.0.0.1:${!between},
	    s,127.0.0.1:8222,127.0.0.1:${!http},
	    s,/var/lib/mfx-nats,$PWD/$1," "$CLUSTER/nats.conf" >"$1.conf"
	sed -n 's/^ExecStart=//p' "$CLUSTER/mfx-nats.service" | here |
	    sed "s,/usr/local/share/mfx/deploy/cluster/nats.conf,$1.conf," >run
	start env NODE="$1" $(cat etc/nats.env) $(<run)
}

# unit NAME: its command, at the site
unit() {
	sed -n 's/^ExecStart=//p' "$EDGE/$1.service" | here >run
	[[ -s run ]]
	start_ready bash -c "exec $(<run) \"\$@\"" unit
}

@test "a site and its centre of three servers, of which one fails" {
	local first
	node a
	first=$PID
	node b
	node c
	for stream in raw commands.site7 raw.other; do
		MFX_BUS=$CENTRE mfx-pub --timeout 60s $stream </dev/null
	done
	MFX_BUS=$CENTRE mfx-bus seek --create raw/store start
	unit mfx-mirror
	unit mfx-mirror-commands
	numbers_of 1 500 | mfx-pub raw
	numbers_of 1 5 | MFX_BUS=$CENTRE mfx-pub commands.site7
	await 60 has "$CENTRE" raw 500
	await 60 has "$MFX_HOME/bus" commands 5
	kill -KILL "$first"
	wait "$first" 2>/dev/null || true
	numbers_of 501 900 | mfx-pub raw
	numbers_of 6 9 | MFX_BUS=$CENTRE mfx-pub --timeout 60s commands.site7
	await 60 has "$CENTRE" raw 900
	await 60 has "$MFX_HOME/bus" commands 9 ||
		{ all_of "$CENTRE" commands.site7; cat "$BATS_TEST_TMPDIR"/err.*; false; }
	all_of "$CENTRE" raw | cmp - <(numbers_of 1 900)
	all_of "$MFX_HOME/bus" commands | cmp - <(numbers_of 1 9)
	# what the site has no business with
	SITE="nats://site7@$SERVERS?timeout=300ms&password-file=$PWD/etc/centre.password"
	numbers_of 1 1 | MFX_BUS=$SITE refute timeout 20 mfx-pub --timeout 100ms \
	    commands.site7 2>err
	MFX_BUS=$SITE refute timeout 20 mfx-sub --no-follow raw 2>err
	MFX_BUS=$SITE refute timeout 20 mfx-bus prune --keep-bytes 0 \
	    commands.site7 2>err
	has "$CENTRE" commands.site7 9
}
