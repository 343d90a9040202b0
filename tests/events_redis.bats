#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# mfx-events --redis with a real redis-server, looked at with redis-cli.
load setup
load tls
load servers

STREAM=mainflux.things
POSITION='{mainflux.things}:mfx-events'

setup_suite_test() {
	export MFX_USER=ann@example.com
	echo correct horse | mfx-users create $MFX_USER --password-file -
	unset REDISCLI_AUTH
}

# things FIRST LAST: one of each number
things() {
	seq "$1" "$2" | sed 's/.*/{"name":"t&","metadata":{"n":&}}/' |
	    mfx-things create -f - >>made
}

# to_redis [OPTION…]: with the server's password in a file
to_redis() {
	timeout 60 "${AS[@]}" mfx-events --redis "$(url)" \
	    --password-file password "$@"
}
url() {
	echo "$SERVER_PASSWORD" >password
	echo "redis://$SERVER_USER@127.0.0.1:$(server_port redis)"
}
cli() {
	server_redis redis "$@"
}

# follow [OPTION…]: in the background
follow() {
	start mfx-events --follow --redis "$(url)" --password-file password "$@"
}

# the names of the things that the stream has, in order
named() {
	cli --json XRANGE "${1:-$STREAM}" - + | /usr/bin/python3 -c '
import json, sys
for _, fields in json.load(sys.stdin):
    f = dict(zip(fields[::2], fields[1::2]))
    if f["operation"] == "thing.create": print(f["name"])'
}
# has_all LAST: all things are there, in order, each once
has_all() {
	diff <(seq 1 "$1" | sed s/^/t/) <(named) >different ||
		{ head different; return 1; }
}
has() {
	(($(cli XLEN $STREAM) == $1))
}

# fails STATUS TEXT [OPTION…]
fails() {
	status "$1" to_redis "${@:3}" >said 2>&1
	grep -qF -- "$2" said || { cat said; return 1; }
}

@test "the stream has Mainflux's operations and fields, as XREADGROUP gives them" {
	local thing channel
	server_start redis
	cli XGROUP CREATE $STREAM mainflux.lora '$' MKSTREAM
	thing=$(mfx-things create --name 'a "b" é' --tag x \
	    --metadata '{"lora": {"devEUI": 1.50}}' | jq -r .id)
	channel=$(mfx-channels create --name c | jq -r .id)
	mfx-channels connect --publish "$channel" "$thing"
	mfx-things update "$thing" --name '' --metadata '{}'
	mfx-things disable "$thing"
	mfx-channels update "$channel" --name d
	mfx-channels disconnect "$channel" "$thing"
	mfx-things remove "$thing"
	mfx-channels remove "$channel"
	to_redis
	cli --json XREADGROUP GROUP mainflux.lora one COUNT 100 \
	    STREAMS $STREAM '>' | jq -c '.[][] | .[1]' >got
	jq -nc --arg t "$thing" --arg c "$channel" '
	    ["operation", "thing.create", "id", $t, "owner", "ann@example.com",
	        "name", "a \"b\" é", "metadata", "{\"lora\":{\"devEUI\":1.50}}"],
	    ["operation", "channel.create", "id", $c,
	        "owner", "ann@example.com", "name", "c"],
	    ["operation", "thing.connect", "chan_id", $c, "thing_id", $t],
	    ["operation", "thing.update", "id", $t],
	    ["operation", "channel.update", "id", $c, "name", "d"],
	    ["operation", "thing.disconnect", "chan_id", $c, "thing_id", $t],
	    ["operation", "thing.remove", "id", $t],
	    ["operation", "channel.remove", "id", $c]' | diff got -
	(($(cli XACK $STREAM mainflux.lora \
	    $(cli --json XRANGE $STREAM - + | jq -r '.[][0]')) == 8))
	# the rest is another stream's
	to_redis --stream all --all
	cli --json XRANGE all - + | jq -r '.[][1][1]' |
	    diff - <(mfx-events | jq -r .operation)
	cli --json XRANGE all - + | jq -c '.[1][1]' | grep -qF '"tags","[\"x\"]"'
	cli --json XRANGE all - + | jq -c '.[3][1]' |
	    grep -qF '"direction","publish"'
	cli --json XRANGE all - + | jq -c '.[4][1][4:]' | diff - <(
		echo '["name","","metadata","{}"]')
}

