# SPDX-License-Identifier: Apache-2.0
# The servers that the stores are tested with, as scripts/stores and Debian
# bring them: `load servers` after `load setup` and `load tls`.
#
#	server_start NAME	and it answers
#	server_url NAME		with user and password
#	server_ca NAME		the file of its authority, with TLS
#	server_client NAME …	a client that is not ours: tests/servers.py
#	server_pause NAME, server_resume NAME
#	server_kill NAME	kill -9; what it had stays
#	server_restart NAME	the same data and port; ends it first if it runs
#	server_stop NAME	no process is left, and no file
#
# A test that starts one says "bats test_tags=servers" in the line before it, or
# the file "bats file_tags=servers": `make test` leaves these to `make check`,
# and has SERVERS=no in the environment, with which server_start fails.
#
# NAME is the kind: influx, influx2, victoria, postgres, cassandra, mongo, nats or redis.
# KIND-tls
# speaks TLS and nothing else; influx-flux has Flux, which costs 3 s of CPU at
# each start; influx2, which only `make nightly` has, is asked with INFLUX_TOKEN
# in the environment; nats-always syncs each message to its disk, nats-tls wants a
# certificate (ca.crt, client.crt and client.key in its directory), as redis-tls
# does, and
# nats-1, nats-2, nats-3 are a cluster; any other KIND-WORD is one more of the
# kind.
#
# KIND-small has its data on a disk of its own, which "server_disk NAME full"
# fills and "server_disk NAME free" gives room; others do not see it.  The wall
# clock of KIND-clock is SECONDS fast after "server_clock NAME SECONDS", where
# the server asks libc for the time: programs in Go do not.
#
# A server listens on loopback only and requires a password.  It belongs to the
# test that starts it, or to the file if setup_file does, and always ends with
# that.  A suite that has a teardown or a teardown_file of its own calls
# servers_end there.  Only server_url, server_ca, server_port, server_curl and
# server_client may be called in a subshell: a server that is started in one
# ends with it.
#
# With these settings an acknowledgement means that the data is on disk:
# InfluxDB syncs its log for each write, PostgreSQL with fsync, Cassandra with
# commitlog_sync batch, FerretDB's SQLite with synchronous=full.
# Redis with appendfsync always, NATS only as nats-always.  VictoriaMetrics has no such setting; server_flush NAME waits for its disk.

SERVER_USER=mfx
SERVER_PASSWORD=beside-the-sea
SERVER_DATABASE=mfx	# where the kind has databases

# From here on $name, $kind, $dir and $port are those of the server to start,
# and $command starts it.

# server_here NAME: the directory of the server that was started; it holds pid,
# port, log, ca.crt and what the kind adds
server_here() {
	local at
	for at in "${BATS_TEST_TMPDIR:-}" "$BATS_FILE_TMPDIR"; do
		[[ ! $at || ! -d $at/servers/$1 ]] || {
			echo "$at/servers/$1"
			return
		}
	done
	echo "no server $1 was started" >&2
	return 1
}

# server_program KIND FILE: an executable or a directory that must be there
server_program() {
	[[ -e $2 ]] || {
		echo "no server for $1: $2 is missing; run scripts/setup --stores" >&2
		return 1
	}
}

# with its children: PostgreSQL's live on for a moment
server_pids() {
	local pid
	pid=$(cat "$1/pid") || return
	echo "$pid" $(ps -o pid= --ppid "$pid")
}

# server_end DIR [KILL]: returns when all its processes have ended.  After a
# TERM PostgreSQL waits for its clients.
server_end() {
	local pid pids
	pids=$(server_pids "$1") || return
	case ${2:-${1##*/}} in
	KILL)	kill -KILL $pids ;;
	postgres*) kill -INT ${pids%% *} ;;
	*)	kill -TERM ${pids%% *} ;;
	esac 2>/dev/null || true
	kill -CONT $pids 2>/dev/null || true	# if it is paused
	for pid in $pids; do
		await 30 gone "$pid" || return
		wait "$pid" 2>/dev/null || true
	done
	: >"$1/ended"
}

