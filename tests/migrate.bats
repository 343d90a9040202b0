#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# From one store to another, broken off at any moment and run again.
load setup
load tls
load servers

MODEL=$ROOT/tests/stores/model.py

setup_file() {
	server_start postgres
	server_start cassandra
}

postgres_database() {
	local name=t${BATS_TEST_NUMBER}
	server_postgres_needs
	$POSTGRES/psql -qAt -c "CREATE DATABASE $name OWNER $SERVER_USER" \
	    "postgres://postgres:$SERVER_PASSWORD@127.0.0.1:$(server_port \
	    postgres)/postgres"
	server_url postgres | sed "s,/$SERVER_DATABASE\$,/$name,"
}

# a place is NAME:PLACE
read_all() {
	"mfx-read-${1%%:*}" "${@:2}" "${1#*:}"
}

# copy FROM TO [READER [WRITER [BYTES]]]: with what each of them is run by, and
# how much goes through the pipe before it breaks
copy() {
	set -o pipefail
	${3:-} "mfx-read-${1%%:*}" --resume copy/all "${1#*:}" |
		if [[ ${5:-} ]]; then head -c "$5"; else cat; fi |
		${4:-} "mfx-write-${2%%:*}" --batch 100 --every 5ms \
		    --ack copy/all "${2#*:}"
}

# the group's position, or nothing
at() {
	cat "$MFX_HOME/bus/copy/groups/all" 2>/dev/null || true
}

# many N: three readings of one time, of three series, and so on
many() {
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "{\"channel\":\"c%d\",\"publisher\":\"p\"," \
			    "\"n\":\"dev:n\",\"v\":%d,\"t\":%d}\n", i % 3, i,
			    1600000000 + i / 3
	}'
}

# killed FROM TO [HUNDREDTHS [LINES]]: killed again and again, one or the other
# or both, each within so many hundredths of a second, or when a part of some
# 60000 lines has gone through the pipe
killed() {
	local n soon bytes before moved=0 within=${3:-20} lines=${4:-60000}
	for n in {1..16}; do
		printf -v soon 'timeout -s KILL 0.%02d' $((RANDOM % within))
		bytes=$((lines / 3 + RANDOM * lines / 7500))
		before=$(at)
		case $((n % 4)) in
		0)	copy "$1" "$2" "$soon" "" $bytes ;;
		1)	copy "$1" "$2" "" "$soon" $bytes ;;
		2)	copy "$1" "$2" "$soon" "$soon" $bytes ;;
		3)	copy "$1" "$2" "" "" $bytes ;;
		esac 2>>broken || true
		[[ $(at) == "$before" ]] || ((++moved))
	done
	echo "# $moved times broken off after a part, at $(at)" >&3
	# it was in the middle, and went on from there
	((moved > 3)) || { tail -n 20 broken; false; }
	copy "$1" "$2"
	read_all "$1" | sort >want
	read_all "$2" | sort >got
	[[ -s want ]]
	cmp want got
	# there is nothing left to do, and another run does nothing
	[[ $(read_all "$1" --resume copy/all || echo $?) == 1 ]]
	copy "$1" "$2" || [[ $? == 1 ]]
	read_all "$2" | sort | cmp want
}

@test "SQLite to PostgreSQL, killed at random moments: nothing lost, nothing twice" {
	P=postgres:$(postgres_database)
	{ $MODEL lines 1 1000; many 100000; } | mfx-write-sqlite --batch 100000 a.db
	killed sqlite:a.db "$P"
}

@test "InfluxDB to SQLite, killed at random moments" {
	server_start influx
	local from
	from=$(server_url influx)/a
	{ $MODEL lines 2 1000 twins; many 60000; } | mfx-write-influx "$from"
	killed "influx:$from" sqlite:b.db
}

@test "SQLite to InfluxDB, which has no transactions, killed at random moments" {
	server_start influx
	{ $MODEL lines 3 1000 twins; many 60000; } | mfx-write-sqlite --batch 100000 a.db
	killed sqlite:a.db "influx:$(server_url influx)/b"
}

# The collections are made here: a FerretDB whose client dies while an index is
# made panics at each later createIndexes ("slice bounds out of range").
mongo_place() {
	local at
	at=$(server_url mongo |
	    sed "s,/$SERVER_DATABASE\$,/t${BATS_TEST_NUMBER}?authSource=$SERVER_DATABASE,")
	mfx-write-mongo "$at" </dev/null
	echo "$at"
}

# the keyspace is made here, as a copy makes none
cassandra_place() {
	local at
	at=$(server_url cassandra)t$BATS_TEST_NUMBER
	mfx-write-cassandra --replication 1 "$at" </dev/null
	echo "$at"
}

@test "MongoDB: to it from SQLite, from there to PostgreSQL, killed at random moments" {
	server_start mongo
	local there
	there=mongo:$(mongo_place)
	{ $MODEL lines 4 600; many 8000; } | mfx-write-sqlite --batch 100000 a.db
	killed sqlite:a.db "$there" 40 8000
	mfx-bus forget copy/all
	killed "$there" "postgres:$(postgres_database)" 40 8000
}

