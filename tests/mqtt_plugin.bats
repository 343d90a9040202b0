#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx_mosquitto.so in a real mosquitto, with mosquitto's own clients and
# Debian's python3-paho-mqtt.
load setup
load site
load mqtt

setup_suite_test() {
	make_site
	make_more_things
}

access() {
	/usr/bin/python3 "$ROOT/tests/mqtt_access.py" "$@"
}

flow() {
	/usr/bin/python3 "$ROOT/tests/mqtt_flow.py" "$@"
}

load_test() {
	/usr/bin/python3 "$ROOT/tests/mqtt_load.py" "$@"
}

@test "what a thing publishes is on the bus before it is acknowledged" {
	start_broker
	publish /room/1 '[{"n":"t","v":21}]' -q 1
	on_bus 1
	jq -e --arg c "$CHANNEL" --arg t "$THING" '.[0] | .channel == $c and
	    .publisher == $t and .protocol == "mqtt" and .subtopic == "room.1"
	    and .n == "t" and .v == 21' "$MFX_HOME"/bus/raw/*.ndjson
}

@test "a key lets in, under any name but another thing's" {
	start_broker 'plugin_opt_tries 0'
	access names
	# nothing that is secret is told
	[[ $(grep -cF "$KEY" broker.log) == 0 ]]
	grep -q "a client from 127.0.0.1 is refused: unknown key" broker.log
	grep -q "refused: the user name is another thing's id" broker.log
}

@test "a right key is let in, always; of wrong ones only some are told" {
	start_broker 'plugin_opt_tries 3'
	access tries
	[[ $(grep -c 'mfx: a client from' broker.log) == 3 ]]
	[[ $(grep -c 'the next ones are counted only' broker.log) == 1 ]]
}

@test "a mosquitto that the plugin does not know is refused at load" {
	# this one, with another version in it
	local other
	mkdir other
	for other in 1.9 2.7 3.1; do
		sed "s/${BROKER_LINE//./\\.}\.\([0-9]\)/$other.\1/g" \
		    "$(PATH=$PATH:/usr/sbin type -P mosquitto)" >other/mosquitto
		chmod +x other/mosquitto
		rm -f mosquitto.conf broker.log
		PATH=$PWD/other:$PATH status 1 start_broker 2>said
		grep -q "mfx: mosquitto $other.[0-9]* is not supported: this \
plugin needs 2.0.x or 2.1.x" said
	done
}

@test "without memory the broker goes on, and so do its clients when there is some" {
	start_broker
	publish '' 1 -q 1
	# what it has now and a little: it can't take a message of 700 kB
	local have
	have=$(awk '/VmSize/ { print $2 }' /proc/$BROKER/status)
	prlimit --pid "$BROKER" --as=$(((have + 1500) * 1024)):
	head -c 700000 /dev/zero >large
	local i clients=()
	for i in 1 2 3 4 5 6 7 8; do
		timeout 5 mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -u '' -P "$KEY" \
		    -t "channels/$CHANNEL/messages" -f large -q 1 >>said 2>&1 3>&- &
		clients+=($!)
	done
	for i in "${clients[@]}"; do wait "$i" || echo failed; done >ends
	grep -q failed ends
	kill -0 "$BROKER"
	prlimit --pid "$BROKER" --as=unlimited:
	publish '' 2 -q 1
	# and it has not changed the environment of its process
	[[ $(nm -D -u "$BIN/mfx_mosquitto.so" | grep -c setenv) == 0 ]]
}

@test "client certificates: a thing's id as name, or its key" {
	make_certificates
	start_broker 'plugin_opt_tries 0'
	access certificates
}

@test "topics and wildcards: the exact form, on connected channels" {
	start_broker
	access topics
}

@test "before MQTT 5, a client that may not publish is disconnected" {
	start_broker
	access closed
}

@test "a connection or a key taken away ends deliveries and the session" {
	start_broker
	access revocation
	grep -q "thing $THING2 has lost access" broker.log
}

@test "a new key ends sessions of the old one" {
	start_broker
	access new_key
}

@test "a thing removed is gone everywhere" {
	start_broker
	access removal
}

@test "nothing is delivered late to a client that has lost access" {
	start_broker
	access at_once
}

@test "MQTT 3.1.1 and 5, QoS 0 to 2, sessions clean and stored, TCP and WebSocket" {
	WS=1 start_broker
	flow matrix tcp ws
}

@test "the same over TLS" {
	make_certificates
	start_broker
	flow matrix tls
}

