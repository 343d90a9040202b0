#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# tests/servers.bash: each server starts, refuses strangers, keeps through a
# kill -9 what it has acknowledged to a client that is not ours, and leaves
# nothing.
load setup
load tls
load servers

# written NAME VALUE: and acknowledged; kept NAME VALUE, which VictoriaMetrics
# finds after up to a second
written() {
	case $1 in
	influx*|victoria*) server_curl "$1" "/write?db=$SERVER_DATABASE" \
		--data-binary "kept,k=one v=$2" ;;
	*)	server_client "$1" put one "$2" ;;
	esac
	if [[ $1 == victoria* ]]; then server_flush "$1"; fi
}

kept() {
	await 30 has "$@" || { echo "$1 has '$(found "$1")', not '$2'"; return 1; }
}

has() {
	[[ $(found "$1") == "$2" ]]
}

found() {
	case $1 in
	influx*) server_curl "$1" "/query?db=$SERVER_DATABASE" \
		-G --data-urlencode "q=SELECT v FROM kept WHERE k = 'one'" |
		jq '.results[].series[].values[][1]' ;;
	victoria*) server_curl "$1" /api/v1/export \
		-G --data-urlencode 'match[]=kept_v{k="one"}' |
		jq '.values[]' ;;
	*)	server_client "$1" get one ;;
	esac
}

# refuses NAME: with another password
refuses() {
	local SERVER_PASSWORD=of-a-stranger
	case $1 in
	influx*|victoria*) status 22 server_curl "$1" /query \
		--data-urlencode 'q=SHOW DATABASES' ;;
	*)	status 1 server_client "$1" ready 2>refused
		grep -iE 'authent|password|credentials' refused ;;
	esac
}

