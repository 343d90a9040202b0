#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Connections that go one way only, at every door: who may only publish
# receives nothing and reads nothing, who may only subscribe sends nothing; and
# what is taken away ends at once, where it is open too.
load setup
load site
load ws
load coap
load mqtt
load doors

setup_suite_test() {
	make_site
	make_more_things
	free_port HTTP_PORT API_PORT COAP_PORT
}

# the connection of $THING goes this way: publish, subscribe or both
goes() {
	case $1 in
	both) mfx-channels connect --publish --subscribe "$CHANNEL" "$THING" ;;
	*) mfx-channels connect "--$1" "$CHANNEL" "$THING" ;;
	esac
}

coap_uri() {
	echo "coap://127.0.0.1:$COAP_PORT/channels/$CHANNEL/messages?auth=$KEY$1"
}
coap_does() {
	coap_at "$1" "$(coap_uri "$2")" "${@:3}"
	[[ ! $SAID || $SAID == 4.* ]] || SAID=data
	echo "${SAID%% *}"
}

# is this text a payload on the bus?
kept() {
	mfx-sub raw --no-follow | grep -qF "\"vd\":\"$(printf %s "$1" | base64 |
	    tr '+/' '-_' | tr -d =)\""
}

says() { grep -qF "$1" answer || { cat answer; return 1; }; }

@test "HTTP, CoAP, WebSocket and the API: each way alone, and both" {
	serve_all
	is 202 http_posts
	mfx-sub raw --no-follow | mfx-normalize |
		mfx-write-sqlite "$MFX_HOME/messages.db"

	goes publish
	await 20 is 403 api_reads
	says 'does not go this way'
	await 20 is 4.03 coap_does get ''
	await 20 is 4.03 coap_does get '&from=start'
	is 202 http_posts
	is '' coap_does post '' -e x
	handshake 403 "/channels/$CHANNEL/messages/%23" -H "Authorization: $KEY"
	handshake 403 "/channels/$CHANNEL/messages?from=start" \
	    -H "Authorization: $KEY"
	# it sends, and gets nothing: not even its own
	[[ $(talk '' send:published quiet) == quiet ]]
	kept published

	goes subscribe
	await 20 is 403 http_posts
	says 'does not go this way'
	await 20 is 4.03 coap_does post '' -e x
	is 200 api_reads
	is '' coap_does get ''
	is data coap_does get '&from=start'
	[[ $(talk '' send:refused closed) == \
	    "closed 1008 this thing's connection to this channel does not go this way" ]]
	refute kept refused

	goes both
	await 20 is 202 http_posts
	is 200 api_reads
	is '' coap_does post '' -e x
	[[ $(talk '' send:again recv) == 'text again' ]]
}

@test "a WebSocket ends when it loses a direction, and gains one while it is open" {
	serve_ws
	goes publish
	talk_on got '' await:sent recv closed
	local listens=$TALKING
	# it may receive from now on
	goes both
	hears() {
		post_ws
		grep -q 'text heard' got
	}
	post_ws() { TALK_KEY=$KEY2 KEY=$KEY2 talk '' send:heard >/dev/null; }
	: >sent
	await 20 hears
	goes publish
	wait "$listens"
	[[ $(tail -n 1 got) == 'closed 4403 access was revoked' ]]
	goes both
	talk_on got '/%23' closed
	goes publish
	wait "$TALKING"
	[[ $(<got) == 'closed 4403 access was revoked' ]]
	# one that never could is not ended
	talk_on got '' await:sent2 send:still made:kept
	mfx-things update --name changed "$THING2"
	: >sent2
	await 20 test -e kept
	await 20 kept still
}

@test "an observer over CoAP is told when it may not subscribe any more" {
	start_ready mfx-adapt-coap -i raw -o raw -l "127.0.0.1:$COAP_PORT" \
	    </dev/null
	PORT=$COAP_PORT "$ROOT/tests/coap_raw.py" listen "$COAP_PORT" 2 \
	    >got 2>&1 3>&- &
	PIDS+=($!)
	await 20 grep -q observing got
	goes publish
	await 20 grep -q ^4.03 got
	is '' coap_does post '' -e x
	is 4.03 coap_does get '' -s 5
}