@test "payloads: all bytes, empty, large, and over the line's limit" {
	start_broker
	flow payloads
}

@test "nothing a client sets says who has published" {
	start_broker
	flow forgeries
}

@test "wills are on the bus, and in the thing's own name" {
	start_broker
	flow wills
}

@test "a client that has lost access leaves no will" {
	start_broker
	flow will_of_the_revoked
}

@test "wills at the broker's end" {
	start_broker 'persistence true'
	flow will_at_the_end "$BROKER"
	wait "$BROKER"
	# what was kept for others does not claim another either
	start_broker
	grep -qa keeper mosquitto.db
	[[ $(grep -ca EVIL mosquitto.db) == 0 ]]
}

@test "retained messages, and those of things that have lost access" {
	start_broker 'check_retain_source true'
	flow retained
}

@test "a stored session is its thing's, also after the broker's restart" {
	start_broker 'persistence true'
	# with 2.1 each thing has client ids of its own
	local kind=sessions
	[[ $BROKER_LINE == 2.0 ]] || kind=apart
	flow ${kind}_begin
	stop_broker
	start_broker
	flow ${kind}_after
}

# 2.1 does not tell that it comes again: there it is twice
@test "QoS 2: what comes again is on the bus once" {
	start_broker
	flow again
}

@test "the bridge may speak for others, over the unix socket only" {
	start_broker
	flow bridge "$MFX_HOME/mqtt/bridge.key"
	[[ $(stat -c %a "$MFX_HOME/mqtt/bridge.key") == 600 ]]
}

@test "SIGHUP leaves connected clients alone" {
	start_broker
	flow reload "$BROKER"
}

limits() {
	/usr/bin/python3 "$ROOT/tests/mqtt_limits.py" "$@"
}

@test "a limit on client ids of a thing, and on subscriptions in each" {
	start_broker 'plugin_opt_sessions 3' 'plugin_opt_subscriptions 2' \
	    'plugin_opt_tries 0'
	limits sessions
	grep -q 'refused: its thing has too many client ids' broker.log
	limits subscriptions
	grep -q 'a session has too many subscriptions (1 refused)' broker.log
}

@test "a limit on retained messages of a thing, also over a restart" {
	start_broker 'plugin_opt_retained 3' 'plugin_opt_retained_bytes 3000' \
	    'persistence true'
	limits retained
	grep -q "thing $THING has left too many retained messages: 1 are" broker.log
	stop_broker
	start_broker
	limits retained_after
	# killed, it has at most too many in its account
	stop_broker KILL
	start_broker
	publish /9 x -q 1 -r
}

