#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Users, things, channels and connections: what the commands take, refuse
# and answer, keep from others, and survive.  As registry_remote.bats, a link
# to this one, all of it goes through --url, and has to be the same.
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

@test "addresses are judged by their form" {
	local email
	for email in a@b x.y+z@sub.example.com "o'brien@example.com" \
	    'a!#$%&*/=?^_`{|}~-@example.com'; do
		add_user "$email"
		as "$email" mfx-users list |
			jq -e --arg e "$email" 'select(.email == $e)' >email
		[[ -s email ]]
	done
	for email in a a@ @b a@b@c 'a b@c' a..b@c .a@b a.@b a@b..c a@-b a@b- \
	    a@b.-c $'a\n@b' $'a@b\n' "a@b'; DROP TABLE users; --" 'ä@b' \
	    "$(printf '%065d' 0)@b" "a@$(printf '%0300d' 0)"; do
		refuses 65 "not an email address" mfx-users create "$email" \
		    --password-file - <<<'correct horse'
	done
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'SELECT count(*) FROM users') == 5 ]]
}

# ---- things ----

@test "a thing: what create says is what get, list and key say" {
	mfx-things create --name 'a "meter"' --metadata '{ "floor" : 2.50 }' >made
	jq -e 'keys_unsorted == ["id","name","key"]' made
	local id key
	id=$(jq -r .id made) key=$(jq -r .key made)
	[[ $id =~ ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$ ]]
	[[ $key =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
	local want='{"id":"'$id'","name":"a \"meter\"","metadata":{"floor":2.50},"tags":[],"status":"enabled"}'
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
	refuses 65 "that key is in use" as bob@example.com \
	    mfx-things create --key-file one
	lacks err ann "$a" 'first key'
	# its own key again is not a clash
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
	# RFC 7252 5.10: a Uri-Query has at most 255 bytes, "auth=" among them
	head -c 251 /dev/zero | tr '\0' q >key
	mfx-things create --key-file key 2>err | jq -e '.key | length == 251'
	(($(wc -l <err) == 1)) && grep -q 'longer than 250 bytes.*CoAP' err
	head -c 250 /dev/zero | tr '\0' p >key
	mfx-things create --key-file key 2>err | jq -e '.key | length == 250'
	[[ ! -s err ]]
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
	refuses 64 "missing THING" mfx-things get
	refuses 64 "operands or filters" mfx-things list --name x "$a"
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
	[[ $(mfx-channels get "$id") == '{"id":"'$id'","name":"c","metadata":{"a":1},"tags":[],"status":"enabled"}' ]]
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

# ---- tags, status, order ----

@test "tags: given, shown, replaced, asked for" {
	local a b c
	a=$(thing --tag boiler --tag 'floor 2,boiler') b=$(thing --tag 'ü"\[x]')
	c=$(channel --tag cellar)
	mfx-things get "$a" | jq -e '.tags == ["boiler", "floor 2"]'
	mfx-things get "$b" | jq -e '.tags == ["ü\"\\[x]"]'
	mfx-channels list --tag cellar | jq -e '.tags == ["cellar"]'
	[[ $(mfx-things list --tag boiler | jq -r .id) == "$a" ]]
	[[ $(mfx-things list --tag 'ü"\[x]' | jq -r .id) == "$b" ]]
	[[ $(mfx-things list --tag boiler,'floor 2' | jq -r .id) == "$a" ]]
	# all of them, and each as a whole
	for tag in boile oiler floor 'boiler,x' '"' '"boiler"' 'x]' '\[x]' Boiler; do
		[[ -z $(mfx-things list --tag "$tag") ]]
	done
	[[ -z $(mfx-channels list --tag boiler) ]]
	mfx-things update --tag new "$a"
	mfx-things update --name n "$a"
	mfx-things get "$a" | jq -e '.tags == ["new"] and .name == "n"'
	mfx-things update --tag '' "$a"
	mfx-things get "$a" | jq -e '.tags == []'
	jq -nc '{tags: ["a", "b"]}, {tags: []}, {}' | mfx-things create -f - |
		jq -r .id | xargs mfx-things get | jq -c .tags |
		diff - <(printf '%s\n' '["a","b"]' '[]' '[]')
	mfx-things list -H | grep -qF '["a","b"]'
}

@test "tags: what they may be" {
	local tag
	for tag in "$(printf '%0128d' 0)" "$(seq -s , 32)" 漢字 "a'; DROP TABLE x"; do
		thing --tag "$tag" >/dev/null
	done
	refuses 65 "--tag: tag longer" mfx-things create --tag "$(printf '%0129d' 0)"
	refuses 65 "--tag: more than 32" mfx-things create --tag "$(seq -s , 33)"
	for tag in a, ,a a,,b $'a\nb' $'\x7f' $'\xff' $'\xc2\x85'; do
		refuses 65 "--tag: " mfx-things create --tag "$tag"
	done
	for tag in '{}' '"a"' '[1]' '["a",]' '["a"' '[""]' '["a,b"]' '["\u0007"]' \
	    '[["a"]]' null; do
		echo '{"tags":'"$tag"'}' >line
		refuses 65 "line:1: " mfx-things create -f line
	done
}

@test "status: ended and given back, with an event for each change" {
	local t c
	t=$(thing --name t) c=$(channel)
	mfx-things disable "$t"
	mfx-things disable "$t"
	mfx-channels disable "$c"
	mfx-things get "$t" | jq -e '.status == "disabled"'
	[[ $(mfx-things list --status disabled | jq -r .id) == "$t" ]]
	[[ -z $(mfx-things list --status enabled) ]]
	[[ $(mfx-channels list --status disabled | jq -r .id) == "$c" ]]
	refuses 1 "no thing 'nobody'" mfx-things enable "$t" nobody
	mfx-things get "$t" | jq -e '.status == "disabled"'
	mfx-things list | mfx-things enable -f -
	mfx-channels enable "$c"
	mfx-things get "$t" | jq -e '.status == "enabled" and .name == "t"'
	mfx-events | jq -r '[.operation, .id] | join(" ")' | tail -n 4 | diff - <(
		printf '%s\n' "thing.disable $t" "channel.disable $c" \
		    "thing.enable $t" "channel.enable $c")
	add_user bob@example.com
	refuses 1 "no thing '$t'" as bob@example.com mfx-things disable "$t"
	echo '{"id":"'"$t"'","status":"off"}' >line
	refuses 65 "line:1: status" mfx-things update -f line
}

@test "order: by creation, name or id, both ways, with filters" {
	local c
	jq -nc 'range(1200) | {name: "n\(. * 7919 % 997 % 40)",
	    id: ("00000000-0000-4000-8000-" + ("000000000000\(. * 7919 % 100003)" | .[-12:])),
	    tags: [if . % 3 == 0 then "third" else "other" end]}' >in
	mfx-things create -f in >made
	c=$(channel)
	jq -c --arg c "$c" 'select(.id | test("[02468]$")) | {channel: $c, thing: .id}' in |
		mfx-channels connect -f -
	# sorted HERE THERE: jq's own order is the measure; of one name, by creation
	sorted() {
		jq -sc 'to_entries | map(.value + {at: .key}) | '"$1"' | .[].id' in >want
		shift
		"$@" | jq -c .id | cmp - want
	}
	sorted . mfx-things list
	sorted reverse mfx-things list --dir desc
	sorted 'sort_by(.name, .at)' mfx-things list --order name
	sorted 'sort_by(.name, .at) | reverse' mfx-things list --order name --dir desc
	sorted 'sort_by(.id)' mfx-things list --order id --dir asc
	sorted 'sort_by(.id) | reverse' mfx-things list --order id --dir desc
	sorted 'map(select(.tags == ["third"])) | sort_by(.name, .at)' \
	    mfx-things list --order name --tag third
	sorted 'map(select(.name | startswith("n1"))) | reverse' \
	    mfx-things list --dir desc --name 'n1*'
	sorted 'map(select(.id | test("[02468]$"))) | sort_by(.name, .at) | reverse' \
	    mfx-things list --order name --dir desc --channel "$c"
	sorted 'map(select(.id | test("[02468]$"))) | sort_by(.id)' \
	    mfx-things list --order id --channel "$c"
	refuses 64 "order" mfx-things list --order size
}

@test "--dry-run: what would go, and the same refusals" {
	local a b c
	a=$(thing --name a --tag x) b=$(thing --name b) c=$(channel)
	mfx-channels connect "$c" "$a"
	everything >before
	mfx-things remove --dry-run "$a" "$b" >out
	diff out <(mfx-things get "$a" "$b")
	mfx-channels remove --dry-run "$c" | diff - <(mfx-channels get "$c")
	[[ $(mfx-channels disconnect --dry-run "$c" "$a" "$b") == \
	    '{"channel":"'$c'","thing":"'$a'"}' ]]
	refuses 1 "no thing 'nobody'" mfx-things remove --dry-run "$a" nobody
	mfx-things remove --dry-run --if-exists nobody "$a" | diff - <(mfx-things get "$a")
	refuses 1 "no channel" mfx-channels remove --dry-run nobody
	refuses 1 "no thing" mfx-channels disconnect --dry-run "$c" "$a" nobody
	mfx-things list | mfx-things remove --dry-run -f - | diff - <(mfx-things list)
	everything | cmp before
}

@test "--dry-run: of a user and of tokens" {
	local id
	everything >before
	mfx-users remove --dry-run "$MFX_USER" | jq -e --arg e "$MFX_USER" \
	    '.email == $e and .things == 0 and .channels == 0 and (.id | length) == 36'
	everything | cmp before
	thing >/dev/null
	channel >/dev/null
	channel >/dev/null
	everything >before
	refuses 65 "still has things, channels or groups" \
	    mfx-users remove --dry-run "$MFX_USER"
	mfx-users remove --dry-run --all "$MFX_USER" |
		jq -e '.things == 1 and .channels == 2'
	everything | cmp before
	id=$(mfx-token create --scope things:read one | jq -r .id)
	mfx-token create --scope things:read two >/dev/null
	mfx-token remove --dry-run "$id" | jq -e '.name == "one" and (has("token") | not)'
	refuses 1 "no token 'nobody'" mfx-token remove "$id" nobody
	(($(mfx-token list | wc -l) == 2))
	mfx-token remove "$id"
	[[ $(mfx-token list | jq -r .name) == two ]]
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

@test "bulk: no lines make nothing, without an error" {
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
	mfx-channels disable "$c"
	can 1 "channel $c is disabled" "$t" publish "$c"
	mfx-things disable "$t"
	can 1 "thing $t is disabled" "$t" publish "$c"
	mfx-channels enable "$c"
	can 1 "thing $t is disabled" "$t" subscribe "$c"
	mfx-things key "$t" | jq -r .key >key
	can 1 "or the thing is disabled" --key-file key publish "$c"
	mfx-things enable "$t"
	can 0 "yes: " "$t" publish "$c"
	can 0 "subscribe" "$t" subscribe "$c"
	mfx-channels connect --publish "$c" "$t"
	can 0 "yes: " "$t" publish "$c"
	can 1 "is connected to channel $c to publish only" "$t" subscribe "$c"
	mfx-things key "$t" | jq -r .key >key
	can 0 "yes: " --key-file key publish "$c"
	can 1 "to publish only" --key-file key subscribe "$c"
	mfx-channels connect --subscribe "$c" "$t"
	can 0 "yes: " --key-file key subscribe "$c"
	can 1 "to subscribe only" --key-file key publish "$c"
	can 1 "to subscribe only" "$t" publish "$c"
	mfx-channels connect --publish --subscribe "$c" "$t"
	can 1 "no channel nobody" "$t" publish nobody
	can 1 "no thing nobody" nobody publish "$c"
	can 1 "no thing ' OR 1=1 --" "' OR 1=1 --" publish "$c"
	mfx-things key "$t" | jq -r .key >key
	can 0 "yes: thing $t" --key-file key publish "$c"
	mfx-things key --remove "$t"
	can 1 "was revoked" "$t" publish "$c"
	can 1 "no thing has this key" --key-file key publish "$c"
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
	new_password 'correct horse' 'battery staple'
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
	EOF
	diff want got
	grep -c '^{"seq":[0-9]*,"time":[0-9.]*,"operation":"' events | grep -qx 12
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

@test "events: --follow ends when its reader is gone" {
	thing --name one
	timeout 60 bash -c 'mfx-events --follow | head -n 1' >one
	[[ $(jq -r .seq one) == 1 ]]
}

# ---- other people, other processes ----

@test "what is another's is as unknown as what is not there" {
	local t c bt bc verb
	t=$(thing --name mine) c=$(channel --name mine)
	mfx-channels connect "$c" "$t"
	add_user bob@example.com
	become bob@example.com
	bt=$(thing --name his) bc=$(channel --name his)
	everything >before
	[[ $(mfx-things list | jq -r .id) == "$bt" ]]
	[[ $(mfx-channels list | jq -r .id) == "$bc" ]]
	[[ -z $(mfx-things list --name mine) ]]

	# alike ID COMMAND…: says of `ID` in the command what it says of an
	# id that nobody has, word for word
	alike() {
		local id=$1 none=00000000-0000-4000-8000-000000000000
		local got=0 want=0
		shift
		"${@//ID/$none}" >want.out 2>want.err || want=$?
		"${@//ID/$id}" >got.out 2>got.err || got=$?
		((want != 0 && got == want)) &&
		sed "s/$id/$none/g" got.out | cmp - want.out &&
		sed "s/$id/$none/g" got.err | cmp - want.err ||
			{ echo "$*:"; cat got.* want.*; return 1; }
	}
	echo '{"id":"'$t'","name":"taken over"}' >t.line
	alike "$t" mfx-things get ID
	alike "$t" mfx-things list ID
	alike "$t" mfx-things get --keys ID
	alike "$t" mfx-things update --name x ID
	alike "$t" mfx-things update --metadata '{}' ID
	alike "$t" mfx-things remove ID
	alike "$t" mfx-things key ID
	alike "$t" mfx-things key --new ID
	alike "$t" mfx-things key --remove ID
	alike "$t" mfx-channels list --thing ID
	alike "$t" mfx-channels connect "$bc" ID
	alike "$t" mfx-channels connect "$bc" "$bt" ID
	alike "$t" mfx-channels disconnect "$bc" ID
	alike "$c" mfx-channels get ID
	alike "$c" mfx-channels list ID
	alike "$c" mfx-channels update --name x ID
	alike "$c" mfx-channels remove ID
	alike "$c" mfx-channels connect ID "$bt"
	alike "$c" mfx-channels disconnect ID "$bt"
	alike "$c" mfx-channels connect ID "$t"
	alike "$c" mfx-channels disconnect ID "$t"
	alike "$c" mfx-things list --channel ID
	# --if-exists is quiet about both
	mfx-things remove --if-exists "$t"
	mfx-channels remove --if-exists "$c"
	# in bulk
	refuses 65 "t.line:1: no thing" mfx-things update -f t.line
	refuses 65 "t.line:1: no thing" mfx-things remove -f t.line
	printf '{"channel":"%s","thing":"%s"}\n' "$bc" "$bt" "$c" "$bt" >pairs
	refuses 65 "pairs:2: no channel" mfx-channels connect -f pairs
	printf '{"channel":"%s","thing":"%s"}\n' "$bc" "$bt" "$bc" "$t" >pairs
	refuses 65 "pairs:2: no thing" mfx-channels connect -f pairs
	refuses 65 "pairs:2: no thing" mfx-channels disconnect -f pairs
	everything | cmp before
	# and the database itself holds no connection between two owners
	status 19 sqlite3 "$MFX_HOME/registry.db" 'PRAGMA foreign_keys = ON;
	    INSERT INTO connections SELECT c.n, t.n, c.owner, 3 FROM channels c,
	    things t WHERE c.owner <> t.owner LIMIT 1' 2>/dev/null
}

@test "an id that was one user's is never another's" {
	local t c kept ann
	t=$(thing) c=$(channel) kept=$(thing)
	ann=$(mfx-users list | jq -r .id)
	mfx-things remove "$t"
	mfx-channels remove "$c"
	add_user bob@example.com
	# taken ID…: nobody else can have it, as a thing or as a channel
	local why='is in use'
	taken() {
		local id
		for id; do
			echo '{"id":"'"$id"'","name":"x"}' >line
			refuses 65 "line:1: the id '$id' $why" \
			    as bob@example.com mfx-things create -f line
			refuses 65 "line:1: the id '$id' $why" \
			    as bob@example.com mfx-channels create -f line
			refuses 65 "the id '$id' $why" \
			    as bob@example.com mfx-things create -f - <line
		done
	}
	taken "$t" "$c" "$kept" "$ann"
	# the owner brings back what was theirs
	echo '{"id":"'"$t"'","name":"back"}' >line
	mfx-things create -f line >/dev/null
	echo '{"id":"'"$c"'","name":"back"}' >line
	mfx-channels create -f line >/dev/null
	mfx-things list --name back | jq -e --arg t "$t" '.id == $t'
	taken "$t" "$c"
	mfx-things remove "$t"
	taken "$t"
	# a new user with the address of a removed one is another user
	add_user eve@example.com
	as eve@example.com mfx-things create -f - <<<'{"name":"e"}' | jq -r .id >id
	local old
	old=$(as eve@example.com mfx-users list | jq -r 'select(.email == "eve@example.com").id')
	as eve@example.com mfx-users remove --all eve@example.com
	rm -f token.eve_example_com
	add_user eve@example.com
	why='was that of a user who was removed' taken "$old"
	why="was of user '$old', who was removed"
	taken "$(<id)"
	echo '{"id":"'"$(<id)"'"}' >line
	refuses 65 "$why" as eve@example.com mfx-things create -f line
	refuses 65 "$why" as eve@example.com mfx-channels create -f line
	# nothing but the id and the owner is kept
	[[ $(sqlite3 "$MFX_HOME/registry.db" "SELECT group_concat(name) FROM
	    pragma_table_info('removed')") == id,owner ]]
}

@test "text of SQL, of shells and of terminals does nothing anywhere" {
	local text t c want
	t=$(thing --name t) c=$(channel --name c)
	everything >before
	for text in "' OR '1'='1" "'; DROP TABLE things; --" '" OR ""="' \
	    '%' '_' '\' '`id`' '$(id)' "x') UNION SELECT password FROM users --" \
	    $'\e]0;x\a' $'a\nb' '{"$ne":null}' 'x -- ' '0x41' 'NULL'; do
		for command in "mfx-things get" "mfx-things remove" \
		    "mfx-things key" "mfx-things key --new" \
		    "mfx-things update --name x" "mfx-channels get" \
		    "mfx-channels remove" "mfx-channels list --thing" \
		    "mfx-things list --channel" "mfx-channels connect $c" \
		    "mfx-channels disconnect $c" "mfx-users remove --all" \
		    "mfx-things list --user" "mfx-channels list --user"; do
			# there it is the token that says who
			want=1
			[[ ! $MFX_URL || $command != *user* ]] || want=77
			status $want $command "$text" >out 2>err </dev/null
			[[ ! -s out ]]
			LC_ALL=C lacks err $'\e' $'\a'
			(($(wc -l <err) == 1))
		done
		status 1 mfx-users verify "$text" --password-file - <<<"$text"
		status 1 mfx-can "$text" publish "$c" >/dev/null
		status 1 mfx-can "$t" publish "$text" >/dev/null
		[[ -z $(mfx-things list --name "$text$text") ]]
		jq -nc --arg x "$text" '{channel: $x, thing: $x}' >line
		status 65 mfx-channels connect -f line 2>/dev/null
		jq -nc --arg x "$text" '{id: $x}' >line
		status 65 mfx-things remove -f line 2>/dev/null
		status 65 mfx-things create -f line 2>/dev/null
	done
	everything | cmp before
}

@test "many that change it at once all succeed, and readers too" {
	local i pids=() out
	for i in 1 2 3 4 5 6; do
		(for j in {1..10}; do
			mfx-things create --name "$i-$j" >/dev/null || exit
			mfx-things list >/dev/null || exit
		done) 3>&- &
		pids+=($!)
	done
	seq 2000 | sed 's/.*/{"name":"bulk"}/' | mfx-things create -f - >/dev/null
	for i in "${pids[@]}"; do status 0 wait "$i"; done
	(($(mfx-things list | wc -l) == 2060))
	mfx-events | jq .seq | diff - <(seq 2061)
}

@test "a slow producer of a bulk keeps nobody waiting, and may be stopped" {
	local pid
	mkfifo in
	start mfx-things create -f in
	pid=$PID
	exec 5>in
	echo '{"name":"first"}' >&5
	await 30 drained 5
	timeout 60 mfx-things create --name other >/dev/null
	kill -TERM "$pid"
	status 75 wait "$pid"
	grep -q 'nothing was done' "$PID_ERR"
	exec 5>&-
	[[ $(mfx-things list | jq -r .name) == other ]]
}
