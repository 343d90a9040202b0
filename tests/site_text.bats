#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-site: the site as text.
load setup
load identity

# a site of two users, in the variables of the ids
two_users() {
	mfx-users create bob@example.com --metadata '{"n":1.5}' \
	    --password-file - <<<'correct horse'
	METER=$(thing --name meter --metadata '{ "floor" : 2.5 }' --tag a,b)
	PUMP=$(thing --name pump)
	KITCHEN=$(channel --name kitchen)
	mfx-things disable "$PUMP"
	mfx-channels connect "$KITCHEN" "$METER" "$PUMP"
	BOBS=$(mfx-things create --user bob@example.com --name meter | jq -r .id)
}

@test "an export is all objects, one a line, in a stable order" {
	two_users
	mfx-site export >one
	mfx-site export >two
	cmp one two
	jq -r .kind one | uniq | xargs >kinds
	[[ $(<kinds) == "user channel thing connection" ]]
	[[ $(jq -r 'select(.kind == "user") | .email' one | xargs) == \
	    "ann@example.com bob@example.com" ]]
	grep -qxF "$(printf '{"kind":"thing","owner":"ann@example.com","id":"%s","name":"meter","metadata":{"floor":2.5},"tags":["a","b"],"status":"enabled"}' "$METER")" one
	grep -qxF "$(printf '{"kind":"thing","owner":"ann@example.com","id":"%s","name":"pump","metadata":{},"tags":[],"status":"disabled"}' "$PUMP")" one
	grep -qxF "$(printf '{"kind":"connection","owner":"ann@example.com","channel":"%s","thing":"%s","direction":"both"}' "$KITCHEN" "$METER")" one
	grep -q '"kind":"user".*"email":"bob@example.com","metadata":{"n":1.5}' one
	# no secret
	lacks one "$(mfx-things key "$METER" | jq -r .key)"
	lacks one argon2
}

@test "an export of one user has nothing of others" {
	two_users
	mfx-site export --user BOB@example.com >bobs
	jq -r '.owner // .email' bobs | sort -u >whose
	[[ $(<whose) == bob@example.com ]]
	[[ $(jq -r 'select(.kind == "thing") | .id' bobs) == "$BOBS" ]]
	refuses 1 "no user 'eve@example.com'" mfx-site export --user eve@example.com
}

@test "a site without a registry has no export, and none is made" {
	rm -r "$MFX_HOME"
	refuses 78 "no registry" mfx-site export
	[[ ! -e $MFX_HOME/registry.db ]]
}

# planned STATUS FILE [OPTION…]: the plan, in `plan`
planned() {
	local want=$1
	shift
	status "$want" mfx-site plan "$@" >plan 2>err || { cat plan err; return 1; }
}

@test "a site that was wiped is what it was, after its export is applied" {
	two_users
	mfx-site export >site
	planned 0 site
	[[ $(<plan) == "nothing to do" ]]
	planned 0 --prune -t json site
	[[ ! -s plan ]]
	rm -r "$MFX_HOME"
	mfx-site apply -t json site >made
	[[ $(jq -r .change made | sort | uniq -c | xargs) == "8 create" ]]
	mfx-site export | cmp - site
	planned 0 --prune site
	# nobody can log in, and no thing has a key, as these were not in it
	status 1 mfx-users verify ann@example.com --password-file - <<<'correct horse'
	[[ $(mfx-things key "$METER" | jq -r .key) == null ]]
	# a second time there is nothing to do, and no event
	mfx-events >before
	mfx-site apply site
	mfx-events | cmp - before
}