@test "MQTT: subscriptions, messages, wills and what is retained" {
	start_broker 'check_retain_source true'
	/usr/bin/python3 "$ROOT/tests/mqtt_access.py" directions 3>&-
}

@test "the API: bodies of Mainflux are for both, and a direction may be given" {
	local token t u pair
	start_ready mfx-api -l "127.0.0.1:$API_PORT"
	ask() { # WANT METHOD PATH [CURL-OPTION…]
		local got
		got=$(curl -sS -m 20 -o answer -w '%{http_code}' -X "$2" \
		    -H "Authorization: $token" "${@:4}" \
		    "http://127.0.0.1:$API_PORT$3")
		[[ $got == "$1" ]] || { echo "$got, not $1: $2 $3"; cat answer; return 1; }
	}
	json=(-H 'Content-Type: application/json')
	token=
	ask 201 POST /tokens "${json[@]}" \
	    -d '{"email":"ann@example.com","password":"correct horse"}'
	token=$(jq -r .token answer)
	t=$(mfx-things create | jq -r .id) u=$(mfx-things create | jq -r .id)
	pair=/channels/$CHANNEL/things/$t
	way() { # WANT: that of $t in both lists
		ask 200 GET "/channels/$CHANNEL/things?limit=100"
		jq -e --arg t "$t" --arg want "$1" '.things[] |
		    select(.id == $t) | .direction // "both" == $want' answer
		ask 200 GET "/things/$t/channels?order=name"
		jq -e --arg want "$1" \
		    '.channels[0].direction // "both" == $want' answer
	}
	ask 200 PUT "$pair"
	way both
	ask 200 PUT "$pair?direction=publish"
	way publish
	# as a client that knows nothing of it does again
	ask 200 PUT "$pair"
	way publish
	ask 200 POST /connect "${json[@]}" \
	    -d "{\"channel_ids\":[\"$CHANNEL\"],\"thing_ids\":[\"$t\",\"$u\"]}"
	way publish
	ask 200 POST /connect "${json[@]}" -d "{\"channel_ids\":[\"$CHANNEL\"],
	    \"thing_ids\":[\"$t\",\"$u\"],\"direction\":\"subscribe\"}"
	way subscribe
	ask 200 POST /connect -H 'Content-Type: application/x-ndjson' -d \
	    "{\"channel\":\"$CHANNEL\",\"thing\":\"$t\",\"direction\":\"both\"}"
	way both
	ask 400 PUT "$pair?direction=none"
	ask 400 PUT "$pair?direction=publish&direction=both"
	ask 400 POST /connect "${json[@]}" -d "{\"channel_ids\":[\"$CHANNEL\"],
	    \"thing_ids\":[\"$t\"],\"direction\":\"none\"}"
	way both

	# decisions: without a direction it is asked for both
	mfx-channels connect --publish "$CHANNEL" "$t"
	key=$(mfx-things key "$t" | jq -r .key)
	decides() { # WANT DIRECTION-MEMBER
		await 20 ask "$1" POST "/channels/$CHANNEL/access" \
		    "${json[@]}" -d "{\"token\":\"$key\"$2}"
		ask "$1" POST "/channels/$CHANNEL/access-by-id" \
		    "${json[@]}" -d "{\"thing_id\":\"$t\"$2}"
	}
	decides 403 ''
	decides 403 ',"direction":"both"'
	decides 403 ',"direction":"subscribe"'
	decides 200 ',"direction":"publish"'
	decides 400 ',"direction":"x"'
	for way in '' '&direction=both' '&direction=subscribe'; do
		ask 200 GET "/things/$t/access?channel=$CHANNEL$way"
		jq -e '. == {allowed: false, reason: "publish_only"}' answer
	done
	ask 200 GET "/things/$t/access?channel=$CHANNEL&direction=publish"
	jq -e '. == {allowed: true}' answer
	ask 204 DELETE "$pair"
}
