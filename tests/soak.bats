#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What an adapter keeps of devices that have gone, and what those cost that stay
# and say nothing: tests/soak/devices.c against the servers.
#
#	CHURN=1000000 IDLE=50000 POSTS=20000 bats tests/soak.bats
#
# is the full size (`make nightly`); without these it is a small one.  What was
# measured is printed with --show-output-of-passing-tests, and appended to the
# file $SOAK_REPORT if that is set.
load setup
load site
load mqtt
load coap

CHURN=${CHURN:-4000} IDLE=${IDLE:-400} POSTS=${POSTS:-500}

setup_suite_test() {
	make_site
	export KEY CHANNEL THING
	DEVICES=$ROOT/${BUILD:-build}/soak/devices
	ulimit -n "$(ulimit -Hn)"
}

report() {
	echo "$*"
	[[ ! ${SOAK_REPORT-} ]] || echo "$*" >>"$SOAK_REPORT"
}

# of PID: KiB in memory, and open files
memory() {
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

files() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

few_files() {
	(($(files "$1") <= $2))
}

# in_parts N PROTOCOL: N devices that die, as four processes
in_parts() {
	local i pids=()
	for i in 1 2 3 4; do
		"$DEVICES" churn "$2" "$PORT" $(($1 / 4)) 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
}

# those after which memory is looked at: CoAP keeps 1024 of them
warm_up() {
	echo $((CHURN / 10 > 1200 ? CHURN / 10 : 1200))
}

# churn PROTOCOL PID: memory and files are what they were after the first ones
churn() {
	local open before after began
	open=$(files "$2") began=$(date +%s)
	in_parts "$(warm_up)" "$1"
	await 60 few_files "$2" $((open + 4))
	before=$(memory "$2")
	in_parts $((CHURN - $(warm_up))) "$1"
	await 60 few_files "$2" $((open + 4))
	after=$(memory "$2")
	report "churn $1: $CHURN devices in $(($(date +%s) - began)) s," \
	    "$before KiB after the first $(warm_up), $after at the end," \
	    "$open files before, $(files "$2") after"
	# less than four bytes for each that has died
	((after <= before + 2048 + CHURN / 256))
	kill -0 "$2"
}

@test "churn: HTTP" {
	serve -o raw
	churn http "$PID"
	# each 202 is a line
	[[ $(mfx-sub --no-follow --from start raw | wc -l) == "$CHURN" ]]
}

@test "churn: WebSocket" {
	free_port PORT
	start_ready mfx-adapt-ws -l "127.0.0.1:$PORT" -i raw -o raw
	churn ws "$PID"
}

@test "churn: MQTT" {
	start_broker 'connection_messages false' 'plugin_opt_sessions 0'
	PORT=$MQTT_PORT
	churn mqtt "$BROKER"
}

@test "churn: CoAP" {
	# those that died are observers until they do not answer
	serve_coap -o raw -i raw --max-observers 64 --max-observers-per-thing 64 \
	    --max-observers-per-address 64
	churn coap "$PID"
}

# idle PROTOCOL PID: as many as the limit on files allows, of the server and of
# the devices; and what a message takes beside them
idle() {
	local n=$IDLE room before after
	room=$(($(ulimit -n) - 200))
	((n <= room)) || n=$room
	before=$(memory "$2")
	local line='' times='' from to
	mkfifo to from
	"$DEVICES" idle "$1" "$PORT" "$n" "$POSTS" <to >from 2>idle.err 3>&- &
	PIDS+=($!)
	exec {to}>to {from}<from
	read -rt 600 line <&"$from" || cat idle.err
	[[ $line == "open $n" ]]
	after=$(memory "$2")
	echo >&"$to"
	read -rt 600 times <&"$from"
	read -rt 60 line <&"$from"
	report "idle $1: $n connections, $(((after - before) * 1024 / n))" \
	    "bytes each in the server; a message beside them, in us: $times"
	[[ $line == "alive $n" ]]
	# the first pages come with the first ones
	((after - before <= n * 8 + 4096))
}

# the same with nothing beside it
alone() {
	local line
	line=$(echo | "$DEVICES" idle "$1" "$PORT" 1 "$POSTS" 3>&- | sed -n 2p)
	report "alone $1: a message, in us: $line"
}

@test "idle: HTTP" {
	serve -o raw --max-connections 100000 --max-per-address 100000 --timeout 1h
	alone http
	idle http "$PID"
}

@test "idle: WebSocket" {
	free_port PORT
	start_ready mfx-adapt-ws -l "127.0.0.1:$PORT" -i raw -o raw \
	    --max-connections 100000 --max-per-address 100000 --timeout 1h
	alone ws
	idle ws "$PID"
}
