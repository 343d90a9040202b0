#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Groups that are shared: with all that they contain, now and later; what leaves
# one is shared no more, and guest connections end with that; and as
# share_groups_remote.bats the same over a mfx-api.
load setup
load identity

BOB=bob@example.com EVE=eve@example.com

bob() { as "$BOB" "$@"; }
eve() { as "$EVE" "$@"; }
can() { env -u MFX_URL mfx-can "$@" >/dev/null; }
group() { mfx-groups create "$@" | jq -r .id; }

# a house with two floors of ann's, $T in a room of the first, $C in the house
people() {
	add_user "$BOB"
	add_user "$EVE"
	HOUSE=$(group --name house)
	FIRST=$(group --name first --parent "$HOUSE")
	ROOM=$(group --name room --parent "$FIRST")
	SECOND=$(group --name second --parent "$HOUSE")
	T=$(thing --name meter) C=$(channel --name hall)
	mfx-groups assign "$ROOM" "$T"
	mfx-groups assign --channels "$HOUSE" "$C"
	BOBS=$(bob mfx-things create --name lamp | jq -r .id)
	BOBC=$(bob mfx-channels create --name attic | jq -r .id)
}

# gives LEVEL OPTION ID: bob accepts; prints the id of the grant
gives() {
	local id
	id=$(mfx-users grant "$BOB" "$@" | jq -r .id)
	bob mfx-users accept "$id"
	echo "$id"
}

sees() { bob mfx-things get "$1" >seen && jq -e --arg l "$2" '.level == $l' seen; }
shared() { bob mfx-things list --shared only "$@" | jq -r .name | xargs; }

@test "a group is shared with all in it and beneath it, as they come and go" {
	people
	local g other
	g=$(mfx-users grant "$BOB" view --group "$HOUSE" | jq -r .id)
	mfx-users grants | jq -e --arg g "$HOUSE" '.group == $g and
	    .name == "house" and has("thing") == false'
	refuses 1 "no thing '$T'" bob mfx-things get "$T"
	[[ -z $(shared) ]]
	bob mfx-users accept "$g"
	bob mfx-users grants -H | grep -q 'ann@.*view *group.*house *yes$'
	sees "$T" view
	bob mfx-channels get "$C" | jq -e '.level == "view"'
	[[ $(shared) == meter ]]
	refuses 1 "no thing '$T'" eve mfx-things get "$T"
	refuses 77 'this needs manage' bob mfx-things update --name x "$T"
	# later
	other=$(thing --name later)
	refuses 1 "no thing '$other'" bob mfx-things get "$other"
	mfx-groups assign "$SECOND" "$other"
	sees "$other" view
	[[ $(shared --order name) == 'later meter' ]]
	# a level for all of it
	mfx-users grant "$BOB" manage --group "$HOUSE" >/dev/null
	sees "$other" manage
	bob mfx-things update --name 'by bob' "$other"
	refuses 77 'may see its key' bob mfx-things key "$other"
	refuses 77 'only the owner' bob mfx-things remove "$other"
	# what leaves
	mfx-groups unassign "$SECOND" "$other"
	refuses 1 "no thing '$other'" bob mfx-things get "$other"
	mfx-groups update --parent '' "$FIRST"
	refuses 1 "no thing '$T'" bob mfx-things get "$T"
	[[ -z $(shared) ]]
	mfx-groups update --parent "$SECOND" "$FIRST"
	sees "$T" manage
	mfx-users revoke "$g"
	refuses 1 "no thing '$T'" bob mfx-things get "$T"
	refuses 1 "no channel '$C'" bob mfx-channels get "$C"
}

