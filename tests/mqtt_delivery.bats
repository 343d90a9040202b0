#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-mqtt from the bus to brokers that know nothing of us.
load setup
load mqtt_brokers

@test "delivery: topic, payload, type, publisher and protocol, at QoS 1" {
	broker
	subscribe s 2
	cat >in <<-EOF
	[{$ROUTE,"subtopic":"room.1.é","received":1.5,"bn":"d:","n":"t","v":21.50},{"n":"h","v":1e2}]
	{"channel":"c2","publisher":"p2","protocol":"coap","n":"x","u":"Cel","v":1,"t":1700000000}
	[{"channel":"c1","publisher":"p1","protocol":"mqtt","n":"skipped","v":1}]
	{"seq":77}
	[{$ROUTE,"n":"payload","vd":"","ct":"text/plain;charset=utf-8"}]
	EOF
	deliver <in
	collect s 3 '%q %t|%C|%P|%p' >got
	diff - got <<-'EOF'
	1 channels/c1/messages/room/1/é|application/senml+json|publisher:p1 protocol:http|[{"bn":"d:","n":"t","v":21.50},{"n":"h","v":1e2}]
	1 channels/c2/messages|application/senml+json|publisher:p2 protocol:coap|[{"n":"x","u":"Cel","v":1,"t":1700000000}]
	1 channels/c1/messages|text/plain;charset=utf-8|publisher:p1 protocol:http|
	EOF
}

@test "delivery: all 256 bytes, and 700 KB of them, come out as they went in" {
	broker
	subscribe s 1
	python3 -c 'import os, sys
sys.stdout.buffer.write(bytes(range(256)) * 2734)' >bytes
	printf '[{%s,"n":"payload","vd":"%s","ct":"application/octet-stream"}]\n' \
	    "$ROUTE" "$(basenc -w 0 --base64url bytes | tr -d =)" >in
	deliver <in
	collect s 1 '%x' | python3 -c 'import sys
sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >got
	cmp bytes got
}

@test "delivery: --all delivers what came over MQTT too" {
	broker
	subscribe s 1
	echo '[{"channel":"c1","publisher":"p1","protocol":"mqtt","n":"x","v":1}]' |
		deliver --all
	[[ $(collect s 1 '%P') == 'publisher:p1 protocol:mqtt' ]]
}

@test "delivery: half a line from a killed writer is not refused, torn anywhere" {
	broker
	"$ROOT/tests/tears.py" "mfx-adapt-mqtt --socket $SOCKET --ack raw/GROUP --rejects REJECTS"
}

@test "delivery: bad lines are refused, the others delivered, the group moves on" {
	broker
	subscribe s 1
	cat >in <<-EOF
	garbage
	[{"publisher":"p1","protocol":"http","seq":10,"n":"x","v":1}]
	[{"channel":"a/b","publisher":"p1","protocol":"http","seq":20,"n":"x","v":1}]
	[{"channel":"c1","subtopic":"a+.#","protocol":"http","seq":30,"n":"x","v":1}]
	[{"channel":"c1","subtopic":"+","protocol":"http","seq":40,"n":"x","v":1}]
	[{"channel":"c1","protocol":"http","seq":50,"n":"good","v":1}]
	[{"channel":"c1","protocol":"http","seq":60,"n":"payload","vd":"!!","ct":"a/b"}]
	EOF
	for i in 1 2 3 4 5 6 7; do numbered 1; done | mfx-pub raw
	status 65 deliver --ack raw/mqtt --rejects bad <in 2>err
	[[ $(collect s 1 '%p') == *good* ]]
		[[ $(wc -l <bad) == 6 ]]
	grep -q '^mfx-adapt-mqtt: <stdin>:1: not a SenML pack$' err
	# a line with a position is named by it
	grep -q '^mfx-adapt-mqtt: raw@10: no channel$' err
	[[ $(mfx-bus groups | jq .seq) == 60 ]]
}