# server_remove DIR
server_remove() {
	local id root= data=$1/data
	# on a disk of its own, which only those in its namespace see
	[[ ! -e $1/disk ]] || root=/proc/$(<"$1/disk")/root
	# what a killed PostgreSQL leaves in the kernel
	id=$(sed -n '7s/.* //p' "$root$data/postmaster.pid" 2>/dev/null) || true
	[[ ! $id ]] || ipcrm -m "$id" 2>/dev/null || true
	[[ ! -e $1/disk ]] || kill -KILL "$(<"$1/disk")"
	rm -rf "$1"
}

# ---- a disk and a clock of its own ----

SERVER_DISK=400m	# what a -small server has until it is filled

# server_make_disk: a process has the disk, as its mount, with what is in
# $dir/data; it ends with the test
server_make_disk() {
	mkdir "$dir/small"
	# a child of this shell, as it ends with that
	unshare --mount $( ((EUID == 0)) || echo --map-root-user) \
	    setpriv --pdeathsig KILL bash -euc "
		cd '$dir'
		mount -t tmpfs -o mode=700,size=$SERVER_DISK none small
		cp -a data/. small
		chown --reference=data small
		mount --move small data
		: >mounted
		exec sleep infinity" >>"$dir/log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$dir/disk"
	await 60 test -e "$dir/mounted"
}

# server_on_disk DIR: what a command needs before it to see that disk
server_on_disk() {
	echo nsenter --target "$(<"$1/disk")" --wdns="$1" --mount \
	    $( ((EUID == 0)) || echo --user --preserve-credentials)
}

# server_disk NAME full|free
server_disk() {
	local dir
	dir=$(server_here "$1") || return
	case $2 in
	# one that writes meanwhile has a little more by then
	full)	await 20 server_fill "$dir" ;;
	free)	server_resize "$dir" "$SERVER_DISK" ;;
	esac
}

server_fill() {
	server_resize "$1" "$(($(server_used "$1") + 64))k"
}

server_resize() {
	$(server_on_disk "$1") mount -o "remount,size=$2" "$1/data"
}

# server_used DIR: KiB
server_used() {
	$(server_on_disk "$1") df --output=used -k "$1/data" | tail -n 1
}

# server_clock NAME SECONDS
server_clock() {
	clock_set "$(server_here "$1")/clock" "$2"
}

# PostgreSQL does not run as root
server_user() {
	[[ $kind == postgres ]] && ((EUID == 0)) && echo postgres
}

server_run() {
	local as=(setpriv --pdeathsig KILL) user
	if user=$(server_user); then
		as+=(--reuid "$user" --regid "$user" --clear-groups)
	fi
	[[ $name != *-small ]] || as=($(server_on_disk "$dir") "${as[@]}")
	# PostgreSQL does not run as the root of a namespace, either
	[[ $name != *-small ]] || ((EUID == 0)) ||
		as+=(unshare --user --map-user="$EUID")
	[[ $name != *-clock ]] || as+=($(clock_of "$dir/clock"))
	rm -f "$dir/ended"
	(cd "$dir" && exec "${as[@]}" "${command[@]}") >>"$dir/log" 2>&1 \
	    </dev/null 3>&- 4>&- 5>&- 9>&- &
	echo $! >"$dir/pid"
	await 300 eval 'gone '$!' || server_answers' &&
	    ! gone "$(<"$dir/pid")" || {
		echo "$name did not start:" >&2
		tail -n 20 "$dir/log" >&2
		return 1
	}
}

# cheap first
server_answers() {
	{ :; } 2>/dev/null </dev/tcp/127.0.0.1/"$port" && "server_${kind}_answers"
}

# are there servers, or does this run do without?
with_servers() {
	[[ ${SERVERS:-} != no ]]
}