@test "a second time nothing is written, and later only what is new" {
	server_start redis
	things 1 3000
	to_redis
	has_all 3000
	to_redis
	has 3000
	# by another way, in another database, and through a socket
	things 3001 3001
	timeout 60 mfx-events --redis \
	    "unix://$SERVER_USER:$SERVER_PASSWORD@$(server_here redis)/socket"
	has_all 3001
	REDISCLI_AUTH=$SERVER_PASSWORD timeout 60 mfx-events --redis \
	    "redis://$SERVER_USER@localhost:$(server_port redis)/3"
	has 3001
	[[ $(cli -n 3 XLEN $STREAM) == 3001 ]]
}

@test "--from is where a stream without a position begins" {
	server_start redis
	things 1 5
	to_redis --from 4
	[[ $(named | xargs) == 't4 t5' ]]
	things 6 6
	to_redis --from start
	[[ $(named | xargs) == 't4 t5 t6' ]]
	# that there was nothing yet is kept, too
	to_redis --stream late --from end
	things 7 7
	to_redis --stream late --from end
	[[ $(named late) == t7 ]]
	# somebody's entries, and no position
	cli XADD theirs '*' a b
	fails 78 'say where to begin with --from' --stream theirs
	to_redis --stream theirs --from end
	to_redis --stream theirs
}

@test "--follow writes each change, and survives the server's restarts" {
	server_start redis
	follow
	things 1 3
	await 20 has 3
	server_kill redis
	things 4 9
	await 20 grep -q 'trying again until it works' "$PID_ERR"
	server_restart redis
	await 20 has 9
	await 20 grep -q 'it takes events again' "$PID_ERR"
	(($(grep -c 'trying again' "$PID_ERR") == 1))
	has_all 9
	kill -TERM "$PID"
	wait "$PID"
	# it is waited for at the start as well, and a signal ends that
	server_kill redis
	follow
	await 20 grep -q 'trying again until it works' "$PID_ERR"
	kill -TERM "$PID"
	wait "$PID"
}

@test "what a server lost it is given again" {
	server_start redis
	things 1 5
	to_redis
	cli BGREWRITEAOF
	await 20 eval '[[ $(server_redis redis INFO persistence) == *aof_rewrite_in_progress:0* ]]'
	cp -r "$(server_here redis)/data" kept
	follow
	things 6 9
	await 20 has 9
	server_kill redis
	rm -rf "$(server_here redis)/data"
	mv kept "$(server_here redis)/data"
	server_restart redis
	await 20 has 9
	has_all 9
}

@test "killed at any moment, with the server or alone: each event once, in order" {
	local last=0 i
	server_start redis
	for ((i = 0; i < 25; i++)); do
		follow
		things $((last + 1)) $((last + 1 + RANDOM % 900)) &
		pause "0.0$((RANDOM % 10))"
		((i % 3)) || server_kill redis
		kill -9 "$PID"
		wait "$PID" 2>/dev/null || true
		((i % 3)) || server_restart redis
		wait %things 2>/dev/null || wait $!
		last=$(wc -l <made)
	done
	to_redis
	((last > 1000))
	diff <(mfx-events | jq -r 'select(.operation == "thing.create").name') \
	    <(named)
	(($(named | wc -l) == last))
}

@test "two writers at a time write each event once" {
	local i pids
	server_start redis
	follow -v
	pids=$PID
	follow -v
	pids+=" $PID"
	for ((i = 0; i < 20; i++)); do things $((i * 50 + 1)) $((i * 50 + 50)); done
	await 30 has 1000
	has_all 1000
	kill -TERM $pids
	wait $pids
	has 1000
}

@test "two writers with many transactions to write, and one that is killed before EXEC" {
	local i pids
	server_start redis
	things 1 9000
	for i in 1 2; do
		start mfx-events -v --redis "$(url)" --password-file password
		pids+=" $PID"
	done
	wait $pids
	has_all 9000
	# while the server is paused, entries of the second transaction wait
	# for the answer to the first
	things 9001 18000
	follow
	await 30 eval '(($(server_redis redis XLEN '$STREAM') > 9000))'
	server_pause redis
	kill -9 "$PID"
	wait "$PID" 2>/dev/null || true
	server_resume redis
	to_redis
	has_all 18000
}

