#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every program, when its first, second, third … allocation or system call
# fails: tests/inject/inject.py says what it has to do.
# INJECT_EACH=1 bats tests/inject.bats leaves none of them out; INJECT_SEED=N
# leaves out those that it did before.
load setup
load tls
load servers

# met PROGRAM: a run for each of its failures.  Where it is not built there
# is nothing to run.
met() {
	local library=$ROOT/${BUILD:-build}/inject.so
	${MAKE:-make} -s -C "$ROOT" "${library#"$ROOT/"}"
	"$ROOT/tests/inject/inject.py" "$library" "$1" >tried ||
		{ cat tried; return 1; }
	sed 's/^/# /' tried >&3
}

@test "every program that runs is tried here" {
	local p
	for p in "$BIN"/mfx*; do
		p=${p##*/}
		# threads of libnats allocate when they like: no failure comes
		# twice.  tests/bus_nats.bats kills what it talks to instead.
		[[ $p != mfx_bus_nats.so ]] || continue
		grep -qxE "@test \"$p\b.*" "$BATS_TEST_FILENAME" ||
			{ echo "$p"; return 1; }
	done
}

@test "mfx, whatever fails" {
	met mfx
}

@test "mfx-normalize, whatever fails" {
	met mfx-normalize
}

@test "mfx-grep, whatever fails" {
	met mfx-grep
}

@test "mfx-fmt, whatever fails" {
	met mfx-fmt
}

@test "mfx-plot, whatever fails" {
	met mfx-plot
}

@test "mfx-encode, whatever fails" {
	met mfx-encode
}

@test "mfx-check, whatever fails" {
	met mfx-check
}

@test "mfx-chaos, whatever fails" {
	met mfx-chaos
}

@test "mfx-alarm, whatever fails" {
	met mfx-alarm
}

@test "mfx-gen, whatever fails" {
	met mfx-gen
}

@test "mfx-pub, whatever fails" {
	met mfx-pub
}

@test "mfx-sub, whatever fails" {
	met mfx-sub
}

@test "mfx-bus, whatever fails" {
	met mfx-bus
}

@test "mfx-write-sqlite, whatever fails" {
	met mfx-write-sqlite
}

@test "mfx-read-sqlite, whatever fails" {
	met mfx-read-sqlite
}

@test "mfx-prune-sqlite, whatever fails" {
	met mfx-prune-sqlite
}

# a server on which each run has a database of its own
on_postgres() {
	server_start postgres
	export INJECT_POSTGRES
	INJECT_POSTGRES=postgres://postgres:$SERVER_PASSWORD@127.0.0.1:$(
	    server_port postgres)
}

@test "mfx-write-postgres, whatever fails" {
	on_postgres
	met mfx-write-postgres
}

@test "mfx-read-postgres, whatever fails" {
	on_postgres
	met mfx-read-postgres
}

@test "mfx-prune-postgres, whatever fails" {
	on_postgres
	met mfx-prune-postgres
}

# one for three programs
setup_file() {
	server_start cassandra
}

on_cassandra() {
	export INJECT_CASSANDRA
	INJECT_CASSANDRA=$(server_url cassandra | sed 's,/$,,')
}

@test "mfx-write-cassandra, whatever fails" {
	on_cassandra
	met mfx-write-cassandra
}

@test "mfx-read-cassandra, whatever fails" {
	on_cassandra
	met mfx-read-cassandra
}

@test "mfx-prune-cassandra, whatever fails" {
	on_cassandra
	met mfx-prune-cassandra
}

on_influx() {
	server_start influx
	export INJECT_INFLUX
	INJECT_INFLUX=$(server_url influx)
}

@test "mfx-write-influx, whatever fails" {
	on_influx
	met mfx-write-influx
}

@test "mfx-read-influx, whatever fails" {
	on_influx
	met mfx-read-influx
}

@test "mfx-prune-influx, whatever fails" {
	on_influx
	met mfx-prune-influx
}

on_mongo() {
	server_start mongo
	export INJECT_MONGO INJECT_MONGO_AFTER
	INJECT_MONGO=$(server_url mongo)
	INJECT_MONGO=${INJECT_MONGO%/*}
	INJECT_MONGO_AFTER="?authSource=$SERVER_DATABASE"
}

@test "mfx-write-mongo, whatever fails" {
	on_mongo
	met mfx-write-mongo
}

@test "mfx-read-mongo, whatever fails" {
	on_mongo
	met mfx-read-mongo
}

@test "mfx-prune-mongo, whatever fails" {
	on_mongo
	met mfx-prune-mongo
}

@test "mfx-users, whatever fails" {
	met mfx-users
}

@test "mfx-things, whatever fails" {
	met mfx-things
}

@test "mfx-channels, whatever fails" {
	met mfx-channels
}

@test "mfx-groups, whatever fails" {
	met mfx-groups
}

@test "mfx-can, whatever fails" {
	met mfx-can
}

@test "mfx-audit, whatever fails" {
	met mfx-audit
}

@test "mfx-doctor, whatever fails" {
	met mfx-doctor
}

@test "mfx-trace, whatever fails" {
	met mfx-trace
}

@test "mfx-export, whatever fails" {
	met mfx-export
}

@test "mfx-events, whatever fails" {
	met mfx-events
}

@test "mfx-bootstrap, whatever fails" {
	met mfx-bootstrap
}

@test "mfx-certs, whatever fails" {
	met mfx-certs
}

@test "mfx-registry, whatever fails" {
	met mfx-registry
}

@test "mfx-site, whatever fails" {
	met mfx-site
}

@test "mfx-config, whatever fails" {
	met mfx-config
}

@test "mfx-top, whatever fails" {
	met mfx-top
}

@test "mfx-status, whatever fails" {
	met mfx-status
}

@test "mfx-init, whatever fails" {
	met mfx-init
}

@test "mfx-token, whatever fails" {
	met mfx-token
}

@test "mfx-adapt-http, whatever fails" {
	met mfx-adapt-http
}

@test "mfx-adapt-coap, whatever fails" {
	met mfx-adapt-coap
}

@test "mfx-adapt-ws, whatever fails" {
	met mfx-adapt-ws
}

@test "mfx-api, whatever fails" {
	met mfx-api
}

@test "mfx-adapt-mqtt, whatever fails" {
	met mfx-adapt-mqtt
}

@test "mfx_mosquitto.so in its broker, whatever fails" {
	met mfx_mosquitto.so
}
