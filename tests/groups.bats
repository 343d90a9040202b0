#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Groups of things and channels by mfx-groups: here, and in groups_remote.bats
# by way of a mfx-api.
load setup
load identity

# group [OPTION…]: prints the id of a new one
group() { mfx-groups create "$@" | jq -r .id; }

# names of what is listed, one after the other
names() { "$@" | jq -r .name | paste -sd ' '; }

# a house with a kitchen and an attic, a fridge in the kitchen, and a garden
house() {
	HOUSE=$(group --name house --description 'all of it')
	KITCHEN=$(group --name kitchen --parent "$HOUSE")
	FRIDGE=$(group --name fridge --parent "$KITCHEN" --metadata '{"a":1}')
	ATTIC=$(group --name attic --parent "$HOUSE")
	GARDEN=$(group --name garden)
}

# all that the registry has of groups
groups_here() {
	sqlite3 "$MFX_HOME/registry.db" 'SELECT * FROM item_groups;
	    SELECT * FROM group_things; SELECT * FROM group_channels;
	    SELECT id, item_groups FROM users; SELECT max(seq) FROM events'
}

last_event() { mfx-events | tail -n 1 | jq .seq; }

# the events after SEQ without what differs each time
told() { mfx-events --from "$1" | jq -c 'del(.seq, .time)'; }

@test "create, get and list: what was given, and nothing else" {
	house
	[[ $(mfx-groups get "$FRIDGE") == '{"id":"'$FRIDGE'","name":"fridge","parent":"'$KITCHEN'","description":"","metadata":{"a":1}}' ]]
	[[ $(mfx-groups get "$HOUSE") == '{"id":"'$HOUSE'","name":"house","parent":null,"description":"all of it","metadata":{}}' ]]
	[[ $(names mfx-groups list) == 'house kitchen fridge attic garden' ]]
	[[ $(names mfx-groups list --parent "$HOUSE") == 'kitchen attic' ]]
	[[ $(names mfx-groups list --parent '') == 'house garden' ]]
	[[ $(names mfx-groups list --name '*i*e*') == 'kitchen fridge' ]]
	[[ $(names mfx-groups list --metadata '{"a":1}') == fridge ]]
	[[ $(names mfx-groups list --group "$FRIDGE") == 'kitchen house' ]]
	[[ $(mfx-groups list --group "$HOUSE") == '' ]]
	# what it lists it takes
	mfx-groups list >all
	mfx-groups update -f all
	mfx-groups list | diff all -
	mfx-groups get "$GARDEN" "$HOUSE" | jq -r .name | diff - <(
		printf '%s\n' garden house)
	status 1 mfx-groups get "$GARDEN" none "$HOUSE" >out 2>err
	[[ $(jq -r .name out | paste -sd ' ') == 'garden house' ]]
	grep -qF "no group 'none'" err
	refuses 1 "no group" mfx-groups list --parent none
	refuses 1 "no thing" mfx-groups list --thing "$HOUSE"
	refuses 1 "no channel" mfx-groups list --channel "$HOUSE"
	refuses 64 'give only one' mfx-groups list --parent '' --thing x
	refuses 64 '--name' mfx-groups list --name '['
	refuses 65 '--metadata' mfx-groups list --metadata '[]'
}

@test "tree: each is followed by what is in it, by name" {
	local t c
	house
	t=$(thing) c=$(channel)
	mfx-groups assign "$FRIDGE" "$t" >/dev/null
	mfx-groups assign --channels "$FRIDGE" "$c"
	[[ $(names mfx-groups tree) == 'garden house attic kitchen fridge' ]]
	[[ $(names mfx-groups tree "$KITCHEN" "$GARDEN") == 'kitchen fridge garden' ]]
	[[ $(names mfx-groups tree --levels 2) == 'garden house attic kitchen' ]]
	[[ $(names mfx-groups tree --levels 1 "$HOUSE") == house ]]
	mfx-groups tree "$KITCHEN" | jq -sec 'map([.level, .things, .channels])
	    == [[2, 0, 0], [3, 1, 1]]'
	mfx-groups tree -H >out
	grep -qE "^$KITCHEN    kitchen +0 +0" out
	grep -qE "^$FRIDGE      fridge +1 +1" out
	refuses 1 "no group" mfx-groups tree none
	refuses 64 '--levels' mfx-groups tree --levels 17
}

