#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# lib/cql, by a program that does nothing but talk (tests/cql/talk.c), with
# Apache Cassandra, and with servers that are not what they should be
# (tests/cql_fake.py).
load setup
load tls
load servers

setup_file() {
	export TALK=$ROOT/${BUILD:-build}/cql/talk
	${MAKE:-make} -s -C "$ROOT" "${TALK#"$ROOT/"}"
	server_start cassandra
	make_table
}

# talk …: to the server, or to $SERVER
talk() {
	timeout 120 "$TALK" "127.0.0.1:$(server_port "${SERVER:-cassandra}")" \
	    user="$SERVER_USER" password="$SERVER_PASSWORD" "$@"
}

# make_table: the keyspace and the table of talk
make_table() {
	talk run "CREATE KEYSPACE IF NOT EXISTS t WITH replication =
	    {'class': 'SimpleStrategy', 'replication_factor': 1}" \
	    'CREATE TABLE t.t (k bigint, c bigint, v text, PRIMARY KEY (k, c))'
}

# talking …: the same in the background, with its stdin as fd 5 and its stdout
# as fd 6
talking() {
	mkfifo in out
	"$TALK" "127.0.0.1:$(server_port "${SERVER:-cassandra}")" \
	    user="$SERVER_USER" password="$SERVER_PASSWORD" "$@" <in >out 3>&- &
	PID=$!
	PIDS+=("$PID")
	exec 5>in 6<out
}

# hear REGEX: the next line that it says is such a one
hear() {
	local line
	read -rt 60 -u 6 line
	[[ $line =~ ^$1$ ]] || { echo "heard '$line', not '$1'"; return 1; }
}

# says REGEX: once more, and hears it
says() {
	echo >&5
	hear "$@"
}

