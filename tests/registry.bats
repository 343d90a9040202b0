#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Users, things, channels and connections: what the commands take, refuse
# and answer.  Secrets, isolation and accidents are in identity.bats.
load setup
load identity

# ---- users ----

@test "a user is made once, and a password is verified" {
	add_user bob@example.com 'a longer password'
	mfx-users verify bob@example.com --password-file - <<<'a longer password'
	mfx-users verify BOB@Example.COM --password-file - <<<'a longer password'
	status 1 mfx-users verify bob@example.com --password-file - <<<'correct horse'
	status 1 mfx-users verify bob@example.com --password-file - <<<''
	status 1 mfx-users verify eve@example.com --password-file - <<<'correct horse'
	refuses 65 "already" mfx-users create bob@example.com --password-file - \
	    <<<'another password'
	refuses 65 "already" mfx-users create Bob@EXAMPLE.com --password-file - \
	    <<<'another password'
	mfx-users verify bob@example.com --password-file - <<<'a longer password'
}

@test "a new password ends the old one" {
	mfx-users update "$MFX_USER" --password-file - <<<'battery staple'
	status 1 mfx-users verify "$MFX_USER" --password-file - <<<'correct horse'
	mfx-users verify "$MFX_USER" --password-file - <<<'battery staple'
	refuses 1 "no user" mfx-users update eve@example.com --password-file - \
	    <<<'battery staple'
}

@test "passwords: length, line ends, any bytes, stdin, a file, no terminal" {
	refuses 65 "8 to 1024 bytes" mfx-users create b@example.com \
	    --password-file - <<<'7 bytes'
	head -c 1024 /dev/zero | tr '\0' x >long
	mfx-users create long@example.com --password-file long
	mfx-users verify long@example.com --password-file long
	echo x >>long
	refuses 65 "" mfx-users create b@example.com --password-file long
	head -c 5000 /dev/zero | tr '\0' x >long
	refuses 65 "" mfx-users create b@example.com --password-file long
	printf 'a\0b\xff\tcdef' >bytes
	mfx-users create bytes@example.com --password-file bytes
	printf 'a\0b\xff\tcdef\r\n' >bytes
	mfx-users verify bytes@example.com --password-file bytes
	printf 'a\0b\xff\tcdeF' >bytes
	status 1 mfx-users verify bytes@example.com --password-file bytes
	refuses 66 "nowhere" mfx-users create b@example.com --password-file nowhere
	refuses 64 "no password" setsid mfx-users create b@example.com </dev/null
}

@test "the terminal is asked for a password, without echo, and ^C ends that" {
	python3 "$ROOT/tests/terminal.py" 'password: ' 'typed by hand' \
	    mfx-users create tty@example.com >seen
	grep -q 'password: ' seen
	lacks seen 'typed by hand'
	mfx-users verify tty@example.com --password-file - <<<'typed by hand'
	status 75 python3 "$ROOT/tests/terminal.py" 'password: ' $'\x03' \
	    mfx-users create no@example.com
	(($(mfx-users list | wc -l) == 2))
}

@test "addresses are judged by their form" {
	local email
	for email in a@b x.y+z@sub.example.com "o'brien@example.com" \
	    'a!#$%&*/=?^_`{|}~-@example.com'; do
		add_user "$email"
		mfx-users list | jq -e --arg e "$email" 'select(.email == $e)' >email
		[[ -s email ]]
	done
	for email in '' a a@ @b a@b@c 'a b@c' a..b@c .a@b a.@b a@b..c a@-b a@b- \
	    a@b.-c $'a\n@b' $'a@b\n' "a@b'; DROP TABLE users; --" 'ä@b' \
	    "$(printf '%065d' 0)@b" "a@$(printf '%0300d' 0)"; do
		refuses 65 "no email address" mfx-users create "$email" \
		    --password-file - <<<'correct horse'
	done
	(($(mfx-users list | wc -l) == 5))
}

@test "users are listed in order, as lines and as a table" {
	add_user bob@example.com
	mfx-users list | jq -r .email | diff - <(printf '%s\n' ann@example.com bob@example.com)
	mfx-users list | jq -e '.created > 1500000000 and (.id | length) == 36' >/dev/null
	mfx-users list -H | grep -q '^id .*email .*created'
	(($(mfx-users list -H | wc -l) == 3))
}