@test "a plan says what would be done, does nothing, and apply does it" {
	local before
	two_users
	mfx-site export >site
	before=$(everything)
	jq -c 'if .name == "meter" and .owner == "ann@example.com" then
	    .name = "gauge" | .metadata = {"a":[1]} | .tags = [] |
	    .status = "disabled" else . end | select(.thing != "'"$PUMP"'")
	    | select(.id != "'"$PUMP"'")' site >other
	echo '{"kind":"channel","owner":"bob@example.com","name":"shed"}' >>other
	planned 2 other
	[[ $(tail -n 1 plan) == "1 to create, 1 to update, 0 to remove" ]]
	planned 2 --prune -t json other
	[[ $(jq -rc '[.change, .kind, .id, .name] | map(. // "-") | join(" ")' plan | sort) == \
	    "$(printf '%s\n' "create channel - shed" "remove connection - -" \
	    "remove thing $PUMP pump" "update thing $METER -")" ]]
	jq -ce 'select(.change == "update") | .from == {name:"meter",
	    metadata:{floor:2.5},tags:["a","b"],status:"enabled"} and
	    .to == {name:"gauge",metadata:{a:[1]},tags:[],status:"disabled"}' plan
	[[ $(everything) == "$before" ]]
	mfx-site apply --prune -t json other >did
	[[ $(jq -r .change did | sort | uniq -c | xargs) == \
	    "1 create 2 remove 1 update" ]]
	planned 0 --prune other
	refuses 1 "no thing" mfx-things get "$PUMP"
	mfx-things get "$METER" | jq -e '.name == "gauge" and .status == "disabled"'
	# and back again
	mfx-site apply --prune site
	mfx-site export | cmp - site
}

@test "names stand for channels and things, unless two have them" {
	local id
	cat >house <<-'END'
	{"kind":"connection","channel":"kitchen","thing":"oven"}
	{"kind":"thing","name":"oven","key":"an oven's key"}
	{"kind":"channel","name":"kitchen"}
	END
	mfx-site apply house
	id=$(mfx-things list --name oven | jq -r .id)
	[[ $(mfx-things key "$id" | jq -r .key) == "an oven's key" ]]
	echo "an oven's key" >key
	mfx-can --key-file key publish "$(mfx-channels list | jq -r .id)"
	planned 0 house
	# of what is there
	echo '{"kind":"connection","channel":"kitchen","thing":"kettle"}
	{"kind":"thing","name":"kettle"}' >more
	mfx-site apply more
	planned 0 more
	# renamed in the file: the new name counts, and the old one no more
	echo '{"kind":"thing","id":"'"$id"'","name":"stove"}
	{"kind":"connection","channel":"kitchen","thing":"oven"}' >old
	refuses 65 "old:2: no thing 'oven'" mfx-site plan old
	sed -i 's/"oven"/"stove"/' old
	planned 2 old
	thing --name kettle
	refuses 65 "more:2: more than one thing has the name 'kettle'" mfx-site plan more
	echo '{"kind":"connection","channel":"kitchen","thing":"kettle"}' >more
	refuses 65 "more:1: more than one thing has the name 'kettle'" mfx-site plan more
	echo '{"kind":"connection","channel":"cellar","thing":"kettle"}' >more
	refuses 65 "more:1: no channel 'cellar'" mfx-site plan more
	# not those of others
	add_user bob@example.com
	echo '{"kind":"connection","channel":"kitchen","thing":"oven"}' >more
	refuses 65 "more:1: no channel 'kitchen'" mfx-site plan --user bob@example.com more
}

@test "connections keep their direction, and get the one of the file" {
	two_users
	mfx-channels connect --publish "$KITCHEN" "$METER"
	mfx-channels connect --subscribe "$KITCHEN" "$PUMP"
	mfx-site export >site
	planned 0 site
	[[ $(jq -r '.direction // empty' site | sort | xargs) == \
	    "publish subscribe" ]]
	# a line that does not say it leaves it
	jq -c 'del(.direction)' site >silent
	planned 0 silent
	mfx-channels connect --publish --subscribe "$KITCHEN" "$METER"
	planned 2 site
	mfx-site plan site >said || true
	grep -F ': direction "both" -> "publish"' said
	mfx-site apply site
	mfx-site export | cmp - site
	mfx-channels disconnect "$KITCHEN" "$METER" "$PUMP"
	mfx-site apply site
	mfx-site export | cmp - site
	grep '"kind":"connection"' site | sed 's/"publish"/"none"/' >wrong
	refuses 65 "neither publish, subscribe nor both" mfx-site plan wrong
}