@test "delivery: a message that is longer than the broker takes is refused" {
	broker 'max_packet_size 2000'
	subscribe s 1
	{ printf '[{%s,"n":"x","vs":"%03000d"}]\n' "$ROUTE" 0; numbered 1; } |
		status 65 deliver 2>err
	grep -q ':1: set aside: longer than the broker takes' err
	[[ $(collect s 1 '%p') == '[{"n":"x","v":1}]' ]]
}

@test "delivery: the group is where the acknowledged messages end" {
	numbered 100 | mfx-pub raw
	AT=$PWD/s SOCKET=$PWD/s
	fake ack 40
	mfx-sub raw/mqtt --no-follow >in
	status 75 deliver --ack raw/mqtt --wait 1s <in 2>err
	grep -q '60 messages are not acknowledged' err
	[[ $(mfx-bus groups | jq .seq) == $(sed -n 40p in |
		sed 's/.*"seq":\([0-9]*\).*/\1/') ]]
	# the rest comes with the next one
	rm s
	AT=$PWD/s SOCKET=$PWD/s
	fake ack 100
	mfx-sub raw/mqtt --no-follow | deliver --ack raw/mqtt
	[[ $(grep -c PUBLISH "$FAKE_OUT") == 60 ]]
	[[ $(mfx-bus groups | jq .lag) == 0 ]]
}

@test "delivery: no more than --window on their way, and no more is read" {
	AT=$PWD/s SOCKET=$PWD/s
	fake ack 0
	mkfifo lines
	exec 5<>lines
	start "${FROM[@]}" lines mfx-adapt-mqtt --socket "$SOCKET" --window 20 \
	    --wait 1s
	local pid=$PID err=$PID_ERR
	# more than pipe and buffer hold: the writer has to wait
	{ numbered 20000 && echo written >done; } >lines 5>&- 3>&- &
	PIDS+=($!)
	await 20 eval '(($(grep -c PUBLISH "$FAKE_OUT") == 20))'
	kill -TERM "$pid"
	exec 5>&-
	ended 75 "$pid"
	[[ ! -e done ]]
	[[ $(grep -c PUBLISH "$FAKE_OUT") == 20 ]]
	grep -q '20 messages are not acknowledged, and not all' "$err"
}

@test "delivery: no broker at the end of the input is 75, and nothing moves" {
	numbered 3 | mfx-pub raw
	SOCKET=$PWD/none
	mfx-sub raw/mqtt --no-follow >in
	status 75 deliver --ack raw/mqtt --wait 1s <in 2>err
	mfx-sub raw/mqtt --no-follow | status 75 deliver --wait 1s
	grep -q 'No such file or directory; trying again' err
	[[ $(mfx-bus groups | jq .seq) == 0 ]]
}

@test "delivery: a broker that comes later is waited for" {
	free_port PORT
	SOCKET=$PWD/broker.sock
	mkfifo lines
	exec 5<>lines
	start "${FROM[@]}" lines mfx-adapt-mqtt --socket "$SOCKET"
	local pid=$PID err=$PID_ERR
	numbered 3 >&5
	await 20 grep -q 'trying again' "$err"
	broker
	subscribe s 1
	# those of before have gone to nobody; it is connected now
	await 20 grep -q 'connected again' "$err"
	numbered 1 >&5
	exec 5>&-
	ended 0 "$pid"
	collect s 1 '%p' >got
	grep -q '"v":[13]}' got
}

@test "delivery: the broker ends and returns, again and again: all arrives" {
	broker
	subscribe s 1
	mkfifo to-mqtt
	mfx-sub raw/mqtt >to-mqtt 3>&- 2>/dev/null &
	PIDS+=($!)
	start "${FROM[@]}" to-mqtt mfx-adapt-mqtt --socket "$SOCKET" \
	    --ack raw/mqtt
	local i
	for i in 1 2 3 4; do
		numbered 2000 | sed "s/\"n\":\"x\"/\"n\":\"x$i\"/" | mfx-pub raw
		stop "$BROKER"
		broker
	done
	await 60 eval '[[ $(mfx-bus groups | jq .lag) == 0 ]]'
	# QoS 1: some twice, none not at all
	drain s 8000
	[[ $(sort -u got | wc -l) == 8000 ]]
}