server_start() {
	with_servers || {
		echo "a test that starts $1 needs the tag 'servers'" >&2
		return 1
	}
	local name=$1 kind=${1%%-*} command=() user port
	local dir=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/servers/$1

	"server_${kind}_needs" || return
	mkdir -p "$dir/data"
	free_port port
	echo "$port" >"$dir/port"
	[[ $name != *-tls ]] || (
		cd "$dir"
		authority ca
		certificate server ca /CN=localhost \
		    IP:127.0.0.1,DNS:localhost serverAuth
	)
	if user=$(server_user); then
		chmod go+x "$BATS_RUN_TMPDIR"
		chown -R "$user" "$dir"
	fi
	"server_${kind}_make" >>"$dir/log" 2>&1 || {
		tail -n 20 "$dir/log" >&2
		return 1
	}
	"server_${kind}_command"
	[[ $name != *-small ]] || server_make_disk || return
	server_run && "server_${kind}_users" >>"$dir/log" 2>&1
}

server_kill() {
	local dir
	dir=$(server_here "$1") && server_end "$dir" KILL
}

server_restart() {
	local name=$1 kind=${1%%-*} command=() dir port
	dir=$(server_here "$1") || return
	port=$(<"$dir/port")
	[[ -e $dir/ended ]] || server_end "$dir" || return
	"server_${kind}_command"
	server_run
}

server_stop() {
	local dir
	dir=$(server_here "$1") || return
	[[ -e $dir/ended ]] || server_end "$dir" || return
	server_remove "$dir"
}

server_pause() {
	local dir
	dir=$(server_here "$1") && kill -STOP $(server_pids "$dir")
}

server_resume() {
	local dir
	dir=$(server_here "$1") && kill -CONT $(server_pids "$dir")
}

