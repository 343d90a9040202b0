#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-coap and its observers: which of them gets what, in which form and
# order, and how they end.
load setup
load site
load coap

setup_suite_test() {
	make_site
	export CHANNEL KEY
	mkfifo in
	exec 8<>in
	COAP_IN=in
	export COAP_IN
}

# message VALUE [SUBTOPIC [CHANNEL]]: a line of a thing's, by HTTP
message() {
	printf '[{"channel":"%s","publisher":"p","protocol":"http",%s' \
	    "${3:-$CHANNEL}" "${2:+\"subtopic\":\"$2\",}"
	printf '"received":1700000000,"n":"a","v":%s}]\n' "$1"
}

# wrapped FILE TYPE: one that carries the bytes of a file
wrapped() {
	printf '[{"channel":"%s","publisher":"p","protocol":"http",' "$CHANNEL"
	printf '"received":1700000000,"n":"payload","vd":"%s","ct":"%s"}]\n' \
	    "$(base64 -w 0 "$1" | tr '+/' '-_' | tr -d '=')" "$2"
}

unhex() { python3 -c 'import sys
sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))'; }
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }

# begin NAME WHAT [ARGUMENT…]: coap_raw.py in the background, observing;
# what it prints goes to NAME
begin() {
	"$ROOT/tests/coap_raw.py" "$2" "$PORT" "${@:3}" \
	    >"$1" 2>&1 3>&- 8>&- &
	PIDS+=($!)
	BEGUN=$!
	await 20 grep -q observing "$1" || { cat "$1"; false; }
	OBSERVERS=$((${OBSERVERS:-0} + 1))
}

# client NAME SECONDS REST [ARGUMENT…]: coap-client in the background; its
# notifications, one a line, go to NAME
client() {
	coap-client-openssl -s "$2" -w "${@:4}" "$3" >"$1" 2>"$1.err" \
	    3>&- 8>&- &
	PIDS+=($!)
	BEGUN=$!
	OBSERVERS=$((${OBSERVERS:-0} + 1))
	await 20 observing "$OBSERVERS"
}

observing() { (($(metric observers) == $1)); }
metric() {
	curl -fsS -m 20 "http://127.0.0.1:$ADMIN/metrics" |
		awk -v name="coap_adapter_$1" '$1 == name { print $2 }'
}

serve_observed() {
	free_port ADMIN
	serve_coap -o raw --admin "127.0.0.1:$ADMIN" "$@"
}

at() { echo "$1://127.0.0.1:$PORT/channels/$CHANNEL/messages$2?auth=$KEY"; }

values() { grep -o '"v":[0-9]*' "$1" | cut -d : -f 2; }

@test "2,000 messages at once: coap-client gets each, in order" {
	serve_observed
	client one 30 "$(at coap)"
	for i in {1..2000}; do message "$i"; done >burst
	cat burst >&8
	await 60 eval '(($(values one | wc -l) >= 2000))'
	values one | diff - <(seq 2000)
	[[ ! -s one.err ]]
}

@test "over TCP, and to an observer that asked with NON" {
	serve_observed
	begin non listen 200 '' non
	client tcp 30 "$(at coap+tcp)"
	# each for itself: coap-client stumbles over a message that two reads
	# bring, and without confirmation a full buffer may lose some
	for i in {1..100}; do
		message "$i" >&8
		await 20 eval '(($(values tcp | wc -l) >= i))'
	done
	values tcp | diff - <(seq 100)
	for i in {101..200}; do message "$i"; done >burst
	cat burst >&8
	await 20 grep -q kinds non || { tail -n 3 non; false; }
	sed -n 's/^2.05 110 //p' non | unhex | tr ']' '\n' |
		grep -o '"v":[0-9]*' | cut -d : -f 2 | diff - <(seq 200)
	# most are not confirmable, some are
	grep -q '^kinds 0 1$' non
}

@test "subtopics and wildcards; other channels are not seen" {
	serve_observed
	begin all listen 4 '#'
	begin room listen 2 'room/+'
	begin two listen 1 'room/2'
	begin top listen 1 ''
	{ message 1 room.1; message 2 room.2; message 3; message 9 '' other
	  message 4 x.y.z; } >&8
	await 20 eval 'grep -q kinds all && grep -q kinds room &&
	    grep -q kinds two && grep -q kinds top'
	(($(grep -c "$(hex '"v":9')" all || true) == 0))
	grep -q "$(hex '"v":2')" two
	grep -q "$(hex '"v":3')" top
	coap get coap "/a/%23/b?auth=$KEY" -s 1
	[[ $SAID == 4.00* ]]
}

