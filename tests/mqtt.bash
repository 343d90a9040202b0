# SPDX-License-Identifier: Apache-2.0
# A mosquitto with our plugin, for the suites that speak MQTT: `load mqtt`
# after `load setup` and `load site`.

# two more things: $THING2 with $KEY2 on the channel, and one elsewhere with
# $STRANGER_KEY; exported, like everything that the Python scripts read
make_more_things() {
	local thing
	thing=$(mfx-things create --name lamp)
	THING2=$(jq -r .id <<<"$thing")
	KEY2=$(jq -r .key <<<"$thing")
	mfx-channels connect "$CHANNEL" "$THING2"
	STRANGER_KEY=$(mfx-things create --name stranger | jq -r .key)
	export THING KEY CHANNEL THING2 KEY2 STRANGER_KEY
	export MQTT_PORT WS_PORT TLS_PORT CERT_PORT MQTT_SOCKET
	BROKER_LINE=$(broker_line) export BROKER_LINE
}

# 2.0 or 2.1: which of the two this mosquitto is
broker_line() {
	mosquitto -h 2>&1 | sed -n 's/^mosquitto version \([0-9]*\.[0-9]*\)\..*/\1/p'
}

# make_certificates: ca.pem, the server's, and some clients'; with these
# start_broker listens for TLS on $TLS_PORT, and on $CERT_PORT for clients with
# a certificate
make_certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout ca.key -out ca.pem -subj /CN=ca -days 2 2>/dev/null
	certificate server localhost 'subjectAltName=IP:127.0.0.1'
	certificate by-id meter "subjectAltName=DNS:x,URI:urn:uuid:${THING^^}"
	certificate by-key "$KEY" ''
	certificate of-two x \
	    "subjectAltName=URI:urn:uuid:$THING,URI:urn:uuid:$THING2"
	certificate of-none '' ''
	certificate no-id meter 'subjectAltName=URI:urn:uuid:meter'
	certificate unknown meter \
	    'subjectAltName=URI:urn:uuid:00000000-0000-4000-8000-000000000000'
}

# certificate FILE COMMON-NAME EXTENSION
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout "$1.key" -subj "/O=mfx${2:+/CN=$2}" 2>/dev/null |
		openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial \
		    -days 2 -out "$1.pem" -extfile <(echo "$3") 2>/dev/null
}

# start_broker [LINE…]: with these lines in its configuration, after the
# plugin's options.  It listens on 127.0.0.1:$MQTT_PORT, on the unix socket
# $MQTT_SOCKET and, with WS=1 set, for WebSockets on $WS_PORT; its pid is
# $BROKER, and it logs to broker.log.  When called again it keeps the ports and
# the configuration.
start_broker() {
	MQTT_SOCKET=$BATS_TEST_TMPDIR/mqtt.sock
	if [[ ! -e mosquitto.conf ]]; then
		free_port MQTT_PORT TLS_PORT CERT_PORT ${WS:+WS_PORT}
		broker_lines "$@" >mosquitto.conf
	fi
	rm -f "$MQTT_SOCKET"
	start_mosquitto
	await 20 broker_is_up_or_gone
	kill -0 "$BROKER" 2>/dev/null || { cat broker.log >&2; return 1; }
}

broker_lines() {
	cat <<END
user $(id -un)
log_dest file $PWD/broker.log
log_type error
log_type warning
log_type notice
allow_anonymous false
persistence_location $PWD/
plugin $BIN/mfx_mosquitto.so
plugin_opt_home $MFX_HOME
plugin_opt_stream raw
END
	printf '%s\n' "$@"
	cat <<END
listener $MQTT_PORT 127.0.0.1
listener 0 $MQTT_SOCKET
END
	[[ ! ${WS:-} ]] ||
		printf 'listener %s 127.0.0.1\nprotocol websockets\n' "$WS_PORT"
	[[ ! -e ca.pem ]] || {
		tls_lines "$TLS_PORT"
		tls_lines "$CERT_PORT"
		echo 'require_certificate true'
	}
}

tls_lines() {
	cat <<END
listener $1 127.0.0.1
cafile $PWD/ca.pem
certfile $PWD/server.pem
keyfile $PWD/server.key
END
}

start_mosquitto() {
	start mosquitto -c mosquitto.conf
	BROKER=$PID
}

broker_is_up_or_gone() {
	! kill -0 "$BROKER" 2>/dev/null ||
		{ [[ -S $MQTT_SOCKET ]] && : <>"/dev/tcp/127.0.0.1/$MQTT_PORT"; }
}

# stop_broker [SIGNAL]: and waits for its end
stop_broker() {
	kill "-${1:-TERM}" "$BROKER"
	wait "$BROKER" 2>/dev/null || true
}

# publish TOPIC-AFTER-messages MESSAGE [OPTION…]: with $KEY to $CHANNEL
publish() {
	local under=$1 message=$2
	shift 2
	timeout 20 mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -u "${NAME:-}" \
	    -P "$KEY" -t "channels/$CHANNEL/messages$under" -m "$message" "$@"
}

# on_bus N: are there N lines on the bus?
on_bus() {
	[[ $(cat "$MFX_HOME"/bus/raw/*.ndjson 2>/dev/null | wc -l) == "$1" ]]
}
