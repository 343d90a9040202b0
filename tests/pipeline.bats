#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The whole way: a device's request, HTTP, the bus, the normalizer, the
# store and the reader, each a process of its own.
load setup
load site

setup_suite_test() {
	make_site
}

# NAME VALUE UNIT of all that is stored, in order
stored() {
	mfx-read-sqlite messages.db |
		jq -r '[.n, (.v // .vs // .vb // .vd | tostring), .u // "-"] | @tsv'
}

@test "what devices send is what is read: records, values, units, times" {
	serve -o raw
	expect 202 '[{"bn":"dev:","bt":1700000000,"n":"t","u":"Cel","v":21.50},{"n":"h","v":40,"t":1}]'
	expect 202 '[{"n":"dev:on","vb":true,"t":1700000002}]' room/1
	expect 202 '[{"n":"dev:text","vs":"a \"b\" é","t":1700000003}]'
	expect 202 '[{"n":"dev:data","vd":"AQID","t":1700000004}]'
	store_all
	mfx-read-sqlite messages.db >got
	jq -c . >want <<-EOF
	{"channel":"$CHANNEL","publisher":"$THING","protocol":"http","n":"dev:t","u":"Cel","v":21.50,"t":1700000000}
	{"channel":"$CHANNEL","publisher":"$THING","protocol":"http","n":"dev:h","v":40,"t":1700000001}
	{"channel":"$CHANNEL","publisher":"$THING","protocol":"http","subtopic":"room.1","n":"dev:on","vb":true,"t":1700000002}
	{"channel":"$CHANNEL","publisher":"$THING","protocol":"http","n":"dev:text","vs":"a \"b\" é","t":1700000003}
	{"channel":"$CHANNEL","publisher":"$THING","protocol":"http","n":"dev:data","vd":"AQID","t":1700000004}
	EOF
	diff <(sort want) <(sort got)
}

@test "a payload that is not SenML is carried and comes back byte for byte" {
	serve -o raw
	head -c 3000 /dev/urandom >bytes
	expect 202 @bytes "" application/octet-stream
	expect 202 'just text' note text/plain
	expect 202 '' empty
	store_all
	payload() {
		mfx-read-sqlite messages.db |
			jq -r "select(.n == \"payload\") | select($1) | .vd" |
			tr -- '-_' '+/' | sed 's/$/===/' | base64 -di
	}
	payload '.ct == "application/octet-stream" and .subtopic == null' |
		cmp - bytes
	[[ $(payload '.ct == "text/plain"') == "just text" ]]
	[[ $(mfx-read-sqlite --subtopic empty messages.db | jq -r .vd) == "" ]]
	(($(mfx-read-sqlite messages.db | wc -l) == 3))
}

