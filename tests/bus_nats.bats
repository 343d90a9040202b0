#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# The bus in NATS JetStream, with a server that is killed, paused, or of another
# authority.  What every bus does is in bus_conformance.bats.
load setup
load tls
load servers

setup_suite_test() {
	export MFX_MODULES=$BIN
}

lines_of() {
	awk -v name="$1" -v first="$2" -v last="$3" 'BEGIN {
		for (i = first; i <= last; i++)
			printf "{\"channel\":\"%s\",\"n\":\"%s\",\"v\":%d}\n",
			    name, name, i
	}'
}

bare() {
	sed -E '/^\{"seq":[0-9]+\}$/d; s/"seq":[0-9]+,//'
}

client() {
	/usr/bin/python3 "$ROOT/tests/nats_client.py" "$@"
}

read_all() {
	mfx-sub --no-follow --from start "$@"
}

# ---- the same as on a directory ----

scenario() {
	lines_of a 1 5 | mfx-pub raw
	{ lines_of b 1 3; lines_of a 6 7; lines_of b 4 4; } | mfx-pub -u raw
	read_all raw | bare
	read_all raw --channel b | bare
	mfx-sub raw/g -n 4 --auto-ack | bare
	mfx-sub raw/g --no-follow --auto-ack | bare
	read_all raw --shard 1/2 | bare >one
	read_all raw --shard 2/2 | bare | cat one - | sort
	mfx-bus groups | sed -E 's/"seq":[0-9]+/"seq":N/'
	mfx-sub --no-follow raw | mfx-grep --channel a | mfx-pub twice \
	    --ack raw/copy
	mfx-sub --no-follow raw | mfx-grep --channel a | mfx-pub twice \
	    --ack raw/copy
	read_all twice | bare
	mfx-bus verify | sed -E 's/"(segments|bytes)":[0-9]+/"\1":N/g'
	mfx-bus seek raw/g start >/dev/null
	mfx-sub raw/g -n 1 | bare
	mfx-bus forget raw/g
	mfx-bus groups raw | sed -E 's/"seq":[0-9]+/"seq":N/'
	status 66 mfx-bus stat nowhere
	status 64 mfx-sub --no-follow '../x'
}

@test "programs do the same as on a directory" {
	server_start nats
	MFX_BUS=$PWD/dir scenario >want
	MFX_BUS=$(server_url nats)/other scenario >out
	diff want out
	(($(wc -l <out) > 40))
}

@test "a position is the sequence of a message times 4096, and the line" {
	server_start nats
	export MFX_BUS=$(server_url nats)
	lines_of a 1 3 | mfx-pub raw
	lines_of a 4 4 | mfx-pub raw
	[[ $(read_all raw | sed -E 's/.*"seq":([0-9]+).*/\1/' | xargs) == \
	    '1 2 4096 8192' ]]
	[[ $(mfx-sub --no-follow --from 2 raw | wc -l) == 2 ]]
	[[ $(mfx-sub --no-follow --from 4096 raw | wc -l) == 1 ]]
}