@test "a user goes only when nothing is left, or with all of it" {
	local t c
	t=$(thing) c=$(channel)
	mfx-channels connect "$c" "$t"
	refuses 65 "still has" mfx-users remove "$MFX_USER"
	mfx-things get "$t"
	mfx-users remove --all "$MFX_USER"
	refuses 1 "no user" mfx-things list
	refuses 1 "no user" mfx-users remove "$MFX_USER"
	mfx-events | tail -n 3 | jq -r .operation | diff - \
	    <(printf '%s\n' thing.remove channel.remove user.remove)
	add_user "$MFX_USER"
	[[ -z $(mfx-things list) ]]
	mfx-users remove "$MFX_USER"
}

# ---- things ----

@test "a thing: what create says is what get, list and key say" {
	mfx-things create --name 'a "meter"' --metadata '{ "floor" : 2.50 }' >made
	jq -e 'keys_unsorted == ["id","name","key"]' made
	local id key
	id=$(jq -r .id made) key=$(jq -r .key made)
	[[ $id =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]]
	[[ $key =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
	local want='{"id":"'$id'","name":"a \"meter\"","metadata":{"floor":2.50}}'
	[[ $(mfx-things get "$id") == "$want" ]]
	[[ $(mfx-things list) == "$want" ]]
	[[ $(mfx-things list "$id") == "$want" ]]
	[[ $(mfx-things list --keys | jq -r .key) == "$key" ]]
	[[ $(mfx-things key "$id") == '{"id":"'$id'","key":"'$key'"}' ]]
	mfx-things list -H --keys | tail -n 1 | grep -qF "$key"
	mfx-things list -H >table
	lacks table "$key"
}

@test "an update changes what is given and nothing else" {
	local id
	id=$(thing --name n --metadata '{"a":1}')
	mfx-things update --name m "$id"
	mfx-things get "$id" | jq -e '.name == "m" and .metadata == {a:1}'
	mfx-things update --metadata '{"b":2}' "$id"
	mfx-things get "$id" | jq -e '.name == "m" and .metadata == {b:2}'
	mfx-things update --name '' --metadata '{}' "$id"
	mfx-things get "$id" | jq -e '.name == "" and .metadata == {}'
	refuses 64 "nothing to change" mfx-things update "$id"
	refuses 1 "no thing" mfx-things update --name x nobody
}

@test "keys: set, replaced, taken away, unique over the site" {
	local a b
	echo 'first key' >one
	a=$(thing --key-file one) b=$(thing)
	[[ $(mfx-things key "$a" | jq -r .key) == 'first key' ]]
	refuses 65 "in use" mfx-things create --key-file one
	refuses 65 "in use" mfx-things key --key-file one "$b"
	add_user bob@example.com
	refuses 65 "that key is in use" mfx-things create --user bob@example.com \
	    --key-file one
	lacks err ann "$a" 'first key'
	# its own again is no clash
	mfx-things key --key-file one "$a"
	mfx-things key --new "$a" >new
	[[ $(jq -r .key new) != 'first key' ]]
	diff new <(mfx-things key "$a")
	mfx-things key --key-file one "$b"
	[[ $(mfx-things key --remove "$b" | jq .key) == null ]]
	[[ $(mfx-things key "$b" | jq .key) == null ]]
	mfx-things create --key-file one >/dev/null
	refuses 64 "one of" mfx-things key --new --remove "$a"
	# two things can't be given one
	printf another >two
	refuses 65 "in use" mfx-things key --key-file two "$a" "$b"
	diff new <(mfx-things key "$a")
}

@test "keys: what they may be" {
	local text
	head -c 4096 /dev/zero | tr '\0' k >key
	mfx-things create --key-file key | jq -e '.key | length == 4096'
	echo ü-ключ-鍵 >key
	mfx-things create --key-file key | jq -e '.key == "ü-ключ-鍵"'
	mfx-things create --key-file - <<<'from stdin' | jq -e '.key == "from stdin"'
	head -c 4097 /dev/zero | tr '\0' k >key
	refuses 65 "key" mfx-things create --key-file key
	for text in '' ' a' 'a ' $'a\tb' $'a\nb' $'a\x7fb' $'\xff' $'\xc2\x85'; do
		printf '%s' "$text" >key
		refuses 65 "key" mfx-things create --key-file key
	done
	printf 'a\0b' >key
	refuses 65 "key" mfx-things create --key-file key
}

@test "names and metadata: what they may be" {
	local id name
	for name in "'" '"' '\' "'; DROP TABLE things; --" '%s%n' '*' '漢字 🌡' '--x' \
	    "$(printf '%01024d' 0)"; do
		id=$(thing "--name=$name")
		mfx-things get "$id" | jq -e --arg n "$name" '.name == $n' >/dev/null
		mfx-things update --name "$name$name" "$id" 2>/dev/null ||
			((${#name} == 1024))
	done
	for name in $'a\nb' $'a\x01' $'\x7f' $'\xff' $'\xc2\x9b' "$(printf '%01025d' 0)"; do
		refuses 65 "name" mfx-things create --name "$name"
		refuses 65 "name" mfx-things update --name "$name" "$id"
	done
	for name in '' '[]' '"{}"' 1 null '{' '{"a":1}x' '{"a":1,}' '{a:1}' \
	    '{"a":"'$'\x01''"}'; do
		refuses 65 "" mfx-things create --metadata "$name"
	done
	{ printf '{"metadata":{"a":"'; head -c 65529 /dev/zero | tr '\0' x
	  printf '"}}\n'; } >large
	refuses 65 "64 KiB" mfx-things create -f large
	sed 's/xx"/"/' large | mfx-things create -f -
	mfx-things list | tail -n 1 | jq -e '.metadata.a | length == 65527' >/dev/null
	thing --metadata '{"big":12345678901234567890.10,"e":1e400,"k":{"z":1,"a":2}}' >id
	mfx-things get "$(<id)" |
		grep -F '{"big":12345678901234567890.10,"e":1e400,"k":{"z":1,"a":2}}'
}

@test "removal: all of the ids or none, and --if-exists" {
	local a b c
	a=$(thing) b=$(thing) c=$(thing)
	refuses 1 "no thing 'nobody'" mfx-things remove "$a" nobody "$b"
	(($(mfx-things list | wc -l) == 3))
	mfx-things remove "$a" "$b"
	refuses 1 "no thing" mfx-things remove "$a"
	mfx-things remove --if-exists "$a" "$c"
	[[ -z $(mfx-things list) ]]
}

@test "get and list of ids: those that are there, and status 1" {
	local a b
	a=$(thing) b=$(thing)
	status 1 mfx-things get "$a" nobody "$b" >out 2>err
	(($(wc -l <out) == 2)) && grep -q "no thing 'nobody'" err
	refuses 64 "id is missing" mfx-things get
	refuses 64 "either ids or filters" mfx-things list --name x "$a"
}

@test "lists: by name, by metadata, by connection, without an end" {
	local c t
	jq -nc 'range(3000) | {name: "n\(.)", metadata: {odd: (. % 2 == 1), in: [{x: .}]}}' |
		mfx-things create -f - >made
	(($(mfx-things list | wc -l) == 3000))
	mfx-things list | jq -r .name | diff - <(seq 0 2999 | sed 's/^/n/')
	(($(mfx-things list --name 'n1?' | wc -l) == 10))
	(($(mfx-things list --name 'n[!12]*' | wc -l) == 778))
	(($(mfx-things list --name "' OR 1=1 --" | wc -l) == 0))
	(($(mfx-things list --metadata '{"odd":true}' | wc -l) == 1500))
	mfx-things list --metadata '{"in":[{"x":7e0}]}' | jq -e '.name == "n7"'
	(($(mfx-things list --name 'n?' --metadata '{"odd":false}' | wc -l) == 5))
	refuses 65 "metadata" mfx-things list --metadata '[]'
	c=$(channel)
	jq -c --arg c "$c" 'select(.name | endswith("00")) | {channel: $c, thing: .id}' made |
		mfx-channels connect -f -
	(($(mfx-things list --channel "$c" | wc -l) == 29))
	(($(mfx-things list --channel "$c" --name 'n1*' | wc -l) == 11))
	refuses 1 "no channel" mfx-things list --channel nobody
	mfx-things list | head -n 1 >/dev/null
}

# ---- channels and connections ----

@test "a channel: made, shown, changed, removed" {
	mfx-channels create --name c --metadata '{"a":1}' >made
	jq -e 'keys_unsorted == ["id","name"]' made
	local id
	id=$(jq -r .id made)
	[[ $(mfx-channels get "$id") == '{"id":"'$id'","name":"c","metadata":{"a":1}}' ]]
	mfx-channels update --name d "$id"
	mfx-channels list --name d | jq -e '.metadata == {a:1}'
	mfx-channels list -H | grep -q "^$id  d "
	mfx-channels remove "$id"
	refuses 1 "no channel" mfx-channels get "$id"
	refuses 1 "no channel" mfx-channels remove "$id"
	printf '%s\n' '{"name":"x","key":"k"}' >line
	refuses 65 "line:1: " mfx-channels create -f line
}

@test "connections: made, ended, as often as one likes" {
	local a b c
	a=$(thing) b=$(thing) c=$(channel)
	mfx-channels connect "$c" "$a" "$b"
	mfx-channels connect "$c" "$a"
	(($(mfx-things list --channel "$c" | wc -l) == 2))
	[[ $(mfx-channels list --thing "$a" | jq -r .id) == "$c" ]]
	mfx-channels disconnect "$c" "$a"
	mfx-channels disconnect "$c" "$a"
	[[ $(mfx-things list --channel "$c" | jq -r .id) == "$b" ]]
	refuses 1 "no thing" mfx-channels connect "$c" "$a" nobody
	refuses 1 "no channel" mfx-channels connect nobody "$a"
	refuses 1 "no thing" mfx-channels disconnect "$c" nobody
	refuses 1 "no channel" mfx-channels disconnect nobody "$a"
	[[ -z $(mfx-channels list --thing "$a") ]]
	refuses 64 "" mfx-channels connect "$c"
	mfx-things remove "$b"
	[[ -z $(mfx-things list --channel "$c") ]]
	mfx-channels connect "$c" "$a"
	mfx-channels remove "$c"
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'SELECT count(*) FROM connections') == 0 ]]
}

# ---- bulk ----

@test "bulk: 10,000 things, channels, connections, in order" {
	seq 10000 | sed 's/.*/{"name":"n&","key":"key-&"}/' >in
	mfx-things create -f in >things
	jq -r '.name + " " + .key' things | diff - <(seq 10000 | sed 's/.*/n& key-&/')
	mfx-channels create -f - <in 2>/dev/null && false
	sed 's/,"key".*}/}/' in | mfx-channels create -f - >channels
	paste -d '\n' things channels | jq -c '.id' | paste -d ' ' - - |
		sed 's/\(.*\) \(.*\)/{"thing":\1,"channel":\2}/' >pairs
	mfx-channels connect -f pairs
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'SELECT count(*) FROM connections') == 10000 ]]
	mfx-channels connect -f pairs
	mfx-channels disconnect -f pairs
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'SELECT count(*) FROM connections') == 0 ]]
	mfx-things list | mfx-things remove -f -
	[[ -z $(mfx-things list) ]]
}