@test "MongoDB to SQLite, killed at random moments" {
	server_start mongo
	local there
	there=$(mongo_place)
	# with no digits beyond those that SQLite holds
	{ $MODEL lines 5 600; many 8000; } | mfx-write-sqlite --batch 100000 a.db
	mfx-read-sqlite a.db | mfx-write-mongo "$there"
	killed "mongo:$there" sqlite:b.db 40 8000
	cmp <(mfx-read-sqlite a.db | sort) <(mfx-read-sqlite b.db | sort)
}

@test "Cassandra: to it from PostgreSQL, from there to SQLite, killed at random moments" {
	local from there
	from=$(postgres_database)
	there=cassandra:$(cassandra_place)
	{ $MODEL lines 6 1000; many 20000; } |
		mfx-write-postgres --batch 100000 "$from"
	killed "postgres:$from" "$there" 60 20000
	mfx-bus forget copy/all
	killed "$there" sqlite:b.db 60 20000
}

@test "SQLite to Cassandra, killed at random moments" {
	{ $MODEL lines 7 1000; many 20000; } | mfx-write-sqlite --batch 100000 a.db
	killed sqlite:a.db "cassandra:$(cassandra_place)" 60 20000
}

@test "positions: by time, those of one time by part, the same in each run" {
	local t
	for t in -5 -5 0 1 2 2 2 3; do
		echo "{\"channel\":\"c\",\"n\":\"a\",\"v\":$((++n)),\"t\":$t}"
	done | mfx-write-sqlite a.db
	mfx-read-sqlite --resume copy/all a.db >all
	diff - <(jq -c '[.seq, .part]' all) <<-END
	[1,1]
	[1,2]
	[1,null]
	[1000000000,null]
	[2000000000,1]
	[2000000000,2]
	[2000000000,null]
	[3000000000,null]
	END
	# broken off between those of one time
	head -n 5 all | mfx-write-sqlite --ack copy/all b.db
	[[ $(at) == 1000000000 ]]
	[[ $(mfx-read-sqlite -c b.db) == 5 ]]
	mfx-read-sqlite --resume copy/all a.db >rest
	tail -n 4 all | cmp rest
	mfx-write-sqlite --ack copy/all b.db <rest
	diff <(mfx-read-sqlite a.db) <(mfx-read-sqlite b.db)
	# an older copy of the other store is read on from where that is
	mfx-bus forget copy/all
	head -n 5 all | mfx-write-sqlite --ack copy/all c.db
	mfx-write-sqlite --ack copy/all c.db <rest
	cp c.db old.db
	echo '{"channel":"c","n":"a","v":9,"t":4}' | mfx-write-sqlite a.db
	copy sqlite:a.db sqlite:c.db
	mv old.db c.db
	rm -f c.db-*
	copy sqlite:a.db sqlite:c.db 2>err && false || [[ $? == 75 ]]
	copy sqlite:a.db sqlite:c.db
	diff <(mfx-read-sqlite a.db) <(mfx-read-sqlite c.db)
}

@test "killed between the first commit and its acknowledgement: the next run goes on" {
	local n
	many 300 | mfx-write-sqlite a.db
	# a group is moved by a rename: before the first commit, and after each
	for n in 1 2 3; do
		rm -f count
		truncate -s 8 count
		{ mfx-read-sqlite --resume copy/all a.db || true; } |
			status 137 env INJECT_COUNT=count \
			    LD_PRELOAD=$ROOT/${BUILD:-build}/inject.so \
			    INJECT_CALL=rename INJECT_NTH=$n \
			    INJECT_ERRNO=-9 mfx-write-sqlite --batch 100 \
			    --every 5ms --ack copy/all b$n.db
		copy sqlite:a.db sqlite:b$n.db || [[ $? == 1 ]]
		diff <(mfx-read-sqlite a.db) <(mfx-read-sqlite b$n.db)
		mfx-bus forget copy/all
	done
	# and a bus that never knew the group is another one
	mfx-read-sqlite --resume copy/all a.db >all
	status 78 mfx-write-sqlite --ack copy/all b1.db <all
}

@test "what can't have positions is refused" {
	echo '{"channel":"c","n":"a","v":1,"t":1}' | mfx-write-sqlite a.db
	local o
	for o in --count --limit=3 --offset=1 --order=desc --aggregate=avg \
	    --batch; do
		status 64 mfx-read-sqlite --resume copy/all $o a.db 2>err </dev/null
		grep -q -- '--resume: not with' err
	done
	status 64 mfx-read-sqlite --resume copy a.db
	echo '{"channel":"c","n":"a","v":1,"t":1}' | mfx-pub raw
	status 78 mfx-read-sqlite --resume raw/all a.db 2>err
	grep -q "'raw' is a stream" err
}