@test "a foreign client reads the stream, by the subject of a channel" {
	server_start nats
	export MFX_BUS=$(server_url nats)/site7
	{ lines_of a 1 2; lines_of b 1 1; lines_of a 3 3; } | mfx-pub raw
	client "$(server_url nats)" read site7_raw >out
	[[ $(cut -f 1 out | xargs) == \
	    'site7.raw.0.4.a site7.raw.9.1.b site7.raw.0.4.a' ]]
	[[ $(cut -f 2 out | head -n 1) == "$(lines_of a 1 2 |
	    sed 's/$/\\n/' | tr -d '\n')" ]]
	client "$(server_url nats)" ask '$JS.API.CONSUMER.DELETE.site7_raw.foreign' ''
	[[ $(client "$(server_url nats)" read site7_raw 'site7.raw.*.*.b.>' |
	    wc -l) == 0 ]]
}

# ---- shards ----

# sent_by COMMAND: the bytes that the server has sent meanwhile, to $sent
sent_by() {
	local at=http://127.0.0.1:$(<servers/nats/http)/varz before
	before=$(curl -sSf "$at" | jq .out_bytes)
	"$@" >part
	sent=$(($(curl -sSf "$at" | jq .out_bytes) - before))
}

@test "--shard: the server sends the part, and its group passes the others" {
	local i whole sent n
	server_start nats
	export MFX_BUS=$(server_url nats)
	for i in {1..300}; do lines_of c$i 1 40; done | mfx-pub raw
	sent_by read_all raw
	whole=$sent
	for n in 2 3 6; do
		sent_by read_all raw --shard 1/$n
		((sent < whole * 13 / 10 / n))
		grep -q '"n"' part
	done
	# neither divides 240: each line is in one part
	read_all raw | bare | sort >all
	for n in 7 14; do
		for ((i = 1; i <= n; i++)); do
			read_all raw --shard $i/$n | bare
		done | sort | cmp - all
	done
	(($(wc -l <all) == 12000))
	# a channel that is in the first part: the second one's group passes it
	start mfx-sub raw/two --shard 2/2 --auto-ack
	await 60 eval '[[ $(mfx-bus groups raw | jq -r .lag) == 0 ]]'
	lines_of a 1 3 | mfx-pub raw
	await 60 eval '[[ $(mfx-bus groups raw | jq -r .lag) == 0 ]]'
	kill $PID
	wait $PID
	refute grep -q '"n":"a"' "$PID_OUT"
	[[ $(read_all raw --shard 1/2 | grep -c '"n":"a"') == 3 ]]
}

@test "verify: a line under the subject of other channels" {
	server_start nats
	export MFX_BUS=$(server_url nats)
	{ lines_of a 1 2; lines_of b 1 1; } | mfx-pub raw
	status 0 mfx-bus verify raw
	# by another client, as it should be, and not
	client "$(server_url nats)" ask mfx.raw.0.4.a "$(lines_of a 3 3)
" >/dev/null
	status 0 mfx-bus verify raw
	client "$(server_url nats)" ask mfx.raw.9.1.a "$(lines_of a 4 4)
" >/dev/null
	status 65 mfx-bus verify raw >out 2>err
	jq -e '.damage == 1 and .lines == 5' out
	grep -q 'message 4, line 1: its subject is of other channels' err
	# the number alone is not enough: mfx.raw.0.40.a
	client "$(server_url nats)" ask mfx.raw.0.40.a "$(lines_of a 5 5)
" >/dev/null
	status 65 mfx-bus verify raw 2>err | jq -e '.damage == 2'
}

# with subjects of old, and no metadata; new lines come to it too
@test "--shard: a stream that an older version made is in the same parts" {
	local i
	server_start nats
	export MFX_BUS=$(server_url nats)
	client "$(server_url nats)" ask '$JS.API.STREAM.CREATE.mfx_raw' \
	    '{"name":"mfx_raw","subjects":["mfx.raw.>","mfx-source.raw.>"],
	    "allow_atomic":true,"allow_rollup_hdrs":true}' >/dev/null
	for i in {1..9}; do
		lines_of c$i 1 1 | tee -a in >line
		client "$(server_url nats)" ask mfx.raw.c$i "$(<line)
" >/dev/null
	done
	for i in {5..20}; do lines_of c$i 2 3; done | tee -a in | mfx-pub raw
	for i in 1 2; do
		read_all raw --shard $i/2 | bare >part.$i
		MFX_BUS=$PWD/dir mfx-pub raw <in
		MFX_BUS=$PWD/dir read_all raw --shard $i/2 | bare |
		    diff part.$i -
		rm -r dir
	done
	(($(cat part.1 part.2 | wc -l) == 41))
}

@test "--take-over: the group of a reader that is stopped" {
	local first
	server_start nats
	export MFX_BUS="$(server_url nats)?timeout=1s"
	lines_of a 1 1 | mfx-pub raw
	start_ready mfx-sub raw/g --auto-ack
	first=$PID
	await 60 eval '[[ $(mfx-bus groups raw | jq -r .lag) == 0 ]]'
	kill -STOP "$first"
	lines_of a 2 4 | mfx-pub raw
	status 75 mfx-sub raw/g --no-follow 2>err
	grep -q "another reader has this group, pid $first on " err
	mfx-sub raw/g --no-follow --auto-ack --take-over >out
	bare <out | cmp - <(lines_of a 2 4)
	kill -CONT "$first"
	kill "$first"
	wait "$first" || true
	[[ $(mfx-bus groups raw | jq -r .lag) == 0 ]]
}

