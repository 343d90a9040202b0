#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Messages read through mfx-api: Mainflux' own cases by their number in its
# list, and what goes beyond them.
load setup
load site
load api_messages

@test "22: pages, and limits that are not valid" { read_some row_22; }
@test "23: the right messages and the right total" { read_some row_23; }
@test "labels and times choose, twice given is either, nothing is ignored" {
	read_some filters
}
@test "values are compared" { read_some values; }
@test "aggregates" { read_some aggregates; }
@test "what is malformed: 400" { read_some malformed; }
@test "SQL and worse in each parameter" { read_some hostile; }
@test "lines, CSV, SenML: by Accept" { read_some forms; }
@test "32 clients at once" { read_some crowd; }

@test "nobody reads another's channel, or one he is not on" {
	local thing
	thing=$(mfx-things create --name lone)
	export LONE LONE_KEY OTHER OTHER_KEY
	LONE=$(jq -r .id <<<"$thing")
	LONE_KEY=$(jq -r .key <<<"$thing")
	mfx-users create bob@example.com --password-file - <<<'correct horse'
	thing=$(mfx-things create --name theirs --user bob@example.com)
	OTHER_KEY=$(jq -r .key <<<"$thing")
	OTHER=$(mfx-channels create --name theirs --user bob@example.com | jq -r .id)
	mfx-channels connect "$OTHER" "$(jq -r .id <<<"$thing")" --user bob@example.com
	readings 0 3 "$OTHER" | mfx-write-sqlite "$STORE"
	read_some isolation
}

@test "each kind of value is read as it was sent" {
	{
		printf '{"n":"k:number","u":"Cel","v":21.5,"s":3,"t":1700000000.5,"ut":7}\n'
		printf '{"n":"k:string","vs":"=a,\\"b\\"\\n\\u0000😀</script>","t":1700000001}\n'
		printf '{"n":"k:true","vb":true,"t":1700000002}\n'
		printf '{"n":"k:false","vb":false,"t":1700000003}\n'
		printf '{"n":"k:data","vd":"AP8","t":1700000004}\n'
		printf '{"n":"k:sum","s":0.1,"t":1700000005}\n'
	} | sed "s/^{/{\"channel\":\"$CHANNEL\",\"publisher\":\"$THING\",\"protocol\":\"coap\",/" |
		mfx-write-sqlite "$STORE"
	serve_api
	the_case kinds
}

@test "an export of many: in pieces, in order, and others are answered" {
	readings 0 300000 | mfx-write-sqlite "$STORE"
	serve_api
	the_case large
}

@test "those who take nothing hold nobody up" {
	readings 0 300000 | mfx-write-sqlite "$STORE"
	# a build with ASan holds what was freed, 256 MB of it by default
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=8
	serve_api
	the_case stalled
}

@test "an export is what mfx-read-sqlite prints" {
	readings 0 5000 | mfx-write-sqlite "$STORE"
	serve_api
	ask 200 -H 'Accept: application/x-ndjson' "$URL/channels/$CHANNEL/messages?order=asc"
	mfx-read-sqlite --channel "$CHANNEL" "$STORE" >want
	cmp want answer
	ask 200 -H 'Accept: text/csv' "$URL/channels/$CHANNEL/messages?order=asc"
	mfx-fmt -t csv <want | cmp - answer
	# and the pack gives them back
	ask 200 -H 'Accept: application/senml+json' \
	    "$URL/channels/$CHANNEL/messages?order=asc"
	jq -c '.[]' answer | wc -l >n
	(($(<n) == 5000))
	jq -c . answer | mfx-normalize | jq -c '[.n, .u, .v, .t]' >got
	jq -c '[.n, .u, .v, .t]' want | cmp - got
}

