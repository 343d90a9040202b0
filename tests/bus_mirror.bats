#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# mfx-bus mirror: a site's directory and a cluster far away, with a link between
# them that is cut, stalls, is slow and narrow.
load setup
load bus
load tls
load servers

setup_suite_test() {
	export MFX_MODULES=$BIN
}

# A link to the server of that name, through a proxy that link_says commands;
# FAR is the bus at its end, NEAR_FAR the same without the link.
link_start() {
	local port at=$SERVER_USER@127.0.0.1
	free_port port
	echo "$SERVER_PASSWORD" >password
	mkfifo link
	start /usr/bin/python3 "$ROOT/tests/link_proxy.py" "$port" \
	    "$(server_port "$1")" link
	exec 7<>link
	await 20 grep -q ready "$PID_OUT"
	FAR="nats://$at:$port?password-file=$PWD/password&timeout=2s"
	NEAR_FAR="nats://$at:$(server_port "$1")?password-file=$PWD/password"
}

# cut, open, stall, go, delay MS, rate BYTES/S
link_says() {
	echo "$*" >&7
}

@test "a site's lines arrive, and commands come back by another mirror" {
	server_start nats
	link_start nats
	numbers_of 1 100 | MFX_BUS=near mfx-pub raw
	numbers_of 1 3 | MFX_BUS=$NEAR_FAR mfx-pub commands.site7
	start_ready mfx-bus mirror --as site7 near "$FAR" raw events
	start_ready mfx-bus mirror --as site7 "$FAR" near \
	    commands.site7=commands
	await 20 has "$NEAR_FAR" raw 100
	await 20 has near commands 3
	numbers_of 101 200 | MFX_BUS=near mfx-pub raw
	numbers_of 1 5 | MFX_BUS=near mfx-pub events
	numbers_of 4 6 | MFX_BUS=$NEAR_FAR mfx-pub commands.site7
	await 20 has "$NEAR_FAR" raw 200
	await 20 has "$NEAR_FAR" events 5
	await 20 has near commands 6
	all_of "$NEAR_FAR" raw | cmp - <(numbers_of 1 200)
	all_of near commands | cmp - <(numbers_of 1 6)
	# its group shows how far it is, and keeps what is not there
	await 20 eval '[[ $(MFX_BUS=near mfx-bus groups raw |
	    jq -c "[.group, .lag]") == "[\"site7\",0]" ]]'
	# a second one of the same name waits
	start mfx-bus mirror --as site7 near "$FAR" raw
	await 20 grep -q "another .* has this group.*; waiting" "$PID_ERR"
}

@test "two sites of one name are told, two of two names are one stream" {
	local i
	server_start nats
	link_start nats
	for i in 1 2; do
		numbers_of "${i}001" "${i}050" | MFX_BUS=near$i mfx-pub raw
		start mfx-bus mirror --as site$i near$i "$FAR" raw
	done
	await 20 has "$NEAR_FAR" raw 100
	for i in 1 2; do
		all_of "$NEAR_FAR" raw | grep "\"v\":$i" |
		    cmp - <(numbers_of "${i}001" "${i}050")
	done
	for i in "${PIDS[@]: -2}"; do
		kill "$i"
		wait "$i"
	done
	numbers_of 3001 3090 | MFX_BUS=near3 mfx-pub raw
	status 78 timeout 20 mfx-bus mirror --as site1 near3 "$FAR" raw 2>err
	grep -q 'give --as another one' err
	# and it is told again
	status 78 timeout 20 mfx-bus mirror --as site1 near3 "$FAR" raw 2>err
	has "$NEAR_FAR" raw 100
}

# feed N: lines to the directory, with pauses
feed() {
	local i
	for ((i = 1; i <= $1; i++)); do
		echo "{\"channel\":\"c$((i % 3))\",\"n\":\"n\",\"v\":$i}"
		((i % 100)) || pause 0.02
	done | MFX_BUS=near mfx-pub raw
}

@test "cuts, stalls and kill -9 of all: each line once, in order" {
	local i mirror
	server_start nats-always
	link_start nats-always
	MFX_BUS=near mfx-pub raw </dev/null
	start mfx-bus mirror near "$FAR" raw
	mirror=$PID
	feed 20000 3>&- 7>&- &
	PIDS+=("$!")
	for i in {1..24}; do
		pause "0.1$((RANDOM % 10))"
		case $((i % 6)) in
		0)	link_says cut ;;
		1)	link_says open ;;
		2)	link_says stall ;;
		3)	link_says go
			server_pause nats-always
			pause 0.3
			server_resume nats-always ;;
		4)	server_kill nats-always
			server_restart nats-always ;;
		5)	kill -KILL "$mirror"
			wait "$mirror" 2>/dev/null || true
			start mfx-bus mirror near "$FAR" raw
			mirror=$PID ;;
		esac
	done
	link_says open
	link_says go
	await 90 has "$NEAR_FAR" raw 20000 || {
		cat "$PID_ERR"
		MFX_BUS=$NEAR_FAR mfx-bus stat
		return 1
	}
	all_of "$NEAR_FAR" raw | cmp - <(numbers_of 1 20000)
	kill "$mirror"
	wait "$mirror"
	[[ $(MFX_BUS=near mfx-bus groups | jq .lag) == 0 ]]
}