@test "only the owner shares a group; what it is, and no circle" {
	people
	refuses 1 "no group '$T'" mfx-users grant "$BOB" view --group "$T"
	refuses 1 "no group '$HOUSE'" bob mfx-users grant "$EVE" view \
	    --group "$HOUSE"
	gives manage --group "$HOUSE" >/dev/null
	refuses 77 "only the owner of group '$ROOM'" \
	    bob mfx-users grant "$EVE" view --group "$ROOM"
	refuses 77 "only the owner of group '$ROOM'" \
	    bob mfx-groups assign "$ROOM" "$BOBS"
	refuses 77 "only the owner of group '$HOUSE'" \
	    bob mfx-groups update --name x "$HOUSE"
	refuses 77 "only the owner of group '$HOUSE'" \
	    bob mfx-groups remove --recursive "$HOUSE"
	refuses 1 "no group '$HOUSE'" eve mfx-groups update --name x "$HOUSE"
	refuses 65 'beneath itself' \
	    mfx-groups update --parent "$ROOM" "$HOUSE"
	sees "$T" manage
}

@test "a group that is shared is seen, with those beneath, and nothing above" {
	people
	local g room
	refuses 1 "no group '$FIRST'" bob mfx-groups get "$FIRST"
	g=$(gives view --group "$FIRST")
	room=$(gives manage --group "$ROOM")
	bob mfx-groups list --shared >got
	jq -se --arg f "$FIRST" --arg r "$ROOM" 'length == 2 and
	    (.[0] | .id == $f and .name == "first" and .parent == null and
		.owner == "ann@example.com" and .shared == "view") and
	    (.[1] | .id == $r and .parent == $f and .shared == "manage")' got
	bob mfx-groups get "$FIRST" "$ROOM" | cmp - got
	lacks got "$HOUSE"
	[[ $(bob mfx-groups list --shared --name 'r*' | jq -r .name) == room ]]
	[[ -z $(bob mfx-groups list) && -z $(mfx-groups list --shared) &&
	    -z $(eve mfx-groups list --shared) ]]
	bob mfx-groups list --shared -H | grep -q first
	mfx-groups get "$FIRST" | jq -e 'has("owner") == false'
	refuses 64 'give only one of' bob mfx-groups list --shared --thing "$T"
	refuses 1 "no group '$HOUSE'" bob mfx-groups get "$HOUSE"
	mfx-users revoke "$g"
	refuses 1 "no group '$FIRST'" bob mfx-groups get "$FIRST"
	bob mfx-groups get "$ROOM" | jq -e '.parent == null'
	mfx-users revoke "$room"
	[[ -z $(bob mfx-groups list --shared) ]]
}

@test "of several grants the highest counts, and each ends by itself" {
	people
	local house room
	house=$(gives view --group "$HOUSE")
	sees "$T" view
	room=$(gives manage --group "$ROOM")
	sees "$T" manage
	gives use --thing "$T" >/dev/null
	[[ $(shared) == meter ]]
	mfx-users revoke "$room"
	sees "$T" use
	bob mfx-users decline "$house"
	sees "$T" use
	refuses 1 "no channel '$C'" bob mfx-channels get "$C"
}

@test "guests go with the place that their grant reached them by" {
	people
	local g other
	g=$(gives use --group "$HOUSE")
	guests() {
		bob mfx-channels connect "$BOBC" "$T"
		bob mfx-channels connect "$C" "$BOBS"
		can "$T" publish "$BOBC"
		can "$BOBS" publish "$C"
	}
	guests
	bob mfx-can "$BOBS" publish "$C" | grep -q "by grant $g$"
	env -u MFX_URL mfx-can "$BOBS" publish "$C" | grep -q "by grant $g$"
	mfx-channels connect "$C" "$T"
	mfx-can "$T" publish "$C" | grep -qv grant
	# each floor moves: it is still beneath the house
	mfx-groups update --parent "$SECOND" "$FIRST"
	can "$T" publish "$BOBC"
	mfx-groups update --parent '' "$FIRST"
	refute can "$T" publish "$BOBC"
	can "$BOBS" publish "$C"
	mfx-groups update --parent "$HOUSE" "$FIRST"
	refute can "$T" publish "$BOBC"
	guests
	mfx-groups unassign "$ROOM" "$T"
	refute can "$T" publish "$BOBC"
	# one that is in two of its groups stays while it is in either
	mfx-groups assign "$ROOM" "$T"
	mfx-groups assign "$SECOND" "$T"
	guests
	mfx-groups unassign "$ROOM" "$T"
	can "$T" publish "$BOBC"
	mfx-groups remove "$SECOND"
	refute can "$T" publish "$BOBC"
	mfx-groups assign "$ROOM" "$T"
	guests
	mfx-groups remove --recursive "$FIRST"
	refute can "$T" publish "$BOBC"
	mfx-groups assign "$HOUSE" "$T"
	guests
	mfx-groups unassign --channels "$HOUSE" "$C"
	refute can "$BOBS" publish "$C"
	mfx-groups assign --channels "$HOUSE" "$C"
	guests
	# the level, the grant, the group
	mfx-users grant "$BOB" view --group "$HOUSE" >/dev/null
	refute can "$T" publish "$BOBC"
	refute can "$BOBS" publish "$C"
	mfx-users grant "$BOB" use --group "$HOUSE" >/dev/null
	guests
	mfx-groups remove "$HOUSE"
	refute can "$T" publish "$BOBC"
	refute can "$BOBS" publish "$C"
	[[ -z $(mfx-users grants) ]]
}

