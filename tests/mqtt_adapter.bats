#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-mqtt with any broker as a source, and its options.
load setup
load mqtt_brokers

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
	free_port TLS_PORT
	broker "listener $TLS_PORT 127.0.0.1" \
	    'cafile ca.crt' 'certfile server.crt' 'keyfile server.key'
	local version tls q want=0
	for version in 3.1.1 5; do for tls in '' "--tls-ca ca.crt"; do
		start_ready mfx-adapt-mqtt --host 127.0.0.1 --topic 'site/#' --map "$MAP" \
		    -p "$([[ $tls ]] && echo "$TLS_PORT" || echo "$PORT")" $tls \
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
	free_port TLS_PORT
	broker "listener $TLS_PORT 127.0.0.1" \
	    'cafile ca.crt' 'certfile server.crt' 'keyfile server.key' \
	    'require_certificate true'
	local take=(timeout 30 mfx-adapt-mqtt -p "$TLS_PORT" --topic 'site/#' -o raw)
	status 69 "${take[@]}" --host 127.0.0.1 --tls-ca other.crt 2>err
	grep -q 'certificate verify failed' err
	# the certificate is for 127.0.0.1, and not for this name of it
	status 69 "${take[@]}" --host 127.1 --tls-ca ca.crt 2>err
	status 66 "${take[@]}" --host 127.0.0.1 --tls-ca none.crt 2>err
	status 78 "${take[@]}" --host 127.0.0.1 --tls-ca broker.conf 2>err
	status 78 "${take[@]}" --host 127.0.0.1 --tls-ca ca.crt \
	    --tls-cert client.crt --tls-key server.key 2>err
	start_ready "${take[@]:2}" --host 127.0.0.1 --tls-ca ca.crt --map "$MAP" \
	    --tls-cert client.crt --tls-key client.key
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 -m '[{"n":"x","v":1}]'
	await 20 lines_on_bus 1
}

@test "source: user name and password from files; wrong ones are refused with 69" {
	mosquitto_passwd -c -b passwd ann 'open sesame' 2>/dev/null
	chmod 644 passwd
	free_port PORT
	echo 'open sesame' >password
	echo wrong >bad
	printf '%s\n' "user $(id -un)" "listener $PORT 127.0.0.1" \
	    'allow_anonymous false' "password_file $PWD/passwd" >login.conf
	start mosquitto -c login.conf
	await 20 mosquitto_pub -h 127.0.0.1 -p "$PORT" -u ann -P 'open sesame' -t x -n
	local version
	for version in 3.1.1 5; do
		status 69 timeout 30 mfx-adapt-mqtt --host 127.0.0.1 -p "$PORT" --topic x \
		    --protocol $version --username ann --password-file bad 2>err
		grep -qi 'not authori' err
	done
	status 69 timeout 30 mfx-adapt-mqtt --host 127.0.0.1 -p "$PORT" --topic x 2>err
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
	grep -q "topic 'site/a b/dev/t': invalid channel id" "$ADAPTER_ERR"
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
	PID_TO=lines start_ready mfx-adapt-mqtt --host 127.0.0.1 -p "$PORT" --topic t \
	    --map '{t}=channel:{t}' 5>&-
	# it has begun to write, and waits
	await 20 eval '(($(in_pipe 5) >= 65536))'
	fails grep -q PUBACK "$FAKE_OUT"
	head -n 1 <&5 >line
	await 20 grep -q PUBACK "$FAKE_OUT"
	[[ $("$ROOT/tests/payload.py" <line | wc -c) == 500000 ]]
}

@test "source: the broker is told how long a packet may be" {
	local clean
	for clean in '' --clean; do
		fake silent
		source_ready -t t --map t=channel:c $clean >/dev/null
		stop "$ADAPTER"
		[[ $(grep -m 1 MAXIMUM "$FAKE_OUT") == 'MAXIMUM 1114112' ]]
		stop "$FAKE_PID"
	done
	# a broker keeps to that
	broker
	source_ready -t 'site/#' --map "$MAP" -o raw --rejects bad
	head -c 1200000 /dev/zero >big
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 -f big
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 -m after
	await 60 lines_on_bus 1
	stop "$ADAPTER"
	[[ $(on_bus | wc -l) == 1 && ! -s bad ]]
}

