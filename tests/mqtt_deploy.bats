#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# scripts/deploy/mosquitto as it is shipped, and what waits for a device:
# broker with plugin, HTTP adapter, mfx-adapt-mqtt.
load setup
load site

DEPLOY=$ROOT/scripts/deploy/mosquitto

# it ends all that it has started, which a kill -9 would leave
teardown() {
	local pid
	kill -TERM ${RUN:-} 2>/dev/null || true
	wait ${RUN:-} 2>/dev/null || true
	for pid in "${PIDS[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}

setup_suite_test() {
	make_site
	local other
	other=$(mfx-things create --name wall)
	WALL=$(jq -r .id <<<"$other")
	WALL_KEY=$(jq -r .key <<<"$other")
	mfx-channels connect "$CHANNEL" "$WALL"
	TOPIC=channels/$CHANNEL/messages
	local ports=(MFX_MQTT_PORT MFX_MQTT_WS_PORT MFX_MQTT_TLS_PORT
	    MFX_MQTT_CERT_PORT)
	free_port "${ports[@]}"
	export "${ports[@]}"
	export MFX_PLUGIN=$ROOT/bin/mfx_mosquitto.so
}

# broker_and_delivery: by the script, until it is connected
broker_and_delivery() {
	start "$DEPLOY/run"
	RUN=$PID RUN_ERR=$PID_ERR
	await 20 mosquitto_pub -h 127.0.0.1 -p "$MFX_MQTT_PORT" -u '' -P "$KEY" \
	    -t none -n -q 0
}

end_run() {
	kill -TERM "$RUN"
	await 60 gone "$RUN"
	status 0 wait "$RUN"
}

# fails COMMAND…: bash minds no `!` in front
fails() {
	if "$@"; then
		echo "did not fail: $*" >&2
		return 1
	fi
}

# by the thing of make_site; SUBTOPIC QOS MESSAGE
publish() {
	mosquitto_pub -h 127.0.0.1 -p "$MFX_MQTT_PORT" -u '' -P "$KEY" -q "$2" \
	    -t "$TOPIC$1" -m "$3"
}

# the wall's session, which is stored: made, and what waits for it
wall() {
	mosquitto_sub -V 5 -x 3600 -c -i wall -q 2 -h 127.0.0.1 -p "$MFX_MQTT_PORT" \
	    -u '' -P "$WALL_KEY" -t "$TOPIC/#" "$@"
}

delivered() {
	[[ $(mfx-bus groups raw | jq 'select(.group == "mqtt").lag') == 0 ]]
}

@test "the configuration: TCP, WebSocket, TLS, TLS with certificates, the bridge" {
	mkdir -p "$MFX_HOME/mqtt/tls"
	cd "$MFX_HOME/mqtt/tls"
	mfx-certs ca init
	mfx-certs ca show >ca.crt
	mfx-certs server 127.0.0.1 --out .
	ln -s 127.0.0.1.crt server.crt
	ln -s 127.0.0.1.key server.key
	mfx-certs issue "$THING" --out .
	ln -s "$THING.crt" thing.crt
	ln -s "$THING.key" thing.key
	cd "$BATS_TEST_TMPDIR"
	broker_and_delivery
	serve -o raw
	wall -E
	local tls=$MFX_HOME/mqtt/tls
	publish /tcp 1 1
	mosquitto_pub -h 127.0.0.1 -p "$MFX_MQTT_TLS_PORT" --cafile "$tls/ca.crt" \
	    -u '' -P "$KEY" -q 1 -t "$TOPIC/tls" -m 1
	mosquitto_pub -h 127.0.0.1 -p "$MFX_MQTT_CERT_PORT" --cafile "$tls/ca.crt" \
	    --cert "$tls/thing.crt" --key "$tls/thing.key" \
	    -q 1 -t "$TOPIC/cert" -m 1
	KEY=$KEY /usr/bin/python3 - "$MFX_MQTT_WS_PORT" "$TOPIC/ws" \
	    "$THING" <<-'END'
	import os, sys
	import paho.mqtt.publish as p
	p.single(sys.argv[2], "1", qos=1, hostname="127.0.0.1",
	         port=int(sys.argv[1]), transport="websockets",
	         auth={"username": sys.argv[3], "password": os.environ["KEY"]})
	END
	expect 202 1 http text/plain
	wall -C 5 -W 30 -F '%t %p %P' | sort >got
	diff - got <<-EOF
	$TOPIC/cert 1 publisher:$THING
	$TOPIC/http 1 publisher:$THING protocol:http
	$TOPIC/tcp 1 publisher:$THING
	$TOPIC/tls 1 publisher:$THING
	$TOPIC/ws 1 publisher:$THING
	EOF
	# each is on the bus once: the bridge's come from there
	[[ $(cat "$MFX_HOME"/bus/raw/*.ndjson | jq -r '.[0].subtopic' |
		sort | xargs) == 'cert http tcp tls ws' ]]
	# clear text is for one address; mosquitto would open more than is asked
	: <>"/dev/tcp/127.0.0.2/$MFX_MQTT_TLS_PORT"
	local port
	for port in "$MFX_MQTT_PORT" "$MFX_MQTT_WS_PORT"; do
		fails eval ': <>"/dev/tcp/127.0.0.2/$port"' 2>/dev/null
	done
	# and nobody else comes in
	fails mosquitto_pub -h 127.0.0.1 -p "$MFX_MQTT_PORT" -u '' -P wrong -t "$TOPIC" -n \
	    2>/dev/null
	fails mosquitto_pub -h 127.0.0.1 -p "$MFX_MQTT_PORT" -t "$TOPIC" -n 2>/dev/null
	fails mosquitto_pub -h 127.0.0.1 -p "$MFX_MQTT_CERT_PORT" \
	    --cafile "$tls/ca.crt" -u '' -P "$KEY" -t "$TOPIC" -n 2>/dev/null
	fails mosquitto_pub --unix "$MFX_HOME/mqtt/broker.sock" -u mfx-adapt-mqtt \
	    -P wrong -t "$TOPIC" -n 2>/dev/null
	local delivery
	delivery=$(ours mfx-adapt-mqtt)
	[[ -n $delivery ]]
	end_run
	# nothing of it is left
	fails pgrep -f "^mosquitto -c $MFX_HOME/"
	gone "$delivery"
}

@test "offline: QoS 1 and 2, from MQTT and HTTP, wait and survive a restart" {
	broker_and_delivery
	serve -o raw
	wall -E
	local i
	for i in 1 2 3; do
		publish /mqtt 1 "q1 $i"
		publish /mqtt 2 "q2 $i"
		expect 202 "http $i" http text/plain
	done
	# what has no guarantee does not wait
	publish /mqtt 0 'q0'
	await 20 delivered
	end_run
	broker_and_delivery
	expect 202 'http 4' http text/plain
	wall -C 10 -W 30 -F '%q %p' | sort >got
	diff - got <<-'EOF'
	1 http 1
	1 http 2
	1 http 3
	1 http 4
	1 q1 1
	1 q1 2
	1 q1 3
	2 q2 1
	2 q2 2
	2 q2 3
	EOF
}

@test "offline: what a kill -9 of the broker took is redelivered from the bus" {
	broker_and_delivery
	serve -o raw
	wall -E
	# the session is on the broker's disk, what comes now is not
	end_run
	broker_and_delivery
	local i
	for i in 1 2 3; do
		publish /mqtt 1 "mqtt $i"
		expect 202 "http $i" http text/plain
	done
	await 20 delivered
	pkill -KILL -P "$RUN" -x mosquitto
	await 60 gone "$RUN"
	wait "$RUN" || true
	broker_and_delivery
	# as mfx-adapt-mqtt(1) has it
	mfx-sub --from -1h --no-follow raw | mfx-adapt-mqtt --all
	wall -C 6 -W 30 -F '%p %P' | sort -u >got
	diff - got <<-EOF
	http 1 publisher:$THING protocol:http
	http 2 publisher:$THING protocol:http
	http 3 publisher:$THING protocol:http
	mqtt 1 publisher:$THING protocol:mqtt
	mqtt 2 publisher:$THING protocol:mqtt
	mqtt 3 publisher:$THING protocol:mqtt
	EOF
	# the bus has each of them once still
	[[ $(cat "$MFX_HOME"/bus/raw/*.ndjson | wc -l) == 6 ]]
}

@test "offline: what came while the broker was away is delivered when it is back" {
	broker_and_delivery
	serve -o raw
	wall -E
	await 20 delivered
	end_run
	expect 202 'later' http text/plain
	broker_and_delivery
	wall -W 30 -C 1 -F '%p' >got
	grep -qx later got
}

# the processes of that name that the run has started, it or its children: the
# environment of one with secrets is readable by root alone
ours() {
	ps -e -o pid=,ppid=,comm= | awk -v run="$RUN" -v name="$1" '
		{ parent[$1] = $2; comm[$1] = $3 }
		END {
			for (pid in comm) {
				if (comm[pid] != name)
					continue
				for (p = pid; p > 1 && p != run; p = parent[p])
					;
				if (p == run)
					print pid
			}
		}'
}

@test "delivery that is killed comes back, and goes on where it was" {
	broker_and_delivery
	serve -o raw
	wall -E
	await 20 eval '[[ $(ours mfx-adapt-mqtt) ]]'
	# one process: there is no other stage whose end it could take for its own
	kill -KILL "$(ours mfx-adapt-mqtt)"
	expect 202 after http text/plain
	wall -W 30 -C 1 -F '%p' | grep -qx after
	end_run
	# as the unit has it: what it starts, and when that is started again
	grep -qx 'ExecStart=/usr/local/bin/mfx-adapt-mqtt -i raw/mqtt' \
	    "$DEPLOY/mfx-mqtt-delivery.service"
	grep -qx 'Restart=on-failure' "$DEPLOY/mfx-mqtt-delivery.service"
}

@test "the units are well-formed, and are those of the README" {
	local unit
	for unit in "$DEPLOY"/*.service; do
		grep -qF "${unit##*/}" "$DEPLOY/README.md"
		sed -e "s,/usr/local/bin,$BIN,; s,^User=.*,User=$(id -un)," \
		    -e '/^Documentation/d' "$unit" >"${unit##*/}"
	done
	systemd-analyze verify ./*.service >said 2>&1
	[[ ! -s said ]] || { cat said; false; }
	# what delivers is what the page says
	grep -qF 'mfx-adapt-mqtt -i raw/mqtt' \
	    "$DEPLOY/mfx-mqtt-delivery.service"
	grep -qF 'mfx-adapt-mqtt -i raw/mqtt' "$ROOT/man/mfx-adapt-mqtt.1"
}
