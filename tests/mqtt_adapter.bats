#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-mqtt between the bus and brokers that know nothing of us: a plain
# mosquitto, and one that misbehaves (mqtt_fake.py).
load setup

FAKE=$ROOT/tests/mqtt_fake.py
# start "${FROM[@]}" FILE COMMAND…: with that as its stdin, which bash takes
# from what is in the background
FROM=(sh -c 'file=$1; shift; exec "$@" <"$file" 5>&-' -)

# broker [LINE…]: mosquitto on $PORT and the unix socket $SOCKET, with these
# lines more in its configuration
broker() {
	PORT=${PORT:-$(free_port)} SOCKET=$PWD/broker.sock
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

# stop PID [SIGNAL]: and it has gone
stop() {
	kill "-${2:-TERM}" "$1" || true
	wait "$1" 2>/dev/null || true
}

# ended STATUS PID: it ends with that, soon
ended() {
	await 30 eval '[[ $(ps -o stat= -p '"$2"') != [^Z]* ]]'
	status "$1" wait "$2"
}

# fake MODE [ARGUMENT…]: the other one, on $PORT or, with AT=PATH, there
fake() {
	PORT=${PORT:-$(free_port)}
	start /usr/bin/python3 "$FAKE" "${AT:-$PORT}" "$@"
	FAKE_PID=$PID FAKE_OUT=$PID_OUT
	await 20 grep -q READY "$FAKE_OUT"
}

# fails COMMAND…: bash minds no `!` in front
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

# collect ID N FORMAT: the N messages that wait for it
collect() {
	mosquitto_sub -V 5 -x 3600 -c -i "$1" -q 2 -h 127.0.0.1 -p "$PORT" \
	    -t none/at/all -C "$2" -W 30 -F "$3"
}

# drain ID N: all that waits for it goes into `got`, until N different ones
# are there
drain() {
	start mosquitto_sub -V 5 -x 3600 -c -i "$1" -q 2 -h 127.0.0.1 -p "$PORT" \
	    -t none/at/all 5>&-
	local pid=$PID out=$PID_OUT
	await 60 eval '(($(sort -u "'"$out"'" | wc -l) >= '"$2"'))'
	stop "$pid"
	cp "$out" got
}

# deliver [OPTION…]: stdin through the adapter
deliver() {
	timeout 60 mfx-adapt-mqtt --socket "$SOCKET" "$@"
}

# source_ready OPTION…: the adapter on that broker, subscribed
source_ready() {
	start_ready mfx-adapt-mqtt -h 127.0.0.1 -p "$PORT" "$@"
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

# ---- delivery ----

@test "delivery: topic, payload, type, publisher and protocol, at QoS 1" {
	broker
	subscribe s 2
	cat >in <<-EOF
	[{$ROUTE,"subtopic":"room.1.é","received":1.5,"bn":"d:","n":"t","v":21.50},{"n":"h","v":1e2}]
	{"channel":"c2","publisher":"p2","protocol":"coap","n":"x","u":"Cel","v":1,"t":2}
	[{"channel":"c1","publisher":"p1","protocol":"mqtt","n":"skipped","v":1}]
	{"seq":77}
	[{$ROUTE,"n":"payload","vd":"","ct":"text/plain;charset=utf-8"}]
	EOF
	deliver <in
	collect s 3 '%q %t|%C|%P|%p' >got
	diff - got <<-'EOF'
	1 channels/c1/messages/room/1/é|application/senml+json|publisher:p1 protocol:http|[{"bn":"d:","n":"t","v":21.50},{"n":"h","v":1e2}]
	1 channels/c2/messages|application/senml+json|publisher:p2 protocol:coap|[{"n":"x","u":"Cel","v":1,"t":2}]
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
	grep -q '^mfx-adapt-mqtt: <stdin>:1: no message$' err
	grep -q '^mfx-adapt-mqtt: <stdin>:2: no channel$' err
	[[ $(mfx-bus groups | jq .seq) == 60 ]]
}

@test "delivery: a message that is longer than the broker takes is refused" {
	broker 'max_packet_size 2000'
	subscribe s 1
	{ printf '[{%s,"n":"x","vs":"%03000d"}]\n' "$ROUTE" 0; numbered 1; } |
		status 65 deliver 2>err
	grep -q ':1: longer than the broker takes' err
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
	PORT=$(free_port) SOCKET=$PWD/broker.sock
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
	# a key that others may read is none
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
	grep -q '<stdin>:1: refused by the broker' err
}

# ---- any broker as a source ----

@test "source: topics to labels, payloads as they were sent, types" {
	broker
	source_ready -t 'site/#' -t 'channels/+/messages/#' -o raw \
	    --map "$MAP" --map 'site/{c}/plain=channel:{c},protocol:zigbee' \
	    --map 'channels/{c}/messages/#=channel:{c},publisher:{@publisher},subtopic:{#}'
	head -c 100000 /dev/urandom >bytes
	local pub=(mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1)
	"${pub[@]}" -t site/c1/dev/t7/a/b.c -m '[{"n":"x","v":21.50}]'
	"${pub[@]}" -t site/c1/dev/t7 -f bytes
	"${pub[@]}" -V 5 -t site/c2/plain -m text -D publish content-type text/plain
	"${pub[@]}" -V 5 -t channels/c3/messages/ä/ö -m '{}' \
	    -D publish user-property publisher t9
	await 20 lines_on_bus 4
	on_bus | jq -c '.[0] | [.channel, .publisher, .protocol, .subtopic, .n, .ct]' >got
	diff - got <<-'EOF'
	["c1","t7","mqtt","a.b.c","x",null]
	["c1","t7","mqtt",null,"payload","application/octet-stream"]
	["c2",null,"zigbee",null,"payload","text/plain"]
	["c3","t9","mqtt","ä.ö","payload","application/octet-stream"]
	EOF
	on_bus | sed -n 1p | grep -q '"v":21.50}]$'
	on_bus | sed -n 2p | "$ROOT/tests/payload.py" | cmp - bytes
	stop "$ADAPTER"
}

@test "source: without --map, the topics of mfx and Mainflux" {
	broker
	source_ready -t 'channels/#' -o raw
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t channels/c1/messages/a/b -m '[{"n":"x","v":1}]'
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t channels/c1/messages -m '[{"n":"x","v":2}]'
	await 20 lines_on_bus 2
	[[ $(on_bus | jq -c '.[0] | [.channel, .subtopic, .v]' | xargs) == \
	    '[c1,a.b,1] [c1,null,2]' ]]
}

@test "source: QoS 0, 1, 2 published x MQTT 3.1.1 and 5, and TLS" {
	authority
	broker "listener $(free_port | tee tls.port) 127.0.0.1" \
	    'cafile ca.crt' 'certfile server.crt' 'keyfile server.key'
	local version tls q want=0
	for version in 3.1.1 5; do for tls in '' "--tls-ca ca.crt"; do
		start_ready mfx-adapt-mqtt -h 127.0.0.1 -t 'site/#' --map "$MAP" \
		    -p "$([[ $tls ]] && cat tls.port || echo "$PORT")" $tls \
		    --protocol $version --qos 2 -o raw --clean
		for q in 0 1 2; do
			mosquitto_pub -h 127.0.0.1 -p "$PORT" -q $q -t site/c1/dev/t1 \
			    -m '[{"n":"x","v":1}]'
		done
		want=$((want + 3))
		await 20 lines_on_bus $want
		# as many as come at once, over TLS too
		publish_numbered 3000 1
		want=$((want + 3000))
		await 30 lines_on_bus $want
		kill -TERM "$PID"
		ended 0 "$PID"
	done; done
	[[ $(on_bus | wc -l) == 12012 ]]
}

# a certificate authority, and a certificate for 127.0.0.1 by it
authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "${1:-ca}.key" -out "${1:-ca}.crt" -days 2 \
	    -subj "/CN=${1:-ca}" 2>/dev/null
	certificate server localhost "${1:-ca}" IP:127.0.0.1
	chmod 644 ./*.key
}

# certificate NAME CN CA [SAN]
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -days 2 \
	    -extfile <(echo "${4:+subjectAltName=$4}") -out "$1.crt" 2>/dev/null
}

@test "source: TLS: authority, host name, our certificate; what is wrong is said" {
	authority
	authority other
	authority
	certificate client thing ca
	broker "listener $(free_port | tee tls.port) 127.0.0.1" \
	    'cafile ca.crt' 'certfile server.crt' 'keyfile server.key' \
	    'require_certificate true'
	local take=(timeout 30 mfx-adapt-mqtt -p "$(<tls.port)" -t 'site/#' -o raw)
	status 69 "${take[@]}" -h 127.0.0.1 --tls-ca other.crt 2>err
	grep -q 'certificate verify failed' err
	# the certificate is for 127.0.0.1, and not for this name of it
	status 69 "${take[@]}" -h 127.1 --tls-ca ca.crt 2>err
	status 66 "${take[@]}" -h 127.0.0.1 --tls-ca none.crt 2>err
	status 78 "${take[@]}" -h 127.0.0.1 --tls-ca broker.conf 2>err
	status 78 "${take[@]}" -h 127.0.0.1 --tls-ca ca.crt \
	    --tls-cert client.crt --tls-key server.key 2>err
	start_ready "${take[@]:2}" -h 127.0.0.1 --tls-ca ca.crt --map "$MAP" \
	    --tls-cert client.crt --tls-key client.key
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 -m '[{"n":"x","v":1}]'
	await 20 lines_on_bus 1
}

@test "source: user name and password from files; wrong ones are refused with 69" {
	mosquitto_passwd -c -b passwd ann 'open sesame' 2>/dev/null
	chmod 644 passwd
	PORT=$(free_port)
	echo 'open sesame' >password
	echo wrong >bad
	printf '%s\n' "user $(id -un)" "listener $PORT 127.0.0.1" \
	    'allow_anonymous false' "password_file $PWD/passwd" >login.conf
	start mosquitto -c login.conf
	await 20 mosquitto_pub -h 127.0.0.1 -p "$PORT" -u ann -P 'open sesame' -t x -n
	local version
	for version in 3.1.1 5; do
		status 69 timeout 30 mfx-adapt-mqtt -h 127.0.0.1 -p "$PORT" -t x \
		    --protocol $version --username ann --password-file bad 2>err
		grep -qi 'not authori' err
	done
	status 69 timeout 30 mfx-adapt-mqtt -h 127.0.0.1 -p "$PORT" -t x 2>err
	source_ready -t '#' -o raw --username ann --password-file password \
	    --map '{c}/x=channel:{c}'
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -u ann -P 'open sesame' -q 1 -t c1/x -m 1
	await 20 lines_on_bus 1
	fails grep -qs sesame /proc/"$ADAPTER"/cmdline "$ADAPTER_ERR"
}

@test "source: what no rule fits, and what makes no label, is counted and kept" {
	broker
	source_ready -t '#' -o raw --map "$MAP" --rejects rejects
	local topic
	for topic in other 'site/a b/dev/t' 'site/c1/dev/t/a>' site/c1/dev/t1; do
		mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "$topic" -m "$(printf 'a\tb\\')"
	done
	head -c 1100000 /dev/zero | mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 \
	    -t site/c1/dev/t2 -s
	for topic in $(seq 12); do
		mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t "no/$topic" -n
	done
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t3 -m end
	await 20 lines_on_bus 2
	kill -TERM "$ADAPTER"
	ended 65 "$ADAPTER"
	[[ $(on_bus | jq -r '.[0].publisher' | xargs) == 't1 t3' ]]
	[[ $(wc -l <rejects) == 16 ]]
	[[ $(head -n 1 rejects) == $'other\ta\\tb\\\\' ]]
	grep -q "topic 'other': no rule" "$ADAPTER_ERR"
	grep -q "topic 'site/a b/dev/t': the channel is no id" "$ADAPTER_ERR"
	grep -q "topic 'site/c1/dev/t2': the message is longer" "$ADAPTER_ERR"
	(($(grep -c 'topic ' "$ADAPTER_ERR") == 10))
	grep -q '16 messages rejected' "$ADAPTER_ERR"
}

@test "source: acknowledged only when the line is written" {
	fake send big 1
	# more than a pipe holds, and nobody reads it
	head -c 500000 /dev/zero | tr '\0' x >big
	mkfifo lines
	exec 5<>lines
	PID_TO=lines start_ready mfx-adapt-mqtt -h 127.0.0.1 -p "$PORT" -t t \
	    --map '{t}=channel:{t}' 5>&-
	# it has begun to write, and waits
	await 20 eval '(($(in_pipe 5) >= 65536))'
	fails grep -q PUBACK "$FAKE_OUT"
	head -n 1 <&5 >line
	await 20 grep -q PUBACK "$FAKE_OUT"
	[[ $("$ROOT/tests/payload.py" <line | wc -c) == 500000 ]]
}

@test "source: with nothing written, nothing is acknowledged, and it comes again" {
	fake send message 1
	echo '[{"n":"x","v":1}]' >message
	# stdout takes nothing: the connection is broken without a PUBACK
	status 74 timeout 30 mfx-adapt-mqtt -h 127.0.0.1 -p "$PORT" -t t \
	    --map '{t}=channel:{t}' >/dev/full 2>err
	await 20 grep -q END "$FAKE_OUT"
	fails grep -q PUBACK "$FAKE_OUT"
	source_ready -t t --map '{t}=channel:{t}' -o raw
	await 20 lines_on_bus 1
	await 20 grep -q PUBACK "$FAKE_OUT"
}

# publish_numbered N QOS: by a client of 3.1.1, one message after the other
publish_numbered() {
	seq "$1" | sed 's/.*/[{"n":"x","v":&}]/' |
		mosquitto_pub -h 127.0.0.1 -p "$PORT" -q "$2" -t site/c1/dev/t1 -l
}

@test "source: kill -9 in a loop under QoS 1 and QoS 2 publishers: nothing is lost" {
	broker
	local q kills=0
	for q in 1 2; do
		source_ready -t 'site/#' --map "$MAP" -o raw
		publish_numbered 4000 $q 3>&- &
		PIDS+=($!)
		local publisher=$!
		while kill -0 "$publisher" 2>/dev/null; do
			stop "$ADAPTER" KILL 2>/dev/null
			kills=$((kills + 1))
			source_ready -t 'site/#' --map "$MAP" -o raw
		done
		wait "$publisher"
		await 30 eval '(($(on_bus | jq -c ".[0].v" | sort -u |
		    wc -l) == 4000))'
		stop "$ADAPTER"
		rm -r "$MFX_HOME/bus"
	done
	((kills >= 4))
}

