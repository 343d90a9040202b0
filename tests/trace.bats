#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-trace: one message, from the door to the stores.
load setup
load site

setup_suite_test() {
	unset MFX_GROUP
	make_site
	echo "[{\"channel\":\"$CHANNEL\",\"publisher\":\"$THING\",\"protocol\":\"http\",\"received\":1700000000,\"bn\":\"d:\",\"n\":\"a\",\"v\":21.5},{\"n\":\"b\",\"vs\":\"x\",\"t\":-5}]" |
		mfx-pub raw
	echo '[{"channel":"c","publisher":"p","n":"z","v":1}]' | mfx-pub raw
	mfx-sub raw/store --no-follow | mfx-write-sqlite --ack raw/store m.db
	AT=$(mfx-sub raw --no-follow --from start | head -n 1 |
		sed -E 's/.*"seq":([0-9]+).*/\1/')
}

@test "a message that is stored" {
	mfx-trace --store m.db "raw@$AT" >out
	grep -qx "position  raw@$AT" out
	grep -qx 'received  2023-11-14T22:13:20Z' out
	grep -qx "publisher $THING" out
	grep -q '^record    {"n":"d:a","v":21.5,"t":1700000000}' out
	grep -qx 'group     store has passed it' out
	grep -qx 'store     m.db has 2 of 2 records' out
	grep -q "^publish   yes: thing $THING is connected" out
	mfx-trace --store m.db -t json "raw@$AT" |
		jq -se "length == 1 and (.[0] | .seq == $AT and .count == 2 and
		    .groups == [{group:\"store\",passed:true,seq:.groups[0].seq,before:0}]
		    and .stores == [{store:\"m.db\",has:2,of:2}] and
		    (.publish | startswith(\"yes\")) and (.rejects == null))"
	# the newest of a thing, and where the place is no line's
	mfx-trace --last "$THING" --store m.db -t json | jq -e ".seq == $AT"
	status 1 mfx-trace "raw@$((AT - 1))" 2>err
	grep -q 'no such message on raw' err
	status 1 mfx-trace --last nobody
}

@test "one that is on its way, or was lost, or was refused" {
	sqlite3 m.db "DELETE FROM readings WHERE value = 21.5"
	mfx-bus seek raw/store start
	mfx-trace --store m.db "raw@$AT" >out
	grep -qx "group     store has not passed it: $AT bytes are before it and in it" out
	grep -qx 'store     m.db has 1 of 2 records' out
	mfx-trace --store absent.db "raw@$AT" >out
	grep -q '^store     absent.db: ' out
	echo "[{\"channel\":\"$CHANNEL\",\"publisher\":\"$THING\",\"n\":\"n\",\"v\":1,\"odd_\":2}]" |
		mfx-pub raw
	mfx-sub raw --no-follow --from start | tail -n 1 >line
	MFX_GROUP=raw/store status 65 mfx-normalize --rejects bus:dead <line >out
	mfx-trace --last "$THING" >out
	grep -qx 'refused   a label that must be understood' out
	grep -q '^rejected  by mfx-normalize: <stdin>:1:.*: a label that must be understood (dead@' out
	mfx-trace --last "$THING" -t json | jq -e '.records == null and
	    .rejects[0].program == "mfx-normalize"'
}

@test "who may read it, and who may no more publish" {
	local other
	other=$(mfx-things create --name other |
		jq -r .id)
	mfx-trace --to "$other" "raw@$AT" >out
	grep -q "^subscribe no: thing $other is not connected" out
	mfx-channels connect "$CHANNEL" "$other"
	mfx-trace --to "$other" -t json "raw@$AT" | jq -e '.to[0].thing == "'"$other"'"
	    and (.to[0].subscribe | startswith("yes"))'
	mfx-channels disconnect "$CHANNEL" "$THING"
	mfx-trace "raw@$AT" >out
	grep -q '^publish   no: ' out
}

@test "a running sink's store, a long stream, and text that is hostile" {
	mkfifo pipe
	start bash -c 'exec mfx-sub raw/live --from start >pipe'
	start bash -c 'exec mfx-write-sqlite --ack raw/live live.db <pipe'
	mfx-gen --count 20000 | mfx-pub raw
	caught_up() { mfx-bus groups raw | jq -se 'any(.[]; .group == "live" and .lag == 0)'; }
	await 10 caught_up
	mfx-trace --last "$THING" >out
	grep -qx "position  raw@$AT" out
	grep -qx "store     sqlite:$PWD/live.db has 2 of 2 records" out
	kill "${PIDS[@]}"
	printf '[{"channel":"c","publisher":"h","n":"n","vs":"\\u001b[2J\302\233x"}]\n' |
		mfx-pub raw
	mfx-trace --last h >out
	refute grep -q $'\e' out
	refute grep -q $'\302\233' out
}

@test "wrong use" {
	status 64 mfx-trace
	status 64 mfx-trace raw
	status 64 mfx-trace raw@x
	status 64 mfx-trace ../x@1
	status 64 mfx-trace --last x --stream ../y
	status 64 mfx-trace --dead ../x raw@1
	status 66 mfx-trace other@1
	status 1 mfx-trace raw@99999999999
	status 74 mfx-trace "raw@$AT" >/dev/full
}