@test "SenML in CBOR and XML comes back byte for byte, and its records are stored" {
	serve -o raw
	local i
	for i in cbor xml; do
		expect 202 "@$VECTORS/rfc8428-5.1.2b.$i" $i application/senml+$i
	done
	store_all
	for i in cbor xml; do
		cat "$MFX_HOME"/bus/raw/*.ndjson | grep "\"subtopic\":\"$i\"" |
			"$ROOT/tests/payload.py" | cmp - "$VECTORS/rfc8428-5.1.2b.$i"
		diff <(mfx-read-sqlite --subtopic $i messages.db |
			jq -cS 'del(.channel, .publisher, .protocol, .subtopic)' |
			sort) <(jq -cS . "$VECTORS/rfc8428-5.1.2b.ndjson" | sort)
	done
}

@test "a pack over several lines is resolved like any other" {
	serve -o raw
	expect 202 "@$VECTORS/rfc8428-5.1.2b.pretty.json"
	store_all
	diff <(mfx-read-sqlite messages.db |
		jq -cS 'del(.channel, .publisher, .protocol)' | sort) \
	    <(jq -cS . "$VECTORS/rfc8428-5.1.2b.ndjson" | sort)
}

@test "the adapter writes to standard output, mfx-pub reads it" {
	local pub http
	mkfifo lines
	mfx-pub raw <lines 2>pub.err 3>&- &
	pub=$!
	PIDS+=("$pub")
	exec 8>lines
	PID_TO=/dev/fd/8 serve
	http=$PID
	exec 8>&-
	local i
	for i in 1 2 3 4 5; do
		expect 202 "[{\"n\":\"dev:i\",\"v\":$i}]"
	done
	kill "$http"
	status 0 wait "$http"
	status 0 wait "$pub"
	store_all
	[[ $(stored | cut -f 2 | xargs) == "1 2 3 4 5" ]]
}

@test "a store that follows has a message within a second" {
	serve -o raw
	follow
	expect 202 '[{"n":"dev:a","v":1}]'
	await 20 eval '[[ $(stored) == dev:a* ]]'
	expect 202 '[{"n":"dev:b","v":2}]'
	await 20 eval '[[ $(stored | tail -n 1) == dev:b* ]]'
	[[ ! -s follow.err ]]
}

# ---- a device can't speak as another ----

@test "labels in a payload, however written, reach no record and stay in the payload" {
	serve -o raw
	local n=0 body
	local -a bodies=(
	    '[{"publisher":"EVIL","n":"x","v":1}]'
	    '[{"n":"x","v":1,"publisher":"EVIL"}]'
	    '[{"n":"x","v":1},{"publisher":"EVIL","n":"x","v":2}]'
	    '[{"\u0070ublisher":"EVIL","n":"x","v":1}]'
	    '[{"p\u0075blishe\u0072":"EVIL","n":"x","v":1}]'
	    '[{"channel":"EVIL","n":"x","v":1}]'
	    '[{"\u0063\u0068\u0061\u006e\u006e\u0065\u006c":"EVIL","n":"x","v":1}]'
	    '[{"subtopic":"EVIL","n":"x","v":1}]'
	    '[{"protocol":"EVIL","n":"x","v":1}]'
	    '[{"received":1,"n":"x","v":1}]'
	    '[{"seq":99999999,"n":"x","v":1}]'
	    '[{"s\u0065q":99999999,"n":"x","v":1}]'
	    '[{"n":"x","v":1,"other":{"publisher":"EVIL"}}]'
	    $'[{"n":"x","v":1,\n"publisher":"EVIL"}]'
	    ' [{"publisher":"EVIL","n":"x","v":1}]'
	    '{"publisher":"EVIL","n":"x","v":1}'
	    '{"seq":99999999}'
	    $'[{"n":"x","v":1}]\n{"channel":"EVIL","publisher":"EVIL","n":"x","v":9,"t":1}'
	    '[{"n":"payload","vd":"RVZJTA","ct":"application/senml+json"}]'
	)
	for body in "${bodies[@]}"; do
		n=$((n + 1))
		expect 202 "$body" "m$n"
	done
	# one line on the bus for each, and only the adapter's labels in front
	[[ $(cat "$MFX_HOME"/bus/raw/*.ndjson | wc -l) == "$n" ]]
	cat "$MFX_HOME"/bus/raw/*.ndjson | refute grep -v \
	    "^\[{\"channel\":\"$CHANNEL\",\"publisher\":\"$THING\",\"protocol\":\"http\",\"subtopic\":\"m[0-9]*\",\"received\":"
	# in no record after the normalizer
	store_all
	[[ $(mfx-read-sqlite messages.db |
		jq -r '[.channel, .publisher, .protocol] | @tsv' | sort -u) == \
	    "$CHANNEL"$'\t'"$THING"$'\t'http ]]
	[[ $(mfx-read-sqlite messages.db | jq -r .subtopic | sort -u | wc -l) == "$n" ]]
	# and each payload is there as it was sent
	for ((i = 1; i <= n; i++)); do
		cat "$MFX_HOME"/bus/raw/*.ndjson | sed -n "${i}p" |
			"$ROOT/tests/payload.py" >payload
		printf %s "${bodies[i - 1]}" | cmp - payload
	done
}

@test "a subtopic can carry no control bytes, wildcards or labels" {
	serve -o raw
	local s
	for s in 'a%00b' 'a%0Ab' 'a/%2B' 'a/%23' 'a/*/b' '%3E' 'a%22,%22publisher' \
	    '%FF'; do
		expect 400 '[{"n":"x","v":1}]' "$s"
	done
	expect 202 '[{"n":"x","v":1}]' 'a//b/c.d'
	store_all
	[[ $(mfx-read-sqlite messages.db | jq -r .subtopic) == a.b.c.d ]]
}

# ---- access ends at once ----

# answers over one connection that stays open, one a line, until refused
@test "a removed connection is refused on a connection that stays open" {
	serve -o raw
	start python3 "$ROOT/tests/keep_posting.py" "$MESSAGES" key
	await 20 grep -q '^202 ' "$PID_OUT"
	local out=$PID_OUT
	mfx-channels disconnect "$CHANNEL" "$THING"
	await 20 grep -q '^403 ' "$out"
	# once refused, always refused, and over the same connection
	await 20 eval '(($(grep -c "^403 " "'"$out"'") > 20))'
	awk '$1 == 403 { on = 1 } on && $1 != 403' "$out" | refute grep .
	[[ $(cut -d ' ' -f 2 "$out" | sort -u | wc -l) == 1 ]]
}

@test "a changed key and a removed thing are refused" {
	serve -o raw
	expect 202 '[{"n":"x","v":1}]'
	local new
	new=$(mfx-things key --new "$THING" | jq -r .key)
	await 20 expect 403 '[{"n":"x","v":1}]'
	KEY=$new
	await 20 expect 202 '[{"n":"x","v":1}]'
	mfx-things remove "$THING"
	await 20 expect 403 '[{"n":"x","v":1}]'
}

@test "nobody without a key, or off the channel, gets a line onto the bus" {
	serve -o raw
	local key=$KEY other
	KEY=wrong expect 403 '[{"n":"x","v":1}]'
	other=$(mfx-things create --name other | jq -r .key)
	KEY=$other
	expect 403 '[{"n":"x","v":1}]'
	KEY=$key
	expect 202 '[{"n":"x","v":1}]'
	(($(cat "$MFX_HOME"/bus/raw/*.ndjson | wc -l) == 1))
}

@test "no key is in any argument list, message or file of the site" {
	serve -o raw
	expect 202 '[{"n":"x","v":1}]'
	KEY=wrong-but-secret expect 403 '[{"n":"x","v":1}]'
	store_all
	tr '\0' ' ' <"/proc/$PID/cmdline" | refute grep -F "$KEY"
	refute grep -F -e "$KEY" -e wrong-but-secret "$PID_ERR" "$PID_OUT"
	refute grep -rF -e "$KEY" -e 'correct horse' "$MFX_HOME" messages.db
	# nothing of a site can be read by others
	find "$MFX_HOME" -perm /077 | refute grep .
}