@test "a stream trimmed by somebody else goes on, and --maxlen trims it" {
	server_start redis
	things 1 50
	to_redis
	cli XTRIM $STREAM MAXLEN 3
	things 51 52
	to_redis
	[[ $(named | xargs) == 't48 t49 t50 t51 t52' ]]
	cli XTRIM $STREAM MAXLEN 0
	things 53 53
	to_redis
	[[ $(named) == t53 ]]
	cli DEL $STREAM
	things 54 54
	to_redis
	[[ $(named) == t54 ]]
	things 55 2000
	to_redis --maxlen 500
	(($(cli XLEN $STREAM) < 1000))
	[[ $(named | tail -n 500) == $(seq 1501 2000 | sed s/^/t/) ]]
}

@test "a position that is not this registry's, or not valid, is refused" {
	server_start redis
	things 1 5
	to_redis
	cli SET "$POSITION" '3 1700000000'
	fails 78 'is not that of this registry'
	cli SET "$POSITION" '99 1700000000'
	fails 78 'is not that of this registry'
	for at in '' x 1x '1 x' '1 2 3' -1 99999999999999999999 "$(printf '%300s')"; do
		cli SET "$POSITION" "$at"
		fails 65 'is not a position of mfx-events'
	done
	cli DEL "$POSITION"
	cli HSET "$POSITION" a b
	fails 65 WRONGTYPE
	cli DEL "$POSITION" $STREAM
	cli SET $STREAM x
	fails 65 WRONGTYPE
	[[ $(cli GET $STREAM) == x && $(cli EXISTS "$POSITION") == 0 ]]
}

@test "a stream that takes no more entries is said, and nothing is lost" {
	server_start redis
	things 1 3
	to_redis
	cli XADD $STREAM 18446744073709551615-18446744073709551615 a b
	things 4 6
	fails 65 'did not take all entries: ERR The stream has exhausted'
	cli DEL $STREAM
	to_redis
	[[ $(named | xargs) == 't4 t5 t6' ]]
}

@test "a user without the right is told so" {
	server_start redis
	things 1 1
	port=$(server_port redis)
	echo wrong >wrong
	status 77 mfx-events --redis "redis://$SERVER_USER@127.0.0.1:$port" \
	    --password-file wrong 2>said
	grep -q WRONGPASS said
	refute grep -q wrong$ said
	status 77 mfx-events --redis "redis://127.0.0.1:$port" 2>said
	grep -q NOAUTH said
	cli ACL SETUSER some on '>secret' '~*' +@all -xadd
	status 77 mfx-events --redis "redis://some:secret@127.0.0.1:$port" 2>said
	grep -q NOPERM said
	refute grep -q secret said
	(($(cli EXISTS "$POSITION") == 0))
}

@test "a server that can't now is waited for" {
	server_start redis
	cli CONFIG SET maxmemory 1
	follow
	things 1 3
	await 20 grep -q 'OOM.*; trying again until it works' "$PID_ERR"
	cli CONFIG SET maxmemory 0
	await 20 has_all 3
	cli REPLICAOF 127.0.0.1 1
	things 4 6
	await 20 grep -q 'READONLY.*; trying again until it works' "$PID_ERR"
	cli REPLICAOF NO ONE
	await 20 has_all 6
	kill -TERM "$PID"
	wait "$PID"
}

@test "a paused server: --timeout, a signal, and on it goes" {
	server_start redis
	follow --timeout 1s
	things 1 2
	await 20 has 2
	server_pause redis
	things 3 4
	await 30 grep -q 'no answer within 1 s; trying again' "$PID_ERR"
	server_resume redis
	await 30 has 4
	has_all 4
	server_pause redis
	things 5 5
	await 20 sleeps "$PID"
	kill -TERM "$PID"
	wait "$PID"
	server_resume redis
	to_redis
	has_all 5
}