@test "source: QoS 2 subscriptions can lose what is between PUBREC and PUBREL" {
	fake pubrec message
	echo '[{"n":"x","v":1}]' >message
	source_ready -t t --map '{t}=channel:{t}' -o raw --qos 2
	await 20 grep -q PUBREC "$FAKE_OUT"
	# the broker may forget it now, and nothing has been written: this is
	# why QoS 1 is the default
	[[ -z $(on_bus) ]]
}

@test "source: a broker that comes back without its sessions is subscribed to again" {
	broker
	source_ready -t 'site/#' --map "$MAP" -o raw
	stop "$BROKER" KILL
	rm -f mosquitto.db
	broker
	await 30 grep -q 'connected again' "$ADAPTER_ERR"
	publish() {
		mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 -m 1
		lines_on_bus 1
	}
	await 30 publish
	stop "$ADAPTER"
}

@test "source: what came while it was away is there when it returns" {
	broker
	source_ready -t 'site/#' --map "$MAP" -o raw
	kill -TERM "$ADAPTER"
	ended 0 "$ADAPTER"
	publish_numbered 100 1
	source_ready -t 'site/#' --map "$MAP" -o raw
	await 20 lines_on_bus 100
	kill -TERM "$ADAPTER"
	ended 0 "$ADAPTER"
	# with --clean it is not
	source_ready -t 'site/#' --map "$MAP" -o raw --clean
	stop "$ADAPTER"
	publish_numbered 1 1
	source_ready -t 'site/#' --map "$MAP" -o raw --clean
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c2/dev/t1 -m 1
	await 20 lines_on_bus 101
	[[ $(on_bus | tail -n 1 | jq -r '.[0].channel') == c2 ]]
}

