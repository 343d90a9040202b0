#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# scripts/deploy/stores/README.md, step by step, against real servers: every
# command of it is run as it stands.  Only paths, ports, the number of copies
# and how a service is started are changed; an administrator's mongosh and
# cqlsh are what stands in for them here.
load setup
load site
load tls
load servers

PAGE=$ROOT/scripts/deploy/stores/README.md
UNITS=$ROOT/scripts/deploy/systemd

# servers that have an administrator and nothing else
setup_file() {
	local at
	server_start postgres
	server_start influx
	SERVER_USER=chief SERVER_DATABASE=admin server_start mongo
	SERVER_USER=chief server_start cassandra
	at=127.0.0.1:$(server_port postgres)
	psql -q -c "DROP DATABASE $SERVER_DATABASE" -c "DROP ROLE $SERVER_USER" \
	    "postgres://postgres:$SERVER_PASSWORD@$at/postgres"
	server_curl influx /query --data-urlencode "q=CREATE USER chief \
	    WITH PASSWORD '$SERVER_PASSWORD' WITH ALL PRIVILEGES; \
	    DROP DATABASE $SERVER_DATABASE; DROP USER $SERVER_USER" >/dev/null
}

# ask DATABASE QUERY: as the chief of InfluxDB
ask() {
	curl -sS --fail-with-body -m 20 --netrc-file influx.netrc \
	    --data-urlencode "q=$2" "http://$FLUX/query?db=$1"
}

# has the group all of the bus?
caught_up() {
	[[ $(mfx-bus groups raw | jq --arg group "$1" \
	    'select(.group == $group) | .seq > 0 and .lag == 0') == true ]]
}