@test "a grant on a group and one on a thing in it: guests of the one stay" {
	people
	local other
	gives use --group "$HOUSE" >/dev/null
	gives manage --thing "$T" >/dev/null
	bob mfx-channels connect "$BOBC" "$T"
	mfx-groups unassign "$ROOM" "$T"
	can "$T" publish "$BOBC"
	other=$(thing)
	mfx-groups assign "$ROOM" "$other"
	bob mfx-channels connect "$BOBC" "$other"
	# those of another tree are not asked for
	local tree
	tree=$(group --name tree)
	mfx-groups assign "$tree" "$other"
	mfx-groups remove "$tree"
	can "$other" publish "$BOBC"
}

@test "each change of a grant on a group is an event that names it" {
	people
	local g
	g=$(gives view --group "$ROOM")
	mfx-users grant "$BOB" use --group "$ROOM" >/dev/null
	mfx-users revoke "$g"
	mfx-events | jq -c 'select(.operation | startswith("grant.")) |
	    del(.seq, .time)' >events
	diff events - <<-END
	{"operation":"grant.create","id":"$g","group_id":"$ROOM","email":"$BOB","level":"view"}
	{"operation":"grant.accept","id":"$g","group_id":"$ROOM","email":"$BOB","level":"view","by":"$BOB"}
	{"operation":"grant.update","id":"$g","group_id":"$ROOM","email":"$BOB","level":"use"}
	{"operation":"grant.remove","id":"$g","group_id":"$ROOM","email":"$BOB","level":"use"}
	END
}

@test "what is connected to what is shared is listed, and in pieces" {
	people
	local i t
	gives use --group "$HOUSE" >/dev/null
	mfx-channels connect "$C" "$T"
	bob mfx-channels connect "$C" "$BOBS"
	bob mfx-things list --channel "$C" | jq -r .name |
		sort | xargs >names
	diff names - <<<'lamp meter'
	[[ $(bob mfx-channels list --thing "$T" --shared only |
	    jq -r .name) == hall ]]
	[[ -z $(eve mfx-things list --channel "$C" --shared only) ]] ||
		false
	# between them others that are not shared
	for i in {1..30}; do
		jq -nc --arg n "t$i" '{name: $n}, {name: "no"}'
	done | mfx-things create -f - | jq -c --arg g "$SECOND" \
	    'select(.name != "no") | {group: $g, thing: .id}' |
		mfx-groups assign -f -
	(($(bob mfx-things list --shared only | wc -l) == 31))
	[[ $(shared --name 't1*' | wc -w) == 11 ]]
	[[ $(shared --order name --dir desc | cut -d ' ' -f 1) == t9 ]]
	bob mfx-things list --shared only | jq -se '
	    ([.[].id] | unique | length == 31) and
	    all(.owner == "ann@example.com" and .level == "use")'
}