# fake WHAT [ARGUMENT…] -- TALK…: what is said of one EXECUTE
fake() {
	local what=("$1")
	shift
	while (($#)) && [[ $1 != -- ]]; do
		what+=("$1")
		shift
	done
	free_port FAKE
	start python3 "$ROOT/tests/cql_fake.py" "$FAKE" "${what[@]}"
	ASKED=$PID_OUT
	await 20 eval "(: </dev/tcp/127.0.0.1/$FAKE)"
	echo | timeout 120 "$TALK" "localhost:$FAKE" user=u password=p \
	    seconds=20 "${@:2}" execute 'SELECT' >said || true
	kill -9 "$PID"
}

# error NAME STATUS TEXT: what was said ends with such an error
error() {
	tail -n 1 said | grep -qE "^error $1 $2 (localhost:[0-9]+|Cassandra): .*$3" ||
		{ cat said; return 1; }
}

# ---- a real one ----

@test "versions 5 and 4 are spoken" {
	[[ $(talk version) == 'version 5' ]]
	[[ $(talk version=4 version) == 'version 4' ]]
}

@test "every kind of value comes back" {
	talk run 'CREATE TABLE t.values (a bigint PRIMARY KEY, b int,
	    c smallint, d tinyint, e boolean, f double, g text, h text, i text,
	    j list<text>)'
	cat >expected <<-EOF
	-9223372036854775808 -2 -3 -4 1
	-0.10000000000000001 é null unset
	element 'one'
	element ''
	element 'three'
	types 2 9 13 32
	EOF
	for version in 4 5; do
		talk version=$version values >got
		diff expected got
	done
}

@test "tokens are the server's" {
	talk run 'CREATE TABLE t.keys (k blob PRIMARY KEY)'
	talk keys 2000
	[[ $(talk tokens) =~ ^same\ [0-9]{4}\ other\ 0$ ]]
}

@test "2,000 in flight on one connection, and 100,000 rows in pages" {
	talk run 'TRUNCATE t.t'
	talk window=2000 fill 100000 2000 >filled
	grep -x 'in flight 2000' filled
	grep -x 'OK 100000' filled
	[[ $(talk page 1000 'SELECT c, v FROM t.t') == \
	    'rows 100000 sum 4999950000 pages '* ]]
	[[ $(talk version=4 page 5000 'SELECT c, v FROM t.t') == \
	    'rows 100000 sum 4999950000 pages '* ]]
	# more than a connection has room for
	[[ $(talk window=10 fill 2000 500) == *'OK 2000' ]]
}

@test "requests and answers larger than a segment" {
	local size
	for size in 131000 131071 400000 3000000; do
		[[ $(talk large $size) == same ]]
		[[ $(talk version=4 large $size) == same ]]
	done
}

@test "errors of the server are told apart" {
	status 1 talk run 'SELEC' >said
	grep '^error INVALID 65 ' said
	status 1 talk run 'SELECT * FROM nowhere.t' >said
	grep '^error INVALID 65 .*nowhere' said
	status 1 talk run 'CREATE TABLE t.t (a int PRIMARY KEY)' >said
	grep '^error EXISTS 65 ' said
	status 1 talk large 9000000 >said
	grep '^error INVALID 65 .*size' said
	status 1 talk run "CREATE ROLE other WITH PASSWORD = 'x'" >said
	grep '^error DENIED 77 ' said
	[[ $(talk misuse 'SELECT * FROM t.t WHERE k = ?' |
		grep -c '^error INVALID 65 .*values') == 2 ]]
}

@test "a wrong password, and none" {
	local SERVER_PASSWORD=of-a-stranger
	status 1 talk version >said
	grep '^error CREDENTIALS 77 ' said
	refute grep "$SERVER_PASSWORD" said
	status 1 "$TALK" "127.0.0.1:$(server_port cassandra)" version >said
	grep '^error CREDENTIALS 77 ' said
}

@test "of several hosts, one answers" {
	free_port nobody
	[[ $("$TALK" "127.0.0.1:$nobody,localhost:$(server_port cassandra)" \
	    user="$SERVER_USER" password="$SERVER_PASSWORD" version) == \
	    'version 5' ]]
	status 1 "$TALK" "127.0.0.1:$nobody,[::1]:$nobody" version >said
	grep '^error AWAY 69 .*refused' said
	for bad in '' ',' 'x:' 'x:0' 'x:65536' '[::1' 'x,,y'; do
		status 1 "$TALK" "$bad" version >said
		grep '^error CONFIG 64 .*HOST:PORT' said
	done
	status 1 "$TALK" "no.such.host.invalid" version >said
	grep '^error AWAY 69 no.such.host.invalid:9042: ' said
}

@test "a statement that the server has forgotten is prepared again" {
	talk run 'CREATE TABLE t.changing (a text PRIMARY KEY, b text)' \
	    "INSERT INTO t.changing (a, b) VALUES ('x', 'y')"
	talking execute 'SELECT * FROM t.changing WHERE a = ?' x
	hear prepared
	says 'ok 2 columns'
	hear 'x y'
	talk run 'ALTER TABLE t.changing ADD c text' \
	    "UPDATE t.changing SET c = 'z' WHERE a = 'x'"
	says 'ok 3 columns'
	hear 'x y z'
	talk run 'DROP TABLE t.changing'
	says 'error INVALID 65 .*'
	talk run 'CREATE TABLE t.changing (a text PRIMARY KEY)' \
	    "INSERT INTO t.changing (a) VALUES ('x')"
	says 'ok 1 columns'
	hear x
}

@test "a statement that is forgotten with thousands of requests about" {
	talk run 'TRUNCATE t.t'
	talking window=500 seconds=60 fill 60000 3000
	hear prepared
	hear 'in flight 3000'
	talk run 'ALTER TABLE t.t ADD more text'
	talk run 'ALTER TABLE t.t DROP more'
	hear 'OK 60000'
	has_rows 60000
}

# how many rows t.t has
rows() {
	local line
	line=$(talk page 5000 'SELECT c, v FROM t.t') && line=${line#rows } &&
		echo "${line%% *}"
}

# has at least so many
has_rows() {
	(($(rows) >= $1))
}

@test "a server that is paused is given up, and taken up again" {
	talk run "INSERT INTO t.t (k, c, v) VALUES (-8, 1, 'kept')"
	talking seconds=5 execute 'SELECT v FROM t.t WHERE k = -8'
	hear prepared
	says 'ok 1 columns'
	hear kept
	server_pause cassandra
	says 'error LOST 69 .*no answer within 5 s'
	server_resume cassandra
	await 60 says 'ok 1 columns'
	hear kept
}

@test "a program that waits for a paused server can be stopped" {
	talking seconds=600 execute 'SELECT v FROM t.t WHERE k = -8'
	hear prepared
	server_pause cassandra
	echo >&5
	kill -USR1 "$PID"
	hear 'error STOPPED 75 .*'
	server_resume cassandra
}

@test "TLS: the right authority, a wrong one, and none" {
	local at
	server_start cassandra-tls
	at=$(server_port cassandra-tls)
	set -- user="$SERVER_USER" password="$SERVER_PASSWORD" tls=yes
	[[ $("$TALK" "127.0.0.1:$at" "$@" cacert="$(server_ca cassandra-tls)" \
	    version) == 'version 5' ]]
	[[ $("$TALK" "localhost:$at" "$@" cacert="$(server_ca cassandra-tls)" \
	    version=4 version) == 'version 4' ]]
	"$TALK" "localhost:$at" "$@" cacert="$(server_ca cassandra-tls)" run \
	    "CREATE KEYSPACE t WITH replication =
	    {'class': 'SimpleStrategy', 'replication_factor': 1}" \
	    'CREATE TABLE t.t (k bigint, c bigint, v text, PRIMARY KEY (k, c))'
	[[ $("$TALK" "localhost:$at" "$@" cacert="$(server_ca cassandra-tls)" \
	    large 3000000) == same ]]
	"$TALK" "localhost:$at" "$@" cacert="$(server_ca cassandra-tls)" \
	    fill 5000 1000 | grep -x 'OK 5000'
	authority other
	status 1 "$TALK" "127.0.0.1:$at" "$@" cacert=other.crt version >said
	grep '^error CONFIG 78 .*certificate' said
	status 1 "$TALK" "127.0.0.1:$at" "$@" version >said
	grep '^error CONFIG 78 .*certificate' said
	[[ $("$TALK" "127.0.0.1:$at" "$@" insecure=yes version) == \
	    'version 5' ]]
	status 1 "$TALK" "127.0.0.1:$at" "$@" cacert=no-such-file version >said
	grep '^error CONFIG 78 no-such-file' said ||
		grep '^error CONFIG 78 .*no-such-file' said
	# plain to one that wants TLS, and TLS to one that has none
	status 1 "$TALK" "127.0.0.1:$at" "${@:1:2}" seconds=2 version >said
	grep -E '^error (AWAY 69|PROTOCOL 76) ' said
	status 1 talk tls=yes version >said
	grep -E '^error (CONFIG 78|AWAY 69) .*TLS' said
}

# ---- not a real one ----

@test "TLS: a certificate of another host, and one of ours" {
	authority ca
	certificate server ca /CN=localhost DNS:localhost serverAuth
	certificate elsewhere ca /CN=elsewhere DNS:elsewhere.example serverAuth
	certificate client ca /CN=client ''
	fake execute_right server.crt server.key -- tls=yes cacert=ca.crt
	grep -x yes said
	fake execute_right elsewhere.crt elsewhere.key -- tls=yes cacert=ca.crt
	error CONFIG 78 'certificate is refused: hostname mismatch'
	fake execute_right server.crt server.key ca.crt -- tls=yes cacert=ca.crt
	error CONFIG 78 'certificate required'
	fake execute_right server.crt server.key ca.crt -- tls=yes \
	    cacert=ca.crt cert=client.crt key=client.key
	grep -x yes said
}

@test "a server without version 5 is spoken to in 4, unless 5 is asked for" {
	fake first_only_4 --
	grep -x yes said
	grep -x 'STARTUP 4' "$ASKED"
	fake first_beta --
	grep -x yes said
	grep -x 'STARTUP 4' "$ASKED"
	fake first_only_4 -- version=5
	error PROTOCOL 76 'unsupported protocol version .5.'
	fake first_beta -- version=5
	error PROTOCOL 76 'does not have version 5'
	fake first_only_3 --
	error PROTOCOL 76 'unsupported protocol version .4.'
}

@test "a server that says nothing, or not what it should, at the start" {
	fake first_silence -- seconds=1
	error AWAY 69 'no answer within 1 s'
	fake first_half -- seconds=1
	error AWAY 69 'no answer within 1 s'
	fake first_close --
	error AWAY 69 'closed the connection'
	fake first_cut --
	error AWAY 69 'closed the connection'
	fake first_garbage --
	error PROTOCOL 76 'not an answer of CQL'
	fake first_length --
	error TOO_LARGE 65 'more than 64 MiB'
	fake first_large --
	error TOO_LARGE 65 'more than 64 MiB'
	fake first_version --
	error PROTOCOL 76 'in version 3, not 5'
	fake first_opcode --
	error PROTOCOL 76 'to nothing'
	fake first_challenge --
	error CREDENTIALS 77 'more than a user and a password'
}

@test "answers that lie about their lengths" {
	local version what
	for version in 4 5; do
		fake execute_right -- version=$version
		grep -x yes said
		for what in count negative columns kind empty compressed; do
			fake execute_$what -- version=$version
			error PROTOCOL 76 'not what was asked for|cut off'
		done
		for what in cut cell error_cut; do
			fake execute_$what -- version=$version
			error PROTOCOL 76 'cut off'
		done
	done
}

@test "half an answer, none, one to nothing, and a wrong checksum" {
	local version
	for version in 4 5; do
		fake execute_silence -- version=$version seconds=3
		error LOST 69 'no answer within 3 s'
		fake execute_close -- version=$version
		error LOST 69 'closed the connection'
		fake execute_stream -- version=$version
		error LOST 69 'stream id 7'
		fake execute_stream_negative -- version=$version
		error LOST 69 'stream id -5'
		fake execute_twice -- version=$version
		grep -x yes said
	done
	fake execute_half -- version=4
	error LOST 69 'closed the connection'
	fake execute_crc --
	error LOST 69 'checksum'
	fake execute_parts --
	error LOST 69 'self-contained'
}

@test "a server that is busy is asked again as often as it is said" {
	fake execute_busy --
	error OVERLOADED 75 'too busy'
	[[ $(grep -c EXECUTE "$ASKED") == 1 ]]
	fake execute_busy -- retries=3
	error OVERLOADED 75 'too busy'
	[[ $(grep -c EXECUTE "$ASKED") == 4 ]]
	fake execute_busy_once -- retries=3
	grep -x yes said
	[[ $(grep -c EXECUTE "$ASKED") == 2 ]]
	fake execute_close -- retries=2
	error LOST 69 ''
	[[ $(grep -c EXECUTE "$ASKED") == 3 ]]
	# what will not be otherwise is asked once
	fake execute_denied -- retries=3
	error DENIED 77 'MODIFY'
	[[ $(grep -c EXECUTE "$ASKED") == 1 ]]
	fake execute_unavailable --
	error UNAVAILABLE 75 'consistency'
	fake execute_timeout --
	error WRITE_TIMEOUT 75 'timed out'
}

@test "a server that forgets its statements for ever" {
	fake execute_unprepared --
	error SERVER 75 'what'
	(($(grep -c EXECUTE "$ASKED") < 20))
}

# asked N: the last N were asked of nodes that have them, and of both
asked() {
	tail -n "$1" ring >last
	! grep -q wrong last && grep -q '1 right' last &&
		grep -q '2 right' last && (($(wc -l <last) == $1))
}

@test "a request goes to the node that has its partition" {
	local port
	free_port port
	PYTHONUNBUFFERED=1 start /usr/bin/python3 "$ROOT/tests/cql_ring.py" \
	    "$port"
	ln -s "$PID_OUT" ring
	await 20 eval "(: </dev/tcp/127.0.0.2/$port)"
	start "$TALK" "127.0.0.1:$port" version=4 fill 100000000 8
	await 60 asked 500
}

# the last one: the server that it starts again ends with it
@test "a server that is killed: what was acknowledged is there, and a session outlives it" {
	local ok
	talk run 'TRUNCATE t.t'
	talking execute 'SELECT count(*), k FROM t.t WHERE k = 1'
	hear prepared
	says 'ok 2 columns'
	hear '.*'
	exec 7>&5 8<&6
	rm in out
	talking window=2000 fill 1000000 2000
	hear prepared
	hear 'in flight .*'
	await 60 has_rows 1000
	server_kill cassandra
	cat <&6 >said
	grep -E '^LOST [0-9]+$' said
	grep -E '^error LOST 69 ' said
	ok=$(sed -n 's/^OK //p' said)
	((ok > 0))
	exec 5>&7 6<&8
	says 'error (AWAY|LOST) 69 .*'
	says 'error AWAY 69 .*'
	server_restart cassandra
	await 60 says 'ok 2 columns'
	has_rows "$ok"
}