@test "bytes as they were sent, with their Content-Format" {
	serve_observed
	python3 -c 'import sys
sys.stdout.buffer.write(bytes(range(256)))' >bytes
	begin got listen 5
	{ wrapped bytes application/octet-stream
	  wrapped bytes 'text/plain; charset="UTF-8"'
	  wrapped bytes image/x-unheard-of
	  wrapped bytes 12345
	  wrapped /dev/null application/senml+cbor; } >&8
	await 20 grep -q kinds got
	sed -n 's/^2.05 \(.*\) .*/\1/p' got | xargs >formats
	[[ $(<formats) == '42 0 - 12345 112' ]]
	for i in 1 2 3 4; do
		grep '^2.05' got | sed -n "${i}p" | cut -d ' ' -f 3 |
			unhex | cmp - bytes
	done
}

@test "Accept: SenML in JSON, CBOR or XML of anything; 4.06 for others" {
	serve_observed
	printf '\x81\xa2\x00aa\x02\x18\x2a' >cbor
	head -c 3 /dev/zero >zeros
	begin json listen 3 '' con 110
	begin cbor.got listen 3 '' con 112
	begin xml.got listen 3 '' con 310
	{ message 42; wrapped cbor application/senml+cbor
	  wrapped zeros image/png; } >&8
	await 20 eval 'grep -q kinds json && grep -q kinds cbor.got &&
	    grep -q kinds xml.got'
	sed -n 's/^2.05 110 //p' json | while read -r line; do
		unhex <<<"$line"
		echo
	done >packs
	(($(jq -e '.[0].v == 42' packs | grep -c true) == 2))
	jq -se '.[2][0] | .vd == "AAAA" and .ct == "image/png"' packs
	(($(grep -c '^2.05 112 8' cbor.got) == 3))
	sed -n 's/^2.05 310 //p' xml.got | unhex | mfx-normalize -t xml >xml
	(($(jq -e '.v == 42' xml | grep -c true) == 2))
	jq -se '.[2] | .vd == "AAAA" and .ct == "image/png"' xml
	coap get coap "?auth=$KEY" -s 1 -A 50
	[[ $SAID == 4.06* ]]
}

@test "a notification larger than a packet (Block2), and the next ones" {
	serve_observed
	head -c 5000 /dev/urandom | base64 -w 0 >big
	client one 60 "$(at coap)"
	{ message 1; wrapped big text/plain; message 2
	  wrapped big text/plain; message 3; } >&8
	await 40 eval '(($(values one | wc -l) == 3))'
	(($(grep -cFx "$(<big)" one) == 2))
	values one | xargs >got
	[[ $(<got) == '1 2 3' ]]
}

@test "RST, and GET with Observe 1, end it; another is not touched" {
	serve_observed
	local how
	for how in rst cancel; do
		begin "$how" quiet "$how"
		message 1 >&8
		await 20 grep -q ended "$how" || { cat "$how"; false; }
		message 2 >&8
		await 20 grep -qE 'late|none' "$how"
		grep -q none "$how"
	done
}

@test "an observer that never answers holds up nobody, and is reaped" {
	serve_observed --retries 1
	begin deaf deaf
	client live 60 "$(at coap)"
	observing 2
	for i in {1..1500}; do message "$i"; done >burst
	cat burst >&8
	await 30 eval '(($(values live | wc -l) == 1500))'
	coap post coap "?auth=$KEY" -e x
	said ''
	# 2 to 3 seconds, and twice that again
	await 40 observing 1
	(($(metric reaped_total) == 1))
	message 1501 >&8
	await 20 eval '(($(values live | wc -l) == 1501))'
	values live | diff - <(seq 1501)
}

@test "an observer that is too slow is told so, and counted" {
	serve_observed
	begin deaf deaf
	seq 6000 | awk -v "m=$(message @)" \
	    '{ l = m; sub("@", $1, l); print l }' >burst
	cat burst >&8
	await 40 eval '(($(metric overflowed_total) == 1))'
	observing 0
}

@test "a silent observer is asked for a sign, and stays" {
	serve_observed --ping 1
	begin got listen 1
	await 20 eval '(($(metric pings_total) >= 2))'
	message 1 >&8
	await 20 grep -q kinds got
}

@test "an observer that loses its connection or key is told and gets nothing more" {
	serve_observed
	begin got listen 2
	client other 60 "$(at coap)"
	message 1 >&8
	await 20 grep -q "$(hex '"v":1')" got
	mfx-channels disconnect "$CHANNEL" "$THING"
	await 20 eval 'grep -q ^4.03 got && grep -q ^4.03 other.err' ||
	    { cat got other.err; false; }
	observing 0
	OBSERVERS=0
	mfx-channels connect "$CHANNEL" "$THING"
	await 20 takes
	begin third listen 1
	mfx-things update --key-file /dev/null "$THING" 2>/dev/null ||
		mfx-things remove "$THING"
	await 20 grep -q ^4.03 third
	observing 0
}