@test "what is wrong with a file is said with its line, and nothing is done" {
	local before line
	two_users
	before=$(everything)
	refused() {
		printf '{"kind":"thing","name":"new"}\n%s\n' "$1" >f
		refuses 65 "$2" mfx-site apply f
		grep -q '^mfx-site: f:[123]: ' err
		[[ $(everything) == "$before" ]]
	}
	refused '{"kind":"thing"' 'f:2: byte'
	refused '{"kind":"lamp","name":"x"}' 'no such kind'
	refused '{"name":"x"}' 'no kind'
	refused '{"kind":"thing","nam":"x"}' 'not a member'
	refused '{"kind":"channel","name":"x","key":"k"}' 'does not have'
	refused '{"kind":"thing"}' 'neither an id nor a name'
	refused '{"kind":"thing","name":"new"}' 'a second thing with this name'
	refused '{"kind":"thing","id":"X","name":"x"}' 'not a UUID'
	refused '{"kind":"thing","name":"a\u0007"}' 'control character'
	refused '{"kind":"thing","name":"x","metadata":[]}' 'not an object'
	refused '{"kind":"thing","name":"x","status":"on"}' 'neither enabled nor disabled'
	refused '{"kind":"thing","name":"x","key":""}' 'empty key'
	refused '{"kind":"thing","name":"x","name":"y"}' 'given twice'
	refused '{"kind":"user","email":"x"}' 'not an email address'
	refused '{"kind":"user","email":"x@y","password":"secret"}' 'not a hash'
	refused '{"kind":"thing","owner":"eve@example.com","name":"x"}' "no user 'eve@example.com'"
	refused '{"kind":"connection","channel":"kitchen"}' 'no channel or no thing'
	refused '{"kind":"thing","id":"'"$BOBS"'"}' "the id '$BOBS' is in use"
	refused '{"kind":"thing","id":"'"$BOBS"'","owner":"bob@example.com"}
{"kind":"thing","id":"'"$BOBS"'","owner":"ann@example.com"}' 'a second line'
	refused '{"kind":"thing","name":"x","key":"'"$(mfx-things key "$METER" | jq -r .key)"'"}' 'in use'
	refuses 65 'than --user' mfx-site plan --user bob@example.com - \
	    <<<'{"kind":"thing","owner":"ann@example.com","name":"x"}'
	unset MFX_USER
	refuses 65 'whose is it' mfx-site plan - <<<'{"kind":"thing","name":"x"}'
	refuses 66 'no.such' mfx-site plan no.such
	line=$(printf '{"kind":"thing","name":"%01100000d"}' 0)
	refuses 65 'line over 1 MiB' mfx-site plan - <<<"$line"
}

@test "--prune keeps to the users whom the file is about" {
	two_users
	mfx-site export >site
	# a file of things alone: only their owner's
	echo '{"kind":"thing","owner":"bob@example.com","name":"lamp"}' >one
	planned 2 --prune -t json one
	[[ $(jq -rc '[.change, .kind, .id] | map(. // "-") | join(" ")' plan) == \
	    "remove thing $BOBS"$'\n'"create thing -" ]]
	# with a line of a user: the others go
	grep bob@ site >bobs
	planned 2 --prune -t json bobs
	[[ $(jq -r 'select(.kind == "user") | .email' plan) == ann@example.com ]]
	mfx-site apply --prune bobs
	mfx-site export | cmp - bobs
	# what it does not have can't be connected
	mfx-site apply --prune - <<<'{"kind":"user","email":"bob@example.com"}'
	[[ ! $(mfx-things list --user bob@example.com) ]]
	[[ $(mfx-users list | wc -l) == 1 ]]
}

