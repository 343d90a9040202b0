#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Configurations of devices by mfx-bootstrap: here, and in bootstrap_remote.bats
# by way of a mfx-api.  What a device gets is in api_bootstrap.bats.
load setup
load identity

# config ID [OPTION…]: prints the thing of a new one
config() { mfx-bootstrap add "$@" | jq -r .thing_id; }

# the configuration of a thing
shown() { mfx-bootstrap get --keys "$1"; }

# says THING FILTER: what jq says of it
says() { shown "$1" | jq -c "$2"; }

connected() { mfx-things list --channel "$1" | jq -r .id; }

# the events after SEQ without what differs each time
told() {
	mfx-events --from "$1" | jq -c 'del(.seq, .time, .timestamp)'
}

last_event() {
	mfx-events | tail -n 1 | jq .seq
}

# the registry, with all that is in the tables of this
all_of_it() {
	everything
	sqlite3 "$MFX_HOME/registry.db" 'SELECT * FROM bootstrap;
	    SELECT * FROM bootstrap_channels'
}

@test "add makes a thing, or takes one; get and list show it" {
	local a b channel=$(channel --name c)
	mfx-bootstrap add dev-1 --name pump --channel "$channel" \
	    --content <(printf 'ssid=x\n') >added
	jq -e 'keys == ["external_id", "external_key", "state", "thing_id",
	    "thing_key"] and .external_id == "dev-1" and .state == 0' added
	a=$(jq -r .thing_id added)
	[[ $(mfx-things key "$a" | jq -r .key) == $(jq -r .thing_key added) ]]
	[[ $(mfx-things get "$a" | jq -r .name) == pump ]]
	b=$(thing --name meter)
	mfx-bootstrap add --thing "$b" --key-file - 'dev 2/é' <<<'a key' >added
	[[ $(jq -c . added) == '{"thing_id":"'$b'","external_id":"dev 2/é","external_key":"a key","state":0}' ]]
	[[ $(shown "$b") == '{"thing_id":"'$b'","external_id":"dev 2/é","name":"","channels":[],"content":"","state":0,"external_key":"a key"}' ]]
	mfx-bootstrap get "$b" "$a" >two
	jq -se '.[0].external_id == "dev 2/é" and .[1] == {thing_id: "'$a'",
	    external_id: "dev-1", name: "pump", channels: ["'$channel'"],
	    content: "ssid=x\n", state: 0}' two
	mfx-bootstrap list | jq -se 'map(.thing_id) == ["'$a'", "'$b'"]'
	mfx-bootstrap list -H | grep -q "^$a *dev-1 *pump *1 *inactive"
	refuses 1 'no configuration' mfx-bootstrap get "$channel"
	refuses 1 'no thing' mfx-bootstrap add x --thing "$channel"
	refuses 1 'no channel' mfx-bootstrap add x --channel "$b"
}

@test "list: by part of a name, external id and state" {
	local i ids
	for i in {0..20}; do
		echo '{"external_id":"d'$i'","name":"Pump '$i'","state":'$((i % 2))'}'
	done | mfx-bootstrap add -f - >added
	[[ $(mfx-bootstrap list --name 'uMP 1' | jq -r .external_id | xargs) == \
	    "d1 d10 d11 d12 d13 d14 d15 d16 d17 d18 d19" ]]
	[[ $(mfx-bootstrap list --external-id d7 | jq -r .name) == 'Pump 7' ]]
	(($(mfx-bootstrap list --state active | wc -l) == 10))
	(($(mfx-bootstrap list --state inactive --name ' 2' | wc -l) == 2))
	[[ ! $(mfx-bootstrap list --external-id D7) ]]
	# what it shows can be given back
	mfx-bootstrap list --keys | jq -c '.name |= "x" + .' |
		mfx-bootstrap update -f -
	(($(mfx-bootstrap list --name xpump | wc -l) == 21))
}

