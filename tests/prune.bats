#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-prune-*: what tests/stores/conformance does not ask of every store.
load setup
load tls
load servers

W=mfx-write-sqlite
R=mfx-read-sqlite

count() {
	sqlite3 m.db 'SELECT count(*) FROM readings'
}

# aged N AGE NAME: N readings of so many seconds ago
aged() {
	awk -v n="$1" -v t="$(($(date +%s) - $2))" -v name="$3" 'BEGIN {
		for (i = 1; i <= n; i++)
			printf "{\"channel\":\"%s\",\"n\":\"%s\",\"v\":%d,\"t\":%d}\n",
			    name, name, i, t
	}'
}

@test "prune: what nothing uses any more goes along, and nothing else" {
	local long both
	long=$(printf 'urn:dev:%0200d' 7) both=$(printf 'urn:dev:%0128d' 7)
	# of one time, more than go at once; a name in pieces that another begins
	# with; a channel that is kept, with the same name
	{
		aged 350 90000 many
		aged 2 90000 "$long"
		aged 2 90000 "$both"
		aged 3 60 "${both}x"
		aged 2 90000 old
		aged 2 60 old | sed 's/"channel":"old"/"channel":"new"/'
	} | $W m.db
	[[ $(mfx-prune-sqlite --keep-age 1d m.db) == '{"readings":356}' ]]
	[[ $(count) == 5 ]]
	[[ $(sqlite3 m.db 'PRAGMA integrity_check') == ok ]]
	[[ $(sqlite3 m.db 'SELECT channel FROM routes ORDER BY 1') == \
	    $'new\n'"${both}x" ]]
	[[ $($R m.db | jq -r .n | sort -u) == $'old\n'"${both}x" ]]
	# two pieces and a rest, `old`, and the empty one
	(($(sqlite3 m.db 'SELECT count(*) FROM texts') == 5))
	aged 5 60 many | $W m.db
	[[ $(count) == 10 ]]
}

@test "prune: a writer that knew the series makes them again" {
	mkfifo in
	start_ready_on in $W --every 10ms m.db
	aged 3 90000 a >&5
	await 10 eval '[[ $(count) == 3 ]]'
	[[ $(mfx-prune-sqlite --keep-age 1d m.db) == '{"readings":3}' ]]
	[[ $(sqlite3 m.db 'SELECT count(*) FROM series_keys, routes') == 0 ]]
	aged 2 60 a >&5
	await 10 eval '[[ $(count) == 2 ]]'
	kill "$PID"
	status 0 wait "$PID"
	[[ $($R m.db | jq -r '.channel + .n' | sort -u) == aa ]]
}

@test "prune: free pages are used again, or given back to the disk" {
	local full pruned
	aged 30000 90000 a | $W m.db
	full=$(stat -c %s m.db)
	mfx-prune-sqlite --keep-age 1d m.db
	[[ $(stat -c %s m.db) == "$full" ]]
	aged 30000 90000 a | $W m.db
	(($(stat -c %s m.db) < full + full / 10))
	sqlite3 m.db 'PRAGMA auto_vacuum = INCREMENTAL; VACUUM'
	mfx-prune-sqlite --keep-age 1d m.db
	(($(stat -c %s m.db) < full / 5))
	[[ $(sqlite3 m.db 'PRAGMA integrity_check') == ok ]]
}

@test "prune: SIGTERM ends it between two transactions, and it says how much" {
	local n=0 tries got
	# so many series are some transactions, however fast they are
	seq 6000 | awk -v t="$(($(date +%s) - 90000))" '{
		printf "{\"channel\":\"a\",\"n\":\"%d\",\"v\":1,\"t\":%d}\n", $1, t
	}' | $W full.db
	for tries in {1..200}; do
		rm -f m.db*
		cp full.db m.db
		got=0
		timeout --preserve-status "0.0$((RANDOM % 9 + 1))" \
		    mfx-prune-sqlite --keep-age 1d m.db >out 2>err || got=$?
		((got == 75)) || continue
		n=$(jq .readings out)
		# before the first, or when only names were left to remove
		((${n:=0} > 0 && n < 6000)) || continue
		(($(count) == 6000 - n))
		grep -q "asked to stop before the end: $n readings" err
		break
	done
	((n > 0 && n < 6000))
	[[ $(mfx-prune-sqlite --keep-age 1d m.db | jq .readings) == \
	    $((6000 - n)) ]]
}

@test "prune: another's file, a locked one, a wrong age" {
	sqlite3 other.db 'CREATE TABLE t (x)'
	status 78 mfx-prune-sqlite --keep-age 1d other.db 2>err
	grep -q 'another application' err
	aged 1 90000 a | $W m.db
	status 64 mfx-prune-sqlite --keep-age 30 m.db
	status 64 mfx-prune-sqlite m.db 2>err
	grep -q 'give --keep-age' err
	mkfifo in
	sqlite3 m.db <in 3>&- &
	PIDS+=($!)
	exec 5>in
	printf 'BEGIN IMMEDIATE;\n.shell touch locked\n' >&5
	await 10 test -e locked
	status 75 mfx-prune-sqlite --keep-age 1d m.db 5>&-
	exec 5>&-
	wait $!
	mfx-prune-sqlite --keep-age 1d m.db
}

# ---- PostgreSQL ----

setup_file() {
	! with_servers || server_start postgres
}

# an empty database for the test, and a client that is not ours
postgres_database() {
	local name=t${BATS_TEST_NUMBER}
	server_postgres_needs
	$POSTGRES/psql -qAt -c "CREATE DATABASE $name OWNER $SERVER_USER" \
	    "postgres://postgres:$SERVER_PASSWORD@127.0.0.1:$(server_port \
	    postgres)/postgres"
	P=$(server_url postgres | sed "s,/$SERVER_DATABASE\$,/$name,")
}

