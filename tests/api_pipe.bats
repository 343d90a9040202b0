#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Messages of a store that mfx-api is not linked with, through
# mfx-read-NAME --batch.  "direct" is SQLite by such a way, so that its answers
# can be compared with those of the same file.
load setup
load site
load api_messages

setup_suite_test() {
	PORT= STORES=(--store "messages=direct:$MFX_HOME/messages.db")
	make_site
	export KEY CHANNEL THING STORE=$MFX_HOME/messages.db
	mkdir programs
	# its pid is that of the process that answers
	cat >programs/mfx-read-direct <<-'END'
	#!/bin/sh
	echo $$ >>"$BATS_TEST_TMPDIR/pids"
	exec mfx-read-sqlite "$@"
	END
	chmod +x programs/mfx-read-direct
	export BATS_TEST_TMPDIR
	PATH=$PWD/programs:$PATH
}

started() {
	wc -l <pids
}

# are all that were started gone, but for N?
left() {
	local pid n=0
	while read -r pid; do
		! kill -0 "$pid" 2>/dev/null || n=$((n + 1))
	done <pids
	((n == $1))
}

@test "22: pages, and limits that are not valid" { read_some row_22; }
@test "23: the right messages and the right total" { read_some row_23; }
@test "labels and times choose" { read_some filters; }
@test "values are compared" { read_some values; }
@test "aggregates" { read_some aggregates; }
@test "SQL and worse in each parameter" { read_some hostile; }
@test "lines, CSV, SenML: by Accept" { read_some forms; }
@test "32 clients at once" { read_some crowd; }

@test "an export of many: in pieces, in order, and others are answered" {
	readings 0 300000 | mfx-write-sqlite "$STORE"
	serve_api
	the_case large
	# none is left when the service has ended
	await 10 left 0
}

@test "each answer is the direct one" {
	"$ROOT/tests/stores/model.py" lines 5 2000 |
		jq -c --arg c "$CHANNEL" '.channel = $c' |
		mfx-write-sqlite "$STORE"
	STORES=(--store "messages=direct:$STORE" --store "plain=$STORE")
	serve_api
	local q type n=0
	while read -r q; do
		for type in application/json application/x-ndjson text/csv; do
			for store in messages plain; do
				ask 200 -H "Accept: $type" \
				    "$URL/channels/$CHANNEL/messages?$q&store=$store"
				mv answer "$store.answer"
			done
			cmp plain.answer messages.answer
			n=$((n + $(wc -c <plain.answer)))
		done
	done <<-'END'
	limit=50
	order=asc&limit=7&offset=100
	name=dev1:*&unit=Cel
	publisher=p1&publisher=p2&subtopic=a/b
	value=%3E20&value=%3C%3D30.5
	v=21.5&comparator=ge
	vs=%27%3B%20DROP%20TABLE%20readings%3B--
	vs=
	vb=true
	vd=AP8
	value=%21%3Don
	from=1700000010&to=1700000100.000000001
	from=1969-12-31T23:59:00Z&to=10
	aggregate=avg&every=1m
	aggregate=last
	aggregation=SUM&interval=1h&order=asc
	aggregate=count&every=500ms&limit=20&offset=5
	name=none
	END
	((n > 100000))
	# one process or two have answered all of it
	(($(started) <= 2))
}

@test "the store of mfx-extend(7) is read so" {
	make -s -C "$ROOT" "${BUILD:-build}/extend/mfx-write-tsv" \
	    "${BUILD:-build}/extend/mfx-read-tsv"
	PATH=$ROOT/${BUILD:-build}/extend:$PATH
	readings 0 200 | tee lines | mfx-write-tsv m.tsv
	mfx-write-sqlite "$STORE" <lines
	STORES=(--store "messages=$STORE" --store "tsv=tsv:$PWD/m.tsv")
	serve_api
	local q
	for q in limit=30 'order=asc&offset=5' 'value=%3E150' 'name=d:*' \
	    'subtopic=a.b&aggregate=max&every=1m' 'subtopic=a.b&aggregate=avg'; do
		ask 200 "$URL/channels/$CHANNEL/messages?$q"
		mv answer want
		ask 200 "$URL/channels/$CHANNEL/messages?$q&store=tsv"
		cmp want answer
	done
	health() {
		ask "$1" "$URL/health"
		jq -e ".checks[\"store:tsv\"][0].status == \"$2\"" answer
	}
	health 200 pass
	mv m.tsv.at away
	health 503 fail
	ask 503 "$URL/channels/$CHANNEL/messages?store=tsv"
	mv away m.tsv.at
	health 200 pass
}