@test "a state connects the thing to its channels, and disconnects it" {
	local a=$(channel) b=$(channel) thing from
	thing=$(config d --channel "$a" --channel "$b")
	[[ ! $(connected "$a")$(connected "$b") ]]
	from=$(last_event)
	mfx-bootstrap state active "$thing"
	[[ $(connected "$a") == "$thing" && $(connected "$b") == "$thing" ]]
	[[ $(says "$thing" .state) == 1 ]]
	told "$from" | diff - <(
		echo '{"operation":"thing.state_change","thing_id":"'$thing'","state":1}'
		for i in "$a" "$b"; do
			echo '{"operation":"thing.connect","chan_id":"'$i'","thing_id":"'$thing'"}'
		done)
	from=$(last_event)
	mfx-bootstrap state active "$thing"
	[[ ! $(told "$from") ]]
	mfx-bootstrap state inactive "$thing"
	[[ ! $(connected "$a")$(connected "$b") ]]
	told "$from" | diff - <(
		echo '{"operation":"thing.state_change","thing_id":"'$thing'","state":0}'
		for i in "$a" "$b"; do
			echo '{"operation":"thing.disconnect","chan_id":"'$i'","thing_id":"'$thing'"}'
		done)
	refuses 1 'no configuration' mfx-bootstrap state active "$a"
}

@test "a connection that goes one way is made again as it was" {
	local thing channel=$(channel)
	thing=$(config dev-1 --channel "$channel")
	mfx-bootstrap state active "$thing"
	way() {
		[[ $(mfx-things list --channel "$channel" |
		    jq -r '.direction // "both"') == "$1" ]]
	}
	way both
	mfx-channels connect --publish "$channel" "$thing"
	mfx-bootstrap state inactive "$thing"
	way ''
	mfx-bootstrap state active "$thing"
	way publish
	# and the last one counts
	mfx-channels connect --publish --subscribe "$channel" "$thing"
	mfx-channels disconnect "$channel" "$thing"
	mfx-bootstrap state active "$thing"
	way both
	mfx-channels connect --subscribe "$channel" "$thing"
	mfx-channels disconnect "$channel" "$thing"
	mfx-bootstrap state active "$thing"
	way subscribe
}

@test "channels are replaced: those of an active one are connected, with none too" {
	local a=$(channel) b=$(channel) c=$(channel) own=$(channel) thing
	thing=$(config d --channel "$a" --channel "$b" --active)
	mfx-channels connect "$own" "$thing"
	mfx-bootstrap update --channel "$b" --channel "$c" "$thing"
	[[ $(says "$thing" .state) == 1 ]]
	[[ ! $(connected "$a") && $(connected "$b") == "$thing" &&
	    $(connected "$c") == "$thing" && $(connected "$own") == "$thing" ]]
	[[ $(told 0 | tail -n 1) == '{"operation":"thing.update_connections","thing_id":"'$thing'","channels":"'$b', '$c'"}' ]]
	# an empty list did nothing
	mfx-bootstrap update --no-channels "$thing"
	[[ $(says "$thing" .channels) == '[]' ]]
	[[ ! $(connected "$b")$(connected "$c") && $(connected "$own") == "$thing" ]]
	# and of one that is not active nothing is connected
	mfx-bootstrap state inactive "$thing"
	mfx-bootstrap update --channel "$a" "$thing"
	[[ ! $(connected "$a") && $(says "$thing" .channels) == '["'$a'"]' ]]
}

@test "a thing that is disconnected is inactive, that one alone" {
	local a=$(channel) b=$(channel) other=$(channel) x y
	x=$(config x --channel "$a" --channel "$b" --active)
	y=$(config y --channel "$a" --active)
	add_user bob@example.com
	z=$(as bob@example.com config z --active)
	mfx-channels connect "$other" "$x"
	mfx-channels disconnect "$other" "$x"
	[[ $(says "$x" .state) == 1 ]]
	mfx-channels disconnect "$a" "$x"
	[[ $(says "$x" .state) == 0 && $(says "$y" .state) == 1 ]]
	[[ $(as bob@example.com says "$z" .state) == 1 ]]
	[[ $(told 0 | tail -n 1) == '{"operation":"thing.state_change","thing_id":"'$x'","state":0}' ]]
	# the other connection is as it was
	[[ $(connected "$b") == "$x" ]]
}

