#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-coap as devices see it: publishing over UDP and TCP, what is
# answered, and what bytes it withstands.
load setup
load site
load coap

PACK='[{"n":"dev:t","u":"Cel","v":21.5}]'

setup_suite_test() {
	make_site
	export CHANNEL KEY
}

# ---- who and where ----

@test "the key as ?auth= and ?authorization=, over UDP and TCP: 2.04" {
	serve_coap -o raw
	local scheme name
	for scheme in coap coap+tcp; do
		for name in auth authorization AUTH; do
			coap post "$scheme" "?$name=$KEY" -t 110 -e "$PACK"
			said ''
		done
	done
	n_lines 6
	lines | jq -e --arg t "$THING" --arg c "$CHANNEL" '.[0] |
	    .publisher == $t and .channel == $c and .protocol == "coap" and
	    .v == 21.5' >/dev/null
	[[ $(lines | head -n 1) == *"${PACK#\[\{}" ]]
}

@test "no key, a wrong one, another's: 4.03, and always the same words" {
	serve_coap -o raw
	local other key
	other=$(mfx-things create --name stranger | jq -r .key)
	coap post coap '' -e x
	said '4.03 no thing with this key is connected to this channel'
	coap get coap '' -s 1
	said '4.03 no thing with this key is connected to this channel'
	for key in "$other" "${KEY^^}" x "$THING" "$KEY$KEY"; do
		coap post coap "?auth=$key" -e x
		said '4.03 no thing with this key is connected to this channel'
		coap get coap "?auth=$key" -s 1
		said '4.03 no thing with this key is connected to this channel'
	done
	CHANNEL=00000000-0000-4000-8000-000000000000 \
	    coap post coap "?auth=$KEY" -e x
	said '4.03 no thing with this key is connected to this channel'
	n_lines 0
}

@test "subtopics, as everywhere; bad ones and bad ids are 4.00" {
	serve_coap -o raw
	local s
	for s in '' / a a/b a.b a///b.c a%2Fb r%C3%A4ume/1; do
		coap post coap "/$s?auth=$KEY" -e "$PACK"
		said ''
	done
	lines | jq -r '.[0].subtopic // "-"' >got
	printf '%s\n' - - a a.b a.b a.b.c a.b räume.1 | diff - got
	for s in '*' 'a/*/b' '>' + '%23' '%01' '%ff' '%22'; do
		coap post coap "/$s?auth=$KEY" -e "$PACK"
		[[ $SAID == 4.00* ]] || { echo "$s: '$SAID'"; false; }
	done
	CHANNEL=a.b coap post coap "?auth=$KEY" -e x
	said "4.00 invalid channel id"
	coap post coap "?auth=$KEY&auth=wrong" -t 42 -e x
	said '4.00 a parameter of the query is given twice'
	coap post coap "?authorization=$KEY&auth=$KEY" -t 42 -e x
	said '4.00 a parameter of the query is given twice'
	coap get coap "?auth=$KEY&from=start&from=end"
	said '4.00 a parameter of the query is given twice'
	n_lines 8
}

@test "other paths are 4.04, other methods 4.05; /.well-known/core" {
	serve_coap -o raw
	local path method
	for path in / /channels /channels/x "/channels/$CHANNEL/messagesX" \
	    "/x/$CHANNEL/messages" "//channels/$CHANNEL/messages"; do
		coap_at post "coap://127.0.0.1:$PORT$path?auth=$KEY" -e x
		[[ $SAID == 4.04* ]]
	done
	for method in put delete fetch patch ipatch; do
		coap "$method" coap "?auth=$KEY" -e x
		[[ $SAID == 4.05* ]]
	done
	coap_at get "coap://127.0.0.1:$PORT/.well-known/core"
	[[ $SAID == '</channels>;'* && $SAID == *'rt="mfx.channels"'* &&
	    $SAID == *'ct="110 '* ]]
	coap_at get "coap://127.0.0.1:$PORT/.well-known/core?rt=mfx.channels"
	[[ $SAID == '</channels>;'* ]]
}

# ---- what ----