@test "update changes what is given, and moves all that is beneath" {
	house
	mfx-groups update "$KITCHEN" --name pantry --description d \
	    --metadata '{"b":[]}' --parent "$GARDEN"
	[[ $(mfx-groups get "$KITCHEN") == '{"id":"'$KITCHEN'","name":"pantry","parent":"'$GARDEN'","description":"d","metadata":{"b":[]}}' ]]
	mfx-groups update "$KITCHEN" --description ''
	mfx-groups get "$KITCHEN" | jq -e '.name == "pantry" and
	    .description == "" and .parent == "'"$GARDEN"'"'
	[[ $(names mfx-groups tree) == 'garden pantry fridge house attic' ]]
	[[ $(names mfx-groups list --group "$FRIDGE") == 'pantry garden' ]]
	mfx-groups update "$FRIDGE" "$ATTIC" --parent ''
	[[ $(names mfx-groups list --parent '') == 'house fridge attic garden' ]]
	refuses 64 'nothing to change' mfx-groups update "$HOUSE"
	refuses 65 'nothing to change' mfx-groups update -f - <<<'{"id":"x"}'
	refuses 1 "no group" mfx-groups update none --name x
	refuses 1 "no group" mfx-groups update "$HOUSE" --parent none
	refuses 65 description mfx-groups update "$HOUSE" \
	    --description "$(printf '%1025s')"
	refuses 65 UTF-8 mfx-groups update "$HOUSE" --description $'a\nb'
}

@test "a group is never beneath itself, nor deeper than 16 levels" {
	local before i id deep
	house
	before=$(groups_here)
	refuses 65 'beneath itself' mfx-groups update "$HOUSE" --parent "$HOUSE"
	refuses 65 'beneath itself' mfx-groups update "$HOUSE" --parent "$FRIDGE"
	# nor by two changes of one transaction
	refuses 65 'beneath itself' mfx-groups update -f - <<-E
	{"id":"$KITCHEN","parent":"$GARDEN"}
	{"id":"$GARDEN","parent":"$FRIDGE"}
	E
	[[ $(groups_here) == "$before" ]]
	# nor by whoever writes to the file
	sqlite3 "$MFX_HOME/registry.db" "UPDATE item_groups SET parent =
	    (SELECT n FROM item_groups WHERE id = '$FRIDGE')
	    WHERE id = '$HOUSE'" 2>err && return 1
	grep -q 'beneath itself' err
	id=$FRIDGE
	for ((i = 4; i <= 16; i++)); do
		id=$(group --name "$i" --parent "$id")
	done
	refuses 65 '16 levels' mfx-groups create --parent "$id"
	refuses 65 '16 levels' mfx-groups update "$HOUSE" --parent "$GARDEN"
	deep=$(group --name deep)
	refuses 65 '16 levels' mfx-groups update "$deep" --parent "$id"
	mfx-groups tree | jq -se 'map(.level) | max == 16'
	mfx-groups update "$KITCHEN" --parent "$GARDEN"
}

@test "assign and unassign: lists of a group, and of those beneath" {
	local a b c d
	house
	a=$(thing --name a) b=$(thing --name b --metadata '{"x":1}')
	c=$(thing --name c) d=$(channel --name d)
	mfx-groups assign "$FRIDGE" "$a" "$b"
	mfx-groups assign "$KITCHEN" "$b" "$b"
	mfx-groups assign --channels "$FRIDGE" "$d"
	[[ $(names mfx-things list --group "$FRIDGE") == 'a b' ]]
	[[ $(names mfx-things list --group "$KITCHEN") == b ]]
	[[ ! $(mfx-things list --group "$HOUSE") ]]
	[[ $(names mfx-things list --group "$HOUSE" --recursive) == 'a b' ]]
	[[ $(names mfx-things list --group "$HOUSE" --recursive --order name \
	    --dir desc) == 'b a' ]]
	[[ $(names mfx-things list --group "$HOUSE" --recursive \
	    --metadata '{"x":1}') == b ]]
	[[ $(names mfx-channels list --group "$HOUSE" --recursive) == d ]]
	[[ ! $(mfx-things list --group "$GARDEN" --recursive) ]]
	mfx-channels connect "$d" "$a" "$c"
	[[ $(names mfx-things list --group "$KITCHEN" --recursive \
	    --channel "$d") == a ]]
	[[ $(names mfx-groups list --thing "$b") == 'kitchen fridge house' ||
	    $(names mfx-groups list --thing "$b") == 'fridge kitchen house' ]]
	[[ $(names mfx-groups list --channel "$d") == 'fridge kitchen house' ]]
	[[ ! $(mfx-groups list --thing "$c") ]]
	# what is moved takes them along
	mfx-groups update "$KITCHEN" --parent "$GARDEN"
	[[ $(names mfx-things list --group "$GARDEN" --recursive) == 'a b' ]]
	[[ ! $(mfx-things list --group "$HOUSE" --recursive) ]]
	mfx-groups unassign "$FRIDGE" "$b" "$c"
	mfx-groups unassign --channels "$FRIDGE" "$d"
	[[ $(names mfx-things list --group "$GARDEN" --recursive) == 'a b' ]]
	mfx-groups unassign "$KITCHEN" "$b"
	[[ $(names mfx-things list --group "$GARDEN" --recursive) == a ]]
	[[ ! $(mfx-channels list --group "$GARDEN" --recursive) ]]
	refuses 1 'no group' mfx-things list --group none
	refuses 64 '--group' mfx-things list --recursive
	refuses 1 'no group' mfx-groups assign none "$a"
	refuses 1 'no thing' mfx-groups assign "$HOUSE" "$d"
	refuses 1 'no channel' mfx-groups unassign --channels "$HOUSE" "$a"
}