# ends the servers of the test, or of the file after its tests
servers_end() {
	local dir
	for dir in "${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}"/servers/*/; do
		[[ ! -e $dir/pid ]] || server_end "$dir" KILL
		server_remove "$dir"
	done
}
teardown_file() {
	servers_end
}

server_port() {
	local dir
	dir=$(server_here "$1") && cat "$dir/port"
}

server_ca() {
	local dir
	dir=$(server_here "$1") && echo "$dir/ca.crt"
}

server_url() {
	local at
	at=$SERVER_USER:$SERVER_PASSWORD@127.0.0.1:$(server_port "$1") || return
	case $1 in
	influx-tls|victoria-tls) echo "https://$at" ;;
	influx2) echo "http://127.0.0.1:$(server_port influx2)" ;;
	influx*|victoria*) echo "http://$at" ;;
	postgres-tls) echo "postgres://$at/$SERVER_DATABASE?sslmode=verify-full" ;;
	postgres*) echo "postgres://$at/$SERVER_DATABASE" ;;
	mongo-tls) echo "mongodb://$at/$SERVER_DATABASE?tls=true" ;;
	mongo*)	echo "mongodb://$at/$SERVER_DATABASE" ;;
	cassandra-tls) echo "cassandra://$at/?tls=true" ;;
	cassandra*) echo "cassandra://$at/" ;;
	nats*)	echo "nats://$at" ;;
	redis-tls) echo "rediss://$at" ;;
	redis*)	echo "redis://$at" ;;
	esac
}

# server_curl NAME PATH …: for influx and victoria
server_curl() {
	local ca=()
	[[ $1 != *-tls ]] || ca=(--cacert "$(server_ca "$1")")
	[[ $1 != influx2 ]] || ca=(-H "Authorization: Token $INFLUX_TOKEN")
	curl -sS --fail-with-body -m 20 "${ca[@]}" "${@:3}" \
	    "$(server_url "$1")$2"
}

# server_client NAME VERB [ARGUMENT…]
server_client() {
	local url ca
	url=$(server_url "$1") && ca=$(server_ca "$1") || return
	[[ $1 == *-tls ]] || ca=
	/usr/bin/python3 "$ROOT/tests/servers.py" "$url" "$ca" "${@:2}"
}

# server_flush NAME: makes VictoriaMetrics write what it was sent to disk; a
# query finds that about a second later
server_flush() {
	server_curl "$1" /snapshot/create >/dev/null &&
	    server_curl "$1" /snapshot/delete_all >/dev/null
}

# lines FIRST LAST: one reading each, with positions
lines() {
	awk -v first="$1" -v last="$2" 'BEGIN {
		for (i = first; i <= last; i++)
			printf "{\"channel\":\"c%d\",\"publisher\":\"p\"," \
			    "\"seq\":%d,\"n\":\"t\",\"v\":%d,\"t\":%d}\n",
			    i % 3, i, i, 1700000000 + i
	}'
}

# ---- InfluxDB ----

server_influx_needs() {
	INFLUXD=$("$ROOT/scripts/stores" --directory influxdb)/influxd
	server_program influx "$INFLUXD"
}

server_influx_make() {
	cat >"$dir/influx.conf" <<-EOF
	reporting-disabled = true
	bind-address = "127.0.0.1:0"
	[meta]
	  dir = "$dir/data/meta"
	[data]
	  dir = "$dir/data/data"
	  wal-dir = "$dir/data/wal"
	  wal-fsync-delay = "0s"
	  query-log-enabled = false
	[monitor]
	  store-enabled = false
	[http]
	  bind-address = "127.0.0.1:$port"
	  auth-enabled = true
	  flux-enabled = $([[ $name == *-flux ]] && echo true || echo false)
	  log-enabled = false
	EOF
	if [[ $name == *-tls ]]; then
		cat >>"$dir/influx.conf" <<-EOF
		  https-enabled = true
		  https-certificate = "$dir/server.crt"
		  https-private-key = "$dir/server.key"
		EOF
	fi
}

server_influx_command() {
	server_influx_needs
	command=("$INFLUXD" run -config "$dir/influx.conf")
}

server_influx_answers() {
	server_curl "$name" /ping
}

server_influx_users() {
	server_curl "$name" /query --data-urlencode "q=CREATE USER \
	    $SERVER_USER WITH PASSWORD '$SERVER_PASSWORD' WITH ALL PRIVILEGES" &&
	server_curl "$name" /query \
	    --data-urlencode "q=CREATE DATABASE $SERVER_DATABASE"
}

# ---- InfluxDB 2 ----

server_influx2_needs() {
	INFLUXD2=$("$ROOT/scripts/stores" --directory influxdb2)/influxd
	[[ -e $INFLUXD2 ]] || {
		echo "no server for influx2: $INFLUXD2 is missing;" \
		    "run scripts/setup nightly" >&2
		return 1
	}
}

server_influx2_make() { :; }

server_influx2_command() {
	server_influx2_needs
	command=("$INFLUXD2" run --bolt-path "$dir/data/bolt"
	    --sqlite-path "$dir/data/sqlite" --engine-path "$dir/data/engine"
	    --http-bind-address "127.0.0.1:$port" --reporting-disabled
	    --log-level warn)
}

server_influx2_answers() {
	server_curl "$name" /health | grep -q '"status":"pass"'
}

server_influx2_users() {
	export INFLUX_TOKEN=$SERVER_PASSWORD
	server_curl "$name" /api/v2/setup -d "{\"username\":\"$SERVER_USER\",
	    \"password\":\"$SERVER_PASSWORD\",\"org\":\"$SERVER_USER\",
	    \"bucket\":\"$SERVER_DATABASE\",\"token\":\"$INFLUX_TOKEN\"}"
}

# server_bucket NAME [JSON]: makes it, unless it is there; gives its place
server_bucket() {
	local org
	org=$(server_curl influx2 /api/v2/orgs | jq -er '.orgs[0].id') &&
	{ server_curl influx2 "/api/v2/buckets?name=$1" |
	    jq -e '.buckets[0].id' >/dev/null ||
	    server_curl influx2 /api/v2/buckets >/dev/null \
	    -d "{\"orgID\":\"$org\",\"name\":\"$1\"${2:+,$2}}"; } &&
	echo "$(server_url influx2)/$1?org=$SERVER_USER"
}

# ---- VictoriaMetrics ----

server_victoria_needs() {
	VICTORIA=/usr/bin/victoria-metrics
	server_program victoria "$VICTORIA"
}

server_victoria_make() { :; }

server_victoria_command() {
	server_victoria_needs
	command=("$VICTORIA" -storageDataPath="$dir/data"
	    -httpListenAddr=127.0.0.1:"$port" -retentionPeriod=100y
	    -search.latencyOffset=0s -search.disableCache
	    -memory.allowedBytes=64MB -loggerLevel=WARN
	    -httpAuth.username="$SERVER_USER"
	    -httpAuth.password="$SERVER_PASSWORD")
	[[ $name != *-tls ]] || command+=(-tls
	    -tlsCertFile="$dir/server.crt" -tlsKeyFile="$dir/server.key")
}

server_victoria_answers() {
	server_curl "$name" /health
}

server_victoria_users() { :; }

# ---- PostgreSQL ----

server_postgres_needs() {
	POSTGRES=/usr/lib/postgresql/15/bin
	# in front of a psql that asks, in Perl, which one is meant
	[[ $PATH == "$POSTGRES:"* ]] || PATH=$POSTGRES:$PATH
	server_program postgres $POSTGRES/postgres &&
	    server_program postgres $POSTGRES/initdb
}

server_postgres_make() {
	local as=() user
	if user=$(server_user); then
		as=(setpriv --reuid "$user" --regid "$user" --clear-groups)
	fi
	echo "$SERVER_PASSWORD" >"$dir/password"
	"${as[@]}" $POSTGRES/initdb -N -A scram-sha-256 -U postgres -E UTF8 \
	    --locale=C.UTF-8 --pwfile="$dir/password" -D "$dir/data" || return
	cat >>"$dir/data/postgresql.conf" <<-EOF
	listen_addresses = '127.0.0.1'
	port = $port
	unix_socket_directories = ''
	dynamic_shared_memory_type = mmap
	shared_buffers = 32MB
	max_connections = 40
	fsync = on
	synchronous_commit = on
	EOF
	if [[ $name == *-tls ]]; then
		cat >>"$dir/data/postgresql.conf" <<-EOF
		ssl = on
		ssl_cert_file = '$dir/server.crt'
		ssl_key_file = '$dir/server.key'
		EOF
		echo 'hostssl all all 127.0.0.1/32 scram-sha-256' \
		    >"$dir/data/pg_hba.conf"
	fi
}

server_postgres_command() {
	server_postgres_needs
	command=($POSTGRES/postgres -D "$dir/data")
}

server_postgres_answers() {
	$POSTGRES/pg_isready -q -h 127.0.0.1 -p "$port"
}

# the owner of a database, who is not a superuser
server_postgres_users() {
	local tls=
	[[ $name != *-tls ]] || tls="?sslmode=verify-full&sslrootcert=$dir/ca.crt"
	$POSTGRES/psql -q -v ON_ERROR_STOP=1 \
	    -c "CREATE ROLE $SERVER_USER LOGIN PASSWORD '$SERVER_PASSWORD'" \
	    -c "CREATE DATABASE $SERVER_DATABASE OWNER $SERVER_USER" \
	    "postgres://postgres:$SERVER_PASSWORD@127.0.0.1:$port/postgres$tls"
}

# ---- Apache Cassandra ----

server_cassandra_needs() {
	CASSANDRA=$("$ROOT/scripts/stores" --directory cassandra)/lib
	JAVA=$(echo /usr/lib/jvm/java-17-openjdk-*/bin/java)
	server_program cassandra "$CASSANDRA" && server_program cassandra "$JAVA"
}