# ---- subjects ----

@test "no text of a device reaches another subject" {
	local c
	server_start nats
	export MFX_BUS=$(server_url nats)
	start client "$(server_url nats)" listen '>' 1000
	await 20 grep -q ready "$PID_OUT"
	for c in 'x y' 'a=41' 'ä' '$JS.API.STREAM.DELETE.mfx_raw' '.' 'a.' \
	    'a..b' "$(printf 'y%.0s' {1..900})" "$(printf 'z.%.0s' {1..90})" \
	    'INFO.{}'; do
		printf '{"channel":"a","subtopic":"%s","n":"n","v":1}\n' "$c"
	done | mfx-pub raw
	lines_of last 1 1 | mfx-pub raw
	await 20 grep -q '^mfx\.raw\.[0-9.]*\.last' "$PID_OUT"
	grep '^mfx\.raw' "$PID_OUT" | cut -f 1 >subjects
	(($(wc -l <subjects) == 11))
	# each is a stream's, has no wildcard, and is of no other line
	refute grep -vE '^mfx\.raw\.[0-9]+\.[0-9]+(\.[A-Za-z0-9_=-]+)+$' subjects
	sed -i -E 's/^(mfx\.raw)\.[0-9]+\.[0-9]+/\1/' subjects
	(($(sort -u subjects | wc -l) == 11))
	grep -qx 'mfx\.raw\.a\.x=20y' subjects
	grep -qx 'mfx\.raw\.a\.a=3D41' subjects
	grep -qx 'mfx\.raw\.a\.=24JS\.API\.STREAM\.DELETE\.mfx_raw' subjects
	grep -q '^mfx\.raw\.a\.y*=h[0-9a-f]*$' subjects
	awk 'length > 800' subjects | refute grep .
	# and all lines are there as they were
	(($(read_all raw | bare | wc -l) == 11))
	(($(mfx-bus stat | wc -l) == 1))
}

# ---- a server that fails ----

# killed_publisher [-u] STREAM
killed_publisher() {
	local i
	for ((i = 1; i <= 20000; i++)); do
		echo "{\"channel\":\"c$((i % 7))\",\"n\":\"a\",\"v\":$i}"
		((i % 100)) || pause 0.05
	done | mfx-pub "$@"
}

copied() {
	(($(cat got 2>/dev/null | bare | wc -l) >= 20000))
}

@test "a server that is killed 20 times loses nothing and doubles nothing" {
	local i pause publisher single
	server_start nats-always
	export MFX_BUS=$(server_url nats-always)
	mfx-pub raw </dev/null
	killed_publisher raw 3>&- 2>err.pub &
	publisher=$!
	killed_publisher -u single 3>&- 2>err.single &
	single=$!
	PIDS+=("$publisher" "$single")
	start_ready mfx-sub raw/g
	# the lines go through a copy that is made once
	mfx-sub raw/copy 2>err.copy 3>&- | mfx-pub twice --ack raw/copy \
	    2>err.twice 3>&- &
	PIDS+=("$!")
	mfx-sub twice 2>err.got >got 3>&- &
	PIDS+=("$!")
	for i in {1..20}; do
		pause=0.$((RANDOM % 5))$((RANDOM % 10))
		pause "$pause"
		server_kill nats-always
		server_restart nats-always
	done
	wait "$publisher"
	wait "$single"
	await 60 copied || {
		tail -n 3 err.* "$PID_ERR"
		mfx-bus stat
		return 1
	}
	lines=$(read_all raw | bare)
	read_all single >single
	# all that was acknowledged, and that is all; each once and in order
	for i in {0..6}; do
		seq "$((i ? i : 7))" 7 20000 >want
		grep "\"c$i\"" <<<"$lines" | sed 's/.*"v"://; s/}//' |
		    cmp - want
		grep "\"c$i\"" single | sed 's/.*"v"://; s/}//' | cmp - want
	done
	bare <got | cmp - <(echo "$lines")
	bare <"$PID_OUT" | head -n 20000 | cmp - <(echo "$lines")
	mfx-bus verify >verified
}