@test "it goes with its thing, and loses a channel that is removed" {
	local a=$(channel) b=$(channel) x y
	x=$(config x --channel "$a" --channel "$b" --active)
	y=$(config y --channel "$a")
	mfx-channels update --name renamed --metadata '{"floor":2}' "$a"
	mfx-channels remove "$a"
	[[ $(says "$x" .channels) == '["'$b'"]' && $(says "$y" .channels) == '[]' ]]
	[[ $(says "$x" .state) == 1 ]]
	mfx-things remove "$x"
	status 1 mfx-bootstrap get "$x"
	[[ $(mfx-bootstrap list | jq -r .thing_id) == "$y" ]]
	# its external id is free
	x=$(config x)
	# a configuration goes alone; the thing stays, with its connections
	mfx-bootstrap update --channel "$b" "$x"
	mfx-bootstrap state active "$x"
	mfx-bootstrap remove "$x"
	[[ $(told 0 | tail -n 1) == '{"operation":"config.remove","thing_id":"'$x'"}' ]]
	[[ $(connected "$b") == "$x" ]]
	refuses 1 'no configuration' mfx-bootstrap remove "$x"
	mfx-bootstrap remove --if-exists "$x"
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'SELECT count(*) FROM
	    bootstrap_channels') == 0 ]]
}

@test "events have what Mainflux has, and nothing secret" {
	local a=$(channel) thing from=$(last_event)
	thing=$(config d --name n --channel "$a" --content <(printf c) \
	    --client-key <(echo private))
	told "$from" | tail -n 1 | diff - <(echo '{"operation":"config.create","thing_id":"'$thing'","owner":"ann@example.com","name":"n","channels":"'$a'","external_id":"d","content":"c"}')
	mfx-bootstrap update --content <(printf other) "$thing"
	told 0 | tail -n 1 | diff - <(echo '{"operation":"config.update","thing_id":"'$thing'","name":"n","content":"other"}')
	mfx-events | tail -n 1 | jq -e '.timestamp == (.time | floor)'
	from=$(last_event)
	mfx-bootstrap list >/dev/null
	status 1 mfx-bootstrap update --name x "$a"
	status 65 mfx-bootstrap add d
	[[ ! $(told "$from") ]]
}

@test "thousands at once, all or nothing" {
	local channel=$(channel)
	seq 3000 | jq -c "{external_id: \"d\\(.)\", external_key: \"k\\(.)\",
	    name: \"pump \\(.)\", channels: [\"$channel\"], state: 1}" >lines
	mfx-bootstrap add -f lines >added
	jq -se 'length == 3000 and (map(.external_id) == [range(1; 3001) |
	    "d\(.)"]) and all(.state == 1)' added
	(($(mfx-things list --channel "$channel" | wc -l) == 3000))
	all_of_it >before
	seq 3001 3100 | jq -c '{external_id: "d\(.)"}' >more
	refuses 65 "<stdin>:101: the external id 'd7' is in use; nothing was done" \
	    mfx-bootstrap add -f - < <(cat more; echo '{"external_id":"d7"}')
	refuses 65 "<stdin>:101: no channel 'x'; nothing was done" \
	    mfx-bootstrap add -f - < <(cat more; echo '{"external_id":"e","channels":["x"]}')
	refuses 65 '<stdin>:101: ' mfx-bootstrap add -f - < <(cat more; echo '{"external_id":')
	refuses 65 "<stdin>:2: no configuration of a thing 'x'; nothing was done" \
	    mfx-bootstrap update -f - < <(jq -c '{thing_id, name: "y"}' added |
		head -n 1; echo '{"thing_id":"x","name":"y"}')
	all_of_it | cmp - before
	jq -c '{thing_id, state: 0}' added | mfx-bootstrap update -f -
	[[ ! $(connected "$channel") ]]
	jq -c '{thing_id}' added | mfx-bootstrap remove -f -
	[[ ! $(mfx-bootstrap list) ]]
}