server_cassandra_make() {
	local between
	free_port between
	mkdir "$dir/conf" "$dir/tmp"
	cat >"$dir/conf/cassandra.yaml" <<-EOF
	cluster_name: mfx
	num_tokens: 1
	partitioner: org.apache.cassandra.dht.Murmur3Partitioner
	endpoint_snitch: SimpleSnitch
	listen_address: 127.0.0.1
	rpc_address: 127.0.0.1
	storage_port: $between
	native_transport_port: $port
	seed_provider:
	  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
	    parameters: [{ seeds: "127.0.0.1:$between" }]
	commitlog_sync: batch
	commitlog_segment_size: 16MiB
	auto_snapshot: false
	authenticator: PasswordAuthenticator
	authorizer: CassandraAuthorizer
	role_manager: CassandraRoleManager
	EOF
	if [[ $name == *-tls ]]; then
		cat >>"$dir/conf/cassandra.yaml" <<-EOF
		client_encryption_options:
		  enabled: true
		  optional: false
		  keystore: $dir/server.p12
		  keystore_password: $SERVER_PASSWORD
		  store_type: PKCS12
		EOF
		openssl pkcs12 -export -in "$dir/server.crt" \
		    -inkey "$dir/server.key" -name server \
		    -passout "pass:$SERVER_PASSWORD" \
		    -out "$dir/server.p12" || return
	fi
	cat >"$dir/conf/logback.xml" <<-'EOF'
	<configuration>
	  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
	    <encoder><pattern>%date %level %msg%n</pattern></encoder>
	  </appender>
	  <root level="WARN"><appender-ref ref="out"/></root>
	</configuration>
	EOF
}