# What counts is what is held: labels, and a third more of what is not SenML.
@test "source: a burst of one thing that its share of --max-queued can't hold" {
	fake burst 999 520 780000
	source_ready -t 't/#' --map '{t}/#=channel:{t},subtopic:{#}' -o raw \
	    --max-queued 4M --window 1000
	await 60 eval '(($(grep -c PUBACK "$FAKE_OUT") == 1000))'
	(($(grep -c CONNECT "$FAKE_OUT") == 1))
	(($(on_bus | wc -l) == 1000))
}

@test "source: with nothing written, nothing is acknowledged, and it comes again" {
	fake send message 1
	echo '[{"n":"x","v":1}]' >message
	# stdout takes nothing: the connection is broken without a PUBACK
	status 74 timeout 30 mfx-adapt-mqtt --host 127.0.0.1 -p "$PORT" --topic t \
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

@test "source: what --rejects can't take is not acknowledged, and ends it" {
	fake send message 1
	echo x >message
	status 74 timeout 60 mfx-adapt-mqtt --host 127.0.0.1 -p "$PORT" --topic t \
	    --map 'other=channel:c' --rejects /dev/full 2>err
	grep -q '/dev/full: No space left' err
	await 60 grep -q END "$FAKE_OUT"
	fails grep -q PUBACK "$FAKE_OUT"
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
	start_ready mfx-adapt-mqtt --host 127.0.0.1 -p "$PORT" --topic t -v \
	    --stall 6s --map '{t}=channel:{t}' -o raw
	await 20 grep -q 'no traffic for 6 s; trying again' "$PID_ERR"
	await 20 eval '(($(grep -c SUBSCRIBE "$FAKE_OUT") == 2))'
	grep -q PINGREQ "$FAKE_OUT"
	kill -TERM "$PID"
	ended 0 "$PID"
	grep -q '2 connections, 1 of them left' "$PID_ERR"
}

@test "source: a broker that sends no message is left with --expect" {
	broker
	start_ready mfx-adapt-mqtt --host 127.0.0.1 -p "$PORT" --topic 'site/#' -v \
	    --expect 1s --map "$MAP" -o raw
	await 20 grep -q 'no message for 1 s; trying again' "$PID_ERR"
	await 20 grep -q 'connected again' "$PID_ERR"
}

@test "source: another one with our client id: 69, as both would go on for ever" {
	fake takeover
	status 69 timeout 30 mfx-adapt-mqtt --host 127.0.0.1 -p "$PORT" --topic t 2>err
	grep -q 'another client has taken our client id' err
}

@test "source: SIGHUP reads certificate and password again, and loses nothing" {
	authority
	certificate first one ca
	certificate second two ca
	cp first.crt client.crt
	cp first.key client.key
	free_port TLS_PORT
	broker "log_dest file $PWD/broker.log" \
	    "listener $TLS_PORT 127.0.0.1" \
	    'cafile ca.crt' 'certfile server.crt' 'keyfile server.key' \
	    'require_certificate true' 'use_identity_as_username true'
	start_ready mfx-adapt-mqtt --host 127.0.0.1 -p "$TLS_PORT" --topic 'site/#' \
	    -o raw --tls-ca ca.crt --tls-cert client.crt --tls-key client.key \
	    --map "$MAP"
	ADAPTER=$PID ADAPTER_ERR=$PID_ERR
	await 20 grep -q "u'one'" broker.log
	cp second.crt client.crt
	cp second.key client.key
	publish_numbered 500 1 3>&- &
	local publisher=$!
	kill -HUP "$ADAPTER"
	await 20 grep -q "u'two'" broker.log
	wait "$publisher"
	await 20 eval '(($(on_bus | jq -c ".[0].v" | sort -u | wc -l) == 500))'
	# what can't be read is said, and nothing changes
	rm client.key
	kill -HUP "$ADAPTER"
	await 20 grep -q 'SIGHUP: nothing was reloaded: client.key: No such' "$ADAPTER_ERR"
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 -m '[{"n":"x","v":501}]'
	await 20 eval '(($(on_bus | jq -c ".[0].v" | sort -u | wc -l) == 501))'
	kill -TERM "$ADAPTER"
	ended 0 "$ADAPTER"
}

# health CODE: /health says that
health() {
	[[ $(curl -sS -m 30 -o health -w '%{http_code}' \
	    "http://127.0.0.1:$ADMIN/health") == "$1" ]]
}

@test "source: a resolver that does not answer holds up nothing else" {
	local library=$ROOT/${BUILD:-build}/resolver.so
	${MAKE:-make} -s -C "$ROOT" "${library#"$ROOT/"}"
	broker
	free_port ADMIN
	mkfifo pipe
	export STALL_NAME=broker.test STALL_ASKED=$PWD/asked STALL_PIPE=$PWD/pipe
	printf one >password
	start env LD_PRELOAD="$library" mfx-adapt-mqtt -v --host broker.test \
	    -p "$PORT" --topic 'site/#' --map "$MAP" -o raw \
	    --username u --password-file password --admin "127.0.0.1:$ADMIN"
	ADAPTER=$PID ADAPTER_ERR=$PID_ERR
	await 20 test -e asked
	health 503
	grep -q 'not connected' health
	# what is to be read again is, once libmosquitto has come back
	kill -HUP "$ADAPTER"
	await 20 grep -q 'SIGHUP: reloaded' "$ADAPTER_ERR"
	rm asked
	: >pipe
	await 20 test -e asked
	health 503
	: >pipe
	await 20 health 200
	mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 -m '[{"n":"x","v":1}]'
	await 20 lines_on_bus 1
	# and it is not waited for at the end
	rm asked
	stop "$BROKER"
	await 20 test -e asked
	health 503
	kill -TERM "$ADAPTER"
	ended 0 "$ADAPTER"
}

@test "source: a reader that has gone ends it" {
	broker
	timeout 30 mfx-adapt-mqtt --host 127.0.0.1 -p "$PORT" --topic 'site/#' \
	    --map "$MAP" 2>err | head -n 1 >line &
	local pipe=$!
	publish() {
		mosquitto_pub -h 127.0.0.1 -p "$PORT" -q 1 -t site/c1/dev/t1 -m 1
		refute kill -0 "$pipe"
	}
	await 30 publish
	[[ -s line ]]
}

@test "-h is help; with a host it is --host still, and says so" {
	mfx-adapt-mqtt -h | grep -q -- '-h, --help'
	mfx-adapt-mqtt --help | grep -q -- '    --host HOST'
	fake refuse 5
	status 69 timeout 30 mfx-adapt-mqtt -h 127.0.0.1 -p "$PORT" --topic x 2>err
	grep -q 'use --host 127.0.0.1$' err
}

@test "options that do not go together, and rules that are not valid: 64" {
	local a
	for a in '--host h' '-t x' '--map a=channel:b' '-o raw' '--id x' '--tls' \
	    '--host h -t x --ack raw/g' '--host h -t x --all' '--host h -t a/#/b' \
	    '--host h -t x --tls-cert f' '--ack raw' '--host h -t x operand' \
	    '--host h -t x --protocol 3.1.1 --password-file f' '--stall 1s'; do
		status 64 mfx-adapt-mqtt $a 2>err </dev/null
		[[ $(wc -l <err) == 1 ]]
	done
	for a in x =channel:a a=b a=publisher:b a=channel: 'a=channel:{x}' \
	    'a/#/b=channel:c' 'a+=channel:c' '{a}/{a}=channel:{a}' \
	    '{a=channel:c' '{a}=channel:{a' 'a=channel:{#}' \
	    'a=channel:b,channel:c' 'a=channel:b,foo:c' '{topic}=channel:c' \
	    '{a}{b}=channel:c' '{}=channel:c' '{a b}=channel:c'; do
		status 64 mfx-adapt-mqtt --host h --topic x --map "$a" 2>err
		grep -q "^mfx-adapt-mqtt: --map '" err
	done
}