# the server knows then how far it has got
@test "a connection that is cut: lines one by one are there once, and in order" {
	local i port publisher
	server_start nats
	free_port port
	mkfifo link
	start /usr/bin/python3 "$ROOT/tests/link_proxy.py" "$port" \
	    "$(server_port nats)" link
	exec 7>link
	await 20 grep -q ready "$PID_OUT"
	export MFX_BUS="nats://$SERVER_USER:$SERVER_PASSWORD@127.0.0.1:$port"
	mfx-pub single </dev/null
	awk 'BEGIN { for (i = 1; i <= 400000; i++) printf "{\"channel\":" \
	    "\"c%d\",\"n\":\"a\",\"v\":%d}\n", i % 7, i }' >want
	mfx-pub -u single want 3>&- 7>&- 2>err &
	publisher=$!
	PIDS+=("$publisher")
	for i in {1..15}; do
		pause 0.$((RANDOM % 4))$((RANDOM % 10))
		gone "$publisher" || {
			echo cut >&7
			echo open >&7
		}
	done
	wait "$publisher"
	exec 7>&-
	read_all single | bare | cmp - want
}

@test "a server that is paused or away: waited for, 75 after --timeout" {
	server_start nats
	export MFX_BUS="$(server_url nats)?timeout=300ms"
	lines_of a 1 1 | mfx-pub raw
	start_ready mfx-sub raw
	server_pause nats
	lines_of a 2 2 | status 75 mfx-pub --timeout 1s raw 2>err
	grep -q '; waiting$' err
	lines_of a 3 3 >three
	mfx-pub raw <three 2>err3 3>&- &
	PIDS+=("$!")
	await 20 grep -q '; waiting' err3
	server_resume nats
	await 20 grep -q '"v":3' "$PID_OUT"
	server_kill nats
	lines_of a 4 4 | status 75 mfx-pub --timeout 200ms raw 2>err
	status 75 mfx-sub --no-follow raw 2>err
	await 20 grep -q 'no connection; try again later; waiting' "$PID_ERR"
	server_restart nats
	lines_of a 5 5 | mfx-pub raw
	await 20 grep -q '"v":5' "$PID_OUT"
	grep -q 'it goes on' "$PID_ERR"
	# what was given up may be there, once
	(($(read_all raw | grep -c '"v":2}') <= 1))
	(($(read_all raw | grep -c '"v":3}') == 1))
}

@test "a limit refuses what is too much, and pruning makes room" {
	server_start nats
	export MFX_BUS="$(server_url nats)/small?max-bytes=30000&storage=memory"
	lines_of a 1 200 | mfx-pub raw
	lines_of a 201 5000 | status 75 mfx-pub --timeout 100ms raw 2>err
	grep -q 'maximum bytes exceeded' err
	(($(read_all raw | wc -l) == 200))
	lines_of b 1 1 | mfx-pub raw
	mfx-bus prune raw --keep-bytes 500
	mfx-sub --no-follow --from 1 raw 2>err >/dev/null
	grep -q ': 1 messages were pruned before they were read' err
	[[ $(read_all raw | bare) == "$(lines_of b 1 1)" ]]
	lines_of a 201 300 | mfx-pub raw
	(($(read_all raw | wc -l) == 101))
}

@test "a line that is over the server's max_payload is refused, and named" {
	server_start nats
	export MFX_BUS=$(server_url nats)
	/usr/bin/python3 -c 'print("{\"channel\":\"a\",\"n\":\"n\",\"vs\":\""
	    + "x" * 1048400 + "\"}")' | status 65 mfx-pub raw 2>err
	grep -q 'max_payload' err
	/usr/bin/python3 -c 'print("{\"channel\":\"a\",\"n\":\"n\",\"vs\":\""
	    + "x" * 1040000 + "\"}")' >long
	mfx-pub raw <long
	read_all raw | bare | cmp - long
}