server_cassandra_command() {
	local open
	server_cassandra_needs
	command=("$JAVA" -Xms512M -Xmx512M -XX:+UseSerialGC
	    -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Djava.io.tmpdir="$dir/tmp"
	    -javaagent:"$(echo "$CASSANDRA"/jamm-*.jar)"
	    -Dcassandra.config="file://$dir/conf/cassandra.yaml"
	    -Dcassandra.storagedir="$dir/data" -Dcassandra-foreground=yes
	    -Dcassandra.skip_wait_for_gossip_to_settle=0
	    -Dcassandra.ring_delay_ms=1
	    -Dcassandra.superuser_setup_delay_ms=0
	    -Dcassandra.auth_bcrypt_gensalt_log2_rounds=4)
	for open in java.lang java.io java.nio java.util java.util.concurrent \
	    java.util.concurrent.atomic sun.nio.ch jdk.internal.ref; do
		command+=(--add-opens "java.base/$open=ALL-UNNAMED")
	done
	command+=(-cp "$dir/conf:$CASSANDRA/*"
	    org.apache.cassandra.service.CassandraDaemon)
}

# for those that are known once; the first time that makes them
server_cassandra_answers() {
	server_client "$name" ready || server_client "$name" users
}

server_cassandra_users() { :; }

# ---- MongoDB's protocol: FerretDB ----

server_mongo_needs() {
	FERRETDB=$("$ROOT/scripts/stores" --directory ferretdb)/ferretdb
	server_program mongo "$FERRETDB"
}

server_mongo_make() {
	mkdir "$dir/state"
}

server_mongo_command() {
	local at=127.0.0.1:$port
	server_mongo_needs
	command=("$FERRETDB" --handler=sqlite --sqlite-url="file:$dir/data/?$(
	    )_pragma=synchronous(full)" --state-dir="$dir/state"
	    --debug-addr=- --telemetry=disable --log-level=WARN
	    --test-enable-new-auth --setup-database="$SERVER_DATABASE"
	    --setup-username="$SERVER_USER"
	    --setup-password="$SERVER_PASSWORD")
	if [[ $name == *-tls ]]; then
		command+=(--listen-addr= --listen-tls="$at"
		    --listen-tls-cert-file="$dir/server.crt"
		    --listen-tls-key-file="$dir/server.key")
	else
		command+=(--listen-addr="$at")
	fi
}

