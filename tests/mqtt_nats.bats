#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# mfx-adapt-mqtt on a bus with a server that is paused, killed, or comes back.
load setup
load tls
load servers
load mqtt_brokers

setup_suite_test() {
	export MFX_MODULES=$BIN
	server_start nats
	export MFX_BUS="$(server_url nats)?timeout=500ms"
}

publish_one() {
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 \
	    -m "[{\"n\":\"x\",\"v\":$1}]"
}

# is the message of that number in the stream?
there() {
	mfx-sub --no-follow --from start raw | grep -q "\"v\":$1}"
}

# how often it was said that the bus is away
away() {
	grep -cE 'nats://|the bus does not answer' "$PID_ERR"
}

@test "source: nothing is acknowledged while the bus is away, and it goes on" {
	broker
	source_ready -t 'site/#' --map "$MAP" -o raw
	local n
	publish_one 1
	await 20 there 1
	server_pause nats
	publish_one 2
	await 20 eval '(($(away) == 1))'
	publish_one 3
	server_resume nats
	await 30 there 2
	await 30 there 3
	server_kill nats
	publish_one 4
	await 20 eval '(($(away) == 2))'
	server_restart nats
	await 30 there 4
	publish_one 5
	await 20 there 5
	for n in 1 2 3 4 5; do there $n; done
	[[ $(grep -c 'can be written again' "$PID_ERR") == 2 ]]
	# it can be ended while the server is away
	server_pause nats
	publish_one 6
	ended 0 "$(kill -TERM "$PID"; echo "$PID")"
}

@test "source: what QoS 2 loses while the bus is away is said, once" {
	broker
	source_ready -t 'site/#' --map "$MAP" -o raw --qos 2
	local n
	server_pause nats
	for n in 1 2 3; do
		mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 2 -t site/c1/dev/t1 \
		    -m "[{\"n\":\"x\",\"v\":$n}]"
	done
	await 60 grep -qe '--qos 2: messages .* do not come again' "$PID_ERR"
	server_resume nats
	await 60 eval 'publish_one $((++n)); there $n'
	[[ $(grep -c -e '--qos 2: ' "$PID_ERR") == 1 ]]
}

# metric NAME VALUE: of the source's --admin
metric() {
	curl -sf "http://127.0.0.1:$ADMIN/metrics" | grep -qxF "mqtt_adapter_$*"
}

health() {
	[[ $(curl -s -o "$PWD/health" -w '%{http_code}' \
	    "http://127.0.0.1:$ADMIN/health") == "$1" ]]
}

@test "source: its loop goes on while the bus does not answer" {
	broker
	free_port ADMIN
	# the longest there is
	MFX_BUS="$(server_url nats)?timeout=60s" source_ready -t 'site/#' \
	    --map "$MAP" -o raw -v --admin "127.0.0.1:$ADMIN"
	publish_one 1
	await 60 there 1
	await 60 health 200
	server_pause nats
	publish_one 2
	await 60 metric pending_messages 1
	await 60 health 503
	grep -q 'the bus does not answer' health
	kill -HUP "$PID"
	await 60 grep -q 'SIGHUP: nothing to reload' "$PID_ERR"
	metric pending_messages 1
	server_resume nats
	await 60 metric pending_messages 0
	await 60 metric messages_total 2
	await 60 health 200
	there 2
	kill -TERM "$PID"
	ended 0 "$PID"
}

@test "source: a burst of more than may wait is written in parts, each once" {
	broker
	local i
	source_ready -t 'site/#' --map "$MAP" -o raw
	stop "$ADAPTER"
	head -c 500000 /dev/zero >big
	for i in $(seq 20); do
		mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 -f big
	done
	source_ready -t 'site/#' --map "$MAP" -o raw --max-queued 4M
	publish_one 21
	await 60 there 21
	[[ $(mfx-sub --no-follow --from start raw | wc -l) == 21 ]]
	refute grep -q again "$PID_ERR"
}

# say N…: as lines on the bus
say() {
	printf "[{$ROUTE,\"n\":\"x\",\"v\":%d}]\n" "$@" | mfx-pub raw
}

# got N…: has the subscriber of deliver_ready received these, each once and in
# this order?
got() {
	[[ $(grep -o '"v":[0-9]*' "$GOT" | tr -dc '0-9\n' | xargs) == "$*" ]]
}

# deliver_ready TIMEOUT OPTION…: from raw/mqtt to a subscriber
deliver_ready() {
	local bus="$(server_url nats)?timeout=$1"
	shift
	start mosquitto_sub -V 5 -q 1 -h 127.0.0.1 -p "$PORT" -t 'channels/#' \
	    -t here -F %p
	GOT=$PID_OUT
	await 60 eval 'mosquitto_pub -h 127.0.0.1 -p $PORT -q 1 -t here -m up;
	    grep -q up "$GOT"'
	free_port ADMIN
	MFX_BUS=$bus start_ready mfx-adapt-mqtt --socket "$SOCKET" \
	    -i raw/mqtt --admin "127.0.0.1:$ADMIN" "$@"
}

# is the group at the end of the stream?
caught_up() {
	[[ $(mfx-bus groups raw | jq .lag) == 0 ]]
}

@test "delivery: its loop goes on while the bus is away, and each line comes once" {
	broker
	deliver_ready 60s -v
	say 1
	await 60 got 1
	await 60 health 200
	server_pause nats
	await 60 health 503
	grep -q 'the bus does not answer' health
	kill -HUP "$PID"
	await 60 grep -q 'SIGHUP: nothing to reload' "$PID_ERR"
	metric sent_total 1
	server_resume nats
	await 60 health 200
	say 2 3
	await 60 got 1 2 3
	server_kill nats
	await 60 health 503
	metric sent_total 3
	server_restart nats
	await 60 health 200
	say 4 5
	await 60 got 1 2 3 4 5
	await 60 caught_up
	[[ $(grep -c 'waiting$' "$PID_ERR") == "$(grep -c 'goes on' "$PID_ERR")" ]]
	kill -TERM "$PID"
	ended 0 "$PID"
}

@test "delivery: thousands of lines, read ahead by its thread, each once and in order" {
	local i
	broker
	deliver_ready 60s
	for i in {0..19}; do
		say $(seq $((i * 100 + 1)) $((i * 100 + 100)))
		health 200
	done
	await 60 got $(seq 2000)
	await 60 caught_up
	kill -TERM "$PID"
	ended 0 "$PID"
}

@test "delivery: asked to stop while the bus does not answer, it ends" {
	broker
	deliver_ready 60s
	say 1
	await 60 got 1
	await 60 caught_up
	server_pause nats
	await 60 health 503
	kill -TERM "$PID"
	await 30 gone "$PID"
	status 0 wait "$PID"
	server_resume nats
	# its group is free
	deliver_ready 5s
	say 2
	await 60 got 2
}