@test "labels: a telephone's text claims a device" {
	local channel=$(channel)
	printf '%s\n' 'mfx:claim?id=dev%2F1&key=k%26%3D+1&name=pump%201' \
	    ' MFX:CLAIM?key=two&id=dev-2 ' \
	    '{"external_id":"dev-3","external_key":"three","state":0}' |
		mfx-bootstrap add -f - --channel "$channel" --active >added
	jq -se 'map([.external_id, .external_key, .state]) ==
	    [["dev/1", "k&=+1", 1], ["dev-2", "two", 1], ["dev-3", "three", 0]]' added
	[[ $(mfx-bootstrap list --external-id dev/1 | jq -r .name) == 'pump 1' ]]
	(($(connected "$channel" | wc -l) == 2))
	all_of_it >before
	local bad
	for bad in 'id=a' 'key=a' '' 'id=a&key=b&x=c' 'id=a&id=b&key=c' 'id=&key=b' \
	    'id=a&key=' 'id=%zz&key=b' 'id=a%00&key=b' 'id=a&key=b%0a' 'id&key=b' \
	    'id=%ff&key=b' 'id=a&key=b&'; do
		refuses 65 '<stdin>:1: ' mfx-bootstrap add -f - <<<"mfx:claim?$bad"
		# the key is not in the message
		lacks err key=b
	done
	all_of_it | cmp - before
	# only what is new has a label
	refuses 65 '' mfx-bootstrap update -f - <<<'mfx:claim?id=a&key=b'
}

@test "another device, or another key, for the same thing" {
	local thing=$(config d --key-file - <<<one) other=$(config e)
	mfx-bootstrap update --external-id f "$thing"
	[[ $(says "$thing" '[.external_id, .external_key]') == '["f","one"]' ]]
	mfx-bootstrap update --key-file - "$thing" <<<two
	[[ $(says "$thing" '[.external_id, .external_key]') == '["f","two"]' ]]
	refuses 65 "the external id 'e' is in use" \
	    mfx-bootstrap update --external-id e "$thing"
	[[ $(config d) ]]
	refuses 65 'has a configuration' mfx-bootstrap add g --thing "$other"
	refuses 65 'nothing to change is given' mfx-bootstrap update "$thing"
	refuses 64 'not both' mfx-bootstrap update --no-channels --channel x "$thing"
	refuses 64 '-f FILE goes with none' mfx-bootstrap add -f - --thing x
}

@test "certificates and keys are kept and shown; a private key is sealed" {
	local thing
	openssl req -x509 -newkey rsa:4096 -nodes -keyout key -out cert \
	    -subj /CN=d -days 1 2>/dev/null
	thing=$(config d --client-cert cert --client-key key --ca-cert cert)
	shown "$thing" | jq -j .client_key | cmp - key
	shown "$thing" | jq -j .client_cert | cmp - cert
	shown "$thing" | jq -j .ca_cert | cmp - cert
	mfx-bootstrap get "$thing" | jq -e 'has("client_key") | not'
	mfx-bootstrap update -f - <<<'{"thing_id":"'$thing'","client_key":null}'
	shown "$thing" | jq -e '(has("client_key") | not) and has("ca_cert")'
}

