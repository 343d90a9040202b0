#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# mfx-write-postgres and mfx-read-postgres beside a real PostgreSQL: what is
# peculiar to it; what all stores do alike is in conformance_postgres.bats.
load setup
load tls
load servers

W=mfx-write-postgres
R=mfx-read-postgres

setup_file() {
	server_start postgres
}

# an empty database for the test, and a client that is not ours
setup_suite_test() {
	server_postgres_needs
	P=$(server_url postgres | sed "s,/$SERVER_DATABASE\$,/t$BATS_TEST_NUMBER,")
	as_root -c "DROP DATABASE IF EXISTS t$BATS_TEST_NUMBER" \
	    -c "CREATE DATABASE t$BATS_TEST_NUMBER OWNER $SERVER_USER"
}

as_root() {
	$POSTGRES/psql -qAt -v ON_ERROR_STOP=1 "$@" \
	    "postgres://postgres:$SERVER_PASSWORD@127.0.0.1:$(server_port \
	    postgres)/postgres" 2>/dev/null
}

sql() {
	$POSTGRES/psql -qAt -v ON_ERROR_STOP=1 -c "$1" "$P"
}

@test "each kind of value comes back, and another client sees it" {
	cat >lines <<-'EOF2'
	{"channel":"c1","publisher":"p1","protocol":"http","subtopic":"a.b","n":"dev:t","u":"Cel","v":21.5,"t":1700000000.123456789}
	{"channel":"c1","publisher":"p1","n":"dev:big","v":9007199254740993,"t":1700000001}
	{"channel":"c1","publisher":"p1","n":"dev:s","vs":"a\tb'; drop table readings; $1 é","t":1700000002}
	{"channel":"c1","publisher":"p1","n":"dev:nul","vs":"x\u0000y","t":1700000003}
	{"channel":"c1","publisher":"p1","n":"dev:b","vb":false,"t":1700000004}
	{"channel":"c1","publisher":"p1","n":"dev:d","vd":"AP8","t":1700000005,"ct":"text/plain"}
	{"channel":"c1","publisher":"p1","n":"dev:sum","s":12.5,"t":1700000006,"ut":30}
	EOF2
	$W "$P" <lines
	$R "$P" >got
	diff lines got
	[[ $(sql "SELECT name, value, string_value, bool_value, data_value
	    FROM messages WHERE subtopic = 'a.b' OR name IN ('dev:b', 'dev:d')
	    ORDER BY time_ns") == 'dev:t|21.5|||
dev:b|||f|
dev:d||||\x00ff' ]]
	[[ $(sql "SELECT time_ns FROM messages WHERE unit = 'Cel'") == \
	    1700000000123456789 ]]
}

@test "what another client writes is read" {
	lines 1 1 | $W "$P"
	sql "INSERT INTO readings (series, time, nth, value)
	    SELECT id, 1700000009000000000, 7, 4.25 FROM series"
	$R --from 1700000009 "$P" >got
	grep -qx '{"channel":"c1","publisher":"p","n":"t","v":4.25,"t":1700000009}' got
}

stored() {
	sql 'SELECT count(*) FROM readings' 2>/dev/null || echo 0
}

@test "a server that is away is waited for, and SIGTERM ends that with 75" {
	local port
	free_port port
	mkfifo in
	$W "postgres://mfx@127.0.0.1:$port/x" <in 2>err 3>&- &
	PIDS+=($!)
	exec 5>in
	await 10 grep -q 'Connection refused; trying again until it works' err
	kill "${PIDS[-1]}"
	status 75 wait "${PIDS[-1]}"
	[[ $(grep -c refused err) -le 2 ]]
	status 69 $R "postgres://mfx@127.0.0.1:$port/x"
}

@test "a server that stalls is given up after --timeout" {
	lines 1 10 | $W "$P"
	server_pause postgres
	status 69 $R --timeout 1 "$P" 2>err || { server_resume postgres; false; }
	server_resume postgres
	grep -q 'no answer within 1 s' err
}

@test "a COMMIT that was not answered is asked for, not repeated" {
	# it takes longer than the writer waits, and succeeds
	lines 1 10 | $W --ack raw/store "$P"
	sql "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
	    AS 'BEGIN PERFORM pg_sleep(3); RETURN NULL; END'"
	sql 'CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON readings
	    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.value = 20)
	    EXECUTE FUNCTION slow()'
	lines 11 20 | $W --timeout 1 --ack raw/store "$P" 2>err
	grep -q 'no answer within 1 s; trying again' err
	grep -q 'the store takes readings again' err
	[[ $(sql 'SELECT count(*), count(DISTINCT value) FROM readings') == \
	    '20|20' ]]
	[[ $(sql 'SELECT seq FROM progress') == 20 ]]
	# and without a group, where no position would tell
	lines 20 20 | $W --timeout 1 "$P" 2>err
	grep -q 'no answer within 1 s; trying again' err
	[[ $(stored) == 21 ]]
}

@test "two writers of one group store nothing twice" {
	mkfifo in
	start_ready_on in $W --every 10ms --ack raw/store "$P"
	lines 1 10 >&5
	await 20 eval '(($(stored) == 10))'
	sql "UPDATE progress SET seq = 15"
	lines 11 20 >&5
	status 75 wait "$PID"
	grep -q "another writer stores 'raw/store'" err
	[[ $(stored) == 10 ]]
}

@test "a reading that the server refuses is set aside with the reason" {
	lines 1 1 | $W "$P"
	sql 'ALTER TABLE readings ADD CHECK (value <> 13 AND value <> 17)'
	lines 2 30 | status 65 $W --ack raw/store --rejects bad "$P" 2>err
	[[ $(stored) == 28 ]]
	[[ $(grep -c '"v":1[37]' bad) == 2 ]]
	grep -q 'violates check constraint' err
	# with it, the position has gone on
	[[ $(sql 'SELECT seq FROM progress') == 30 ]]
	# but not past one that can't be set aside
	lines 31 40 | sed 's/"v":[0-9]*/"v":13/' |
		status 74 $W --ack raw/store --rejects /dev/full "$P" 2>err
	[[ $(sql 'SELECT seq FROM progress') == 30 ]]
	lines 31 40 | sed 's/"v":[0-9]*/"v":13/' |
		status 65 $W --ack raw/store --rejects bad "$P" 2>err
	[[ $(sql 'SELECT seq FROM progress') == 40 && $(wc -l <bad) == 12 ]]
}

@test "a label that PostgreSQL can't hold is refused, the others are stored" {
	printf '%s\n' '{"n":"a","u":"x\u0000","v":1,"t":1}' \
	    '{"n":"b","v":2,"t":2}' | status 65 $W --rejects bad "$P" 2>err
	grep -q 'NUL' err
	[[ $(stored) == 1 && $(wc -l <bad) == 1 ]]
}

@test "each month has a partition, and what is far off shares one" {
	local now
	now=$(date +%s)
	printf '%s\n' "{\"n\":\"a\",\"v\":1,\"t\":$now}" \
	    "{\"n\":\"a\",\"v\":2,\"t\":$((now - 40 * 86400))}" \
	    '{"n":"a","v":3,"t":-5}' '{"n":"a","v":4,"t":9000000000}' |
		$W "$P"
	[[ $(sql "SELECT tableoid::regclass FROM readings ORDER BY value") == \
	    "readings_$(date -u -d @"$now" +%Y_%m)
readings_$(date -u -d @$((now - 40 * 86400)) +%Y_%m)
readings_other
readings_other" ]]
}

@test "without partitions, as with a hypertable, it stores all the same" {
	lines 1 1 | $W "$P"
	sql 'ALTER TABLE readings RENAME TO was; DROP TABLE was CASCADE;
	    CREATE TABLE readings (series uuid, time bigint, nth bigint,
	    value double precision, integer_value bigint, string_value text,
	    bool_value boolean, data_value bytea, sum double precision,
	    update_time double precision)'
	lines 2 5 | $W "$P"
	[[ $($R --count "$P") == 4 ]]
}

@test "a password is in no message and no list of processes" {
	echo "$SERVER_PASSWORD" >password
	local open
	open=${P/:$SERVER_PASSWORD/}
	lines 1 3 | $W --password-file password "$open"
	[[ $($R --password-file password -c "$open") == 3 ]]
	[[ $(PGPASSWORD=$SERVER_PASSWORD $R -c "$open") == 3 ]]
	[[ $(MFX_STORE=$P $R -c) == 3 ]]
	echo wrong >password
	status 77 $R --password-file password "$open" 2>err
	status 64 $R "postgres://x:sea-secret@h h/?no=1" 2>>err
	status 64 $R "x sea-secret" 2>>err
	status 69 $R "postgres://x:sea-secret@127.0.0.1:1/x" 2>>err
	status 1 grep -e sea-secret -e "$SERVER_PASSWORD" err
}

@test "what is wrong is said, with the status for it" {
	status 77 $R "${P/$SERVER_PASSWORD/other}" 2>err
	grep -q 'password authentication failed' err
	status 77 $R "${P/:$SERVER_PASSWORD/}" 2>err
	status 77 $W "${P/:$SERVER_PASSWORD/}" </dev/null 2>>err
	[[ $(grep -c 'asks for a password; give it with --password-file' err) == 2 ]]
	status 78 $R "${P%/*}/nothere" 2>err
	grep -q 'does not exist' err
	status 66 $R "$P" 2>err
	grep -q 'nothing was stored in this database' err
	# tables of somebody else
	sql 'CREATE TABLE series (x integer)'
	status 78 $W "$P" </dev/null 2>err
	grep -q 'already exists' err
	sql 'DROP TABLE series'
	lines 1 1 | $W "$P"
	sql 'UPDATE mfx_store SET version = 99'
	status 78 $R "$P" 2>err
	status 78 $W "$P" </dev/null 2>>err
	[[ $(grep -c 'another version of mfx' err) == 2 ]]
	sql 'UPDATE mfx_store SET version = 1'
	sql "CREATE ROLE r$BATS_TEST_NUMBER" 2>/dev/null || true
}

@test "a database that may only be read is waited for" {
	lines 1 1 | $W "$P"
	sql "ALTER DATABASE t$BATS_TEST_NUMBER
	    SET default_transaction_read_only = on"
	(
		lines 2 3 | $W --ack raw/store "$P" 2>err
		touch ended
	) 3>&- &
	PIDS+=($!)
	await 20 grep -q 'read-only transaction; trying again' err
	as_root -c "ALTER DATABASE t$BATS_TEST_NUMBER
	    SET default_transaction_read_only = off"
	await 60 test -e ended
	[[ $($R --count "$P") == 3 ]]
}

@test "a connection that ends while the position is asked is no end" {
	lines 1 1 | $W "$P"
	coproc LOCK { $POSTGRES/psql -qAtX "$P"; }
	PIDS+=("$LOCK_PID")
	echo "BEGIN; LOCK TABLE progress; SELECT 'held';" >&"${LOCK[1]}"
	read -rt 20 held <&"${LOCK[0]}"
	lines 2 3 >in
	(
		status 0 $W --ack raw/store "$P" <in 2>err
		touch ended
	) 3>&- &
	PIDS+=($!)
	await 20 waiting
	as_root -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE datname = 't$BATS_TEST_NUMBER' AND wait_event_type = 'Lock'"
	await 20 grep -q 'trying again' err
	echo "COMMIT;" >&"${LOCK[1]}"
	await 60 test -e ended
	[[ $($R --count "$P") == 3 ]]
}

# how many sessions wait for a lock
waiters() {
	sql "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = 't$BATS_TEST_NUMBER' AND wait_event_type = 'Lock'"
}

waiting() {
	[[ $(waiters) == 1 ]]
}

# how often the server has given up
timeouts() {
	grep -c 'canceling statement due to lock timeout' \
	    "$(server_here postgres)/log" || true
}

@test "a lock that is held for long is waited for, by one session at a time" {
	local before
	lines 1 1 | $W --ack raw/store "$P"
	before=$(timeouts)
	coproc LOCK { $POSTGRES/psql -qAtX "$P"; }
	PIDS+=("$LOCK_PID")
	echo "BEGIN; LOCK TABLE progress; SELECT 'held';" >&"${LOCK[1]}"
	read -rt 20 held <&"${LOCK[0]}"
	(
		status 0 $W --timeout 1 --ack raw/store "$P" < <(lines 2 3) 2>err
		touch ended
	) 3>&- &
	PIDS+=($!)
	await 60 eval '(($(timeouts) >= before + 3))'
	(($(waiters) <= 1))
	grep -q 'due to lock timeout; trying again' err
	echo "COMMIT;" >&"${LOCK[1]}"
	await 60 test -e ended
	[[ $($R --count "$P") == 3 ]]
}

# sessions that have begun a transaction and do nothing
idle() {
	[[ $(as_root -c "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = 't$BATS_TEST_NUMBER'
	    AND state = 'idle in transaction'") == "$1" ]]
}

sleeping() {
	[[ $(as_root -c "SELECT count(*) FROM pg_stat_activity
	    WHERE datname = 't$BATS_TEST_NUMBER'
	    AND wait_event = 'PgSleep'") == 1 ]]
}

@test "a writer that vanished in the midst of a transaction holds no lock for long" {
	local first
	lines 1 10 | $W --ack raw/store "$P"
	sql "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql
	    AS 'BEGIN PERFORM pg_sleep(3); RETURN NEW; END'"
	sql 'CREATE TRIGGER slow AFTER UPDATE ON progress FOR EACH ROW
	    WHEN (NEW.seq = 20) EXECUTE FUNCTION slow()'
	lines 11 20 >in
	$W --timeout 6 --ack raw/store "$P" <in 2>err 3>&- &
	first=$!
	PIDS+=($first)
	await 20 sleeping
	# its machine is gone, as far as the server can see
	kill -STOP $first
	await 20 idle 1
	lines 11 30 | $W --ack raw/store "$P"
	idle 0
	kill -CONT $first
	status 75 wait $first
	grep -q 'idle-in-transaction timeout' "$(server_here postgres)/log"
	grep -q 'trying again until it works' err
	grep -q "another writer stores 'raw/store'" err
	[[ $(sql 'SELECT count(*), count(DISTINCT value) FROM readings') == \
	    '30|30' ]]
}

@test "another encoding of the database is refused" {
	as_root -c "CREATE DATABASE latin OWNER $SERVER_USER ENCODING 'LATIN1'
	    LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
	status 78 $W "${P%/*}/latin" </dev/null 2>err
	grep -q 'has to be UTF8, and is LATIN1' err
}

@test "TLS: the authority of the server, and no other" {
	server_start postgres-tls
	P=$(server_url postgres-tls)
	lines 1 4 | PGSSLROOTCERT=$(server_ca postgres-tls) $W "$P"
	[[ $(PGSSLROOTCERT=$(server_ca postgres-tls) $R -c "$P") == 4 ]]
	authority other
	PGSSLROOTCERT=$PWD/other.crt status 78 $R "$P" 2>err
	grep -q 'certificate verify failed' err
	PGSSLROOTCERT=$PWD/other.crt status 78 $W "$P" </dev/null
	# from a server that has none
	status 78 $W "$(server_url postgres)?sslmode=require" </dev/null 2>err
	grep -q 'server does not support SSL' err
	server_stop postgres-tls
}

@test "an answer that nobody takes ends in the server, too" {
	lines 1 2000 | $W "$P"
	sql "CREATE FUNCTION slow(text) RETURNS boolean VOLATILE LANGUAGE sql
	    AS 'SELECT pg_sleep(0.2) IS NOT NULL'"
	sql 'ALTER TABLE series ENABLE ROW LEVEL SECURITY;
	    ALTER TABLE series FORCE ROW LEVEL SECURITY;
	    CREATE POLICY p ON series USING (slow(name))'
	sql 'ALTER TABLE readings ENABLE ROW LEVEL SECURITY;
	    ALTER TABLE readings FORCE ROW LEVEL SECURITY;
	    CREATE POLICY p ON readings USING (slow(value::text))'
	$R "$P" >got 2>err 3>&- &
	PIDS+=($!)
	await 20 eval '[[ $(active) == 1 ]]'
	kill "${PIDS[-1]}"
	status 75 wait "${PIDS[-1]}"
	await 20 eval '[[ $(active) == 0 ]]'
}

active() {
	as_root -c "SELECT count(*) FROM pg_stat_activity WHERE
	    datname = 't$BATS_TEST_NUMBER' AND state = 'active'"
}

@test "copied from SQLite, and back" {
	$ROOT/tests/stores/model.py lines 5 500 >lines
	mfx-write-sqlite a.db <lines
	mfx-read-sqlite a.db | $W "$P"
	$R "$P" | mfx-write-sqlite b.db
	diff <(mfx-read-sqlite a.db | sort) <(mfx-read-sqlite b.db | sort)
}
