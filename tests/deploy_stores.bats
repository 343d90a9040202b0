#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# scripts/deploy/stores/README.md, step by step, against real servers: every
# command of it is run as it stands.  Only paths, ports and how a service is
# started are changed.
load setup
load tls
load servers

PAGE=$ROOT/scripts/deploy/stores/README.md
UNITS=$ROOT/scripts/deploy/systemd

# servers that have an administrator and nothing else
setup_file() {
	local at
	server_start postgres
	server_start influx
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
	chmod +x bin/*
	export NOTED=$PWD/noted
	PATH=$PWD/bin:$PATH
	PG=127.0.0.1:$(server_port postgres)
	FLUX=127.0.0.1:$(server_port influx)
	export PGHOST=127.0.0.1 PGPORT=${PG#*:} PGUSER=postgres
	export PGPASSWORD=$SERVER_PASSWORD
	mkdir -p "$MFX_HOME"
	echo "machine 127.0.0.1 login chief password $SERVER_PASSWORD" \
	    >influx.netrc
	chmod 600 influx.netrc
}

# as the page says it, for this machine
here() {
	sed "s,/etc/mfx,$PWD/etc,g; s,~/,$PWD/,g
	    s,/usr/local/share/mfx,$ROOT/scripts,g
	    s,/usr/local/bin,$BIN,g; s,/var/lib/mfx,$MFX_HOME,g
	    s,@localhost/mfx,@$PG/${DATABASE:-mfx},g
	    s,localhost:8086/mfx,$FLUX/${DATABASE:-mfx},g
	    s,localhost:8086,$FLUX,g"
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

# stored_by SERVICE GROUP: what is on the bus comes into the store
stored_by() {
	service "$1"
	start setsid bash command
	await 60 caught_up "$2"
	kill -TERM -- "-$PID"
	unset MFX_STORE
}

bus() {
	mfx-gen --count 10 --records 1 --start "$(date +%s)" --every 1s \
	    --channel c "$@" | mfx-pub raw
}

@test "SQLite: the page, step by step" {
	bus
	run_steps '## SQLite' 1
	[[ $(<noted) == 'enable --now mfx-store.service mfx-prune-store.timer' ]]
	stored_by mfx-store store
	run_steps '## SQLite' 2 >shown
	grep -q '^raw *store' shown
	[[ $(grep -c 'dev:' shown) == 3 ]]
}

@test "PostgreSQL: the page, step by step, with no right too many" {
	local owner reader
	bus
	run_steps '## PostgreSQL' 1
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
	owner=postgres://mfx:$(<etc/postgres.password)@$PG/mfx
	reader=postgres://mfx_reader:$(<etc/postgres-reader.password)@$PG/mfx
	# who reads does not write, nor see other databases; who writes is no
	# administrator
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
	local at writer reader
	bus
	run_steps '## InfluxDB 1' 1 >answer
	status 1 grep error answer
	run_steps '## InfluxDB 1' 2
	[[ $(<noted) == 'enable --now mfx-store-influx.service' ]]
	stored_by mfx-store-influx influx
	run_steps '## InfluxDB 1' 3 >shown
	grep -q '^raw *influx' shown
	[[ $(grep -c 'dev:' shown) == 3 ]]
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
		start setsid bash command
		await 60 caught_up influx
		kill -TERM -- "-$PID"
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