@test "no external key, thing's key or private key is in clear anywhere" {
	local thing secret=the-external-key private=the-private-key key
	mfx-bootstrap add d --key-file - --client-key <(echo "$private") \
	    <<<"$secret" >added
	key=$(jq -r .thing_key added)
	thing=$(jq -r .thing_id added)
	mfx-bootstrap list >said 2>&1
	mfx-bootstrap list -H >>said
	mfx-events >>said
	for bad in '{"external_id":"d","external_key":"'$secret'"}' \
	    '{"external_id":"e","external_key":"'$secret'","x":1}' \
	    '{"external_id":"e","external_key":"'$secret \
	    "mfx:claim?id=d&key=$secret" "mfx:claim?id=&key=$secret"; do
		status 65 mfx-bootstrap add -f - <<<"$bad" 2>>said
	done
	(($(wc -l <said) > 8))
	lacks said "$secret" "$private" "$key"
	for file in "$MFX_HOME"/*; do lacks "$file" "$secret" "$private" "$key"; done
	# two of one key do not show that
	config e --key-file - <<<"$secret"
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'SELECT count(DISTINCT
	    hex(key_hash)) FROM bootstrap') == 2 ]]
}

@test "others' configurations do not exist, and their external ids are not told" {
	local thing=$(config d --name mine) channel=$(channel) bobs
	add_user bob@example.com
	[[ ! $(as bob@example.com mfx-bootstrap list) ]]
	refuses 1 "no configuration of a thing '$thing'" \
	    as bob@example.com mfx-bootstrap get "$thing"
	refuses 1 '' as bob@example.com mfx-bootstrap update --name x "$thing"
	refuses 1 '' as bob@example.com mfx-bootstrap state active "$thing"
	refuses 1 '' as bob@example.com mfx-bootstrap remove "$thing"
	refuses 1 "no thing '$thing'" \
	    as bob@example.com mfx-bootstrap add e --thing "$thing"
	refuses 1 "no channel '$channel'" \
	    as bob@example.com mfx-bootstrap add e --channel "$channel"
	refuses 65 "the external id 'd' is in use" \
	    as bob@example.com mfx-bootstrap add d
	lacks err ann
	bobs=$(as bob@example.com config e)
	refuses 1 '' as bob@example.com mfx-bootstrap update --channel "$channel" "$bobs"
	[[ $(says "$thing" .name) == '"mine"' ]]
}

@test "what is refused leaves the things and the registry as they were" {
	local thing=$(thing --name kept) channel=$(channel)
	mfx-channels connect "$channel" "$thing"
	all_of_it >before
	# Mainflux removed the thing, or left a transaction open
	status 1 mfx-bootstrap add d --thing "$thing" --channel "$thing"
	status 1 mfx-bootstrap add d --channel "$channel" --channel "$thing"
	status 65 mfx-bootstrap add "$(printf 'd\1')"
	status 65 mfx-bootstrap add "$(head -c 513 /dev/zero | tr '\0' d)"
	status 65 mfx-bootstrap add d --content <(head -c 65537 /dev/zero | tr '\0' c)
	status 65 mfx-bootstrap add d --content <(printf '\0')
	status 65 mfx-bootstrap add d --client-key <(head -c 4097 /dev/zero | tr '\0' k)
	status 65 mfx-bootstrap add -f - <<<'{"external_id":"d","state":2}'
	status 65 mfx-bootstrap add -f - <<<'{"external_id":"d","channels":[1]}'
	status 65 mfx-bootstrap add -f - <<<'{"external_id":"d","name":null}'
	status 65 mfx-bootstrap add -f - < <(jq -nc '{external_id: "d",
	    channels: [range(257) | "c\(.)"]}')
	all_of_it | cmp - before
	config d --content <(head -c 65536 /dev/zero | tr '\0' c)
}

@test "a key that is changed is the one that a configuration has" {
	local long thing=$(config d)
	printf -v long '%4096s' ''
	mfx-things key --key-file - "$thing" <<<"${long// /k}" >/dev/null 2>&1
	[[ $(sqlite3 "$MFX_HOME/registry.db" "SELECT count(*) FROM
	    pragma_table_info('bootstrap') WHERE name LIKE 'thing%key%'") == 0 ]]
	[[ $(says "$thing" .external_id) == '"d"' ]]
}
