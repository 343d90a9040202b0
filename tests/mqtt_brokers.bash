# SPDX-License-Identifier: Apache-2.0
# Brokers that know nothing of us, for mfx-adapt-mqtt: a plain mosquitto, and
# one that misbehaves (mqtt_fake.py): `load mqtt_brokers` after `load setup`.

FAKE=$ROOT/tests/mqtt_fake.py
# start "${FROM[@]}" FILE COMMAND…: with that as its stdin, which bash would
# take away from a command in the background
FROM=(sh -c 'file=$1; shift; exec "$@" <"$file" 5>&-' -)

# broker [LINE…]: mosquitto on $PORT and the unix socket $SOCKET, with these
# lines added to its configuration
broker() {
	[[ ${PORT-} ]] || free_port PORT
	SOCKET=$PWD/broker.sock
	[[ -e broker.conf ]] || printf '%s\n' "user $(id -un)" \
	    "listener 0 $SOCKET" "listener $PORT 127.0.0.1" \
	    'allow_anonymous true' 'persistence true' \
	    "persistence_location $PWD/" 'max_queued_messages 0' "$@" \
	    >broker.conf
	rm -f "$SOCKET"
	start mosquitto -c broker.conf 5>&-
	BROKER=$PID
	await 20 eval '[[ -S $SOCKET ]] &&
	    mosquitto_pub -h 127.0.0.1 -p $PORT -t none -n -q 1'
}

# stop PID [SIGNAL]: returns when it has ended
stop() {
	kill "-${2:-TERM}" "$1" || true
	wait "$1" 2>/dev/null || true
}

# ended STATUS PID: it ends soon, with that status
ended() {
	await 60 gone "$2"
	status "$1" wait "$2"
}

# fake MODE [ARGUMENT…]: mqtt_fake.py, on $PORT or, with AT=PATH, there
fake() {
	[[ ${PORT-} ]] || free_port PORT
	start /usr/bin/python3 "$FAKE" "${AT:-$PORT}" "$@"
	FAKE_PID=$PID FAKE_OUT=$PID_OUT
	await 20 grep -q READY "$FAKE_OUT"
}

# fails COMMAND…: bash ignores a failure after `!`
fails() {
	if "$@"; then
		echo "did not fail: $*" >&2
		return 1
	fi
}

# subscribe ID QOS [FILTER]: a session that waits at the broker
subscribe() {
	mosquitto_sub -V 5 -x 3600 -c -i "$1" -q "$2" -h 127.0.0.1 -p "$PORT" \
	    -t "${3:-channels/#}" -E
}

# collect ID N FORMAT: prints the N messages that wait for it
collect() {
	mosquitto_sub -V 5 -x 3600 -c -i "$1" -q 2 -h 127.0.0.1 -p "$PORT" \
	    -t none/at/all -C "$2" -W 30 -F "$3"
}

# drain ID N: writes all that waits for it into `got`, until there are N
# different messages
drain() {
	start mosquitto_sub -V 5 -x 3600 -c -i "$1" -q 2 -h 127.0.0.1 -p "$PORT" \
	    -t none/at/all 5>&-
	local pid=$PID out=$PID_OUT
	await 60 eval '(($(sort -u "'"$out"'" | wc -l) >= '"$2"'))'
	stop "$pid"
	cp "$out" got
}

# deliver [OPTION…]: sends stdin through the adapter
deliver() {
	timeout 60 mfx-adapt-mqtt --socket "$SOCKET" "$@"
}

# source_ready OPTION…: the adapter on that broker, subscribed
source_ready() {
	start_ready mfx-adapt-mqtt --host 127.0.0.1 -p "$PORT" "$@"
	ADAPTER=$PID ADAPTER_ERR=$PID_ERR
}

on_bus() {
	cat "$MFX_HOME"/bus/raw/*.ndjson 2>/dev/null
}

lines_on_bus() {
	(($(on_bus | wc -l) >= $1))
}

ROUTE='"channel":"c1","publisher":"p1","protocol":"http"'
MAP='site/{c}/dev/{p}/#=channel:{c},publisher:{p},subtopic:{#}'

# N messages as adapters write them, numbered from 1
numbered() {
	seq "$1" | sed "s/.*/[{$ROUTE,\"n\":\"x\",\"v\":&}]/"
}