setup_suite_test() {
	mkdir etc bin
	# a service is not started here, but noted
	cat >bin/systemctl <<-'EOF2'
	#!/bin/sh
	echo "$@" >>"$NOTED"
	EOF2
	# as that user
	cat >bin/runuser <<-'EOF2'
	#!/bin/sh
	shift 3
	exec "$@"
	EOF2
	# as a superuser; each statement by itself
	cat >bin/cqlsh <<-'EOF2'
	#!/bin/bash
	word() { sed -n "s/^$1 = //p" "$CQLSH_HOME/.cassandra/credentials"; }
	url=cassandra://$(word username):$(word password)@$CQLSH_HOST:$CQLSH_PORT/
	while read -rd ';' statement; do
		/usr/bin/python3 "$CQLSH_CLIENT" "$url" '' cql "$statement" || exit 2
	done
	EOF2
	cat >bin/mongosh <<-EOF2
	#!/bin/sh
	exec node "$ROOT/tests/mongosh.js" "\$@"
	EOF2
	chmod +x bin/*
	export NOTED=$PWD/noted
	PATH=$PWD/bin:$PATH
	PG=127.0.0.1:$(server_port postgres)
	FLUX=127.0.0.1:$(server_port influx)
	export PGHOST=127.0.0.1 PGPORT=${PG#*:} PGUSER=postgres
	export PGPASSWORD=$SERVER_PASSWORD
	MONGO=127.0.0.1:$(server_port mongo)
	CQL=127.0.0.1:$(server_port cassandra)
	export CQLSH_HOME=$PWD CQLSH_HOST=127.0.0.1 CQLSH_PORT=${CQL#*:}
	export CQLSH_CLIENT=$ROOT/tests/servers.py
	mkdir -p "$MFX_HOME" .cassandra
	echo "mongodb://chief:$SERVER_PASSWORD@$MONGO/admin" >mongo.url
	printf '%s\n' '[PlainTextAuthProvider]' 'username = cassandra' \
	    'password = cassandra' >.cassandra/credentials
	echo "machine 127.0.0.1 login chief password $SERVER_PASSWORD" \
	    >influx.netrc
	chmod 600 influx.netrc
}

# as the page says it, for this machine
here() {
	sed "s,/etc/mfx,$PWD/etc,g; s,/etc/systemd,$PWD/etc/systemd,g
	    s,~/,$PWD/,g; s,/usr/local/share/mfx,$ROOT/scripts,g
	    s,/usr/local/bin,$BIN,g; s,/var/lib/mfx,$MFX_HOME,g
	    s,\(postgres://[^@ ]*@\)localhost/mfx,\1$PG/${DATABASE:-mfx},g
	    s,\(mongodb://[^@ ]*@\)localhost/mfx,\1$MONGO/mfx,g
	    s,\(cassandra://[^@ ]*@\)localhost/mfx,\1$CQL/mfx,g
	    s,localhost:8086/mfx,$FLUX/${DATABASE:-mfx},g
	    s,localhost:8086,$FLUX,g; s,localhost:8182,127.0.0.1:${API-},g
	    s,^COPIES=3$,COPIES=1,"
}

# steps HEADING N: the commands of its Nth block
steps() {
	awk -v heading="$1" -v n="$2" '/^#/ { at = $0 == heading; next }
	    !at { next }
	    /^    / { if (!in_block) block++; in_block = 1
		if (block == n) print substr($0, 5); next }
	    NF { in_block = 0 }
	    !NF { in_block = 0 }' "$PAGE" | here >step
	[[ -s step ]]
}

run_steps() {
	steps "$@"
	bash -euo pipefail step
}

# service UNIT: its command, with the password that it is given
service() {
	here <"$UNITS/$1.service" >unit
	sed -n "s/^ExecStart=\/bin\/[a-z]* -c '\(.*\)'$/\1/p" unit |
		sed 's/\$\$/$/g' >command
	[[ -s command ]]
	mkdir -p credentials
	sed -n 's/^LoadCredential=password://p' unit |
		xargs -I{} cp {} credentials/password
	export CREDENTIALS_DIRECTORY=$PWD/credentials
	MFX_STORE=$(sed -n 's/^Environment=MFX_STORE=//p' unit)
	export MFX_STORE
}

# have all processes of a group ended?  Its shell does so before the others.
group_ended() {
	[[ ! $(pgrep -g "$1" -r D,R,S,T) ]]
}

# ran_until_stored GROUP: the command, which has ended when this returns
ran_until_stored() {
	start setsid bash command
	await 60 caught_up "$1"
	kill -TERM -- "-$PID"
	wait "$PID" || true
	await 60 group_ended "$PID"
}

# stored_by SERVICE GROUP: what is on the bus comes into the store
stored_by() {
	service "$1"
	ran_until_stored "$2"
	unset MFX_STORE
}

bus() {
	mfx-gen --count 10 --records 1 --start "$(date +%s)" --every 1s \
	    --channel "${CHANNEL:-c}" "$@" | mfx-pub raw
}

# api_reads NAME: what mfx-api is started with when it is one of its stores
api_reads() {
	local page credentials=$PWD/api.credentials
	free_port API
	run_steps '## Over HTTP' 1
	grep -qx 'restart mfx-api.service' noted
	mkdir "$credentials"
	cp etc/api.stores "$credentials/stores"
	[[ $(stat -c %a etc/api.stores) == 600 ]]
	here <etc/systemd/system/mfx-api.service.d/stores.conf |
		sed -n 's/^ExecStart=\(.\)/\1/p' >command
	# what else the unit says is what it says without it
	[[ $(<command) == "$(here <"$UNITS/mfx-api.service" |
	    sed -n 's/^ExecStart=//p')"* ]]
	start_ready $(sed "s,\${CREDENTIALS_DIRECTORY},$credentials," command) \
	    -l "127.0.0.1:$API"
	run_steps '## Over HTTP' 2 >health
	jq -e ".status == \"pass\" and .checks[\"store:$1\"][0].status == \"pass\"" \
	    health || { cat health; false; }
	page=$(curl -sS --fail-with-body -m 60 -H "Authorization: $KEY" \
	    "http://127.0.0.1:$API/channels/$CHANNEL/messages?limit=3&store=$1")
	jq -e '.total == 10 and (.messages | length) == 3' <<<"$page" ||
		{ echo "$page"; false; }
	# the passwords are in no argument of it, nor of those that it started
	ps -o args= -p "$PID" --ppid "$PID" >arguments
	grep -q mfx-api arguments
	refute grep -f <(cat /dev/null etc/*.password 2>/dev/null) arguments
}

@test "SQLite: the page, step by step" {
	make_site
	bus
	run_steps '## SQLite' 1
	[[ $(<noted) == 'enable --now mfx-store.service mfx-prune-store.timer' ]]
	stored_by mfx-store store
	run_steps '## SQLite' 2 >shown
	grep -q '^raw *store' shown
	[[ $(grep -c 'dev:' shown) == 3 ]]
	run_steps '## SQLite' 3
	api_reads messages
}

@test "PostgreSQL: the page, step by step, with no right too many" {
	local owner reader
	make_site
	bus
	run_steps '## PostgreSQL' 1
	# again: what is there stays as it is
	status 3 run_steps '## PostgreSQL' 1 2>err
	grep -q 'role "mfx" already exists' err
	# nobody else reads the passwords, nor were they on a command line
	[[ $(stat -c %a etc/postgres.password) == 600 ]]
	run_steps '## PostgreSQL' 2
	[[ $(<noted) == \
	    'enable --now mfx-store-postgres.service mfx-prune-postgres.timer' ]]
	unset PGPASSWORD PGUSER PGHOST PGPORT
	stored_by mfx-store-postgres postgres
	run_steps '## PostgreSQL' 3 >shown
	grep -q '^raw *postgres' shown
	[[ $(grep -c 'dev:' shown) == 3 ]]
	run_steps '## PostgreSQL' 5
	api_reads postgres
	owner=postgres://mfx:$(<etc/postgres.password)@$PG/mfx
	reader=postgres://mfx_reader:$(<etc/postgres-reader.password)@$PG/mfx
	# the reader does not write, nor see other databases; the writer is
	# not an administrator
	status 77 mfx-write-postgres "$reader" </dev/null
	[[ $(psql -qAt -c 'SELECT count(*) FROM messages' "$reader") == 10 ]]
	status 1 psql -q -c 'DELETE FROM readings' "$reader"
	status 1 psql -q -c 'CREATE TABLE x ()' "$reader"
	status 1 psql -q -c 'CREATE ROLE x' "$owner"
	status 1 psql -q -c 'CREATE DATABASE x' "$owner"
	# also the month that comes later
	mfx-gen --count 5 --start "$(date -d '-400 days' +%s)" --every 1s \
	    --records 1 --channel old | mfx-write-postgres "$owner"
	[[ $(mfx-read-postgres -c --channel old "$reader") == 5 ]]
	[[ $(run_steps '## PostgreSQL' 4) == '{"readings":5}' ]]
	service mfx-prune-postgres
	[[ $(bash command) == '{"readings":5}' ]]
	[[ $(mfx-read-postgres -c "$reader") == 10 ]]
}

@test "InfluxDB: the page, step by step, with no right too many" {
	local at writer reader again
	make_site
	bus
	for again in no yes; do
		run_steps '## InfluxDB 1' 1 >answer
		status 1 grep error answer
	done
	run_steps '## InfluxDB 1' 2
	[[ $(<noted) == 'enable --now mfx-store-influx.service' ]]
	stored_by mfx-store-influx influx
	run_steps '## InfluxDB 1' 3 >shown
	grep -q '^raw *influx' shown
	[[ $(grep -c 'dev:' shown) == 3 ]]
	run_steps '## InfluxDB 1' 4
	api_reads influx
	at=http://$FLUX/mfx
	writer=(--username mfx --password-file etc/influx.password)
	reader=(--username mfx_reader --password-file etc/influx-reader.password)
	status 77 mfx-write-influx "${reader[@]}" "$at" </dev/null
	status 77 mfx-read-influx "${writer[@]}" "$at"
	status 78 mfx-write-influx "${writer[@]}" "http://$FLUX/other" </dev/null
	# the server keeps 90 days
	mfx-gen --count 1 --start "$(date -d '-100 days' +%s)" --records 1 |
		status 65 mfx-write-influx "${writer[@]}" "$at" 2>err
	grep -q 'retention policy' err
	# some channels are kept for less
	run_steps '### Channels that are kept for less' 1 >answer
	status 1 grep error answer
	[[ $(tail -n 1 noted) == 'enable --now mfx-prune-influx.timer' ]]
	mfx-gen --count 10 --start "$(date -d '-40 days' +%s)" --every 1s \
	    --records 1 --channel test-1 | mfx-write-influx "${writer[@]}" "$at"
	service mfx-prune-influx
	steps '### Channels that are kept for less' 2
	MFX_STORE_OPTIONS=$(sed -n 's/^Environment="MFX_STORE_OPTIONS=\(.*\)"$/\1/p' \
	    step | sed 's/test-/other-/')
	export MFX_STORE_OPTIONS
	[[ $(bash command) == '{"readings":0}' ]]
	MFX_STORE_OPTIONS=${MFX_STORE_OPTIONS/other-/test-}
	[[ $(bash command) == '{"readings":10}' ]]
	unset MFX_STORE MFX_STORE_OPTIONS
	[[ $(mfx-read-influx "${reader[@]}" -c "$at") == 10 ]]
}

@test "InfluxDB: the charts of Grafana, in both layouts" {
	local q from
	bus --seed 1
	ask x 'CREATE DATABASE charts' >/dev/null
	DATABASE=charts
	echo "$SERVER_PASSWORD" >etc/influx.password
	service mfx-store-influx
	sed -i "s/--ack/--username chief --ack/" command
	grep -q -- --username command
	for layout in '' --layout=mainflux; do
		export MFX_STORE_OPTIONS=$layout
		ran_until_stored influx
		echo 0 >"$MFX_HOME/bus/raw/groups/influx"
	done
	# as the page has them
	steps '### Grafana, and Mainflux'"'"'s charts' 2
	grep -q '^Environment=MFX_STORE_OPTIONS=--layout=mainflux$' step
	steps '### Grafana, and Mainflux'"'"'s charts' 1
	from=$(mfx-read-influx --limit 1 \
	    --username chief --password-file etc/influx.password "http://$FLUX/charts" |
	    jq -r .n)
	q=$(sed "s/\"channel\" = '…'/\"channel\" = 'c'/
	    s/\"name\" = '…'/\"name\" = '$from'/
	    s/\$timeFilter/time > now() - 1h AND time < now() + 1h/
	    s/\$__interval/1h/" step)
	[[ $(ask charts "$q") == *'"unit"'*'"mean"'* ]]
	q=$(sed 's/readings/messages/; s/, "unit"//' <<<"$q")
	[[ $(ask charts "$q") == *'"mean"'* ]]
}

@test "MongoDB: the page, step by step" {
	local at
	make_site
	bus
	run_steps '## MongoDB' 1 >made
	# FerretDB has no roles
	printf '%s\n' 'mfx readWrite' 'mfx_reader read' | diff - made
	status 1 run_steps '## MongoDB' 1 2>err
	grep -q 'already exists' err
	[[ $(stat -c %a etc/mongo.password) == 600 ]]
	run_steps '## MongoDB' 2
	[[ $(<noted) == \
	    'enable --now mfx-store-mongo.service mfx-prune-mongo.timer' ]]
	stored_by mfx-store-mongo mongo
	run_steps '## MongoDB' 3 >shown
	grep -q '^raw *mongo' shown
	[[ $(grep -c 'dev:' shown) == 3 ]]
	run_steps '## MongoDB' 5
	api_reads mongo
	at=mongodb://mfx:$(<etc/mongo.password)@$MONGO/mfx
	mfx-gen --count 5 --start "$(date -d '-400 days' +%s)" --every 1s \
	    --records 1 --channel old | mfx-write-mongo "$at"
	[[ $(run_steps '## MongoDB' 4) == '{"readings":5}' ]]
	service mfx-prune-mongo
	[[ $(bash command) == '{"readings":5}' ]]
	[[ $(mfx-read-mongo -c "$at") == 10 ]]
	# neither user is known with the other's password, or elsewhere
	status 77 mfx-read-mongo --password-file etc/mongo-reader.password \
	    "mongodb://mfx@$MONGO/mfx"
	status 77 mfx-write-mongo --password-file etc/mongo.password \
	    "mongodb://mfx@$MONGO/other" </dev/null
}

@test "Cassandra: the page, step by step, with no right too many" {
	local at reader line cql
	make_site
	bus
	# what it wants of the server is what this one has
	steps '## Apache Cassandra' 1
	(($(wc -l <step) == 3))
	while read -r line; do
		grep -qx "$line" "$(server_here cassandra)/conf/cassandra.yaml"
	done <step
	run_steps '## Apache Cassandra' 2
	run_steps '## Apache Cassandra' 2
	[[ $(stat -c %a etc/cassandra.password) == 600 ]]
	run_steps '## Apache Cassandra' 3
	[[ $(<noted) == \
	    'enable --now mfx-store-cassandra.service mfx-prune-cassandra.timer' ]]
	stored_by mfx-store-cassandra cassandra
	run_steps '## Apache Cassandra' 4 >shown
	grep -q '^raw *cassandra' shown
	[[ $(grep -c 'dev:' shown) == 3 ]]
	run_steps '## Apache Cassandra' 6
	api_reads cassandra
	at=cassandra://mfx:$(<etc/cassandra.password)@$CQL/mfx
	reader=cassandra://mfx_reader:$(<etc/cassandra-reader.password)@$CQL/mfx
	mfx-gen --count 5 --start "$(date -d '-400 days' +%s)" --every 1s \
	    --records 1 --channel old | mfx-write-cassandra "$at"
	[[ $(run_steps '## Apache Cassandra' 5) == '{"readings":5}' ]]
	service mfx-prune-cassandra
	[[ $(bash command) == '{"readings":5}' ]]
	[[ $(mfx-read-cassandra -c "$reader") == 10 ]]
	status 77 mfx-write-cassandra "$reader" <<<'{"n":"a","v":1}'
	status 77 mfx-prune-cassandra --keep-age 1s "$reader"
	cql() {
		/usr/bin/python3 "$ROOT/tests/servers.py" "${1%/mfx}/" '' cql "$2"
	}
	[[ $(cql "$reader" 'SELECT count(*) FROM mfx.readings') == 10 ]]
	for line in 'TRUNCATE mfx.readings' 'CREATE TABLE mfx.x (a int PRIMARY KEY)'; do
		status 1 cql "$reader" "$line"
	done
	for line in 'CREATE ROLE x' \
	    "CREATE KEYSPACE x WITH replication = {'class': 'SimpleStrategy',
	    'replication_factor': 1}"; do
		status 1 cql "$at" "$line"
	done
}