@test "a thing or channel is in 32 groups at most" {
	local t c
	t=$(thing) c=$(channel)
	seq 33 | jq -c '{name: tostring}' | mfx-groups create -f - >made
	head -n 32 made | jq -c '{group: .id, thing: "'"$t"'"},
	    {group: .id, channel: "'"$c"'"}' | mfx-groups assign -f -
	refuses 65 '32 groups' mfx-groups assign "$(tail -n 1 made | jq -r .id)" "$t"
	refuses 65 '32 groups' mfx-groups assign --channels \
	    "$(tail -n 1 made | jq -r .id)" "$c"
	mfx-groups assign "$(head -n 1 made | jq -r .id)" "$t"
	[[ $(mfx-groups list --thing "$t" | wc -l) == 32 ]]
}

@test "remove: things and channels stay; what is beneath goes when asked for" {
	local t before
	house
	t=$(thing)
	mfx-groups assign "$FRIDGE" "$t"
	mfx-groups assign "$HOUSE" "$t"
	before=$(groups_here)
	refuses 65 --recursive mfx-groups remove "$KITCHEN"
	refuses 1 'no group' mfx-groups remove "$FRIDGE" none
	refuses 65 --recursive mfx-groups remove --dry-run "$KITCHEN"
	[[ $(names mfx-groups remove --dry-run --recursive "$KITCHEN") == 'kitchen fridge' ]]
	[[ $(groups_here) == "$before" ]]
	mfx-groups remove --if-exists "$GARDEN" none
	mfx-groups remove --recursive "$KITCHEN"
	[[ $(names mfx-groups tree) == 'house attic' ]]
	mfx-things get "$t" >/dev/null
	[[ $(names mfx-groups list --thing "$t") == house ]]
	# and the other way about
	mfx-things remove "$t"
	mfx-groups tree "$HOUSE" | jq -se '.[0].things == 0'
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'SELECT count(*) FROM group_things;
	    SELECT item_groups FROM users') == $'0\n2' ]]
}

@test "each change has its event, and what changed nothing has none" {
	local t c from
	t=$(thing) c=$(channel)
	from=$(last_event)
	house
	mfx-groups assign "$FRIDGE" "$t" "$t"
	mfx-groups assign --channels "$FRIDGE" "$c"
	mfx-groups update "$FRIDGE" --parent '' --name f
	mfx-groups unassign "$FRIDGE" "$t"
	mfx-groups unassign "$FRIDGE" "$t"
	mfx-groups remove --recursive "$HOUSE"
	told "$from" | diff - <(cat <<-E
	{"operation":"group.create","id":"$HOUSE","owner":"ann@example.com","name":"house","description":"all of it"}
	{"operation":"group.create","id":"$KITCHEN","owner":"ann@example.com","name":"kitchen","parent":"$HOUSE"}
	{"operation":"group.create","id":"$FRIDGE","owner":"ann@example.com","name":"fridge","metadata":{"a":1},"parent":"$KITCHEN"}
	{"operation":"group.create","id":"$ATTIC","owner":"ann@example.com","name":"attic","parent":"$HOUSE"}
	{"operation":"group.create","id":"$GARDEN","owner":"ann@example.com","name":"garden"}
	{"operation":"group.assign","group_id":"$FRIDGE","thing_id":"$t"}
	{"operation":"group.assign","group_id":"$FRIDGE","chan_id":"$c"}
	{"operation":"group.update","id":"$FRIDGE","name":"f","parent":""}
	{"operation":"group.unassign","group_id":"$FRIDGE","thing_id":"$t"}
	{"operation":"group.remove","id":"$KITCHEN"}
	{"operation":"group.remove","id":"$ATTIC"}
	{"operation":"group.remove","id":"$HOUSE"}
	E
	)
}