@test "CSV of things, channels, connections and users" {
	printf '\xef\xbb\xbfname,tags,metadata,key,status\r\nmeter,"floor 2,boiler","{""max"":40.50}",s3cr3t,\r\n"a ""quoted"", name",,,,disabled\r\n' >things.csv
	printf 'name\nkitchen\n' >channels.csv
	printf 'thing,channel\nmeter,kitchen\n' >connections.csv
	printf 'email,metadata\nbob@example.com,{}\n' >users.csv
	mfx-site apply --csv users users.csv
	mfx-site apply --csv things things.csv
	mfx-site apply --csv channels channels.csv
	mfx-site apply --csv connections connections.csv
	mfx-things list --keys | sed 's/"id":"[^"]*",//' >things
	diff things - <<-'END'
	{"name":"meter","metadata":{"max":40.50},"tags":["floor 2","boiler"],"status":"enabled","key":"s3cr3t"}
	{"name":"a \"quoted\", name","metadata":{},"tags":[],"status":"disabled","key":null}
	END
	[[ $(mfx-things list --channel "$(mfx-channels list | jq -r .id)" | jq -r .name) == meter ]]
	mfx-users list | grep -q bob@example.com
	local f
	for f in users things channels connections; do
		status 0 mfx-site plan --csv $f $f.csv
	done
	# Python's own writer is read the same
	python3 - >odd.csv <<-'END'
	import csv, sys
	w = csv.writer(sys.stdout)
	w.writerow(["name", "metadata"])
	w.writerow(['x, "y"', '{\n"a":"b,\\"c\\""}'])
	END
	mfx-site apply --csv things odd.csv
	mfx-things list --name 'x,*' | jq -e '.name == "x, \"y\"" and .metadata == {a:"b,\"c\""}'
	refuses 65 "<stdin>:1: a column that this kind does not have" mfx-site plan --csv things - <<<'nam'
	refuses 65 "<stdin>:1: a column twice" mfx-site plan --csv things - <<<'name,name'
	refuses 65 "<stdin>:3: fewer fields" mfx-site plan --csv things - <<<$'name,tags\na,b\nc'
	refuses 65 "<stdin>:2: more fields" mfx-site plan --csv things - <<<$'name\na,b'
	refuses 65 "<stdin>:3: a field in quotes has no end" mfx-site plan --csv things - <<<$'name\na\n"b'
	refuses 65 "<stdin>:2: text after" mfx-site plan --csv things - <<<$'name\n"a"b'
	refuses 65 "<stdin>:2: a quote inside" mfx-site plan --csv things - <<<$'name\na"b'
}

@test "keys and passwords move with a sealed export, and with its key only" {
	local key
	two_users
	key=$(mfx-things key "$METER" | jq -r .key)
	mfx-things key --remove "$PUMP"
	mfx-site keygen mine
	mfx-site keygen other
	refuses 73 "mine: File exists" mfx-site keygen mine
	[[ $(stat -c %a mine) == 600 ]]
	refuses 64 "--secrets and --for" mfx-site export --secrets sealed
	refuses 65 "not a public key" mfx-site export --secrets sealed --for /dev/null
	mfx-site export --secrets sealed --for mine.pub >site
	mfx-site export --secrets sealed --for mine.pub | cmp - site
	lacks site "$key" argon2
	mfx-site export --secrets sealed --for other.pub >others
	grep -o '"sealed":"[^"]*"' site >a
	grep -o '"sealed":"[^"]*"' others >b
	[[ ! $(sort a b | uniq -d) ]]
	planned 0 --key mine site
	planned 0 site
	grep -q 'sealed secrets are passed over: give --key' err
	refuses 65 "another key than that of --key" mfx-site plan --key other site
	# one secret changed: one line
	mfx-things key --new "$METER"
	mfx-site export --secrets sealed --for mine.pub >newer
	[[ $(diff site newer | grep -c '^>') == 1 ]]
	planned 2 --key mine -t json site
	jq -e '.change == "update" and .secret and .from == {}' plan
	lacks plan "$key"
	mfx-site apply --key mine site
	[[ $(mfx-things key "$METER" | jq -r .key) == "$key" ]]
	# elsewhere, under another master key
	export MFX_HOME=$PWD/elsewhere
	mfx-site apply --key mine site
	[[ $(mfx-things key "$METER" | jq -r .key) == "$key" ]]
	[[ $(mfx-things key "$PUMP" | jq -r .key) == null ]]
	mfx-users verify ann@example.com --password-file - <<<'correct horse'
	planned 0 --key mine site
	# a secret is bound to its object, and damage is seen
	jq -c 'if .kind == "thing" and .id == "'"$METER"'" then .id = "'"$BOBS"'"
	    else select(.id != "'"$BOBS"'") end' site >moved
	refuses 65 "or of another object" mfx-site plan --key mine moved
	sed '3,$s/"sealed":"../"sealed":"__/' site >damaged
	refuses 65 "a secret is damaged" mfx-site plan --key mine damaged
}