@test "delivery: kill -9 of the adapter in a loop loses nothing" {
	broker
	subscribe s 1
	numbered 40000 | mfx-pub raw
	local kills=0 before
	while ((kills < 10)) && [[ $(mfx-bus groups | jq .lag) != 0 ]]; do
		before=$(mfx-bus groups | jq .seq)
		mfx-sub raw/mqtt --no-follow >in
		start "${FROM[@]}" in mfx-adapt-mqtt --socket "$SOCKET" \
		    --window 2 --ack raw/mqtt
		await 20 eval '[[ $(mfx-bus groups | jq .seq) != "$before" ]]'
		stop "$PID" KILL 2>/dev/null
		kills=$((kills + 1))
	done
	((kills >= 3))
	mfx-sub raw/mqtt --no-follow | deliver --ack raw/mqtt
	[[ $(mfx-bus groups | jq .lag) == 0 ]]
	drain s 40000
	[[ $(sort -u got | wc -l) == 40000 ]]
}

@test "delivery: SIGTERM delivers what was read and ends with 0" {
	broker
	subscribe s 1
	mkfifo lines
	exec 5<>lines
	start_ready "${FROM[@]}" lines mfx-adapt-mqtt --socket "$SOCKET"
	local pid=$PID
	numbered 500 >&5
	collect s 1 '%p' >got
	kill -TERM "$pid"
	ended 0 "$pid"
	exec 5>&-
}

@test "delivery: a broker that does not want us: 69, or 77 when it is what we send" {
	AT=$PWD/s SOCKET=$PWD/s
	fake refuse 135
	numbered 1 >in
	# as long as there is no key, no plugin has started, and it may yet
	status 75 deliver --wait 1s <in 2>err
	mkdir -p "$MFX_HOME/mqtt"
	(umask 077; printf '%064d\n' 0 >"$MFX_HOME/mqtt/bridge.key")
	status 69 deliver <in 2>err
	grep -q 'refused: Not authorized' err
	# a key file that others may read is refused
	chmod 644 "$MFX_HOME/mqtt/bridge.key"
	status 78 deliver <in 2>err
	chmod 600 "$MFX_HOME/mqtt/bridge.key"
	AT=$PWD/s2 SOCKET=$PWD/s2
	fake reason 135
	status 77 deliver <in 2>err
	AT=$PWD/s3 SOCKET=$PWD/s3
	fake reason 151
	status 75 deliver <in 2>err
	AT=$PWD/s4 SOCKET=$PWD/s4
	fake reason 153
	status 65 deliver <in 2>err
	grep -q '<stdin>:1: set aside: refused by the broker' err
}

# what the broker does not take is set aside: f01

# aside LINE PATTERN: of three messages, of which the second has that line,
# the others are acknowledged, and the group is at the end
aside() {
	numbered 1 | mfx-pub raw
	# as a bus of before has it: mfx-pub refuses some of them by now
	echo "$1" >>"$MFX_HOME"/bus/raw/00000000000000000000.ndjson
	numbered 1 | mfx-pub raw
	rm -f bad
	mfx-sub raw/mqtt --no-follow |
		status 65 deliver --ack raw/mqtt --wait 20s --rejects bad 2>err
		grep -q "raw@[0-9]*: .*$2" err
	[[ $(wc -l <bad) == 1 ]]
	[[ $(sed 's/"seq":[0-9]*,//' bad) == "$1" ]]
	[[ $(mfx-bus groups | jq .lag) == 0 ]]
}

under() {
	echo "[{${ROUTE},\"subtopic\":\"$1\",\"received\":1,\"n\":\"x\",\"v\":1}]"
}