@test "any bytes come back; Content-Format becomes the media type" {
	serve_coap -o raw
	python3 -c 'import sys
sys.stdout.buffer.write(bytes(range(256)) * 2)' >bytes
	local n=0 number type
	while read -r number type; do
		coap post coap "?auth=$KEY" -t "$number" -f bytes
		said ''
		n=$((n + 1))
		lines | sed -n "${n}p" | "$ROOT/tests/payload.py" | cmp - bytes
		[[ $(lines | sed -n "${n}p" | jq -r '.[0].ct') == "$type" ]]
	done <<-'END'
	0 text/plain;charset=utf-8
	40 application/link-format
	41 application/xml
	42 application/octet-stream
	47 application/exi
	50 application/json
	60 application/cbor
	110 application/senml+json
	112 application/senml+cbor
	113 application/sensml+cbor
	310 application/senml+xml
	311 application/sensml+xml
	11542 application/vnd.oma.lwm2m+tlv
	12345 12345
	END
	# without one, and without a body
	coap post coap "?auth=$KEY" -f bytes
	coap post coap "?auth=$KEY"
	lines | tail -n 1 | "$ROOT/tests/payload.py" >payload
	[[ ! -s payload ]]
	n_lines 16
	coap post coap "?auth=$KEY" -t 65001 -e x
	said '4.15 this Content-Format is for experiments'
}

@test "in blocks (Block1): whole, in its order; over the limit 4.13" {
	serve_coap -o raw --max-body 100000
	head -c 100000 /dev/urandom >fits
	head -c 100001 /dev/urandom >over
	local scheme
	for scheme in coap coap+tcp; do
		coap post "$scheme" "/b?auth=$KEY" -t 42 -f fits -b 1024
		said ''
		lines | tail -n 1 | "$ROOT/tests/payload.py" | cmp - fits
		coap post "$scheme" "/b?auth=$KEY" -t 42 -f over -b 1024
		said '4.13 the message is too long'
		# a thing without the right is told so at the first block
		coap post "$scheme" '/b?auth=x' -t 42 -f over -b 1024
		[[ $SAID == 4.03* ]]
	done
	n_lines 2
	raw blocks >got
	printf '%s\n' '2.31 10' '2.31 10' '2.31 26' 4.08 4.08 '2.04 34' 4.00 \
	    4.08 | diff - got
	[[ $(lines | tail -n 1 | "$ROOT/tests/payload.py") == \
	    "$(printf 'a%.0s' {1..129})" ]]
}

# ---- how the bytes come ----

@test "a message that comes twice is answered twice and written once" {
	serve_coap -o raw
	raw twice >got
	printf '%s\n' '2 2.04' '2 2.04' | diff - got
	n_lines 2
	raw twice non >got
	printf '%s\n' '1 2.04' '1 2.04' | diff - got
	n_lines 4
	[[ $(raw at_once) == 2.04 ]]
	n_lines 5
	[[ $(raw refused_twice) == \
	    '4.03 no thing with this key is connected to this channel' ]]
	n_lines 5
}

# RFC 7252 5.4.3: of a bad length it counts as unrecognized; 7959 2.2: SZX 7
@test "malformed options: ignored, 4.02, 4.00, 4.15; too long a path: 4.00" {
	serve_coap -o raw
	raw option >got
	printf '%s\n' 2.04 4.02 4.00 4.15 4.02 4.00 | diff - got
	n_lines 1
}

@test "noise: thousands of damaged datagrams, and it goes on" {
	serve_coap -o raw
	local seed
	for seed in 1 2 3; do raw noise "$seed" >got; done
	printf '%s\n' 2.04 '(3, 0, 7)' | diff - got
	# a connection that is ended before all of it is written is fine
	head -c 20000 /dev/urandom 2>/dev/null \
	    >"/dev/tcp/127.0.0.1/$PORT" || true
	coap post coap+tcp "?auth=$KEY" -e "$PACK"
	said ''
}

# ---- access, registry, bus ----

@test "a key or a connection that goes is refused at once" {
	serve_coap -o raw
	coap post coap "?auth=$KEY" -e "$PACK"
	said ''
	mfx-channels disconnect "$CHANNEL" "$THING"
	await 20 refuses_post
	mfx-channels connect "$CHANNEL" "$THING"
	await 20 takes_post
	mfx-things remove "$THING"
	await 20 refuses_post
}

refuses_post() { coap post coap "?auth=$KEY" -e x && [[ $SAID == 4.03* ]]; }
takes_post() { coap post coap "?auth=$KEY" -e x && [[ -z $SAID ]]; }

