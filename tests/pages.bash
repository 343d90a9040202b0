# SPDX-License-Identifier: Apache-2.0
# What the examples of a page find when tests/pages.bats runs them, by the
# marks `.\" given COMMAND` in the page.
. "$ROOT/tests/setup.bash"
. "$ROOT/tests/tls.bash"
. "$ROOT/tests/servers.bash"
PATH=$SEEN:$PATH
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}	# where scripts/stores has its servers
# as of somebody who has just logged in
export HOME=$PWD MFX_HOME=$PWD/home ROOT BIN REMOTE SEEN
unset MFX_BUS MFX_USER MFX_URL MFX_TOKEN_FILE MFX_CACERT XDG_CONFIG_HOME
mkdir -p .config
PIDS=()
# what an example left running ends with its page
trap 'PIDS+=($(jobs -p)); teardown' EXIT

# background COMMAND…: to the end of the page; an example that says `wait`
# does not mean these
background() {
	start "$@"
	disown "$PID"
}

# a_server COMMAND…: ready; the port of the first address is $port
a_server() {
	local line
	rm -f given.ready
	mkfifo given.ready
	"$@" -v --ready-fd 9 9<>given.ready >given.out 2>given.err </dev/null &
	PIDS+=($!)
	disown $!
	read -rt 60 line <given.ready
	port=$(sed -n 's/.*serving on .*://p' given.err | head -n 1)
}

# a user, a channel, and a thing that is connected to it
a_site() {
	export MFX_USER=ann@example.com
	export channel thing key id
	echo 'correct horse' >password
	mfx-users create $MFX_USER --password-file password >/dev/null
	channel=$(mfx-channels create --name garden | jq -r .id)
	mfx-things create --name meter >meter
	thing=$(jq -r .id meter) key=$(jq -r .key meter) id=$channel
	mfx-channels connect "$channel" "$thing" >/dev/null
	(umask 077; echo "Authorization: $key" >header)
}

# a store that the group store has moved into
a_store() {
	mfx-sub raw/store --no-follow | mfx-normalize |
		mfx-write-sqlite --ack raw/store messages.db
}

# a database, and where it is found without a port
a_postgres() {
	export PGPORT PGPASSWORD URL
	server_start postgres
	URL=$(server_url postgres)
	PGPORT=$(server_port postgres) PGPASSWORD=$SERVER_PASSWORD
	echo "$SERVER_PASSWORD" >pg.password
}

# a database, and one that Mainflux has used, where the examples have port 8086
an_influx() {
	export INFLUX_PORT
	XDG_CACHE_HOME=$CACHE server_start influx
	INFLUX_PORT=$(server_port influx)
	echo "$SERVER_PASSWORD" >influx.password
	printf '{"channel":"c1","n":"t","v":1,"t":%d}\n' "$(date +%s)" |
		mfx-write-influx --layout mainflux "$(server_url influx)/mainflux"
}

# a database where the examples have port 27017
a_mongo() {
	export MONGO_PORT
	XDG_CACHE_HOME=$CACHE server_start mongo
	MONGO_PORT=$(server_port mongo)
	echo "$SERVER_PASSWORD" >mongo.password
}

# the one of all pages, where the examples have port 9042, with nothing in it
a_cassandra() {
	export CASSANDRA_PORT
	CASSANDRA_PORT=$(server_port cassandra)
	server_client cassandra cql 'DROP KEYSPACE IF EXISTS mfx'
	echo "$SERVER_PASSWORD" >cassandra.password
}

# one where the examples have port 6379, whose password is in a file, and
# redis-cli finds it
a_redis() {
	export REDIS_PORT
	server_start redis
	REDIS_PORT=$(server_port redis)
	echo "$SERVER_PASSWORD" >redis.password
	redis-cli() { server_redis redis "$@"; }
}

# ends, and finds the server; its group, and another one
redis_consumer() {
	export ONCE=1
	redis-events.py() {
		"$ROOT/tests/extend/redis-events.py" \
		    "${1/localhost:6379/localhost:$REDIS_PORT}" "${@:2}"
	}
	redis-cli XGROUP CREATE mainflux.things other 0 MKSTREAM
}

# one with TLS, and the socket of the other
a_redis_with_tls() {
	export REDIS_TLS_PORT
	server_start redis-tls
	REDIS_TLS_PORT=$(server_port redis-tls)
	cp "$(server_here redis-tls)"/{ca.crt,client.crt,client.key} .
	ln -s "$(server_here redis)/socket" redis.sock
}

certificates() {
	authority ca
	authority devices
	certificate server ca /CN=localhost \
	    DNS:localhost,IP:127.0.0.1 serverAuth
	cat server.crt server.key >server.pem
}

# a mosquitto where mfx-adapt-mqtt looks for it
a_broker() {
	mkdir -p "$MFX_HOME/mqtt"
	printf '%s\n' "listener 0 $MFX_HOME/mqtt/broker.sock" \
	    'allow_anonymous true' "user $(id -un)" >mosquitto.conf
	[[ ${1:-} == configured ]] || background mosquitto -c mosquitto.conf
}

# one on another machine, with TLS
a_remote_broker() {
	printf '%s\n' "listener $REMOTE 127.0.0.1" 'allow_anonymous true' \
	    "user $(id -un)" "certfile $PWD/server.crt" \
	    "keyfile $PWD/server.key" >remote.conf
	background mosquitto -c remote.conf
	await 60 bash -c ": >/dev/tcp/127.0.0.1/$REMOTE"
	echo 'correct horse' >password
}

# the site of another machine, with TLS; $host is localhost with its port
an_api() {
	certificates
	echo 'correct horse' >password
	MFX_HOME=$PWD/there mfx-users create ann@example.com \
	    --password-file password >/dev/null
	a_server env MFX_HOME="$PWD/there" mfx-api -l 127.0.0.1:0 \
	    --tls-cert server.crt --tls-key server.key
	host=localhost:$port
	export MFX_CACERT=$PWD/ca.crt
	MFX_URL=https://$host mfx-token login ann@example.com \
	    --password-file password
	MFX_URL=https://$host mfx-things create --name meter >/dev/null
}

# devices of a factory, and a scanner of labels
a_factory() {
	a_registry
	export MFX_USER=ann@example.com
	mfx-users create $MFX_USER --password-file password >/dev/null
	printf 'sn-%d,key-%d\n' 1 1 2 2 >factory.csv
	zbarcam() { echo 'mfx:claim?id=sn-3&key=key-3'; }
}

# a gateway of that factory, and the mfx-api that it asks
a_new_device() {
	an_api
	echo key-1 >key
	MFX_HOME=$PWD/there mfx-bootstrap add sn-1 --key-file key >/dev/null
}

# servers want to see one
a_registry() {
	echo 'correct horse' >password
	mfx-users create bob@example.com --password-file password >/dev/null
}

# a PKCS #11 token with the label site, and its PIN
a_token() {
	mkdir tokens
	echo "directories.tokendir = $PWD/tokens" >softhsm2.conf
	export SOFTHSM2_CONF=$PWD/softhsm2.conf PIN=271828
	(umask 077; echo "$PIN" >token.pin)
	softhsm2-util --init-token --free --label site --pin "$PIN" \
	    --so-pin 31415926 >/dev/null
}
