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
	refute grep mfx-adapt err
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

# ---- a libcoap whose events can't be repeated ----

# without_fdinfo: hidden.so, with which a program can't see what an epoll holds;
# once.so, with which libcoap takes an event of one call once
other_libcoaps() {
	cc -shared -fPIC -D_GNU_SOURCE -x c -o hidden.so - <<-'END'
	#include <dlfcn.h>
	#include <errno.h>
	#include <stdio.h>
	#include <string.h>
	FILE *fopen(const char *path, const char *mode)
	{
		static FILE *(*real)(const char *, const char *);
		if (strncmp(path, "/proc/self/fdinfo/", 18) == 0) {
			errno = EACCES;
			return NULL;
		}
		if (real == NULL)
			*(void **)&real = dlsym(RTLD_NEXT, "fopen");
		return real(path, mode);
	}
	END
	cc -shared -fPIC -D_GNU_SOURCE -x c -o once.so - <<-'END'
	#include <dlfcn.h>
	#include <stddef.h>
	#include <sys/epoll.h>
	void coap_io_do_epoll(void *c, struct epoll_event *e, size_t n)
	{
		static void (*real)(void *, struct epoll_event *, size_t);
		struct epoll_event one[1024];
		size_t i, j, k = 0;
		if (real == NULL)
			*(void **)&real = dlsym(RTLD_NEXT, "coap_io_do_epoll");
		for (i = 0; i < n; i++) {
			for (j = 0; j < k && one[j].data.u64 != e[i].data.u64; j++)
				;
			if (j == k)
				one[k++] = e[i];
		}
		real(c, one, k);
	}
	END
}

# burst N: that many at once, from one socket, and all of them are answered
burst() {
	timeout 60 python3 -B - "$PORT" "$1" <<-END
	import socket, sys
	sys.path.insert(0, "$ROOT/tests")
	import coap_raw as c
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.settimeout(30)
	s.connect(("127.0.0.1", int(sys.argv[1])))
	n = int(sys.argv[2])
	for i in range(n):
	    s.send(c.message(c.CON, c.POST, i, b"%d" % i, c.place(), b"x"))
	got = {c.parse(s.recv(2048))[3] for _ in range(n)}
	assert len(got) == n, got
	END
}

@test "a libcoap that takes one datagram at a time: slower, and nothing else" {
	other_libcoaps
	local preload psk n=0
	for preload in '' hidden once; do
		free_port PORT psk
		LD_PRELOAD=${preload:+$PWD/$preload.so} start_ready mfx-adapt-coap \
		    -o raw -l "127.0.0.1:$PORT" --listen-psk "127.0.0.1:$psk"
		burst 100
		takes coap
		takes coap+tcp
		for scheme in coaps coaps+tcp; do
			PORT=$psk coap post "$scheme" '' -u "$THING" -k "$KEY" -e x
			said ''
		done
		n=$((n + 104))
		n_lines "$n"
		kill -TERM "$PID"
		status 0 wait "$PID"
	done
}

@test "the same with sockets that were there already" {
	other_libcoaps
	export FIRST
	FIRST=$(first)
	local preload n=0
	for preload in hidden once; do
		free_port PORT
		start_ready "$ROOT/tests/coap_launch.py" systemd "udp:$PORT" \
		    "tcp:$PORT" -- env "LD_PRELOAD=$PWD/$preload.so" \
		    mfx-adapt-coap -o raw
		await 20 grep -q '^2.04' "$PID_ERR"
		burst 100
		takes coap
		takes coap+tcp
		n=$((n + 103))
		n_lines "$n"
		kill -TERM "$PID"
		wait "$PID" || true
	done
}