@test "a registry that can't be read: 5.03, /health too" {
	local admin
	free_port admin
	serve_coap -o raw --admin "127.0.0.1:$admin"
	await 20 takes_post
	curl -fsS "http://127.0.0.1:$admin/health" | jq -e '.status == "pass"'
	curl -fsS "http://127.0.0.1:$admin/version" | jq -e '.service == "coap"'
	mv "$MFX_HOME/registry.db" away
	await 20 unavailable
	status 22 curl -fsS "http://127.0.0.1:$admin/health"
	# said once, not for every request
	unavailable
	(($(grep -c registry "$PID_ERR") == 1))
	mv away "$MFX_HOME/registry.db"
	await 20 takes_post
	curl -fsS "http://127.0.0.1:$admin/metrics" >metrics
	grep -q '^coap_adapter_answers_total{code="204"} [1-9]' metrics
	grep -q '^coap_adapter_answers_total{code="503"} [1-9]' metrics
}

unavailable() { coap post coap "?auth=$KEY" -e x && [[ $SAID == 5.03* ]]; }

full_bus() {
	local bus=$MFX_HOME/bus
	serve_coap -o raw
	takes_post
	head -c 2000000 /dev/zero >"$bus/ballast" 2>/dev/null || true
	head -c 20000 /dev/zero >big
	await 20 eval 'coap post coap "?auth=$KEY" -f big -b 1024;
	    [[ $SAID == "5.03 the message can'\''t be kept now" ]]'
	rm "$bus/ballast"
	coap post coap "?auth=$KEY" -f big -b 1024
	said ''
	# said once, and when it was over
	cat "$PID_ERR"
	(($(wc -l <"$PID_ERR") == 2))
}

@test "a full disk: 5.03, until there is room" {
	export -f serve_coap takes_post coap coap_at said
	export ROOT
	on_small_disk 2 "$MFX_HOME/bus" full_bus
}

@test "--sync always: what was acknowledged is there" {
	serve_coap -o raw --sync always
	await 20 takes_post
	raw twice >got
	printf '%s\n' '2 2.04' '2 2.04' | diff - got
	n_lines 3
}

# ---- standard output, the end ----

@test "to stdout: the line is there before the 2.04" {
	serve_coap
	local i
	for i in 1 2 3; do
		coap post coap "?auth=$KEY" -t 110 -e "[{\"n\":\"i\",\"v\":$i}]"
		said ''
		(($(wc -l <"$PID_OUT") == i))
	done
}

@test "stdout that can't be written: 5.03, then the end with 74" {
	free_port PORT
	start_ready bash -c "exec mfx-adapt-coap -l 127.0.0.1:$PORT \"\$@\" \
	    </dev/null >/dev/full" -
	coap post coap "?auth=$KEY" -e x
	[[ $SAID == 5.03* ]]
	status 74 wait "$PID"
	grep -q '<stdout>: No space left' "$PID_ERR"
}

@test "SIGTERM: 0; the secrets of things are in no message" {
	serve_coap -o raw -v
	takes_post
	coap post coap "?auth=$KEY" -e x
	coap get coap "?auth=x$KEY" -s 1
	kill -TERM "$PID"
	status 0 wait "$PID"
	grep -q '2\.04' "$PID_ERR"
	refute grep -F "$KEY" "$PID_ERR"
}

@test "misuse and what can't be served: 64, 66, 69, 78" {
	local serve="timeout 20 mfx-adapt-coap -l 127.0.0.1:0"
	status 64 $serve --listen-tls 127.0.0.1:0 2>err
	status 64 $serve --tls-cert x 2>err
	status 64 timeout 20 mfx-adapt-coap -l nowhere 2>err
	status 69 timeout 20 mfx-adapt-coap -l 192.0.2.1:5683 2>err
	status 66 $serve --listen-tls 127.0.0.1:0 --tls-cert none \
	    --tls-key none 2>err
	grep -q '^mfx-adapt-coap: none: No such file' err
	: >empty
	status 78 $serve --listen-tls 127.0.0.1:0 --tls-cert empty \
	    --tls-key empty 2>err
	grep -q '^mfx-adapt-coap: empty: ' err
}