# works_in DIR: does a process?
works_in() {
	[[ $(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$1*" 2>/dev/null) ]]
}

# keeps NAME
keeps() {
	local dir
	server_start "$1"
	dir=$(server_here "$1")
	works_in "$dir"
	refuses "$1"
	written "$1" 42
	server_kill "$1"
	status 1 works_in "$dir"
	server_restart "$1"
	kept "$1" 42
	server_stop "$1"
	status 1 works_in "$dir"
	[[ ! -e $dir ]]
}

@test "influx keeps what it acknowledged" {
	keeps influx
}

@test "victoria keeps what it has flushed" {
	keeps victoria
}

@test "postgres keeps what it acknowledged" {
	keeps postgres
}

@test "cassandra keeps what it acknowledged" {
	keeps cassandra
}

@test "mongo keeps what it acknowledged" {
	keeps mongo
}

# trusted NAME: its own authority's certificate, and nobody else's
trusted() {
	server_start "$1"
	written "$1" 7
	kept "$1" 7
	authority other
	(
		server_ca() { echo "$PWD/other.crt"; }
		case $1 in
		influx*|victoria*) status 60 server_curl "$1" /health \
			2>refused ;;
		*)	status 1 server_client "$1" ready 2>refused
			grep -i certificate refused ;;
		esac
	)
	server_stop "$1"
}

@test "each has TLS, with a certificate of its own authority" {
	local kind
	for kind in influx victoria postgres mongo; do
		trusted "$kind-tls"
	done
}

@test "cassandra has TLS" {
	trusted cassandra-tls
}

@test "a server that is paused is silent until it goes on" {
	server_start influx
	server_pause influx
	status 28 server_curl influx /ping -m 1
	server_resume influx
	server_curl influx /ping
	server_pause influx
	server_stop influx
}

@test "influx-flux answers Flux" {
	server_start influx-flux
	written influx-flux 6
	server_curl influx-flux /api/v2/query \
	    -H 'Content-Type: application/vnd.flux' \
	    -d "from(bucket: \"$SERVER_DATABASE\") |> range(start: -1h)" >got
	grep -q ',6,v,kept,one' got
}

@test "two of one kind are two servers" {
	server_start influx
	server_start influx-b
	written influx 1
	written influx-b 2
	kept influx 1
	kept influx-b 2
}

@test "a restart keeps port and data" {
	local port
	server_start postgres
	written postgres 5
	port=$(server_port postgres)
	server_restart postgres
	[[ $(server_port postgres) == "$port" ]]
	kept postgres 5
}

@test "what a test leaves is ended with it" {
	local dir
	server_start influx
	dir=$(server_here influx)
	works_in "$dir"
	servers_end
	status 1 works_in "$dir"
	[[ ! -e $dir ]]
}

@test "a server ends with the process that started it" {
	local dir=$BATS_TEST_TMPDIR/servers/influx got=0
	(server_start influx && works_in "$dir" && kill -9 $BASHPID) || got=$?
	((got == 137))
	await 20 eval '! works_in "$dir"'
}

# stores: scripts/stores with a Maven and a Go of ours, which do as the
# file `mode` says
stores() {
	mkdir -p stubs
	cat >stubs/mvn <<-'EOF'
	#!/bin/bash
	echo mvn >>calls
	lib=$(sed 's/.*-DoutputDirectory=\([^ ]*\).*/\1/' <<<"$*")
	mkdir "$lib"
	: >"$lib/jamm-0.jar"
	case $(<mode) in
	killed)	kill -9 $PPID ;;
	failed)	echo 'no such host'; exit 1 ;;
	*)	: >"$lib/cassandra-all-5.0.9.jar" ;;
	esac
	EOF
	cat >stubs/go <<-'EOF'
	#!/bin/bash
	case "$*" in
	'env GOVERSION') echo go1.26.0; exit ;;
	'mod download'*) mkdir -p "$GOPATH/m/build/version" "$GOPATH/m/cmd"
		echo "	\"Dir\": \"$GOPATH/m\","; exit ;;
	build*)	program=${*: -2:1} ;;
	*nats-server*) program=$GOBIN/nats-server ;;
	*)	program=$GOBIN/influxd ;;
	esac
	echo go >>"$CALLS"
	printf '#!/bin/sh\n' >"$program"
	chmod +x "$program"
	EOF
	chmod +x stubs/*
	CALLS=$PWD/calls MFX_SERVERS=$PWD/cache PATH=$PWD/stubs:$PATH \
	    "$ROOT/scripts/stores" >out 2>err 3>&-
}

@test "what scripts/stores brings is there whole or not at all, and once" {
	echo killed >mode
	status 137 stores
	[[ ! $(find cache -name 'cassandra-*') && -e cache/new/lib ]]
	echo failed >mode
	status 1 stores
	grep -q '^no such host$' err
	grep -q '^stores: no cassandra 5.0.9: see above' err
	[[ ! $(find cache -name 'cassandra-*') ]]
	echo well >mode
	stores
	[[ $(ls cache | xargs) == 'cassandra-5.0.9 dashboards-0.0.22 ferretdb-1.24.2 influxdb-1.8.10 lock nats-2.15.2' ]]
	[[ -x cache/ferretdb-1.24.2/ferretdb ]]
	[[ $(xargs <calls) == 'mvn mvn mvn go go go go' ]]
	stores
	[[ ! -s out && $(wc -l <calls) == 7 ]]
}

@test "a server that is missing is a failure, which says what to do" {
	local kind
	for kind in influx cassandra mongo; do
		status 1 env MFX_SERVERS="$PWD" bash -c '
			BATS_TEST_TMPDIR=$PWD ROOT=$1
			. "$1/tests/servers.bash"; server_start "$2"' - \
		    "$ROOT" "$kind" 2>said
		grep -q "^no server for $kind: .* run scripts/setup --stores" said
	done
}

@test "a server that does not start says why" {
	server_influx_command() {
		command=("$INFLUXD" run -config "$dir/none.conf")
	}
	status 1 server_start influx 2>said
	grep -q '^influx did not start:' said
	grep -q none.conf said
}