# opens it with libsodium through Python, not with our code
@test "the sealed box is libsodium's" {
	two_users
	mfx-site keygen mine
	mfx-site export --secrets sealed --for mine.pub >site
	python3 "$ROOT/tests/site_open.py" mine site >opened
	[[ $(jq -r ".[\"thing:$METER\"].key" opened) == \
	    "$(mfx-things key "$METER" | jq -r .key)" ]]
	jq -e '[.[].password // "" | select(startswith("$argon2id$"))] | length == 2' opened
}

@test "configurations of devices are in it, with their keys when sealed" {
	two_users
	echo 'device key' >key
	echo 'a private key' >private
	mfx-bootstrap add --thing "$METER" --name 'box "1"' --key-file key \
	    --channel "$KITCHEN" --content <(printf 'a\nb') --client-key private \
	    --active SN-1 >out
	mfx-bootstrap add --thing "$BOBS" --user bob@example.com SN-2 >out
	mfx-site export >site
	[[ $(tail -n 2 site | jq -r '[.kind,.external_id,.state] | join(" ")') == \
	    "config SN-1 active"$'\n'"config SN-2 inactive" ]]
	jq -se '.[-2] | .channels == ["'"$KITCHEN"'"] and .content == "a\nb" and
	    .name == "box \"1\""' site
	lacks site 'device key' 'a private'
	planned 0 --prune site
	mfx-site keygen mine
	mfx-site export --secrets sealed --for mine.pub >sealed
	lacks sealed 'device key' 'a private'
	# changed, and back again
	mfx-bootstrap update --name other --no-channels --key-file private "$METER"
	mfx-bootstrap state inactive "$METER"
	mfx-bootstrap remove --user bob@example.com "$BOBS"
	planned 2 --key mine -t json sealed
	[[ $(jq -r 'select(.kind == "config") | [.change, .secret] | join(" ")' plan) == \
	    "update true"$'\n'"create true" ]]
	mfx-site apply --key mine --prune sealed
	planned 0 --key mine --prune sealed
	mfx-site export | cmp - site
	mfx-bootstrap get --keys "$METER" | jq -e '.external_key == "device key" and
	    .client_key == "a private key\n" and .state == 1'
	# and elsewhere, by names
	export MFX_HOME=$PWD/elsewhere
	mfx-site apply --key mine sealed
	mfx-site export --secrets sealed --for mine.pub | wc -l >lines
	mfx-site export | cmp - site
	planned 0 --key mine sealed
	cat >by-name <<-'END'
	{"kind":"thing","name":"new"}
	{"kind":"config","thing":"new","external_id":"SN-3","channels":["kitchen","kitchen"],"state":"active"}
	END
	mfx-site apply by-name
	planned 0 by-name
	mfx-things list --channel "$KITCHEN" | grep -q '"name":"new"'
	echo '{"kind":"config","thing":"new","external_id":"SN-1"}' >used
	refuses 65 "used:1: the external id 'SN-1' is in use" mfx-site apply used
	refuses 65 "state is neither active" mfx-site plan - \
	    <<<'{"kind":"config","thing":"new","external_id":"SN-4","state":"on"}'
	refuses 65 "no channel 'attic'" mfx-site plan - \
	    <<<'{"kind":"config","thing":"new","external_id":"SN-4","channels":["attic"]}'
}

