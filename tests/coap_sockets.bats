#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-coap on sockets that are there already, and under supervisors,
# with the files in scripts/deploy.
load setup
load site
load coap

setup_suite_test() {
	make_site
	export CHANNEL KEY
	free_port PORT
	DEPLOY=$ROOT/scripts/deploy
}

takes() { coap post "$1" "?auth=$KEY" -e x && [[ -z $SAID ]]; }

# a POST as a datagram, in hexadecimal
first() {
	python3 -B -c "import sys; sys.path.insert(0, '$ROOT/tests')
import coap_raw as c
print(c.message(c.CON, c.POST, 7, b'first', c.place(), b'x').hex())"
}

@test "systemd: UDP and TCP inherited, and what was waiting in them" {
	export FIRST
	FIRST=$(first)
	start_ready "$ROOT/tests/coap_launch.py" systemd "udp:$PORT" \
	    "tcp:$PORT" -- mfx-adapt-coap -o raw
	await 20 grep -q '^2.04' "$PID_ERR"
	takes coap
	takes coap+tcp
	n_lines 3
}

@test "systemd: FileDescriptorName= says what for" {
	local psk
	free_port psk
	start_ready "$ROOT/tests/coap_launch.py" systemd "udp:$PORT:plain" \
	    "udp:$psk:psk" "tcp:$psk:psk" -- mfx-adapt-coap -o raw
	takes coap
	n_lines 1
	PORT=$psk coap post coaps '' -u "$THING" -k "$KEY" -e x
	said ''
	PORT=$psk coap post coaps+tcp '' -u "$THING" -k "$KEY" -e x
	said ''
	n_lines 3
	kill -TERM "$PID"
	status 0 wait "$PID"
	status 64 "$ROOT/tests/coap_launch.py" systemd "udp:$psk:tls" -- \
	    mfx-adapt-coap -o raw 2>err
}

@test "an address given by -l comes before inherited ones" {
	local other
	free_port other
	start_ready "$ROOT/tests/coap_launch.py" systemd "udp:$other" -- \
	    mfx-adapt-coap -o raw -l "127.0.0.1:$PORT"
	takes coap
}

@test "inetd wait: the socket is on fd 0" {
	local kind
	for kind in udp tcp; do
		start_ready "$ROOT/tests/coap_launch.py" wait \
		    "$kind:$PORT" -- mfx-adapt-coap -o raw
		takes "$([[ $kind == udp ]] && echo coap || echo coap+tcp)"
		kill -TERM "$PID"
		status 0 wait "$PID"
	done
	n_lines 2
}

@test "systemd-socket-activate starts it with the first datagram" {
	start systemd-socket-activate -d -l "127.0.0.1:$PORT" \
	    -E MFX_HOME -E PATH "$BIN/mfx-adapt-coap" -o raw
	# a client repeats what was not answered
	await 30 takes coap
	[[ $(lines | jq -r '.[0].publisher' | sort -u) == "$THING" ]]
}

@test "deploy/systemd: the units are as systemd wants them" {
	mkdir units
	sed "s,=/usr/local/bin,=$BIN,; /^User=/d" \
	    "$DEPLOY/systemd/mfx-adapt-coap.service" \
	    >units/mfx-adapt-coap.service
	cp "$DEPLOY"/systemd/mfx-adapt-coap*.socket units
	systemd-analyze verify --man=no --recursive-errors=no \
	    units/mfx-adapt-coap.service units/mfx-adapt-coap.socket \
	    units/mfx-adapt-coap-psk.socket 2>err
	! grep mfx-adapt err
}

# What ExecStart= runs, with the sockets that the units name.
@test "deploy/systemd: the service's command, with its sockets" {
	local command psk
	free_port psk
	command=$(sed -n 's,^ExecStart=/usr/local/bin/,,p' \
	    "$DEPLOY/systemd/mfx-adapt-coap.service")
	[[ $command == mfx-adapt-coap\ * ]]
	start_ready "$ROOT/tests/coap_launch.py" systemd "udp:$PORT:plain" \
	    "tcp:$PORT:plain" "udp:$psk:psk" "tcp:$psk:psk" -- $command
	takes coap
	n_lines 1
	PORT=$psk coap post coaps '' -u "$THING" -k "$KEY" -e x
	said ''
	timeout 60 "$ROOT/tests/coap_raw.py" listen "$PORT" 1 >got 3>&- &
	PIDS+=($!)
	await 20 grep -q observing got
	takes coap+tcp
	await 20 grep -q kinds got
}

@test "deploy/runit: runsv keeps it running, and lets it rest" {
	cp -r "$DEPLOY/runit/mfx-adapt-coap" service
	printf '%s\n' "MFX_HOME=$MFX_HOME" \
	    "OPTIONS='-l 127.0.0.1:$PORT --timeout 30'" >service/conf
	export LOG_DIR=$PWD/log
	mkdir log
	start runsv "$PWD/service"
	await 30 takes coap
	timeout 60 "$ROOT/tests/coap_raw.py" listen "$PORT" 1 >got 3>&- &
	PIDS+=($!)
	await 20 grep -q observing got
	takes coap
	await 20 grep -q kinds got
	# killed, it comes again
	local first
	first=$(<service/supervise/pid)
	kill -9 "$first"
	await 30 eval '[[ $(<service/supervise/pid) != "$first" ]] &&
	    takes coap'
	# wrongly configured, it does not
	echo "OPTIONS='--no-such-option'" >>service/conf
	kill -9 "$(<service/supervise/pid)"
	await 30 rests "$PWD/service"
	status 0 timeout 20 sv exit "$PWD/service"
	wait "$PID"
}