@test "bulk: an error in the last of 10,000 lines, and nothing was made" {
	local last
	thing --key-file - <<<taken
	everything >before
	seq 9999 | sed 's/.*/{"name":"n&"}/' >in
	for last in '{"name":1}' '{"name":"x"' '{"key":"taken"}' '{"id":"x"}' \
	    '{"owner":"x"}' 'x' '[]' '{"name":"a\u0001"}'; do
		{ cat in; echo "$last"; } >bad
		refuses 65 "bad:10000: " mfx-things create -f bad
		grep -q 'nothing was done' err
		everything | cmp before
	done
	{ cat in; printf '{"name":"'; head -c 2097152 /dev/zero | tr '\0' x; echo '"}'; } |
		refuses 65 "<stdin>:10000: line over 1 MiB" mfx-things create -f -
	# twice the same key or id in one bulk
	printf '{"key":"%s"}\n' a b a >bad
	refuses 65 "bad:3: that key is in use" mfx-things create -f bad
	everything | cmp before
}

@test "bulk: update, ids of one's own, keys given and none" {
	local id=6ba7b810-9dad-41d1-80b4-00c04fd430c8
	printf '%s\n' '{"id":"'$id'","name":"a","key":null}' '{}' >in
	mfx-things create -f in >made
	[[ $(head -n 1 made) == '{"id":"'$id'","name":"a","key":null}' ]]
	refuses 65 "in use" mfx-things create -f in
	mfx-things list | jq -c '{id, metadata: {n: .name}, key: ("k" + .id)}' |
		mfx-things update -f - >keys
	(($(wc -l <keys) == 2))
	mfx-things get --keys $id | jq -e ".metadata.n == \"a\" and .key == \"k$id\""
	printf '%s\n' '{"id":"'$id'","name":"b"}' '{"id":"nobody","name":"b"}' >in
	refuses 65 "in:2: no thing 'nobody'" mfx-things update -f in
	mfx-things get $id | jq -e '.name == "a"'
	printf '{"name":"b"}\n' >in
	refuses 65 "in:1: no id" mfx-things update -f in
	printf '{"id":"%s"}\n' $id >in
	refuses 65 "in:1: nothing to change" mfx-things update -f in
	refuses 66 "nowhere" mfx-things create -f nowhere
	refuses 64 "-f FILE" mfx-things create -f in --name x
	refuses 64 "-f FILE" mfx-things remove -f in $id
}