sql() {
	$POSTGRES/psql -qAt -v ON_ERROR_STOP=1 -c "$1" "$P"
}

partitions() {
	sql "SELECT count(*) FROM pg_inherits
	    WHERE inhparent = 'readings'::regclass"
}

# bats test_tags=servers
@test "prune: PostgreSQL drops months as a whole, deletes the rest in steps" {
	postgres_database
	{
		aged 20 $((100 * 86400)) a
		aged 20000 $((100 * 86400)) b
		aged 20 7200 c
		aged 20 60 c
		# a month that has no table of its own
		aged 2000 $((11 * 365 * 86400)) d
	} | mfx-write-postgres "$P"
	(($(partitions) >= 3))
	(($(partitions) <= 4))
	local before
	before=$(partitions)
	[[ $(mfx-prune-postgres --keep-age 90d --channel 'a' "$P") == \
	    '{"readings":20}' ]]
	[[ $(partitions) == "$before" ]]
	[[ $(mfx-prune-postgres --keep-age 1h "$P") == '{"readings":22020}' ]]
	(($(partitions) < before))
	[[ $(mfx-read-postgres -c "$P") == 20 ]]
	[[ $(sql 'SELECT channel FROM series') == c ]]
}

# bats test_tags=servers
@test "prune: PostgreSQL: a month that is being read is deleted in steps" {
	postgres_database
	aged 300 $((100 * 86400)) a | mfx-write-postgres "$P"
	local before
	before=$(partitions)
	mkfifo in
	$POSTGRES/psql -qAt "$P" <in >held 3>&- &
	PIDS+=($!)
	exec 5>in
	echo 'BEGIN; SELECT count(*) FROM readings;' >&5
	await 10 test -s held
	[[ $(mfx-prune-postgres --keep-age 1d "$P" 5>&-) == '{"readings":300}' ]]
	exec 5>&-
	wait $!
	[[ $(partitions) == "$before" ]]
	[[ $(sql 'SELECT count(*) FROM series') == 0 ]]
}

# bats test_tags=servers
@test "prune: a writer of PostgreSQL that knew the series makes them again" {
	postgres_database
	mkfifo in
	start_ready_on in mfx-write-postgres --every 10ms "$P"
	aged 3 90000 a >&5
	await 10 eval '[[ $(sql "SELECT count(*) FROM readings") == 3 ]]'
	[[ $(mfx-prune-postgres --keep-age 1d "$P") == '{"readings":3}' ]]
	[[ $(sql 'SELECT count(*) FROM series') == 0 ]]
	aged 2 60 a >&5
	await 10 eval '[[ $(sql "SELECT count(*) FROM readings") == 2 ]]'
	kill "$PID"
	status 0 wait "$PID"
	[[ $(mfx-read-postgres "$P" | jq -r '.channel + .n' | sort -u) == aa ]]
}

# bats test_tags=servers
@test "prune: PostgreSQL: channels with quotes and classes" {
	postgres_database
	local c='a"b\\{},é$1'"'"
	{ aged 2 90000 x; aged 3 90000 y; aged 4 90000 z; } |
		jq -c --arg c "$c" 'if .n == "z" then .channel = $c else . end' |
		mfx-write-postgres "$P"
	[[ $(mfx-prune-postgres --keep-age 1d --channel '[x]' "$P") == \
	    '{"readings":2}' ]]
	[[ $(mfx-prune-postgres --keep-age 1d --channel nothing "$P") == \
	    '{"readings":0}' ]]
	[[ $(mfx-prune-postgres --keep-age 1d --channel 'a"b*' "$P") == \
	    '{"readings":4}' ]]
	[[ $(mfx-read-postgres -c "$P") == 3 ]]
}

# ---- InfluxDB ----

# bats test_tags=servers
@test "prune: InfluxDB: hostile channels, other layouts, a day at a time" {
	server_start influx
	local base c1="a'b,c d=\"e\"" c2='a\b' layout
	base=$(server_url influx)
	for layout in mfx twins mainflux; do
		P=$base/$layout
		{
			aged 1 90000 x
			aged 1 90000 y | jq -c --arg c "$c1" '.channel = $c'
			aged 1 90000 y | jq -c --arg c "$c2" '.channel = $c'
			aged 1 90000 y | jq -c 'del(.channel)'
			aged 1 60 x
			aged 1 $((700 * 86400)) x
		} | mfx-write-influx --layout $layout "$P"
		prune() { mfx-prune-influx --layout $layout --keep-age 1d "$@" "$P"; }
		[[ $(prune --channel 'a*' --dry-run) == '{"readings":2}' ]]
		[[ $(prune --channel "$c1") == '{"readings":1}' ]]
		[[ $(prune --channel "a' OR time > 0 --") == '{"readings":0}' ]]
		[[ $(prune --channel 'a?[b]') == '{"readings":1}' ]]
		[[ $(prune --channel '') == '{"readings":1}' ]]
		[[ $(prune) == '{"readings":2}' ]]
		[[ $(mfx-read-influx --layout $layout -c "$P") == 1 ]]
	done
}

# bats test_tags=servers
@test "prune: VictoriaMetrics is refused" {
	server_start victoria
	aged 5 90000 x | mfx-write-influx "$(server_url victoria)/db"
	status 78 mfx-prune-influx --keep-age 1d "$(server_url victoria)/db" 2>err
	grep -q 'retentionPeriod' err
}