limit_removed() {
	local config
	config=$(client "$(server_url nats)" ask "\$JS.API.STREAM.INFO.$1" '' |
	    cut -f 2 | /usr/bin/python3 -c 'import json, sys
config = json.load(sys.stdin)["config"]
config["max_bytes"] = -1
print(json.dumps(config))')
	client "$(server_url nats)" ask "\$JS.API.STREAM.UPDATE.$1" "$config" |
	    grep -q '"max_bytes":-1'
}

@test "a source that ended between two batches goes on with smaller ones" {
	local n
	server_start nats
	export MFX_BUS=$(server_url nats)
	for ((n = 1; n <= 3000; n++)); do
		echo "{\"channel\":\"c$((n % 2))\",\"n\":\"n\",\"v\":$n}"
	done >want
	mfx-pub raw <want
	MFX_BUS="$MFX_BUS?max-bytes=180000" mfx-pub twice </dev/null
	mfx-sub --no-follow raw/copy |
	    status 75 mfx-pub --timeout 100ms --ack raw/copy twice 2>err
	n=$(read_all twice | wc -l)
	((n > 900 && n < 1300))
	limit_removed mfx_twice
	mfx-sub --no-follow raw/copy | mfx-pub -u --ack raw/copy twice
	read_all twice | bare | cmp - want
}

# ---- permissions ----

@test "a wrong password, a wrong authority, no certificate" {
	local url ca
	server_start nats
	url=$(server_url nats)
	MFX_BUS=${url/$SERVER_PASSWORD/wrong-secret} status 77 mfx-pub raw \
	    2>err </dev/null
	refute grep -q wrong-secret err
	echo "$SERVER_PASSWORD" >password
	MFX_BUS="${url/:$SERVER_PASSWORD/}?password-file=password" \
	    mfx-pub raw </dev/null
	server_start nats-tls
	url=$(server_url nats-tls)
	ca=$(server_ca nats-tls)
	MFX_BUS="$url?ca=$ca&cert=${ca%/*}/client.crt&key=${ca%/*}/client.key"
	export MFX_BUS
	lines_of a 1 2 | mfx-pub raw
	read_all raw | bare | cmp - <(lines_of a 1 2)
	authority another
	MFX_BUS=${MFX_BUS/$ca/another.crt} status 78 mfx-pub raw 2>err \
	    </dev/null
	refute grep -q "$SERVER_PASSWORD" err
	MFX_BUS="$url?ca=$ca" status 75 mfx-pub --timeout 100ms raw 2>err \
	    </dev/null || MFX_BUS="$url?ca=$ca" status 78 mfx-pub raw \
	    2>err </dev/null
}

@test "a URL that can't be: 78, and what is right" {
	local bad
	for bad in nats: nats:// nats://@ 'nats://h/a-b' 'nats://h?x=1' \
	    'nats://h?replicas=9' 'nats://h?storage=tape' 'nats://h?ca=' \
	    'nats://h?cert=a' 'nats://u:%zz@h' 'nats://h?timeout=1h'; do
		MFX_BUS=$bad status 78 mfx-pub raw 2>err </dev/null
		(($(wc -l <err) == 1))
	done
	MFX_MODULES=$PWD MFX_BUS=nats://127.0.0.1 status 78 mfx-pub raw \
	    2>err </dev/null
	grep -q mfx_bus_nats.so err
	# and nothing else needs the library
	for bad in "$BIN"/mfx*; do
		[[ $bad == */mfx_bus_nats.so ]] ||
			readelf -d "$bad" | refute grep -q libnats
	done
}

# ---- several servers ----

has_leader() {
	client "$(server_url "$1")" ask '$JS.API.STREAM.INFO.mfx_raw' '' |
	    grep -q '"leader":"nats-'
}

@test "three servers: one is killed, and nothing is lost or double" {
	local i urls publisher leader
	for i in 1 2 3; do
		server_start nats-$i
	done
	urls=$(server_url nats-1),127.0.0.1:$(server_port nats-2)
	urls+=,127.0.0.1:$(server_port nats-3)
	export MFX_BUS="$urls?replicas=3"
	lines_of a 1 1 | mfx-pub --timeout 60s raw
	has_leader nats-1
	for ((i = 2; i <= 5000; i++)); do
		echo "{\"channel\":\"a\",\"n\":\"a\",\"v\":$i}"
		((i % 50)) || pause 0.02
	done | mfx-pub raw 2>err 3>&- &
	publisher=$!
	PIDS+=("$publisher")
	start_ready mfx-sub raw
	await 20 grep -q '"v":500}' "$PID_OUT"
	leader=$(client "$(server_url nats-1)" ask \
	    '$JS.API.STREAM.INFO.mfx_raw' '' |
	    sed -E 's/.*"leader":"(nats-[123])".*/\1/')
	server_kill "$leader"
	wait "$publisher"
	await 60 grep -q '"v":5000}' "$PID_OUT"
	bare <"$PID_OUT" | cmp - <(lines_of a 1 5000)
	read_all raw | bare | cmp - <(lines_of a 1 5000)
}

# nkey FILE: a new seed in it; prints the public key
nkey() {
	openssl genpkey -algorithm ed25519 -outform DER -out key.der
	openssl pkey -in key.der -inform DER -pubout -outform DER -out public.der
	/usr/bin/python3 - "$1" <<-'EOF'
	import base64
	import binascii
	import sys

	def text(head, key):
	    data = bytes(head) + key
	    crc = binascii.crc_hqx(data, 0).to_bytes(2, "little")
	    return base64.b32encode(data + crc).decode().rstrip("=")

	SEED, USER = 18 << 3, 20 << 3
	seed, public = (open(name, "rb").read()[-32:]
	                for name in ("key.der", "public.der"))
	with open(sys.argv[1], "w") as file:
	    print(text((SEED | USER >> 5, (USER & 31) << 3), seed), file=file)
	print(text((USER,), public))
	EOF
}

@test "an nkey: the one that the server knows, another, another's seed, none" {
	local key other at
	key=$(nkey seed)
	other=$(nkey seed2)
	server_start nats
	at=127.0.0.1:$(server_port nats)
	sed -i "s/^authorization.*/authorization { users: [ { nkey: $key } ] }/" \
	    "$(server_here nats)/nats.conf"
	server_restart nats
	export MFX_BUS="nats://$at?nkey=$key&seed=seed"
	lines_of a 1 3 | mfx-pub raw
	read_all raw | bare | cmp - <(lines_of a 1 3)
	MFX_BUS="nats://$at?nkey=$other&seed=seed2" status 77 mfx-pub raw \
	    2>err </dev/null
	refute grep -qf seed2 err
	MFX_BUS="nats://$at?nkey=$key&seed=seed2" status 77 mfx-pub raw \
	    2>err </dev/null
	status 77 env MFX_BUS="nats://$at" mfx-pub raw 2>err </dev/null
	# half a seed, none, and no file
	head -c 20 seed >half
	: >empty
	for other in half empty nowhere; do
		MFX_BUS="nats://$at?nkey=$key&seed=$other" timeout 20 mfx-pub \
		    raw 2>err </dev/null || other+=" $?"
		[[ $other == *' 78' || $other == 'nowhere 66' ]]
		grep -q "${other% *}" err
		refute grep -qf half err
	done
}

@test "three servers: the one that gives a reader its lines is killed" {
	local i outs=() node
	for i in 1 2 3; do
		server_start nats-$i
	done
	MFX_BUS=$(server_url nats-1)
	export MFX_BUS+="?replicas=3"
	lines_of a 1 1 | mfx-pub --timeout 60s raw
	# these talk to the first one, whoever does the work
	for i in {1..6}; do
		start_ready mfx-sub raw
		outs+=("$PID_OUT")
		await 60 grep -q '"v":1}' "$PID_OUT"
	done
	node=$(client "$(server_url nats-1)" ask \
	    '$JS.API.CONSUMER.LIST.mfx_raw' '' |
	    jq -r '.consumers[].cluster.leader' | grep -vx nats-1 | head -n 1)
	server_kill "$node"
	lines_of a 2 2 | mfx-pub --timeout 60s raw
	for i in "${outs[@]}"; do
		await 30 grep -q '"v":2}' "$i"
		bare <"$i" | cmp - <(lines_of a 1 2)
	done
}