@test "groups, and what is in them, with parents in any order" {
	local house room attic
	two_users
	attic=$(mfx-groups create --name attic | jq -r .id)
	house=$(mfx-groups create --name house --description d | jq -r .id)
	room=$(mfx-groups create --name room --parent "$house" \
	    --metadata '{"a":1}' | jq -r .id)
	mfx-groups update "$attic" --parent "$room"
	mfx-groups assign "$room" "$METER" "$PUMP"
	mfx-groups assign --channels "$attic" "$KITCHEN"
	mfx-groups create --user bob@example.com --name bobs >out
	mfx-site export >site
	[[ $(jq -r 'select(.kind == "group").name' site | paste -sd ' ') == \
	    'house room attic bobs' ]]
	[[ $(jq -c 'select(.kind == "place")' site | wc -l) == 3 ]]
	planned 0 --prune site
	# elsewhere, the other way about
	(
		export MFX_HOME=$PWD/elsewhere
		tac site >reverse
		mfx-site apply reverse
		mfx-site export | cmp - site
		planned 0 --prune reverse
	)
	# changed, and back again
	mfx-groups update "$attic" --parent '' --name top
	mfx-groups unassign "$room" "$PUMP"
	mfx-groups assign "$house" "$PUMP"
	mfx-groups create --name more --parent "$house" >out
	planned 2 --prune site
	grep -qF 'name "top" -> "attic", parent "" -> "'"$room"'"' plan
	grep -qF "+ place \"$PUMP\" \"$room\"" plan
	grep -qF -- "- place \"$PUMP\" \"$house\"" plan
	mfx-site apply --prune site
	mfx-site export | cmp - site
	grep -v "$house" site >without
	refuses 65 'groups beneath' mfx-site apply --prune without
	jq -c 'select(.kind != "group" and .kind != "place")' site >none
	mfx-site apply --prune none >out
	[[ ! $(mfx-groups list) ]]
	mfx-site apply site >out
	mfx-site export | cmp - site
	# a user goes with them
	grep -v bob@example.com site >ann
	mfx-site apply --prune ann >out
	mfx-site export | cmp - ann
	refuses 65 ':1: no id' mfx-site plan - <<<'{"kind":"group","name":"a"}'
	refuses 65 ':1: give a thing or a channel' mfx-site plan - \
	    <<<'{"kind":"place","group":"'"$house"'"}'
	refuses 65 ':1: a group or parent is not a UUID' mfx-site plan - \
	    <<<'{"kind":"group","id":"'"$house"'","parent":"x"}'
	refuses 65 ":1: group '$house' can't be beneath itself" mfx-site apply - \
	    <<<'{"kind":"group","id":"'"$house"'","parent":"'"$attic"'"}'
	refuses 65 "no thing 'x'" mfx-site plan - \
	    <<<'{"kind":"place","group":"'"$house"'","thing":"x"}'
}

