#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# mfx-write-cassandra, mfx-read-cassandra and mfx-prune-cassandra beside a real
# Apache Cassandra: what is peculiar to it; what all stores do alike is in
# conformance_cassandra.bats.
load setup
load tls
load servers

W="mfx-write-cassandra --replication 1"
R=mfx-read-cassandra
D=mfx-prune-cassandra

setup_file() {
	server_start cassandra
}

# a keyspace of the test
setup_suite_test() {
	K=t$BATS_TEST_NUMBER
	P=$(server_url cassandra)$K
}

# cql TEXT…: a client that is not ours
cql() {
	server_client cassandra cql "$@"
}

# what is stored is each of the numbers 1 to N, once
all_once() {
	$R "$P" | sed 's/.*"v":\([0-9]*\),.*/\1/' | sort -n >stored
	diff stored <(seq "$1") >wrong || { head -n 5 wrong >&2; return 1; }
}

@test "each kind of value comes back, and another client sees it" {
	cat >lines <<-'EOF2'
	{"channel":"c1","publisher":"p1","protocol":"http","subtopic":"a.b","n":"dev:t","u":"Cel","v":21.5,"t":1700000000.123456789}
	{"channel":"c1","publisher":"p1","n":"dev:big","v":9007199254740993,"t":1700000001}
	{"channel":"c1","publisher":"p1","n":"dev:long","v":0.12345678901234567890123,"t":1700000001.5}
	{"channel":"c1","publisher":"p1","n":"dev:s","vs":"a\tb'; drop table readings; $1 é","t":1700000002}
	{"channel":"c1","publisher":"p1","n":"dev:nul","vs":"x\u0000y","t":1700000003}
	{"channel":"c1","publisher":"p1","n":"dev:empty","vs":"","t":1700000003.5}
	{"channel":"c1","publisher":"p1","n":"dev:b","vb":false,"t":1700000004}
	{"channel":"c1","publisher":"p1","n":"dev:d","vd":"AP8","t":1700000005,"ct":"text/plain"}
	{"channel":"c1","publisher":"p1","n":"dev:sum","s":9007199254740993,"t":1700000006,"ut":30}
	{"channel":"c1","publisher":"p1","bver":26,"n":"dev:v","v":1,"t":1700000007}
	{"n":"no-channel","v":1,"t":1700000008}
	EOF2
	$W "$P" <lines
	$R "$P" >got
	diff lines got
	cql "SELECT time, name, unit, value, bool_value, data_value, exact_value,
	    value_sum, exact_sum, content_type, version FROM $K.readings
	    WHERE channel = 'c1' AND bucket = 19675" >got
	grep -qxF '1700000000123456789|dev:t|Cel|21.5|-|-|-|-|-|-|-' got
	grep -qxF '1700000001000000000|dev:big|-|9007199254740992.0|-|-|9007199254740993|-|-|-|-' got
	grep -qxF '1700000004000000000|dev:b|-|-|False|-|-|-|-|-|-' got
	grep -qxF "1700000005000000000|dev:d|-|-|-|b'\\x00\\xff'|-|-|-|text/plain|-" got
	grep -qxF '1700000006000000000|dev:sum|-|-|-|-|-|9007199254740992.0|9007199254740993|-|-' got
	grep -qxF '1700000007000000000|dev:v|-|1.0|-|-|-|-|-|-|26' got
}

@test "what another client writes is read" {
	lines 1 1 | $W "$P"
	cql "INSERT INTO $K.partitions (channel, part, bucket, ttl)
	    VALUES ('c9', 0, 19675, 0)" \
	    "INSERT INTO $K.readings (channel, bucket, time, id, name, value)
	    VALUES ('c9', 19675, 1700000009000000000, 0x01, 'x', 4.25)" \
	    "INSERT INTO $K.readings (channel, bucket, time, id, name,
	    string_value) VALUES ('c9', 19675, 1700000009000000001, 0x, 'y', 'on')"
	$R --channel c9 "$P" >got
	diff got - <<-'EOF2'
	{"channel":"c9","n":"x","v":4.25,"t":1700000009}
	{"channel":"c9","n":"y","vs":"on","t":1700000009.000000001}
	EOF2
	# a row without a value is not a reading of ours
	cql "INSERT INTO $K.readings (channel, bucket, time, id, name)
	    VALUES ('c9', 19675, 1700000010000000000, 0x02, 'x')"
	status 65 $R --channel c9 "$P" 2>err
	grep -q 'a row lacks its value' err
}

