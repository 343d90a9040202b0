#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What hangs on the ids and the status of things and channels, through every
# protocol: nobody reads what was another's, and what is disabled is shut at
# once, open connections too.
load setup
load site
load ws
load coap
load mqtt

setup_suite_test() {
	PORT=
	make_site
	free_port HTTP_PORT API_PORT COAP_PORT
}

# code WHAT CURL-OPTION…: it is answered with that status
code() {
	local want=$1 got
	shift
	got=$(curl -sS -m 20 -o answer -w '%{http_code}' "$@")
	[[ $got == "$want" ]] || { echo "$got, not $want: $*"; cat answer; return 1; }
}

# each of these is what the key $1 gets of channel $2
reads() {
	code "$3" -H "Authorization: $1" \
	    "http://127.0.0.1:$API_PORT/channels/$2/messages"
}
posts() {
	code "$3" -H "Authorization: $1" -d '[{"n":"x","v":1}]' \
	    -H 'Content-Type: application/senml+json' \
	    "http://127.0.0.1:$HTTP_PORT/channels/$2/messages"
}
replays() {
	coap_at get "coap://127.0.0.1:$COAP_PORT/channels/$2/messages?from=start&auth=$1"
	[[ $SAID == $3* ]] || { echo "CoAP: $SAID"; return 1; }
}

@test "what was another's stays out of reach by every door and protocol" {
	local old=$CHANNEL token door
	serve_all
	posts "$KEY" "$old" 202
	mfx-sub raw --no-follow | mfx-normalize |
		mfx-write-sqlite "$MFX_HOME/messages.db"
	reads "$KEY" "$old" 200
	jq -e '.total == 1' answer
	replays "$KEY" "$old" '[{'
	mfx-channels remove "$old"
	mfx-things remove "$THING"

	export MFX_USER=bob@example.com
	mfx-users create "$MFX_USER" --password-file - <<<'correct horse'
	mfx-things create >thing
	code 201 -H 'Content-Type: application/json' \
	    -d '{"email":"bob@example.com","password":"correct horse"}' \
	    "http://127.0.0.1:$API_PORT/tokens"
	token=$(jq -r .token answer)
	for door in channels things; do
		code 422 -H "Authorization: $token" \
		    -H 'Content-Type: application/x-ndjson' \
		    -d "{\"id\":\"$old\",\"name\":\"x\"}" \
		    "http://127.0.0.1:$API_PORT/$door/bulk"
		code 422 -H "Authorization: $token" \
		    -H 'Content-Type: application/x-ndjson' \
		    -d "{\"id\":\"$THING\"}" "http://127.0.0.1:$API_PORT/$door/bulk"
		# Mainflux' form has no id: it is passed over
		for body in "{\"id\":\"$old\"}" "[{\"id\":\"$old\"}]"; do
			[[ $body == {* ]] && path=$door || path=$door/bulk
			curl -sS -m 20 -D head -o answer -H "Authorization: $token" \
			    -H 'Content-Type: application/json' -d "$body" \
			    "http://127.0.0.1:$API_PORT/$path"
			refute grep -F "$old" head answer
		done
	done
	code 404 -X PUT -H "Authorization: $token" \
	    "http://127.0.0.1:$API_PORT/channels/$old/things/$(jq -r .id thing)"
	KEY=$(jq -r .key thing)
	reads "$KEY" "$old" 403
	posts "$KEY" "$old" 403
	replays "$KEY" "$old" 4.03
	handshake 403 "/channels/$old/messages?from=start" \
	    -H "Authorization: $KEY"
}

@test "what is disabled is shut at once, and open again when it is enabled" {
	local verb
	serve_all
	start_broker
	mqtt() {
		mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -u "$THING" -P "$KEY" \
		    -q 1 -V mqttv5 -t "channels/$CHANNEL/messages" \
		    -m '[{"n":"x","v":1}]' >mqtt.out 2>&1 &&
			refute grep -qi 'not authori[sz]ed' mqtt.out
	}
	refused_mqtt() { ! mqtt; }
	posts "$KEY" "$CHANNEL" 202
	replays "$KEY" "$CHANNEL" '[{'
	mqtt
	for verb in mfx-things mfx-channels; do
		[[ $verb == mfx-things ]] && id=$THING || id=$CHANNEL
		talk_on said '' closed
		"$verb" disable "$id"
		await 20 posts "$KEY" "$CHANNEL" 403
		await 20 replays "$KEY" "$CHANNEL" 4.03
		await 20 refused_mqtt
		# one that is let in by an answer of just before is ended, but
		# curl does not say that it has heard it
		await 20 handshake 403 "/channels/$CHANNEL/messages" -m 1 \
		    -H "Authorization: $KEY"
		await 20 grep -qx 'closed 4403 access was revoked' said
		"$verb" enable "$id"
		await 20 posts "$KEY" "$CHANNEL" 202
		await 20 replays "$KEY" "$CHANNEL" '[{'
		await 20 mqtt
	done
}

# answers KEY: all that each door says to one who shows that; '' shows nothing
answers() {
	local m=/channels/$CHANNEL/messages path
	local key=$1 show=(-H "Authorization: $1") auth="auth=$1" pass=(-P "$1")
	[[ $key ]] || show=() auth='' pass=()
	for path in "$HTTP_PORT$m" "$API_PORT$m"; do
		[[ $path == "$HTTP_PORT"* ]] && set -- -d x || set --
		curl -sS -m 60 -w '%{http_code} %{content_type}\n' \
		    "$@" "${show[@]}" "http://127.0.0.1:$path"
	done
	# with the right one it stays open
	[[ $key == "$KEY" ]] ||
		curl -sS -m 60 -w '%{http_code} %{content_type}\n' \
		    -H 'Upgrade: websocket' -H 'Connection: Upgrade' \
		    -H 'Sec-WebSocket-Version: 13' \
		    -H 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' \
		    "${show[@]}" "http://127.0.0.1:$PORT$m"
	for path in "post coap" "get coap" "post coap+tcp" "get coap+tcp"; do
		coap_at "${path% *}" "${path#* }://127.0.0.1:$COAP_PORT$m?$auth" \
		    -e x
		printf '%s\n' "$SAID"
	done
	for path in mqttv311 mqttv5; do
		mosquitto_pub -h 127.0.0.1 -p "$MQTT_PORT" -u "$THING" \
		    "${pass[@]}" -q 1 -V $path -t "channels/$CHANNEL/messages" \
		    -m x 2>&1 && echo "MQTT let it in"
		printf '%s\n' "$?"
	done
}

@test "no key and a wrong one are answered alike by every door" {
	local wrong
	serve_all
	start_broker
	answers '' >none
	for wrong in x "$THING" "${KEY^^}" "$(mfx-things create | jq -r .key)"; do
		answers "$wrong" >wrong
		diff none wrong
	done
	(($(grep -c '^4\.03 ' none) == 4))
	(($(grep -c '^403 ' none) == 3))
	refute grep -q 'let it in' none
	answers "$KEY" >right
	(($(grep -c 'let it in' right) == 2))
	refute grep -qE '^4\.?03 ' right
}