@test "bulk: no lines make nothing, and are no fault" {
	mfx-things create -f /dev/null >out
	[[ ! -s out ]]
	printf '\n\n{"name":"x"}\r\n\n{"name":"y"}' | mfx-things create -f - >out
	(($(wc -l <out) == 2))
}

@test "an answer that can't be written is status 74, and nobody loses a key" {
	status 74 mfx-things create --name x >/dev/full 2>err
	grep -q '<stdout>' err
	mfx-things list --keys | jq -e '.key | length == 36'
	status 74 mfx-things list >/dev/full 2>err
	status 74 mfx-users list >/dev/full 2>err
	status 74 mfx-can x publish y >/dev/full 2>err
}

@test "long answers: | head ends them quietly, a full or closed stdout is 74" {
	local command
	seq 5000 | sed 's/.*/{"name":"n&"}/' | mfx-things create -f - >/dev/null
	for command in "mfx-things list" "mfx-things list -H" mfx-events; do
		{ $command || echo $? >status; } 2>err | head -n 1 >first
		[[ $(<status) == 141 && ! -s err ]] && (($(wc -l <first) == 1))
		status 74 $command 2>err >/dev/full
		(($(wc -l <err) == 1)) && grep -q '<stdout>: ' err
		status 74 $command 2>err >&-
		(($(wc -l <err) == 1)) && grep -q '<stdout>: ' err
	done
}