@test "a link that is away: one message, and one when it goes on" {
	server_start nats
	link_start nats
	link_says cut
	numbers_of 1 10 | MFX_BUS=near mfx-pub raw
	numbers_of 1 10 | MFX_BUS=near mfx-pub events
	start_ready mfx-bus mirror near "$FAR" raw events
	pause 2
	(($(wc -l <"$PID_ERR") == 1))
	grep -q '; waiting$' "$PID_ERR"
	link_says open
	await 30 has "$NEAR_FAR" raw 10
	await 30 has "$NEAR_FAR" events 10
	await 10 grep -q 'it goes on' "$PID_ERR"
	(($(wc -l <"$PID_ERR") == 2))
	# SIGTERM ends it while the link is away too
	link_says cut
	numbers_of 11 20 | MFX_BUS=near mfx-pub raw
	await 20 eval '(($(wc -l <"$PID_ERR") == 3))'
	kill "$PID"
	wait "$PID"
}

@test "64 kbit/s and a second of delay: it arrives, and memory is bounded" {
	local peak
	server_start nats
	link_start nats
	link_says delay 500
	link_says rate 8000
	numbers_of 1 600 | MFX_BUS=near mfx-pub raw
	start mfx-bus mirror near "$FAR" raw
	await 120 has "$NEAR_FAR" raw 600 || {
		cat "$PID_ERR"
		MFX_BUS=$NEAR_FAR mfx-bus stat
		return 1
	}
	all_of "$NEAR_FAR" raw | cmp - <(numbers_of 1 600)
	# it comes back after long, with much to send
	kill "$PID"
	wait "$PID"
	link_says delay 0
	link_says rate 0
	numbers_of 601 400000 | MFX_BUS=near mfx-pub raw
	start mfx-bus mirror near "$FAR" raw
	await 120 eval '[[ $(MFX_BUS=near mfx-bus groups |
	    jq .lag) == 0 ]]'
	all_of "$NEAR_FAR" raw | cmp - <(numbers_of 1 400000)
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$PID/status")
	((peak < 60000)) || { echo "$peak kB"; return 1; }
}

# what has come to that port, over all connections that are open
received_at() {
	ss -tinH state established "sport = :$1" |
	    sed -nE 's/.*bytes_received:([0-9]+).*/\1/p' |
	    awk '{ n += $1 } END { print n + 0 }'
}

# the link is between two servers, which compress; the site's has no JetStream
@test "a server at the site that is a leaf node: what goes over 64 kbit/s is compressed" {
	local at leaf port conf bytes
	at=$SERVER_USER:$SERVER_PASSWORD@127.0.0.1
	server_start nats
	free_port leaf
	echo "leafnodes { listen: 127.0.0.1:$leaf, compression: s2_best }" \
	    >>"$(server_here nats)/nats.conf"
	sed -i 's/^jetstream {/& domain: centre,/' "$(server_here nats)/nats.conf"
	server_restart nats
	free_port port
	mkfifo link
	start /usr/bin/python3 "$ROOT/tests/link_proxy.py" "$port" "$leaf" link
	exec 7<>link
	await 20 grep -q ready "$PID_OUT"
	server_start nats-site
	conf=$(server_here nats-site)/nats.conf
	sed -i '/^jetstream/,/}$/d' "$conf"
	echo "leafnodes { remotes: [ { url: \"nats-leaf://$at:$port\",
	    compression: s2_best } ] }
	default_js_domain { \"\$G\": centre }" >>"$conf"
	server_restart nats-site
	link_says rate 8000
	numbers_of 1 2000 | MFX_BUS=near mfx-pub raw
	echo "$SERVER_PASSWORD" >password
	start mfx-bus mirror near "nats://$SERVER_USER@127.0.0.1:$(server_port \
	    nats-site)?password-file=$PWD/password&timeout=10s" raw
	NEAR_FAR=$(server_url nats)
	await 120 has "$NEAR_FAR" raw 2000 || {
		cat "$PID_ERR"
		return 1
	}
	all_of "$NEAR_FAR" raw | cmp - <(numbers_of 1 2000)
	bytes=$(received_at "$leaf")
	echo "$bytes of $(numbers_of 1 2000 | wc -c)"
	((bytes > 1000 && bytes < $(numbers_of 1 2000 | wc -c) * 3 / 4))
}

# ---- a full disk at the site ----

# in a mount of its own; the server is outside
full_site() {
	local publisher i
	export MFX_BUS=$PWD/small/bus MFX_BUS_SEGMENT=200000
	numbers_of 1 100 | mfx-pub raw
	numbers_of 101 60000 >more
	# the link is away at first, and still nothing is pruned
	mfx-bus mirror "$MFX_BUS" "$FAR" raw 2>err.mirror 3>&- &
	i=$!
	await 20 grep -q '; waiting' err.mirror
	mfx-pub raw <more 2>err 3>&- &
	publisher=$!
	await 20 grep -q '; waiting' err
	# nothing at all goes onto it
	cat /dev/zero >small/ballast 2>/dev/null || true
	mfx-bus prune --keep-bytes 1 raw >/dev/null 2>&1
	echo open >link
	# what has arrived can be pruned, which makes room
	await 60 eval '! kill -0 $publisher 2>/dev/null || {
	    mfx-bus prune --keep-bytes 1 raw; false; }' || {
		cat err.mirror
		mfx-bus groups
		mfx-bus prune --keep-bytes 1 raw
		df small
		kill $i $publisher
		return 1
	}
	wait $publisher
	await 60 eval '[[ $(mfx-bus groups | jq .lag) == 0 ]]'
	kill $i
	wait $i
}

@test "a full disk at the site: lines leave it, and make room" {
	server_start nats
	link_start nats
	link_says cut
	mkdir small
	export -f full_site numbers_of await pause
	export FAR
	unshare --mount $( ((EUID == 0)) || echo --map-root-user) \
	    bash -euo pipefail -c "mount -t tmpfs -o size=2m none small
	        full_site" 3>&-
	all_of "$NEAR_FAR" raw | cmp - <(numbers_of 1 60000)
}