@test "a channel has a partition for each bucket of time; they are merged" {
	local i
	for i in 1 2 3 4; do
		printf '%s\n' "{\"channel\":\"c$((i % 2))\",\"n\":\"a\",\"v\":$i,\"t\":$((86400 * i))}" \
		    "{\"channel\":\"c$((i % 2))\",\"n\":\"a\",\"v\":-$i,\"t\":-$((86400 * i - 1))}"
	done | $W "$P"
	[[ $(cql "SELECT channel, bucket FROM $K.readings" | sort | xargs) == \
	    'c0|-2 c0|-4 c0|2 c0|4 c1|-1 c1|-3 c1|1 c1|3' ]]
	[[ $($R "$P" | sed 's/.*"v":\([-0-9]*\).*/\1/' | xargs) == \
	    '-4 -3 -2 -1 1 2 3 4' ]]
	[[ $($R --order desc --limit 3 "$P" | sed 's/.*"v":\([-0-9]*\).*/\1/' |
	    xargs) == '4 3 2' ]]
	[[ $($R --count --from 1970-01-02 --to 1970-01-04 "$P") == 2 ]]
	# the length of a bucket stays what it was
	status 78 $W --bucket 1h "$P" </dev/null 2>err
	grep -q 'another --bucket' err
	lines 1 1 | $W --bucket 1d "$P"
	P=${P}h
	lines 1 3 | $W --bucket 1h "$P"
	[[ $(cql "SELECT DISTINCT bucket, channel FROM ${K}h.readings" |
	    cut -d '|' -f 1 | sort -u) == 472222 ]]
	[[ $($R --count "$P") == 3 ]]
}

@test "more channels than are merged at once, newest and oldest first" {
	awk 'BEGIN { for (i = 0; i < 3000; i++)
	    printf "{\"channel\":\"c%d\",\"n\":\"t\",\"v\":%d,\"t\":%d}\n",
	        i * 7 % 300, i, 1700000000 + int(i / 3) }' >lines
	$W "$P" <lines
	$R "$P" >got
	diff <(sort lines) <(sort got)
	sed 's/.*"t":\([0-9]*\)}/\1/' got >times
	sort -nc times
	$R --order desc "$P" >back
	diff got <(tac back)
	$R --order desc --limit 20 --offset 5 "$P" >some
	diff some <(head -n 25 back | tail -n 20)
}

@test "pages of large rows are small" {
	awk 'BEGIN { s = "x"; while (length(s) < 200000) s = s s
	    for (i = 0; i < 270; i++) printf "{\"channel\":\"c\",\"n\":\"t\"," \
	        "\"vs\":\"%s%d\",\"t\":%d}\n", s, i, 1700000000 + i }' >lines
	# small ones first, so that large pages are asked for
	lines 1 3000 | sed 's/"c[0-2]"/"c"/; s/"t":17/"t":16/' | tee small | $W "$P"
	$W "$P" <lines
	$R "$P" >got
	diff -q got <(cat small lines | sed 's/"seq":[0-9]*,//')
}

stored() {
	cat "$MFX_HOME/bus/raw/groups/store" 2>/dev/null || echo 0
}

@test "a server that is away is waited for, and SIGTERM ends that with 75" {
	local port
	free_port port
	mkfifo in
	$W "cassandra://mfx@127.0.0.1:$port/x" <in 2>err 3>&- &
	PIDS+=($!)
	exec 5>in
	await 10 grep -q 'trying again until it works' err
	kill "${PIDS[-1]}"
	status 75 wait "${PIDS[-1]}"
	[[ $(wc -l <err) -le 2 ]]
	status 69 $R "cassandra://mfx@127.0.0.1:$port/x"
	# of several, one is enough
	lines 1 3 | $W "${P/@/@127.0.0.1:$port,}"
	[[ $($R -c "${P/@/@127.0.0.1:$port,}") == 3 ]]
}

@test "a server that stalls is given up after --timeout, and writing goes on" {
	lines 1 10 | $W "$P"
	mkfifo in
	(
		$W --timeout 3 --every 10ms --ack raw/store "$P" <in 2>err
		touch ended
	) 3>&- &
	PIDS+=($!)
	exec 5>in
	lines 11 20 >&5
	await 20 eval '[[ $(stored) == 20 ]]'
	server_pause cassandra
	lines 21 30 >&5
	await 20 grep -q 'trying again until it works' err ||
		{ server_resume cassandra; false; }
	status 69 $R --timeout 1 "$P" || { server_resume cassandra; false; }
	server_resume cassandra
	exec 5>&-
	await 60 test -e ended
	all_once 30
}