# ---- decisions ----

@test "mfx-can: every reason" {
	local t c
	t=$(thing) c=$(channel)
	can() {
		local want=$1 text=$2
		shift 2
		status "$want" mfx-can "$@" >out
		grep -qF -- "$text" out || { cat out; return 1; }
	}
	can 1 "not connected" "$t" publish "$c"
	mfx-channels connect "$c" "$t"
	can 0 "yes: " "$t" publish "$c"
	can 0 "subscribe" "$t" subscribe "$c"
	can 1 "no channel nobody" "$t" publish nobody
	can 1 "no thing nobody" nobody publish "$c"
	can 1 "no thing ' OR 1=1 --" "' OR 1=1 --" publish "$c"
	mfx-things key "$t" | jq -r .key >key
	can 0 "yes: thing $t" --key-file key publish "$c"
	mfx-things key --remove "$t"
	can 1 "taken away" "$t" publish "$c"
	can 1 "nobody has this key" --key-file key publish "$c"
	mfx-things key --key-file key "$t"
	can 0 "yes: " --key-file - subscribe "$c" <key
	mfx-channels remove "$c"
	can 1 "no channel" --key-file key publish "$c"
	status 64 mfx-can "$t" write "$c"
	status 64 mfx-can "$t" publish
	status 64 mfx-can --key-file key "$t" publish "$c"
}

# ---- events ----