@test "delivery: what a real broker does not take is set aside, the rest goes on" {
	broker 'max_packet_size 3000'
	subscribe s 1
	local deep
	# mosquitto hangs up on a topic with more than 200 of '/'
	printf -v deep 'a.%.0s' $(seq 199)
	aside "$(under "${deep%.}")" 'subtopic over 198 levels'
	# what libmosquitto refuses: MQTT 5 1.5.4, C1 and noncharacters
	aside "$(under $'a\u0085b')" 'character.* in the subtopic'
	aside "$(under $'a\ufffeb')" 'character.* in the subtopic'
	aside "[{${ROUTE},\"received\":1,\"n\":\"x\",\"vs\":\"$(printf %3000d 0)\"}]" \
	    'longer than the broker takes'
	[[ $(collect s 8 '%p' | sort -u) == '[{"n":"x","v":1}]' ]]
	# 198 levels are what it takes
	printf -v deep 'a.%.0s' $(seq 198)
	under "${deep%.}" | deliver
	collect s 1 '%t' >got
}

@test "delivery: one message that ends each connection is set aside" {
	AT=$PWD/s SOCKET=$PWD/s
	fake close poison
	aside "$(under a.poison)" 'the broker closes the connection when it is sent'
	# it was sent alone in the end
	[[ $(grep -c poison "$FAKE_OUT") == 5 ]]
	# the same when it says why, MQTT 5 3.14.2.1
	AT=$PWD/s2 SOCKET=$PWD/s2
	fake close poison 149
	aside "$(under a.poison)" 'the broker closes the connection when it is sent'
	# two of them, and one at the end of the input
	AT=$PWD/s3 SOCKET=$PWD/s3
	fake close poison
	{ under poison.1; under poison.2; numbered 3; under poison.3; } >in
	status 65 deliver --wait 20s --rejects bad <in 2>err
	[[ $(grep -o 'poison.[0-9]' bad | sort -u | xargs) == 'poison.1 poison.2 poison.3' ]]
	grep -q '<stdin>:6: ' err
}

@test "delivery: one message that ends connections does not stop those that follow it" {
	broker
	subscribe s 1
	AT=$PWD/s SOCKET=$PWD/s
	fake close poison
	mkdir -p "$MFX_HOME/bus/raw"
	start_ready mfx-adapt-mqtt --socket "$SOCKET" -i raw/mqtt --rejects bad
	local pid=$PID err=$PID_ERR
	{ numbered 2; under poison; numbered 2; } | mfx-pub raw
	await 60 eval '[[ $(mfx-bus groups | jq .lag) == 0 ]]'
	# and it is in the file while the program goes on
	await 20 grep -q poison bad
	kill -TERM "$pid"
	ended 65 "$pid"
}

@test "delivery: a broker that goes away each time is not the message's fault" {
	AT=$PWD/s SOCKET=$PWD/s
	fake shut 4
	numbered 3 | deliver --wait 20s 2>err
	[[ $(grep -c PUBLISH "$FAKE_OUT") == 7 ]]
	# nor one that says that it is shutting down, as often as it may
	AT=$PWD/s2 SOCKET=$PWD/s2
	fake close poison 139
	under poison >in
	start "${FROM[@]}" in mfx-adapt-mqtt --socket "$SOCKET" --wait 60s
	await 60 eval '(($(grep -c poison "$FAKE_OUT") >= 7))'
	fails grep -q 'set aside' "$PID_ERR"
}

@test "delivery: a message refused by a reason is set aside once another is taken" {
	local reason n=0
	for reason in 128 131 135 144 149 151 153; do
		n=$((n + 1))
		AT=$PWD/s$n SOCKET=$PWD/s$n
		fake but refused $reason
		aside "$(under refused)" 'set aside: refused by the broker'
	done
}

@test "delivery: a message that is never acknowledged is set aside" {
	AT=$PWD/s SOCKET=$PWD/s
	fake mute poison
	{ under poison; numbered 3; } >in
	status 65 timeout 120 mfx-adapt-mqtt --socket "$SOCKET" --stall 6s \
	    --window 1 --wait 60s <in 2>err
	grep -q '<stdin>:1: set aside: the broker does not acknowledge it' err
}

# ---- from the bus ----