@test "a place with a password: from a file, and in no list of processes" {
	readings 0 100 | mfx-write-sqlite "$STORE"
	cat >programs/mfx-read-secret <<-'END'
	#!/bin/sh
	tr '\0' ' ' <"/proc/$$/cmdline" >>"$BATS_TEST_TMPDIR/seen"
	tr '\0' ' ' <"/proc/$PPID/cmdline" >>"$BATS_TEST_TMPDIR/seen"
	echo "$MFX_STORE" >>"$BATS_TEST_TMPDIR/places"
	MFX_STORE=$STORE exec mfx-read-sqlite "$@"
	END
	chmod +x programs/mfx-read-secret
	printf '%s\n' '# of the site' '' \
	    'messages=secret://ann:beside-the-sea@host/db' >stores
	chmod 600 stores
	STORES=(--store "plain=$STORE" --store-file "$PWD/stores")
	serve_api
	ask 200 "$URL/channels/$CHANNEL/messages?store=plain"
	mv answer want
	ask 200 "$URL/channels/$CHANNEL/messages?store=messages"
	cmp want answer
	grep -qx 'secret://ann:beside-the-sea@host/db' places
	[[ -s seen ]]
	refute grep -q beside-the-sea seen "$PID_ERR"
	# what is wrong with one is told without it
	for line in 'nothing://ann:beside-the-sea@host/db' \
	    'plain=secret://ann:beside-the-sea@host/db'; do
		echo "$line" >stores
		status 64 mfx-api -l 127.0.0.1:0 --store "plain=$STORE" \
		    --store-file stores 2>said
		refute grep -q beside-the-sea said
	done
	status 66 mfx-api -l 127.0.0.1:0 --store-file none
}

@test "a process that has died is started again" {
	readings 0 100 | mfx-write-sqlite "$STORE"
	serve_api
	ask 200 "$URL/channels/$CHANNEL/messages"
	cp answer want
	local i before
	for i in 1 2 3; do
		before=$(started)
		xargs kill -9 <pids 2>/dev/null || true
		ask 200 "$URL/channels/$CHANNEL/messages"
		cmp want answer
		(($(started) > before))
	done
	# one that can't be started: 503, and well again
	chmod -x programs/mfx-read-direct
	xargs kill -9 <pids 2>/dev/null || true
	ask 503 "$URL/channels/$CHANNEL/messages"
	chmod +x programs/mfx-read-direct
	ask 200 "$URL/channels/$CHANNEL/messages"
	cmp want answer
}

@test "a process that says nothing, or nonsense, is ended in time" {
	readings 0 10 | mfx-write-sqlite "$STORE"
	cat >programs/mfx-read-mute <<-'END'
	#!/bin/sh
	echo $$ >>"$BATS_TEST_TMPDIR/pids"
	exec tail -f /dev/null
	END
	cat >programs/mfx-read-mad <<-'END'
	#!/bin/sh
	echo $$ >>"$BATS_TEST_TMPDIR/pids"
	while read -r line; do echo "what? $line"; done
	END
	chmod +x programs/*
	STORES=(--store mute:x --store mad=mad:y)
	serve_api --time-limit 1s
	ask 503 "$URL/channels/$CHANNEL/messages"
	jq -e '.detail == "this takes longer than a request may"' answer
	ask 503 "$URL/channels/$CHANNEL/messages?store=mad"
	grep -q 'mfx-read-mad: not a line of an answer' "$PID_ERR"
	await 10 left 0
}

@test "whose client has gone is ended" {
	readings 0 300000 | mfx-write-sqlite "$STORE"
	serve_api
	curl -sS -m 60 --limit-rate 1000 -H "Authorization: $KEY" \
	    -H 'Accept: application/x-ndjson' -o /dev/null \
	    "$URL/channels/$CHANNEL/messages" 3>&- &
	client=$!
	PIDS+=("$client")
	await 20 test -s pids
	left 1
	kill -9 "$client"
	await 20 left 0
}

@test "a place is in no list of processes, and in no message" {
	cat >programs/mfx-read-shy <<-'END'
	#!/bin/sh
	echo "$MFX_STORE" >"$BATS_TEST_TMPDIR/place"
	tr '\0' ' ' </proc/$$/cmdline >"$BATS_TEST_TMPDIR/args"
	while read -r line; do echo "end 77 not allowed"; done
	END
	chmod +x programs/mfx-read-shy
	STORES=(--store s=shy://u:secret@host/x)
	serve_api
	ask 503 "$URL/channels/$CHANNEL/messages"
	[[ $(<place) == shy://u:secret@host/x ]]
	refute grep secret args "$PID_ERR" answer
	status 64 mfx-api --store 'a=nobody:secret' 2>said
	grep -q "'nobody:': there is no program mfx-read-nobody" said
	refute grep secret said
	status 64 mfx-api --store sqlite:x.db --store shy://u:secret@h 2>said
	grep -q "name it, as NAME=STORE" said
	refute grep secret said
}