@test "events: every change in order, with Mainflux's names" {
	local t c u
	u=$(mfx-users list | jq -r .id)
	t=$(thing --name n --metadata '{"a":1}') c=$(channel)
	mfx-channels connect "$c" "$t"
	mfx-channels connect "$c" "$t"
	mfx-things update --name '' "$t"
	mfx-things update --metadata '{}' "$t"
	mfx-things key --new "$t"
	mfx-channels update --name x "$c"
	mfx-channels disconnect "$c" "$t"
	mfx-channels disconnect "$c" "$t"
	mfx-things remove "$t"
	mfx-channels remove "$c"
	status 1 mfx-things remove "$t" 2>/dev/null
	mfx-users update "$MFX_USER" --password-file - <<<'battery staple'
	mfx-users remove "$MFX_USER"
	mfx-events >events
	jq -c 'del(.time)' events >got
	cat >want <<-EOF
	{"seq":1,"operation":"user.create","id":"$u","email":"ann@example.com"}
	{"seq":2,"operation":"thing.create","id":"$t","owner":"ann@example.com","name":"n","metadata":{"a":1}}
	{"seq":3,"operation":"channel.create","id":"$c","owner":"ann@example.com"}
	{"seq":4,"operation":"thing.connect","chan_id":"$c","thing_id":"$t"}
	{"seq":5,"operation":"thing.update","id":"$t","name":""}
	{"seq":6,"operation":"thing.update","id":"$t","metadata":{}}
	{"seq":7,"operation":"thing.key","id":"$t"}
	{"seq":8,"operation":"channel.update","id":"$c","name":"x"}
	{"seq":9,"operation":"thing.disconnect","chan_id":"$c","thing_id":"$t"}
	{"seq":10,"operation":"thing.remove","id":"$t"}
	{"seq":11,"operation":"channel.remove","id":"$c"}
	{"seq":12,"operation":"user.update","id":"$u","email":"ann@example.com"}
	{"seq":13,"operation":"user.remove","id":"$u","email":"ann@example.com"}
	EOF
	diff want got
	grep -c '^{"seq":[0-9]*,"time":[0-9.]*,"operation":"' events | grep -qx 13
}

@test "events: where to begin, how many" {
	local i at
	for i in 1 2 3; do thing --name "$i" >/dev/null; done
	(($(mfx-events | wc -l) == 4))
	(($(mfx-events --from start | wc -l) == 4))
	[[ $(mfx-events --from 2 | jq .seq | xargs) == "3 4" ]]
	[[ -z $(mfx-events --from 4) && -z $(mfx-events --from end) ]]
	[[ -z $(mfx-events --from 99999) ]]
	at=$(mfx-events --from 2 -n 1 | jq -r .time)
	at=$(mfx-events | grep '"seq":3,' | grep -o '"time":[0-9.]*' | cut -d : -f 2)
	[[ $(mfx-events --from "@$at" | jq .seq | xargs) == "3 4" ]]
	(($(mfx-events --from -1h | wc -l) == 4))
	[[ -z $(mfx-events --from +1h) ]]
	(($(mfx-events -n 3 | wc -l) == 3))
	refuses 64 "--from" mfx-events --from yesterday
	refuses 64 "--count" mfx-events -n 0
}

@test "events: --follow gives each at once, and SIGTERM ends it" {
	start_ready mfx-events --follow --from end
	thing --name followed
	await 20 grep -q followed "$PID_OUT"
	# a bulk larger than a batch
	seq 1000 | sed 's/.*/{"name":"n&"}/' | mfx-things create -f - >/dev/null
	await 20 grep -q '"n1000"' "$PID_OUT"
	jq -r .seq "$PID_OUT" | diff - <(seq 2 1002)
	kill -TERM "$PID"
	status 0 wait "$PID"
	[[ ! -s $PID_ERR ]]
}

@test "events: --follow ends with 75 when another registry is put in place" {
	start_ready mfx-events --follow
	MFX_HOME=$PWD/other add_user bob@example.com
	mv other/registry.db "$MFX_HOME/new.db"
	mv "$MFX_HOME/new.db" "$MFX_HOME/registry.db"
	status 75 wait "$PID"
	grep -q replaced "$PID_ERR"
}