@test "delivery: -i reads the stream and moves its group" {
	broker
	subscribe s 1
	numbered 3 | mfx-pub raw
	# a new group begins with what comes now
	start_ready mfx-adapt-mqtt --socket "$SOCKET" -i raw/mqtt
	local pid=$PID
	under a.b | mfx-pub raw
	echo "[{${ROUTE/http/mqtt},\"n\":\"skipped\",\"v\":1}]" | mfx-pub raw
	[[ $(collect s 1 '%t %P') == 'channels/c1/messages/a/b publisher:p1 protocol:http' ]]
	await 20 eval '[[ $(mfx-bus groups | jq .lag) == 0 ]]'
	# one reader at a time
	status 75 timeout 20 mfx-adapt-mqtt --socket "$SOCKET" -i raw/mqtt 2>err
	grep -q 'raw/mqtt: another' err
	stop "$pid" KILL
	numbered 2 | mfx-pub raw
	start_ready mfx-adapt-mqtt --socket "$SOCKET" -i raw/mqtt
	collect s 2 '%p' >got
	kill -TERM "$PID"
	ended 0 "$PID"
	[[ $(mfx-bus groups | jq .lag) == 0 ]]
	# without a group: from now on, and nothing is moved
	start_ready mfx-adapt-mqtt --socket "$SOCKET" -i raw
	numbered 1 | mfx-pub raw
	collect s 1 '%p' >got
	kill -TERM "$PID"
	ended 0 "$PID"
	[[ $(mfx-bus groups | jq -s 'map(.lag > 0)[0]') == true ]]
}

@test "delivery: READY=1 comes when the broker has let it in" {
	free_port PORT
	SOCKET=$PWD/broker.sock
	NOTIFY_SOCKET=$PWD/notify start /usr/bin/python3 -c '
import os, socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(os.environ["NOTIFY_SOCKET"])
p = subprocess.Popen(sys.argv[1:])
s.settimeout(60)
print(s.recv(99).decode().split(), flush=True)
p.terminate()
print(s.recv(99).decode().split(), p.wait(), flush=True)
' mfx-adapt-mqtt --socket "$SOCKET" -i raw/mqtt
	local pid=$PID out=$PID_OUT err=$PID_ERR
	await 20 grep -q 'trying again' "$err"
	[[ ! -s $out ]]
	broker
	ended 0 "$pid"
	[[ $(xargs <"$out") == "[READY=1] [STOPPING=1] 0" ]]
}

@test "delivery: -i under kill -9 of itself and of the broker loses nothing" {
	broker
	subscribe s 1
	start_ready mfx-adapt-mqtt --socket "$SOCKET" -i raw/mqtt
	local i adapter=$PID
	for i in 1 2 3 4 5; do
		numbered 1000 | sed "s/\"n\":\"x\"/\"n\":\"x$i\"/" | mfx-pub raw
		stop "$adapter" KILL 2>/dev/null
		if ((i % 2)); then stop "$BROKER"; fi
		start mfx-adapt-mqtt --socket "$SOCKET" -i raw/mqtt
		adapter=$PID
		if ((i % 2)); then broker; fi
	done
	await 60 eval '[[ $(mfx-bus groups | jq .lag) == 0 ]]'
	drain s 5000
	[[ $(sort -u got | wc -l) == 5000 ]]
}