@test "many at once: all or nothing, and the message names the line" {
	local id=019a0000-0000-7000-8000-00000000000a before t
	t=$(thing)
	mfx-groups create -f - >made <<-E
	{"id":"$id","name":"a","description":"d","metadata":{"k":1}}
	{"name":"b","parent":"$id"}
	{"name":"c","parent":null}
	E
	jq -e '.id == "'$id'"' <(head -n 1 made)
	[[ $(names mfx-groups tree) == 'a b c' ]]
	before=$(groups_here)
	refuses 65 ":2: no group 'x'" mfx-groups create -f - <<<'{"name":"d"}
{"parent":"x"}'
	refuses 65 ':1: the id' mfx-groups create -f - <<<'{"id":"'$id'"}'
	refuses 65 ':1: ' mfx-groups create -f - <<<'{"id":"A"}'
	refuses 65 ':1: ' mfx-groups create -f - <<<'{"name":"a","tags":[]}'
	refuses 65 ':2: ' mfx-groups assign -f - <<<'{"group":"'$id'","thing":"'$t'"}
{"group":"'$id'"}'
	refuses 65 ':1: give a thing or a channel' mfx-groups assign -f - \
	    <<<'{"group":"'$id'","thing":"'$t'","channel":"'$t'"}'
	refuses 65 ':1: no group' mfx-groups assign -f - <<<'{"thing":"'$t'"}'
	refuses 64 '-f FILE' mfx-groups create -f - --name x
	refuses 64 '--channels' mfx-groups assign -f - --channels
	[[ $(groups_here) == "$before" ]]
	jq -c '{id}' made | mfx-groups remove --recursive --if-exists -f -
	[[ ! $(mfx-groups list) ]]
}

@test "a stranger sees and changes nothing of it" {
	local t c before mine
	house
	t=$(thing) c=$(channel)
	mfx-groups assign "$FRIDGE" "$t"
	add_user bob@example.com
	mine=$(as bob@example.com group --name mine)
	before=$(groups_here)
	[[ $(as bob@example.com mfx-groups list | jq -r .id) == "$mine" ]]
	[[ $(as bob@example.com mfx-groups tree | jq -r .id) == "$mine" ]]
	local verb
	for verb in 'get HOUSE' 'tree HOUSE' 'update --name x HOUSE' \
	    'update --parent HOUSE MINE' 'update --parent MINE HOUSE' \
	    'create --parent HOUSE' 'remove --recursive HOUSE' \
	    'remove HOUSE' 'assign HOUSE THING' 'unassign FRIDGE THING' \
	    'assign MINE THING' 'assign --channels MINE CHANNEL' \
	    'list --parent HOUSE' 'list --thing THING' \
	    'list --channel CHANNEL' 'list --group FRIDGE'; do
		verb=${verb//HOUSE/$HOUSE} verb=${verb//FRIDGE/$FRIDGE}
		verb=${verb//MINE/$mine} verb=${verb//THING/$t}
		verb=${verb//CHANNEL/$c}
		# shellcheck disable=SC2086
		as bob@example.com refuses 1 'no ' mfx-groups $verb
	done
	as bob@example.com refuses 1 'no group' mfx-things list --group "$HOUSE"
	# an id of another is in use, whatever it is of
	as bob@example.com refuses 65 'in use' mfx-groups create -f - \
	    <<<'{"id":"'"$HOUSE"'"}'
	as bob@example.com refuses 65 'in use' mfx-groups create -f - \
	    <<<'{"id":"'"$t"'"}'
	as bob@example.com refuses 65 'in use' mfx-things create -f - \
	    <<<'{"id":"'"$HOUSE"'"}'
	[[ $(groups_here) == "$before" ]]
	# and stays so after its removal
	mfx-groups remove --recursive "$HOUSE"
	as bob@example.com refuses 65 'in use' mfx-groups create -f - \
	    <<<'{"id":"'"$HOUSE"'"}'
	mfx-groups create -f - <<<'{"id":"'"$HOUSE"'"}'
}

@test "groups go with their user, who is not removed without them" {
	add_user bob@example.com
	become bob@example.com
	house
	refuses 65 'still has things, channels or groups' \
	    mfx-users remove bob@example.com
	mfx-groups assign "$FRIDGE" "$(thing)"
	mfx-users remove --all bob@example.com
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'SELECT count(*) FROM item_groups;
	    SELECT count(*) FROM group_things') == $'0\n0' ]]
}