@test "no store: 503 until there is one; another's file does not count" {
	serve_api
	local messages=$URL/channels/$CHANNEL/messages
	ask 503 "$messages"
	jq -e '.detail == "there is no store of messages yet"' answer
	ask 503 -H 'Accept: text/csv' "$messages"
	# said once
	(($(wc -l <"$PID_ERR") == 1))
	grep -q 'messages.db: No such file' "$PID_ERR"
	# the key comes first, and the rest goes on
	ask 403 "$URL/channels/none/messages"
	ask 400 "$messages?limit=0"
	ask 200 "$URL/health"
	readings 0 3 | mfx-write-sqlite "$STORE"
	ask 200 "$messages"
	jq -e '.total == 3' answer
	rm "$STORE"*
	sqlite3 "$STORE" 'CREATE TABLE t (a)'
	ask 503 "$messages"
	jq -e '.detail == "messages can'"'"'t be read now"' answer
	(($(wc -l <"$PID_ERR") == 2))
	# nobody is told where it is
	refute grep -q "$MFX_HOME" answer
}

# health STATUS CHECK STATUS OUTPUT: of the service, and of one part
health() {
	ask "$1" "$URL/health"
	jq -e --arg c "$2" --arg s "$3" --arg o "$4" '.status ==
	    (if $s == "pass" then "pass" else "fail" end) and
	    .checks[$c] == [{status: $s} + if $o == "" then {} else
	    {output: $o} end]' answer || { cat answer; false; }
}