# metrics: those of --admin, into the file `metrics`; all of them are as
# Prometheus wants them: a name has its head once, and in front
metrics() {
	curl -sf "http://127.0.0.1:$ADMIN/metrics" >metrics
	awk '/^# HELP / { if (help[$3]++) exit 1; next }
	    /^# TYPE / { if (!help[$3] || type[$3]++) exit 1; next }
	    { name = $1; sub(/[{].*/, "", name); base = name
	      sub(/_(bucket|sum|count)$/, "", base)
	      if ((!type[name] && !type[base]) || NF != 2) exit 1 }' metrics
}

# shown VALID LINES: so many of the broker's counts are shown, and whether they
# are good
shown() {
	metrics
	grep -qx "mqtt_broker_counts_valid $1" metrics
	[[ $(grep -c 'mqtt_broker_messages' metrics) == "$2" ]]
}

@test "delivery: --admin: the broker is there or not, and what is on its way" {
	broker
	free_port ADMIN
	mkfifo lines
	exec 5<>lines
	start "${FROM[@]}" lines mfx-adapt-mqtt --socket "$SOCKET" \
	    --admin "127.0.0.1:$ADMIN"
	await 60 curl -sf "http://127.0.0.1:$ADMIN/health"
	echo "[{$ROUTE,\"n\":\"x\",\"v\":1}]" >&5
	echo garbage >&5
	await 60 eval 'metrics && grep -qx "mqtt_adapter_sent_total 1" metrics'
	await 60 eval 'metrics &&
	    grep -qx "mqtt_adapter_input_rejected_total 1" metrics'
	grep -qx 'mqtt_adapter_broker_connected 1' metrics
	curl -sf "http://127.0.0.1:$ADMIN/version" | grep -q '"service":"mqtt"'
	stop "$BROKER" KILL
	await 60 eval '[[ $(curl -s "http://127.0.0.1:'"$ADMIN"'/health") == \
	    *"not connected"* ]]'
	metrics
	grep -qx 'mqtt_adapter_broker_connected 0' metrics
	exec 5>&-
}

@test "delivery: what the plugin has counted is shown, and nothing else" {
	free_port ADMIN
	mkdir -p "$MFX_HOME/mqtt"
	local counts=$MFX_HOME/mqtt/metrics.prom
	mkfifo lines
	exec 5<>lines
	start "${FROM[@]}" lines mfx-adapt-mqtt --admin "127.0.0.1:$ADMIN"
	await 60 metrics
	shown 0 0
	printf '%s\n' '# HELP mqtt_broker_messages_refused_total Refused.' \
	    '# TYPE mqtt_broker_messages_refused_total counter' \
	    'mqtt_broker_messages_refused_total{reason="topic"} 3' >good
	cp good "$counts"
	shown 1 3
	grep -qx 'mqtt_broker_messages_refused_total{reason="topic"} 3' metrics
	local bad
	for bad in 'other 1' 'mqtt_broker_x 1 2' 'mqtt_broker_x{reason="a"b"} 1' \
	    '# HELP up x' '# TYPE mqtt_broker_x other' 'mqtt_broker_x -1' ''; do
		{ cat good; echo "$bad"; } >"$counts"
		shown 0 0
	done
	{ cat good; printf 'mqtt_broker_x 1'; } >"$counts"
	shown 0 0
	# more than the plugin ever writes, or older than what it writes
	for bad in $(seq 200); do cat good; done >"$counts"
	shown 0 0
	cp good "$counts"
	touch -d '2 minutes ago' "$counts"
	shown 0 0
	# neither a link nor a pipe is followed, or waited for
	ln -sf "$PWD/good" "$counts"
	shown 0 0
	rm "$counts"
	mkfifo "$counts"
	shown 0 0
	rm "$counts"
	cp good "$counts"
	shown 1 3
	exec 5>&-
}

@test "delivery: what is refused and can't be written down ends it, and comes again" {
	broker
	subscribe s 1
	mkdir -p "$MFX_HOME/bus/raw"
	start_ready mfx-adapt-mqtt --socket "$SOCKET" -i raw/mqtt \
	    --rejects /dev/full
	local pid=$PID err=$PID_ERR
	echo '[{"channel":"c1","subtopic":"+","n":"x","v":1}]' \
	    >"$MFX_HOME/bus/raw/00000000000000000000.ndjson"
	numbered 2 | mfx-pub raw
	# at once, while its input goes on
	ended 74 "$pid"
	grep -q '^mfx-adapt-mqtt: /dev/full: ' "$err"
	[[ $(mfx-bus groups | jq .seq) == 0 ]]
	start_ready mfx-adapt-mqtt --socket "$SOCKET" -i raw/mqtt --rejects bad
	await 60 eval '[[ $(mfx-bus groups | jq .lag) == 0 ]]'
	[[ $(wc -l <bad) == 1 ]]
}