@test "a cluster that is not complete is waited for" {
	server_start redis
	echo 'cluster-enabled yes' >>"$(server_here redis)/redis.conf"
	server_restart redis
	things 1 1
	follow
	await 20 grep -q 'CLUSTERDOWN.*trying again' "$PID_ERR"
	cli CLUSTER ADDSLOTSRANGE 0 16383
	await 20 eval '[[ $(server_redis redis CLUSTER INFO) == *cluster_state:ok* ]]'
	# the stream and the position are on one server
	await 20 has 1
	kill -TERM "$PID"
	wait "$PID"
}

# fake PYTHON-BYTES: a server that answers with these, whatever it is asked
fake() {
	free_port FAKE
	start /usr/bin/python3 -c '
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
what = eval(sys.argv[2])
while True:
    c = s.accept()[0]
    try:
        while c.recv(65536): c.sendall(what)
    except OSError: pass
    c.close()' "$FAKE" "$1"
	await 20 eval "(: </dev/tcp/127.0.0.1/$FAKE)"
}

@test "another server of a cluster is named, and no answer is believed" {
	fake 'b"-MOVED 1 127.0.0.1:7001\r\n"'
	status 78 timeout 60 mfx-events --redis "redis://127.0.0.1:$FAKE" 2>said
	grep -q 'MOVED 1 127.0.0.1:7001' said
	local answer
	for answer in 'b"?\r\n"' 'b"*-5\r\n"' 'b"$-7\r\n"' 'b":x\r\n"' \
	    'b"*1\r\n" * 20' 'b"$2000000000\r\n" + b"x" * 5000000'; do
		fake "$answer"
		status 69 timeout 60 mfx-events \
		    --redis "redis://127.0.0.1:$FAKE" 2>said
		grep -q 'an answer that Redis does not give' said
	done
	# right in its form, and wrong
	fake 'b"+OK\r\n" * 3'
	status 69 timeout 60 mfx-events --redis "redis://127.0.0.1:$FAKE" 2>said
	fake 'b"+OK\r\n:0\r\n:0\r\n"'
	status 65 timeout 60 mfx-events --redis "redis://127.0.0.1:$FAKE" 2>said
	fake 'b"*1000000000\r\n:1\r\n"'
	start mfx-events --timeout 1s --redis "redis://127.0.0.1:$FAKE"
	await 20 grep -q 'no answer within 1 s' "$PID_ERR"
}

@test "TLS: the server's certificate, and ours" {
	local dir url
	server_start redis-tls
	dir=$(server_here redis-tls)
	things 1 2
	url=rediss://$SERVER_USER@localhost:$(server_port redis-tls)
	with="ca=$dir/ca.crt&cert=$dir/client.crt&key=$dir/client.key"
	export REDISCLI_AUTH=$SERVER_PASSWORD
	timeout 60 mfx-events --redis "$url?$with"
	[[ $(server_redis redis-tls XLEN $STREAM) == 2 ]]
	status 78 timeout 60 mfx-events --redis "$url?${with#*&}" 2>said
	grep -q 'certificate is refused' said
	# another name for the same host
	status 78 timeout 60 mfx-events --redis \
	    "${url/localhost/127.1}?$with" 2>said
	grep -q 'certificate is refused' said
	status 78 timeout 60 mfx-events --redis "$url?ca=$dir/ca.crt" 2>said
	grep -q 'certificate' said
	status 78 timeout 60 mfx-events --redis "$url?ca=missing" 2>said
	grep -q 'missing: no certificate' said
	# follows over TLS, too
	start mfx-events --follow --redis "$url?$with"
	things 3 5
	await 20 eval '[[ $(server_redis redis-tls XLEN $STREAM) == 5 ]]'
	kill -TERM "$PID"
	wait "$PID"
}

@test "what speaks another protocol is not Redis" {
	free_port port
	start python3 -m http.server --bind 127.0.0.1 "$port"
	await 20 eval "(: </dev/tcp/127.0.0.1/$port)"
	status 69 timeout 60 mfx-events --redis "redis://127.0.0.1:$port" 2>said
	grep -q 'an answer that Redis does not give' said
}