@test "a reading that the server refuses is set aside with the reason" {
	lines 1 1 | $W "$P"
	cql "CREATE INDEX i ON $K.readings (string_value)"
	{
		lines 1 30
		awk 'BEGIN { printf "{\"channel\":\"c1\",\"seq\":31,\"n\":\"t\",\"vs\":\""
		    for (i = 0; i < 900; i++) printf "%0100d", 0
		    printf "\",\"t\":1700000001}\n" }'
		lines 32 40
	} | status 65 $W --ack raw/store --rejects bad "$P" 2>err
	[[ $($R -c "$P") == 40 && $(wc -l <bad) == 1 ]]
	grep -q '"vs":"000' bad
	grep -q 'Cannot index value of size' err
	[[ $(stored) == 40 ]]
	# but not when it is the tables that are wrong
	mkfifo in
	start_ready_on in $W --every 10ms --ack raw/store --rejects bad "$P"
	cql "ALTER TABLE $K.readings DROP unit"
	lines 44 45 >&5
	status 78 wait "$PID"
	[[ $(stored) == 40 && $(wc -l <bad) == 1 ]]
}

@test "with --ttl readings are gone after it, and others are not" {
	lines 1 10 | $W "$P"
	lines 11 20 | $W --ttl 2s "$P"
	[[ $(cql "SELECT ttl(value) FROM $K.readings WHERE channel = 'c1'
	    AND bucket = 19675 AND time = 1700000001000000000") == - ]]
	await 20 eval '[[ $($R -c "$P") == 10 ]]'
	all_once 10
	# partitions that only --ttl has used are forgotten later
	[[ $(cql "SELECT ttl FROM $K.partitions WHERE channel = 'c1' AND part = 0" |
	    xargs) == '0 2' ]]
}

@test "how many copies a new keyspace has is asked, not guessed" {
	W=mfx-write-cassandra
	status 78 $W "$P" </dev/null 2>err
	grep -q -- '--replication 3' err
	for n in 0 -1 x 3,4 dc1 dc1: :3 dc1:0 "dc1:3'" "a'b:3" dc1:3, dc1:3,x 101 \
	    dc1:3:4; do
		status 64 $W --replication="$n" "$P" </dev/null 2>err ||
			{ echo "$n"; false; }
		grep -q -- '--replication' err
	done
	status 66 $R "$P"
	$W --replication datacenter1:1 "$P" </dev/null
	[[ $(cql "SELECT replication FROM system_schema.keyspaces
	    WHERE keyspace_name = '$K'") == *"'datacenter1': '1'"* ]]
	# from now on it is of no account
	lines 1 3 | $W "$P"
	[[ $($R -c "$P") == 3 ]]
}

@test "too few replicas for the consistency: waited for, or said" {
	lines 1 3 | mfx-write-cassandra --replication 1 "$P"
	cql "ALTER KEYSPACE $K WITH replication =
	    {'class': 'NetworkTopologyStrategy', 'datacenter1': 3}"
	status 75 $R "$P" 2>err
	grep -qi 'LOCAL_QUORUM' err
	[[ $($R --consistency one -c "$P") == 3 ]]
	[[ $($R -c "$P?consistency=local_one") == 3 ]]
	(
		lines 4 6 | $W --ack raw/store "$P" 2>err
		touch ended
	) 3>&- &
	PIDS+=($!)
	await 20 grep -q 'trying again until it works' err
	cql "ALTER KEYSPACE $K WITH replication =
	    {'class': 'NetworkTopologyStrategy', 'datacenter1': 1}"
	await 30 test -e ended
	[[ $($R -c "$P") == 6 ]]
}

@test "a password is in no message and no list of processes" {
	echo "$SERVER_PASSWORD" >password
	local open
	open=${P/:$SERVER_PASSWORD/}
	lines 1 3 | $W --password-file password "$open"
	[[ $($R --password-file password -c "$open") == 3 ]]
	[[ $(CASSANDRA_PASSWORD=$SERVER_PASSWORD $R -c "$open") == 3 ]]
	[[ $(MFX_STORE=$P $R -c) == 3 ]]
	[[ $($R --username mfx --password-file password -c "${open/mfx@/}") == 3 ]]
	[[ $($R -c "${P/:$SERVER_PASSWORD/:%62${SERVER_PASSWORD#b}}") == 3 ]]
	echo wrong >password
	status 77 $R --password-file password "$open" 2>err
	status 77 $R "$open" 2>>err
	status 77 $W "${P/$SERVER_PASSWORD/sea-secret}" </dev/null 2>>err
	status 69 $R "cassandra://x:sea-secret@127.0.0.1:1/x" 2>>err
	status 1 grep -e sea-secret -e "$SERVER_PASSWORD" err
	for n in "x:sea-secret@h/k" "http://x:sea-secret@h/k" \
	    "cassandra://x:sea-secret@h" "cassandra://x:sea-secret@h/" \
	    "cassandra://x:sea-secret@h/a-b" 'cassandra://x:sea-secret@h/a"b' \
	    "cassandra://x:sea-secret@/k" "cassandra://x:sea-%zz@h/k" \
	    "cassandra://x:sea-secret@h/k?no=1" "cassandra://x:sea-secret@h/k?tls=1"; do
		status 64 $R "$n" 2>err || { echo "$n"; false; }
		status 1 grep -e sea- err
	done
}

@test "what is wrong is said, with the status for it" {
	local port
	status 66 $R "$P" 2>err
	grep -q 'nothing was stored in this keyspace' err
	# a table of somebody else
	cql "CREATE KEYSPACE $K WITH replication =
	    {'class': 'SimpleStrategy', 'replication_factor': 1}" \
	    "CREATE TABLE $K.readings (channel text PRIMARY KEY, time text)"
	status 78 $W "$P" </dev/null 2>err
	status 78 $R "$P" 2>>err
	[[ $(grep -c "the table 'readings' is not one of mfx" err) == 2 ]]
	cql "DROP TABLE $K.readings"
	lines 1 1 | $W "$P"
	cql "UPDATE $K.mfx_store SET version = 99 WHERE id = 1"
	status 78 $R "$P" 2>err
	status 78 $W "$P" </dev/null 2>>err
	status 78 $D --keep-age 1d "$P" 2>>err
	[[ $(grep -c 'another version of mfx' err) == 3 ]]
	cql "UPDATE $K.mfx_store SET version = 1 WHERE id = 1"
	# a user who may only read
	/usr/bin/python3 "$ROOT/tests/servers.py" \
	    "cassandra://cassandra:cassandra@127.0.0.1:$(server_port \
	    cassandra)/" '' cql "CREATE ROLE IF NOT EXISTS r$K WITH LOGIN = true
	    AND PASSWORD = 'eye'" "GRANT SELECT ON KEYSPACE $K TO r$K"
	[[ $($R -c "${P/mfx:$SERVER_PASSWORD/r$K:eye}") == 1 ]]
	lines 2 2 | status 77 $W "${P/mfx:$SERVER_PASSWORD/r$K:eye}" 2>err
	grep -q 'has no MODIFY permission' err
	# something that is not Cassandra
	free_port port
	start python3 -c 'import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    c = s.accept()[0]
    c.recv(99)
    c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    c.close()' "$port"
	await 10 eval "(: </dev/tcp/127.0.0.1/$port)"
	status 78 $R "cassandra://127.0.0.1:$port/x" 2>err
	grep -q 'not an answer of CQL' err
}

@test "TLS: the authority of the server, and no other" {
	server_start cassandra-tls
	P=$(server_url cassandra-tls)
	P=${P/\/\?/\/$K?}
	lines 1 4 | $W --cacert "$(server_ca cassandra-tls)" "$P"
	[[ $($R -c "$P&cacert=$(server_ca cassandra-tls)") == 4 ]]
	authority other
	status 78 $R --cacert other.crt "$P" 2>err
	grep -qi 'certificate' err
	status 78 $W --cacert other.crt "$P" </dev/null
	status 64 $R --cert other.crt "$P"
	# without TLS where there is nothing else, and the other way round
	status 69 $R "${P%\?*}" 2>err
	grep -q '; if it speaks TLS, the URL wants ?tls=true$' err
	status 78 $R "$(server_url cassandra)$K?tls=true" 2>err
	grep -q 'the server does not speak it here$' err
	server_stop cassandra-tls
}

@test "prune drops partitions as a whole, and their names" {
	local now
	now=$(date +%s)
	awk -v now="$now" 'BEGIN { for (i = 0; i < 200; i++)
	    printf "{\"channel\":\"c\",\"n\":\"t\",\"v\":%d,\"t\":%d}\n", i,
	        now - i * 7200 }' | $W "$P"
	[[ $($D --keep-age 241h "$P") == '{"readings":79}' ]]
	[[ $($D --keep-age 241h "$P") == '{"readings":0}' ]]
	$R "$P" | sed 's/.*"t":\([0-9]*\)}/\1/' >times
	[[ $(wc -l <times) == 121 ]]
	[[ $(cql "SELECT count(*) FROM $K.readings") == 121 ]]
	diff <(cql "SELECT bucket FROM $K.partitions WHERE channel = 'c'
	    AND part = 0") <(awk '{ print int($1 / 86400) }' times | uniq)
}

@test "copied from SQLite, and back" {
	$ROOT/tests/stores/model.py lines 5 500 >lines
	mfx-write-sqlite a.db <lines
	mfx-read-sqlite a.db | $W "$P"
	$R "$P" | mfx-write-sqlite b.db
	diff <(mfx-read-sqlite a.db | sort) <(mfx-read-sqlite b.db | sort)
}