@test "another mosquitto as a bridge, with its default notifications" {
	start_broker 'plugin_opt_tries 0'
	local other version
	free_port other
	# $SYS/broker/connection/NAME/state, retained, and as its will
	for version in mqttv311 mqttv50; do
		printf '%s\n' "user $(id -un)" "listener $other 127.0.0.1" \
		    'allow_anonymous true' 'connection site' \
		    "address 127.0.0.1:$MQTT_PORT" 'remote_username x' \
		    "remote_password $KEY" "bridge_protocol_version $version" \
		    "topic up/# out 1 \"\" channels/$CHANNEL/messages/$version/" \
		    "topic # in 1 down/ channels/$CHANNEL/messages/" >bridge.conf
		chmod 600 bridge.conf
		start mosquitto -c bridge.conf
		local pid=$PID
		published() {
			mosquitto_pub -h 127.0.0.1 -p "$other" -q 1 -t up/a -m "$version"
			grep -qs "$version.up.a" "$MFX_HOME"/bus/raw/*.ndjson
		}
		await 30 published
		start mosquitto_sub -h 127.0.0.1 -p "$other" -t 'down/#' -q 1
		heard() {
			publish "/to/$version" down -q 1
			grep -q down "$PID_OUT"
		}
		await 30 heard
		# it has stayed connected, and left nothing of its own
		kill "$pid"
		wait "$pid" || true
	done
	[[ $(grep -c SYS "$MFX_HOME"/bus/raw/*.ndjson) == 0 ]]
	[[ $(grep -c 'connected from .* as [^ ]*\.site ' broker.log) == 2 ]]
	# nobody else may write there, and it is nobody's to read
	status 0 mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -u x -P "$KEY" -V 5 \
	    -q 1 -t '$SYS/broker/connection/x/state' -m 1 -d >said 2>&1
	grep -q 'RC:135' said
}

@test "MQTT 3.1.1 without a word for it: the content type in the topic, as Mainflux had" {
	start_broker
	# {"n":"t","v":21} as CBOR, RFC 8428 6
	printf '\x81\xa2\x00\x61t\x02\x15' >pack.cbor
	mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -u x -P "$KEY" -q 1 \
	    -t "channels/$CHANNEL/messages/room/ct/application_senml-cbor" -f pack.cbor
	mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -u x -P "$KEY" -q 1 \
	    -t "channels/$CHANNEL/messages/ct/application_senml-json" \
	    -m '[{"n":"j","v":1}]'
	# any other is a subtopic like others
	publish /ct/text_plain hello -q 1
	publish /ct x -q 1
	mfx-sub --no-follow raw | mfx-normalize |
		jq -c '[.subtopic, .n, .v]' >got
	diff - got <<-'END'
	["room","t",21]
	[null,"j",1]
	["ct.text_plain","payload",null]
	["ct","payload",null]
	END
}

@test "registry changes while messages flow" {
	start_broker
	load_test changes 12
}

@test "2,000 clients at once, half of which lose their key" {
	ulimit -Sn 4096
	start_broker 'plugin_opt_sessions 0'
	load_test crowd 2000
}

@test "kill -9 of the broker: every message of QoS 1 acknowledged is on the bus" {
	start_broker
	stop_broker KILL
	load_test crash 15
	mfx-bus verify raw
}

@test "the same when each is synced to disk" {
	start_broker 'plugin_opt_sync always'
	stop_broker KILL
	load_test crash 2
}

@test "the disk is waited for by a thread of its own, not by the broker's" {
	# says which one it was: the first of its process, or another
	cc -shared -fPIC -x c -o slow.so - <<-'END'
	#define _GNU_SOURCE
	#include <stdio.h>
	#include <stdlib.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int fdatasync(int fd)
	{
		FILE *f = fopen(getenv("SYNCS"), "a");

		fprintf(f, "%s\n", syscall(SYS_gettid) == getpid() ? "main" :
		    "other");
		fclose(f);
		return (int)syscall(SYS_fdatasync, fd);
	}
	END
	export SYNCS=$PWD/syncs
	LD_PRELOAD=$PWD/slow.so start_broker
	rm -f syncs
	synced() {
		publish '' 1 -q 1
		(($(grep -c other syncs) >= 2))
	}
	await 30 synced
	[[ $(grep -c main syncs) == 0 ]]
	# so in an adapter of ours
	rm syncs
	LD_PRELOAD=$PWD/slow.so serve -o raw
	synced() {
		expect 202 '[{"n":"x","v":1}]'
		grep other syncs
	}
	await 30 synced
	[[ $(grep -c main syncs) == 0 ]]
	# with always it is done before the answer
	stop_broker
	rm syncs mosquitto.conf
	LD_PRELOAD=$PWD/slow.so start_broker 'plugin_opt_sync always'
	publish '' 1 -q 1
	grep main syncs
}

fill_the_disk() {
	make_site
	make_more_things
	head -c 2m /dev/zero >"$MFX_HOME/filler"
	start_broker
	load_test full
	grep -q 'nothing is acknowledged for now' broker.log
	grep -q 'messages can be written again' broker.log
}

# with sessions and a bus of before, and no room for a byte
start_on_a_full_disk() {
	make_site
	make_more_things
	start_broker 'persistence true'
	publish '' 1 -q 1
	mosquitto_sub -h 127.0.0.1 -p "$MQTT_PORT" -u x -P "$KEY" -c -i mine -q 1 \
	    -t "channels/$CHANNEL/messages" -E
	stop_broker
	cat /dev/zero >"$MFX_HOME/filler" 2>/dev/null || :
	start_broker
	# sessions that it knows are their things'
	session() {
		timeout 20 mosquitto_sub -h 127.0.0.1 -p "$MQTT_PORT" -u x \
		    -P "$1" -c -i "$2" -q 1 -t "channels/$CHANNEL/messages" -E
	}
	session "$KEY" mine
	[[ $BROKER_LINE != 2.0 ]] || status 5 session "$KEY2" mine
	rm "$MFX_HOME/filler"
	await 20 publish '' 3 -q 1
	session "$KEY" another
	[[ $BROKER_LINE != 2.0 ]] || status 5 session "$KEY2" another
}

@test "a full disk at the start: the broker runs, and takes messages when there is room" {
	export -f start_broker broker_lines start_mosquitto publish \
	    broker_is_up_or_gone make_more_things tls_lines broker_line stop_broker
	export ROOT BIN MFX_HOME=$PWD/small
	on_small_disk 6 "$PWD/small" start_on_a_full_disk
}

@test "a full disk: no acknowledgement, and it comes back when there is room" {
	export -f start_broker broker_lines start_mosquitto load_test \
	    broker_is_up_or_gone make_more_things tls_lines broker_line
	export ROOT BIN MFX_HOME=$PWD/small
	on_small_disk 6 "$PWD/small" fill_the_disk
}

@test "the broker does not start with an option that is not valid, and says why" {
	for line in 'plugin_opt_homes /tmp' 'plugin_opt_sync often' \
	    'plugin_opt_stream a/b' 'plugin_opt_tries many' \
	    'plugin_opt_retained -1' 'plugin_opt_sessions x'; do
		rm -f mosquitto.conf broker.log
		status 1 start_broker "$line" 2>said
		grep -q "mfx: ${line% *} '${line##* }'" said
	done
}

# counted WORD…: this line, after what mqtt_broker_ has in front
counted() {
	grep -qxF "mqtt_broker_$*" "$MFX_HOME/mqtt/metrics.prom"
}

@test "what the plugin has counted is in a file that Prometheus reads" {
	start_broker 'plugin_opt_tries 0'
	publish /a 1 -q 1
	publish /b 2 -q 2
	publish /c 3 -q 0
	KEY=wrong status 5 publish '' x -q 1
	mosquitto_sub -h 127.0.0.1 -p "$MQTT_PORT" -u x -P "$KEY2" -V 5 -c -i wall \
	    -x 100 -q 1 -t "channels/$CHANNEL/messages/#" -E
	publish /d 4 -q 1
	# 0x87: not authorized
	status 0 mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -u x -P "$STRANGER_KEY" \
	    -V 5 -q 1 -t "channels/$CHANNEL/messages" -m no
	status 0 mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -u x -P "$KEY" \
	    -V 5 -q 1 -t elsewhere -m no
	await 20 counted 'messages_total 4'
	await 20 counted 'messages_refused_total{reason="topic"} 1'
	counted 'clients_refused_total{reason="key"} 1'
	counted 'messages_refused_total{reason="channel"} 1'
	counted 'delivered_total 1'
	counted 'clients 0'
	[[ $(stat -c %a "$MFX_HOME/mqtt/metrics.prom") == 644 ]]
	[[ $(grep -cvE '^# (HELP|TYPE) mqtt_broker_[a-z_]+ |^mqtt_broker_[a-z_]+(\{reason="[a-z_]+"\})? [0-9]+$' \
	    "$MFX_HOME/mqtt/metrics.prom") == 0 ]]
}

@test "behind a proxy: the client's address, where the broker takes it (2.1)" {
	local where
	free_port where
	start_broker 'plugin_opt_tries 0'
	[[ $BROKER_LINE == 2.1 ]] || {
		# 2.0 refuses the option, and starts with no listener that has it
		sed "\$a listener $where 127.0.0.1\nenable_proxy_protocol 1" \
		    mosquitto.conf >proxied.conf
		status 3 timeout 20 mosquitto -c proxied.conf
		return
	}
	stop_broker
	printf '%s\n' "listener $where 127.0.0.1" 'enable_proxy_protocol 1' \
	    >>mosquitto.conf
	start_broker
	/usr/bin/python3 - "$where" <<-'END'
	import socket, sys
	s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
	# CONNECT of MQTT 3.1.1, user "x" and a wrong key
	body = (b"\0\4MQTT\4\xc2\0\x3c" b"\0\1c" b"\0\1x" b"\0\5wrong")
	s.sendall(b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 8883\r\n" +
	          bytes([0x10, len(body)]) + body)
	assert s.recv(4) == b"\x20\2\0\5"
	END
	await 20 grep -q 'mfx: a client from 192.0.2.7 is refused: unknown key' \
	    broker.log
}

@test "the shared object shows mosquitto what it calls, and no more" {
	diff - <(nm -D --defined-only "$BIN/mfx_mosquitto.so" |
	    awk '{ print $3 }') <<-END
		mosquitto_plugin_cleanup
		mosquitto_plugin_init
		mosquitto_plugin_version
	END
	# and what it wants of mosquitto is what this one has
	comm -23 <(nm -D -u "$BIN/mfx_mosquitto.so" |
	    awk '$2 ~ /^mosquitto/ { print $2 }' | sort) \
	    <(nm -D --defined-only "$(type -P mosquitto || echo \
	    /usr/sbin/mosquitto)" | awk '{ print $3 }' | sort) >missing
	[[ ! -s missing ]]
}