@test "a wrong URL or a wrong option is said, without its secrets" {
	local u
	for u in x http://localhost redis:// redis://h:0 redis://h:x redis://h/x \
	    redis://h:70000 'redis://h?ca=x' 'redis://h?x=y' unix://x \
	    'rediss://h?cert=x' 'redis://u:p%@h' 'redis://[::1' 'redis://h?db=1' \
	    'unix:///p?db=x' 'redis://u:hidden@' 'redis://u:hidden@h/y'; do
		status 64 mfx-events --redis "$u" 2>said
		grep -q -- '--redis: ' said
		refute grep -q hidden said
	done
	status 64 mfx-events --maxlen 5 2>said
	status 64 mfx-events --redis redis://h -n 5 2>said
	status 64 mfx-events --redis redis://h -o x 2>said
	status 64 mfx-events --redis redis://h --stream '' 2>said
}

# ---- the bus ----

# on_bus DESCRIPTION: what -o and mfx-pub do on $MFX_BUS
events_on_the_bus() {
	things 1 1000
	mfx-events -o events
	mfx-events -o events
	for _ in 1 2; do
		mfx-sub events/copy --no-follow |
			mfx-pub --ack events/copy copied
	done
	mfx-events | jq -c 'del(.seq)' >want
	mfx-sub events --no-follow | jq -c 'del(.seq)' | diff - want
	mfx-sub copied --no-follow | jq -c 'del(.seq)' | diff - want
	start mfx-events --follow -o events
	things 1001 1400
	kill -9 "$PID"
	wait "$PID" 2>/dev/null || true
	start mfx-events --follow -o events
	things 1401 1500
	await 60 eval '(($(mfx-sub events --no-follow | wc -l) == 1501))'
	mfx-sub events --no-follow | jq -c 'del(.seq)' |
	    diff - <(mfx-events | jq -c 'del(.seq)')
	kill -TERM "$PID"
	wait "$PID"
	mfx-events -o late --from end
	things 1501 1501
	mfx-events -o late --from end
	[[ $(mfx-sub late --no-follow | jq -r .name) == t1501 ]]
	mfx-bus verify | jq -e '.damage == 0' >/dev/null
}

@test "-o writes each event once to a bus that is a directory" {
	events_on_the_bus
}

@test "-o writes each event once to a bus in JetStream" {
	server_start nats
	export MFX_BUS
	MFX_BUS=$(server_url nats)
	events_on_the_bus
}

@test "-o and a log of the registry: the streams do not meet" {
	things 1 5
	mfx-registry start --name one >said
	mfx-events -o events
	things 6 6
	mfx-events -o events
	(($(mfx-sub events --no-follow | wc -l) == $(mfx-events | wc -l)))
	mfx-bus groups registry | jq -sr '.[].group' >groups
	refute grep -qx -e events -e mfx-events groups
	mfx-bus verify | jq -e '.damage == 0' >/dev/null
}

@test "-o of another registry is refused" {
	things 1 5
	mfx-events -o events
	export MFX_BUS=$MFX_HOME/bus
	MFX_HOME=$PWD/other
	echo correct horse | mfx-users create $MFX_USER --password-file -
	status 78 mfx-events -o events 2>said
	grep -q 'is not that of this registry' said
}

@test "the stream of the bootstrap service has its events, and no others" {
	local thing
	server_start redis
	thing=$(mfx-bootstrap add dev --name n --content <(printf c) |
		jq -r .thing_id)
	mfx-bootstrap state active "$thing"
	to_redis --stream mainflux.bootstrap
	to_redis
	cli --json XRANGE mainflux.bootstrap - + | jq -c '[.[][1] |
	    [range(0; length; 2) as $i | {(.[$i]): .[$i + 1]}] | add]' >got
	jq -e --arg id "$thing" '. == [
	    {operation: "config.create", thing_id: $id, name: "n",
	     owner: "ann@example.com", external_id: "dev", content: "c",
	     timestamp: .[0].timestamp},
	    {operation: "thing.state_change", thing_id: $id, state: "1",
	     timestamp: .[1].timestamp}]
	    and all(.[].timestamp | tonumber; . > 1700000000)' got
	has 1
}