@test "health: a store that is broken, gone, or locked; and well again" {
	serve_api
	health 200 store:messages pass 'does not exist yet'
	readings 0 3 | mfx-write-sqlite "$STORE"
	health 200 store:messages pass ''
	# gone: it has been there
	mkdir away
	mv "$STORE"* away
	health 503 store:messages fail 'is not there'
	jq -e '.output == "store:messages is not there" and
	    .checks["registry:write"][0].status == "pass"' answer
	mv away/* "$MFX_HOME"
	health 200 store:messages pass ''
	# no store at all, and damaged inside
	mv "$STORE"* away
	head -c 8192 /dev/urandom >"$STORE"
	health 503 store:messages fail "can't be read"
	rm "$STORE"
	sqlite3 "$STORE" 'CREATE TABLE t (a)'
	health 503 store:messages fail "can't be read"
	rm "$STORE"
	(cd away && sqlite3 messages.db 'PRAGMA wal_checkpoint(TRUNCATE)')
	head -c 6000 away/messages.db >"$STORE"
	health 503 store:messages fail "can't be read"
	rm "$STORE"
	mv away/* "$MFX_HOME"
	# why is reported, once each time, and not to the client
	(($(wc -l <"$PID_ERR") == 2))
	grep -q 'messages.db: ' "$PID_ERR"
	# locked by another: it has to wait, and then says so
	mkfifo go
	/usr/bin/python3 - "$STORE" >locked 3>&- <<-'EOF' &
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1], isolation_level=None)
		db.execute("PRAGMA locking_mode = EXCLUSIVE")
		db.execute("BEGIN EXCLUSIVE")
		print("locked", flush=True)
		open("go").read()
	EOF
	PIDS+=($!)
	await 20 grep -q locked locked
	health 503 store:messages fail "can't be read"
	: >go
	await 20 health 200 store:messages pass ''
}

@test "health: the registry is told from the store, and both from keys" {
	readings 0 3 | mfx-write-sqlite "$STORE"
	serve_api
	health 200 registry:keys pass ''
	mv "$MFX_HOME/registry.db" away
	await 20 ask 503 "$URL/health"
	await 20 health 503 registry:read fail "can't be done"
	jq -e '.checks["store:messages"] == [{status: "pass"}] and
	    .checks["registry:write"][0].status == "fail"' answer
	mv away "$MFX_HOME/registry.db"
	await 20 health 200 registry:read pass ''
	# another process holds the lock of writers for too long
	mkfifo go
	/usr/bin/python3 - "$MFX_HOME/registry.db" >locked 3>&- <<-'EOF' &
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1], isolation_level=None)
		db.execute("BEGIN IMMEDIATE")
		print("locked", flush=True)
		open("go").read()
	EOF
	PIDS+=($!)
	await 20 grep -q locked locked
	health 503 registry:write fail "can't be done"
	jq -e '.checks["registry:read"] == [{status: "pass"}]' answer
	: >go
	await 20 health 200 registry:write pass ''
}

full_home() {
	make_site
	serve_api
	health 200 registry:write pass ''
	head -c 64M /dev/zero >"$MFX_HOME/ballast" 2>said || :
	health 503 registry:write fail "can't be done"
	jq -e '.checks["registry:read"] == [{status: "pass"}]' answer
	rm "$MFX_HOME/ballast"
	health 200 registry:write pass ''
	[[ -z $(find "$MFX_HOME" -name '.health*') ]]
}

@test "health: a registry on a full disk can't be changed" {
	export -f ask health serve_api
	on_small_disk 8 "$MFX_HOME" full_home
}

@test "health: an answer within a few seconds, whatever is locked" {
	readings 0 3 | mfx-write-sqlite "$STORE"
	serve_api
	health 200 registry:write pass ''
	mkfifo go
	/usr/bin/python3 - "$MFX_HOME/registry.db" "$STORE" >locked 3>&- <<-'EOF' &
		import sqlite3, sys
		held = []
		for path in sys.argv[1:]:
		    db = sqlite3.connect(path, isolation_level=None)
		    if held:
		        db.execute("PRAGMA locking_mode = EXCLUSIVE")
		    db.execute("BEGIN EXCLUSIVE")
		    held.append(db)
		print("locked", flush=True)
		open("go").read()
	EOF
	PIDS+=($!)
	await 20 grep -q locked locked
	# a change waits for that lock; whoever asks meanwhile need not
	curl -sS -m 60 -o made -H "Authorization: $KEY" -d '{}' "$URL/things" 3>&- &
	PIDS+=($!)
	local i
	for i in 1 2 3; do
		ask 503 -m 10 "$URL/health"
		jq -e '.checks["registry:write"] == [{status: "fail",
		    output: "can'"'"'t be done"}]' answer
	done
	: >go
	await 20 health 200 registry:write pass ''
	await 20 health 200 store:messages pass ''
}

@test "--store NAME=FILE: several, one is asked, each has its health" {
	readings 0 3 | mfx-write-sqlite hot.db
	readings 10 5 | mfx-write-sqlite cold.data
	serve_api --store hot.db --store archive=sqlite:cold.data \
	    --store later.db
	local messages=$URL/channels/$CHANNEL/messages
	ask 200 "$messages"
	jq -e '.total == 3 and .messages[0].value == 2' answer
	ask 200 "$messages?store=hot"
	jq -e '.total == 3' answer
	ask 200 "$messages?store=archive&limit=2"
	jq -e '.total == 5 and (.messages | length) == 2 and
	    .messages[0].value == 14' answer
	ask 200 "$messages?store=archive&aggregate=sum&every=1d"
	jq -e '.messages | map(.value) | add == 60' answer
	ask 200 -H 'Accept: text/csv' "$messages?store=archive"
	(($(wc -l <answer) == 6))
	ask 503 "$messages?store=later"
	local wrong
	for wrong in store=none store= store=hot.db store=hot%26store=x \
	    'store=hot&store=hot' store=HOT "store=..%2Fhot"; do
		ask 400 "$messages?$wrong"
	done
	health 503 store:later fail 'is not there'
	jq -e '.checks["store:hot"] == [{status: "pass"}] and
	    .checks["store:archive"] == [{status: "pass"}]' answer
	readings 20 1 | mfx-write-sqlite later.db
	health 200 store:later pass ''
	ask 200 "$messages?store=later"
	jq -e '.total == 1' answer
	mv cold.data away
	health 503 store:archive fail 'is not there'
	ask 200 "$messages"
	ask 503 "$messages?store=archive"
}

@test "--store: what has no name, or the name of another" {
	local wrong
	for wrong in 'a.db b/a.db' 'x=a.db x=b.db' 'a.db b.data' 'a=' \
	    "a.db $(printf '%065d' 0)=b.db" 'a.db ü.db'; do
		read -r one two <<<"$wrong"
		status 64 mfx-api -l 127.0.0.1:0 --store "$one" \
		    ${two:+--store "$two"} 2>said
		grep -q -- "--store '${two:-$one}'" said
	done
	# a file of any name is fine alone
	readings 0 3 | mfx-write-sqlite 'my store.data'
	serve_api --store 'my store.data'
	ask 200 "$URL/channels/$CHANNEL/messages"
	health 200 store:first pass ''
}

@test "--store: another file; written to while it is read" {
	readings 0 3 | mfx-write-sqlite elsewhere.db
	serve_api --store elsewhere.db
	ask 200 "$URL/channels/$CHANNEL/messages"
	jq -e '.total == 3' answer
	readings 3 2 | mfx-write-sqlite elsewhere.db
	ask 200 "$URL/channels/$CHANNEL/messages?limit=1"
	jq -e '.total == 5 and .messages[0].value == 4' answer
	mfx-channels disconnect "$CHANNEL" "$THING"
	await 20 ask 403 "$URL/channels/$CHANNEL/messages"
}

@test "what SenML can't hold: 422, and the other forms have it" {
	echo "{\"channel\":\"$CHANNEL\",\"received\":1000,\"n\":\"old\",\"v\":1,\"t\":-5}" |
		mfx-write-sqlite "$STORE"
	serve_api
	ask 200 "$URL/channels/$CHANNEL/messages"
	jq -e '.messages[0].time == -5' answer
	ask 422 -H 'Accept: application/senml+json' "$URL/channels/$CHANNEL/messages"
	mfx-read-sqlite "$STORE" >line
	ask 200 -H 'Accept: application/x-ndjson' "$URL/channels/$CHANNEL/messages"
	cmp line answer
}

@test "SIGTERM ends an export so that its client can tell" {
	readings 0 300000 | mfx-write-sqlite "$STORE"
	serve_api
	mkfifo pipe
	curl -sS -m 60 -H "Authorization: $KEY" -H 'Accept: text/csv' \
	    "$URL/channels/$CHANNEL/messages" >pipe 2>said 3>&- &
	local client=$! line
	PIDS+=("$client")
	exec 8<pipe
	read -r line <&8
	[[ $line == time,channel,* ]]
	kill "$API_PID"
	status 0 wait "$API_PID"
	cat <&8 >rest
	# curl: transfer closed with outstanding read data remaining
	status 18 wait "$client"
	exec 8<&-
	(($(wc -l <rest) < 300000))
}

@test "metrics count what is read; messages have no key or query" {
	readings 0 3 | mfx-write-sqlite "$STORE"
	serve_api -v
	ask 200 "$URL/channels/$CHANNEL/messages?name=secret-name"
	ask 200 "$URL/metrics"
	grep -qx 'message_reader_api_request_count{method="read_all"} 1' answer
	grep -q "GET /channels/$CHANNEL/messages 200 .* from $THING" "$PID_ERR"
	refute grep -e secret-name -e "$KEY" "$PID_ERR"
}

@test "from a device to its reader: adapter, bus, normalizer, store" {
	serve -o raw
	local adapter=$PID
	expect 202 '[{"bn":"dev:","bt":1700000000,"n":"t","u":"Cel","v":21.5},{"n":"on","vb":true}]' room/temp
	kill "$adapter"
	status 0 wait "$adapter"
	store_all "$STORE"
	serve_api
	ask 200 "$URL/channels/$CHANNEL/messages?subtopic=room.temp&order=asc"
	jq -c . answer
	jq -e --arg c "$CHANNEL" --arg t "$THING" '.total == 2 and .messages ==
	    [{channel: $c, subtopic: "room.temp", publisher: $t,
	    protocol: "http", name: "dev:t", unit: "Cel", time: 1700000000,
	    value: 21.5}, {channel: $c, subtopic: "room.temp", publisher: $t,
	    protocol: "http", name: "dev:on", time: 1700000000,
	    boolValue: true, bool_value: true}]' answer
}