server_mongo_answers() {
	server_client "$name" ready
}

server_mongo_users() { :; }

# ---- NATS with JetStream ----

server_nats_needs() {
	NATS_SERVER=$("$ROOT/scripts/stores" --directory nats)/nats-server
	server_program nats "$NATS_SERVER"
}

# the ports of the cluster's routes are chosen with its first server
server_nats_cluster() {
	local routes=$dir/../nats-routes n a b c
	[[ -e $routes ]] || {
		free_port a b c
		echo "$a $b $c" >"$routes"
	}
	read -r a b c <"$routes"
	n=${name#nats-}
	echo "cluster {
	  name: mfx
	  listen: 127.0.0.1:$(cut -d' ' -f"$n" "$routes")
	  routes: [ nats://127.0.0.1:$a, nats://127.0.0.1:$b,
	    nats://127.0.0.1:$c ]
	}"
}

server_nats_make() {
	local always='' http
	[[ $name != nats-always ]] || always='sync_interval: always'
	free_port http
	echo "$http" >"$dir/http"
	cat >"$dir/nats.conf" <<-EOF
	server_name: "$name"
	listen: 127.0.0.1:$port
	http: 127.0.0.1:$http
	jetstream { store_dir: "$dir/data"
	  $always }
	authorization { user: $SERVER_USER, password: "$SERVER_PASSWORD" }
	EOF
	[[ $name != nats-[123] ]] || server_nats_cluster >>"$dir/nats.conf"
	[[ $name == *-tls ]] || return 0
	(cd "$dir" && certificate client ca /CN=mfx DNS:mfx clientAuth)
	cat >>"$dir/nats.conf" <<-EOF
	tls {
	  cert_file: "$dir/server.crt"
	  key_file: "$dir/server.key"
	  ca_file: "$dir/ca.crt"
	  verify: true
	}
	EOF
}

server_nats_command() {
	server_nats_needs
	command=("$NATS_SERVER" -c "$dir/nats.conf")
}

# a server of a cluster answers when the cluster has a leader
server_nats_answers() {
	[[ $name == nats-[123] ]] ||
	    curl -sS -m 5 -f "http://127.0.0.1:$(<"$dir/http")/healthz"
}

server_nats_users() { :; }

# ---- Redis ----

server_redis_needs() {
	server_program redis /usr/bin/redis-server &&
	    server_program redis /usr/bin/redis-cli
}

server_redis_make() {
	local listen="port $port"
	if [[ $name == *-tls ]]; then
		(cd "$dir" && certificate client ca /CN=mfx DNS:mfx clientAuth)
		listen="port 0
	tls-port $port
	tls-cert-file $dir/server.crt
	tls-key-file $dir/server.key
	tls-ca-cert-file $dir/ca.crt"
	fi
	cat >"$dir/redis.conf" <<-EOF
	bind 127.0.0.1
	$listen
	unixsocket $dir/socket
	dir $dir/data
	save ""
	appendonly yes
	appendfsync always
	user default off
	user $SERVER_USER on >$SERVER_PASSWORD ~* &* +@all
	EOF
}

server_redis_command() {
	server_redis_needs
	command=(/usr/bin/redis-server "$dir/redis.conf")
}

# server_redis NAME COMMAND…: with redis-cli
server_redis() {
	local dir tls=()
	dir=$(server_here "$1") || return
	[[ $1 != *-tls ]] || tls=(--tls --cacert "$dir/ca.crt"
	    --cert "$dir/client.crt" --key "$dir/client.key")
	REDISCLI_AUTH=$SERVER_PASSWORD /usr/bin/redis-cli -p "$(<"$dir/port")" \
	    --user "$SERVER_USER" "${tls[@]}" "${@:2}"
}

server_redis_answers() {
	[[ $(server_redis "$name" PING) == PONG ]]
}

server_redis_users() { :; }