takes() { coap post coap "?auth=$KEY" -e x && [[ -z $SAID ]]; }

@test "limits: observers of one session, and in all" {
	serve_observed --max-observers 70 \
	    --max-observers-per-thing 80 --max-observers-per-address 80
	[[ $(raw observers 100) == '64 5.03 there are too many observers' ]]
	[[ $(raw observers 100) == '6 5.03 there are too many observers' ]]
}

@test "without an input nobody observes; at its end the rest goes on" {
	COAP_IN=/dev/null serve_coap -o raw
	coap get coap "?auth=$KEY" -s 1
	said ''
	takes
}

@test "SIGTERM tells observers" {
	serve_observed
	begin got listen 1
	kill -TERM "$PID"
	status 0 wait "$PID"
	await 20 grep -q ^5.03 got
}

@test "from a device over CoAP, by the bus, to an observer" {
	local how i
	for how in pipe input; do
		rm in
		mkfifo in
		exec 8>&-
		PORT=
		if [[ $how == pipe ]]; then
			mfx-sub --tail raw >in 2>sub.err 3>&- &
			PIDS+=($!)
			serve_observed
		else
			COAP_IN=/dev/null serve_observed -i raw
		fi
		begin "$how" listen 3 room/1
		for i in 1 2 3; do
			coap post coap "/room/1?auth=$KEY" -t 60 -e "$i"
			said ''
		done
		await 20 grep -q kinds "$how"
		grep '^2.05' "$how" | diff - <(printf '2.05 60 3%d\n' 1 2 3)
	done
}

# ---- ?from= ----

@test "?from= gives the last messages as one pack, in JSON or CBOR" {
	serve_observed
	local i
	for i in 1 2 3; do
		coap post coap "/a?auth=$KEY" -t 110 -e "[{\"n\":\"x\",\"v\":$i}]"
	done
	coap post coap "/b?auth=$KEY" -t 42 -e xyz
	coap get coap "/a?from=start&auth=$KEY"
	jq -e 'map(.v) == [1, 2, 3] and all(.t > 1700000000)' <<<"$SAID"
	coap get coap+tcp "/%23?from=-10m&auth=$KEY"
	jq -e 'length == 4 and .[3].vd == "eHl6"' <<<"$SAID"
	coap get coap "/a?from=end&auth=$KEY"
	said '[]'
	coap get coap "/a?from=$(lines | head -n 1 | wc -c)&auth=$KEY"
	jq -e 'map(.v) == [2, 3]' <<<"$SAID"
	coap-client-openssl -A 112 "$(at coap /a)&from=start" -o cbor
	[[ $(od -An -tx1 -N 1 cbor) == *83 ]]
	coap get coap "/a?from=yesterday&auth=$KEY"
	[[ $SAID == 4.00* ]]
	coap get coap "/a?from=start"
	[[ $SAID == 4.03* ]]
}

@test "?from= in blocks, and not more than its limit" {
	serve_observed
	for i in {1..4000}; do
		message "$i,\"u\":\"uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu\""
	done | mfx-pub raw
	local scheme
	for scheme in coap coap+tcp; do
		timeout 60 coap-client-openssl "$(at "$scheme")&from=start" -o pack
		(($(wc -c <pack) <= 262144 && $(wc -c <pack) > 250000))
		jq -e '.[-1].v == 4000 and (.[0].v == 4001 - length)' pack
	done
}

@test "?from= finds lines that another program wrote, and by its own times" {
	serve_observed
	printf '[{"n": "x", "v": 1, "channel": "%s", "subtopic": "a"}]\n' \
	    "$CHANNEL" | mfx-pub raw
	printf '{"channel": "%s", "subtopic": "a", "n": "x", "v": 2, "t": %s}\n' \
	    "$CHANNEL" 1700000000 | mfx-pub raw
	coap get coap "/a?from=start&auth=$KEY"
	jq -e 'map(.v) == [1, 2]' <<<"$SAID"
}

@test "?from= passes over what it can't read, counts it and says where" {
	serve_observed
	message 1 | mfx-pub raw
	# as a writer that is not ours left them
	printf '%s\n' "[{\"n\":\"x\",\"channel\":\"$CHANNEL\"}]" 'no message' \
	    >>"$(find "$MFX_HOME/bus/raw" -name '*.ndjson')"
	message 2 | mfx-pub raw
	coap get coap "?from=start&auth=$KEY"
	jq -e 'map(.v) == [1, 2]' <<<"$SAID"
	[[ $(metric replay_rejected_total) == 2 ]]
	grep -Eq 'raw@[0-9]+: passed over: its labels' "$PID_ERR"
	grep -Eq 'raw@[0-9]+: passed over: not a message$' "$PID_ERR"
	# what others wrote, and marks, are nothing to speak of
	[[ $(grep -c 'passed over' "$PID_ERR") == 2 ]]
}