@test "source: a shared subscription divides, and each message comes once" {
	broker
	source_ready -t '$share/g/site/#' --map "$MAP" -o raw --id one
	source_ready -t '$share/g/site/#' --map "$MAP" -o raw --id two
	publish_numbered 500 1
	await 20 lines_on_bus 500
	[[ $(on_bus | jq -c '.[0].v' | sort -u | wc -l) == 500 ]]
}

@test "source: a broker that falls silent is left, and counted" {
	fake silent
	start_ready mfx-adapt-mqtt -h 127.0.0.1 -p "$PORT" -t t -v \
	    --stall 6s --map '{t}=channel:{t}' -o raw
	await 20 grep -q 'nothing was heard for 6 s; trying again' "$PID_ERR"
	await 20 eval '(($(grep -c SUBSCRIBE "$FAKE_OUT") == 2))'
	grep -q PINGREQ "$FAKE_OUT"
	kill -TERM "$PID"
	ended 0 "$PID"
	grep -q '2 connections, 1 of them left' "$PID_ERR"
}

@test "source: a broker that sends no message is left with --expect" {
	broker
	start_ready mfx-adapt-mqtt -h 127.0.0.1 -p "$PORT" -t 'site/#' -v \
	    --expect 1s --map "$MAP" -o raw
	await 20 grep -q 'no message came for 1 s; trying again' "$PID_ERR"
	await 20 grep -q 'connected again' "$PID_ERR"
}