@test "what is applied reaches a replica, and is refused there" {
	mfx-registry start --bus "$PWD/bus" --name a
	mfx-registry snapshot copy
	mkdir -m 700 b
	mv copy b/registry.db
	cp -p "$MFX_HOME/master.key" b
	cat >house <<-'END'
	{"kind":"user","email":"new@example.com","metadata":{"a":1}}
	{"kind":"channel","name":"c"}
	{"kind":"thing","name":"t","key":"k"}
	{"kind":"connection","channel":"c","thing":"t","direction":"publish"}
	{"kind":"config","thing":"t","external_id":"SN","channels":["c"],"state":"active"}
	END
	mfx-site apply house
	planned 0 house
	# which way a connection is can be changed, and changed back
	sed -i 's/"publish"/"both"/' house
	planned 2 -t json house
	jq -e '.from == {direction:"publish"} and .to == {direction:"both"}' plan
	mfx-site apply house
	mfx-site export >site
	MFX_HOME=b mfx-registry follow --name b --no-follow
	MFX_HOME=b mfx-site export | cmp - site
	MFX_HOME=b refuses 69 "this registry is a replica" mfx-site apply site
	mfx-site undo "$(mfx-site log -t json |
		jq -r 'select(.operation == "thing.connect") | .seq' | tail -n 1)"
	mfx-site export | grep -q '"direction":"publish"'
}

@test "certificates are shown, and lines of them passed over" {
	two_users
	mfx-certs ca init >out
	mfx-certs issue "$METER" >one.pem
	mfx-certs issue "$PUMP" >two.pem
	mfx-certs revoke "$PUMP" >out
	mfx-site export >site
	tail -n 2 site | jq -se 'all(.kind == "certificate" and
	    .owner == "ann@example.com" and .expires > .issued) and
	    .[0].thing == "'"$METER"'" and .[0].revoked == 0 and
	    .[1].thing == "'"$PUMP"'" and .[1].revoked > 0'
	grep -q "\"serial\":\"$(openssl x509 -in one.pem -noout -serial | sed 's/.*=//' | tr A-F a-f)\"" site
	lacks site PRIVATE
	planned 0 --prune site
	sed -i '/certificate/d' site
	planned 0 --prune site
	mfx-certs list | wc -l | grep -qx 2
	refuses 65 "no serial" mfx-site plan - <<<'{"kind":"certificate"}'
}

@test "new things get a key when one is asked for, before the commit" {
	mfx-site apply --new-keys keys - <<-'END'
	{"kind":"thing","name":"a"}
	{"kind":"thing","name":"b","key":"its own"}
	END
	[[ $(stat -c %a keys) == 600 && $(wc -l <keys) == 1 ]]
	jq -e '.name == "a"' keys
	mfx-things list --keys --name a | jq -r .key | cmp - <(jq -r .key keys)
	# where it can't be written, nothing is done
	status 73 mfx-site apply --new-keys no/dir - <<<'{"kind":"thing","name":"c"}' ||
		status 74 mfx-site apply --new-keys no/dir - <<<'{"kind":"thing","name":"c"}'
	[[ ! $(mfx-things list --name c) ]]
}

# wal_has BYTES PID: the log of the database has grown to that, or the process
# has ended
wal_has() {
	local size
	size=$(stat -c %s "$MFX_HOME/registry.db-wal" 2>/dev/null) || size=0
	((size > $1)) || refute kill -0 "$2"
}

@test "killed in the middle of apply: all of it, or nothing" {
	local i all before
	jq -nc 'range(4000) | {kind:"thing",name:"t\(.)"},
	    {kind:"connection",channel:"c",thing:"t\(.)"}' >many
	echo '{"kind":"channel","name":"c"}' >>many
	before=$(mfx-site export)
	for i in 1 2 3 4 5 6 7 8; do
		start mfx-site apply many
		# at another place each time, as far as the WAL has grown
		await 60 wal_has $((i * 60000)) "$PID"
		kill -9 "$PID" 2>/dev/null || :
		wait "$PID" 2>/dev/null || :
		[[ $(sqlite3 "$MFX_HOME/registry.db" 'PRAGMA integrity_check') == ok ]]
		all=$(mfx-things list | wc -l)
		((all == 0 || all == 4000))
		((all == 4000)) || [[ $(mfx-site export) == "$before" ]]
		((all == 0)) || break
	done
	mfx-site apply many >did
	planned 0 many
	[[ $(mfx-things list --channel "$(mfx-channels list | jq -r .id)" | wc -l) == 4000 ]]
}