@test "source: another one with our client id: 69, as both would go on for ever" {
	fake takeover
	status 69 timeout 30 mfx-adapt-mqtt -h 127.0.0.1 -p "$PORT" -t t 2>err
	grep -q 'another client has taken our client id' err
}

@test "source: a reader that has gone ends it" {
	broker
	timeout 30 mfx-adapt-mqtt -h 127.0.0.1 -p "$PORT" -t 'site/#' \
	    --map "$MAP" 2>err | head -n 1 >line &
	local pipe=$!
	publish() {
		mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 -m 1
		! kill -0 "$pipe"
	}
	await 30 publish
	[[ -s line ]]
}

@test "what does not go together, and rules that are none: 64" {
	local a
	for a in '-h h' '-t x' '--map a=channel:b' '-o raw' '--id x' '--tls' \
	    '-h h -t x --ack raw/g' '-h h -t x --all' '-h h -t a/#/b' \
	    '-h h -t x --tls-cert f' '--ack raw' '-h h -t x operand' \
	    '-h h -t x --protocol 3.1.1 --password-file f' '--stall 1s'; do
		status 64 mfx-adapt-mqtt $a 2>err </dev/null
		[[ $(wc -l <err) == 1 ]]
	done
	for a in x =channel:a a=b a=publisher:b a=channel: 'a=channel:{x}' \
	    'a/#/b=channel:c' 'a+=channel:c' '{a}/{a}=channel:{a}' \
	    '{a=channel:c' '{a}=channel:{a' 'a=channel:{#}' \
	    'a=channel:b,channel:c' 'a=channel:b,foo:c' '{topic}=channel:c' \
	    '{a}{b}=channel:c' '{}=channel:c' '{a b}=channel:c'; do
		status 64 mfx-adapt-mqtt -h h -t x --map "$a" 2>err
		grep -q "^mfx-adapt-mqtt: --map '" err
	done
}
