#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What users share with each other: invitations, what each level allows, guest
# connections, and that all of it ends at once; and as share_remote.bats the
# same over a mfx-api.  At the doors of devices: share_doors.bats.
load setup
load identity

BOB=bob@example.com EVE=eve@example.com

# bob with a thing, eve, and what ann shares: $C and $T
people() {
	add_user "$BOB"
	add_user "$EVE"
	C=$(channel --name hall) T=$(thing --name meter)
	BOBS=$(as "$BOB" mfx-things create --name lamp | jq -r .id)
	BOBC=$(as "$BOB" mfx-channels create --name attic | jq -r .id)
}

# shares EMAIL LEVEL OPTION ID: prints the id of the grant
shares() {
	mfx-users grant "$@" | jq -r .id
}

# the same, which is accepted
gives() {
	local id
	id=$(shares "$@")
	as "$1" mfx-users accept "$id"
	echo "$id"
}

bob() { as "$BOB" "$@"; }
eve() { as "$EVE" "$@"; }

# as an administrator, who may ask of all
can() { env -u MFX_URL mfx-can "$@" >/dev/null; }

@test "an invitation waits, allows nothing, and is accepted or declined" {
	people
	local a b
	a=$(shares "$BOB" manage --channel "$C")
	# not one that anybody else could accept, and nothing before
	refuses 1 "no channel '$C'" bob mfx-channels get "$C"
	[[ -z $(bob mfx-channels list --shared only) ]]
	refuses 1 "no grant '$a'" eve mfx-users accept "$a"
	refuses 1 "no grant '$a'" eve mfx-users decline "$a"
	refuses 77 "only the user who got grant '$a'" mfx-users accept "$a"
	[[ -z $(eve mfx-users grants) ]]
	for who in ann bob; do
		as $who@example.com mfx-users grants >shown
		jq -e --arg id "$a" --arg c "$C" 'del(.created) == {id: $id,
		    owner: "ann@example.com", email: "bob@example.com",
		    level: "manage", channel: $c, name: "hall",
		    accepted: false}' shown
	done
	bob mfx-users accept "$a"
	bob mfx-users accept "$a"
	bob mfx-users grants -H | grep -q 'ann@.*manage *channel.*hall *yes$'
	bob mfx-channels get "$C" | jq -e '.name == "hall" and
	    .owner == "ann@example.com" and .level == "manage" and
	    has("key") == false'
	bob mfx-users decline "$a"
	refuses 1 "no channel '$C'" bob mfx-channels get "$C"
	[[ -z $(mfx-users grants) ]]
	# taken back before it was accepted
	b=$(shares "${BOB^^}" view --channel "$C")
	bob mfx-users grants --side received | jq -e '.level == "view"'
	[[ -z $(bob mfx-users grants --side given) ]]
	mfx-users revoke "$b"
	refuses 1 "no grant '$b'" bob mfx-users accept "$b"
}

@test "an invitation does not tell whether somebody has that address" {
	people
	shares nobody@example.com use --thing "$T" >nobody
	shares "$BOB" use --thing "$T" >bob
	mfx-users grants | jq -c 'del(.id, .email, .created)' | uniq >alike
	(($(wc -l <alike) == 1))
	# who comes later finds it
	add_user nobody@example.com
	as nobody@example.com mfx-users accept "$(<nobody)"
	as nobody@example.com mfx-things get "$T" | jq -e '.level == "use"'
	refuses 65 'email address' \
	    mfx-users grant nobody view --thing "$T"
	refuses 65 'is the owner' \
	    mfx-users grant ANN@example.com view --thing "$T"
	refuses 64 'give --thing, --channel or --group' mfx-users grant "$BOB" view
	status 64 mfx-users grant "$BOB" own --thing "$T"
	refuses 1 "no thing '$BOBS'" \
	    mfx-users grant "$EVE" view --thing "$BOBS"
}

@test "see, use or manage: what each level allows, and what nobody but the owner may" {
	people
	local level k
	mfx-users grant "$BOB" view --thing "$T" --channel "$C" |
		jq -r .id >ids
	bob mfx-users accept $(<ids)
	for level in view use manage; do
		mfx-users grant "$BOB" $level --thing "$T" --channel "$C" \
		    >/dev/null
		bob mfx-things get "$T" --keys | jq -e --arg l $level \
		    '.level == $l and has("key") == false'
		bob mfx-things list --keys | jq -se --arg t "$T" 'length == 2 and
		    (.[] | select(.id == $t) | has("key") == false)'
		[[ $(bob mfx-things list --shared no | jq -r .id) == "$BOBS" ]]
		refuses 77 'may see its key' bob mfx-things key "$T"
		for k in --new --remove; do
			refuses 77 'only the owner' \
			    bob mfx-things key $k "$T"
		done
		refuses 77 'only the owner' bob mfx-things remove "$T"
		refuses 77 'only the owner' \
		    bob mfx-channels remove --if-exists "$C"
		refuses 77 'only the owner' \
		    bob mfx-users grant "$EVE" view --channel "$C"
		case $level in
		manage)
			bob mfx-things update --name "by bob" --tag a "$T"
			bob mfx-channels disable "$C"
			bob mfx-channels enable "$C"
			bob mfx-channels connect "$C" "$T"
			can "$T" publish "$C"
			bob mfx-channels disconnect "$C" "$T"
			refute can "$T" publish "$C"
			;;
		*)
			refuses 77 'this needs manage' \
			    bob mfx-things update --name no "$T"
			refuses 77 'this needs manage' \
			    bob mfx-channels disable "$C"
			refuses 77 'this needs manage' \
			    bob mfx-channels connect "$C" "$T"
			;;
		esac
		# a stranger sees what there was before
		refuses 1 "no thing '$T'" eve mfx-things get "$T"
		refuses 1 "no thing '$T'" eve mfx-things update --name x "$T"
		refuses 1 "no channel '$C'" eve mfx-channels remove "$C"
		eve mfx-channels remove --if-exists "$C"
	done
	mfx-things get "$T" | jq -e '.name == "by bob" and .tags == ["a"] and
	    has("owner") == false'
	mfx-events | jq -se --arg t "$T" '[.[] | select(.id == $t and
	    .operation == "thing.update")] | length == 1 and
	    .[0].by == "bob@example.com"'
}

@test "guests: things and channels of two owners, as long as a grant allows it" {
	people
	local g
	g=$(gives "$BOB" view --channel "$C")
	refuses 77 'this needs use' bob mfx-channels connect "$C" "$BOBS"
	refute can "$BOBS" publish "$C"
	mfx-users grant "$BOB" use --channel "$C" >/dev/null
	bob mfx-channels connect --publish "$C" "$BOBS"
	can "$BOBS" publish "$C"
	refute can "$BOBS" subscribe "$C"
	bob mfx-channels connect --publish --subscribe "$C" "$BOBS"
	can "$BOBS" subscribe "$C"
	# each sees what the other has shared, and of a guest its id
	mfx-things list --channel "$C" >hosts
	diff hosts - <<<"{\"id\":\"$BOBS\",\"owner\":\"$BOB\"}"
	[[ -z $(mfx-things list --channel "$C" --name 'la*') ]]
	bob mfx-things list --channel "$C" | jq -e '.name == "lamp" and
	    has("owner") == false'
	bob mfx-channels list --thing "$BOBS" | jq -e --arg c "$C" \
	    '.id == $c and .level == "use"'
	refuses 1 "no thing '$BOBS'" mfx-things get "$BOBS"
	# it ends with the level, with the grant, and by either owner
	mfx-users grant "$BOB" view --channel "$C" >/dev/null
	refute can "$BOBS" publish "$C"
	mfx-users grant "$BOB" use --channel "$C" >/dev/null
	refute can "$BOBS" publish "$C"
	bob mfx-channels connect "$C" "$BOBS"
	mfx-channels disconnect "$C" "$BOBS"
	refute can "$BOBS" publish "$C"
	bob mfx-channels connect "$C" "$BOBS"
	bob mfx-channels disconnect "$C" "$BOBS"
	refute can "$BOBS" publish "$C"
	bob mfx-channels connect "$C" "$BOBS"
	mfx-users revoke "$g"
	refute can "$BOBS" publish "$C"
	[[ -z $(mfx-things list --channel "$C") ]]
	refuses 1 "no channel '$C'" bob mfx-channels disconnect "$C" "$BOBS"
}

@test "guests: a thing that is shared, on a channel of one's own; and of others" {
	people
	gives "$BOB" use --thing "$T" >/dev/null
	bob mfx-channels connect "$BOBC" "$T"
	can "$T" subscribe "$BOBC"
	mfx-channels list --thing "$T" | jq -e --arg c "$BOBC" \
	    '. == {id: $c, owner: "bob@example.com"}'
	# of two others: not for either of them
	gives "$EVE" manage --thing "$T" >/dev/null
	local g
	g=$(bob mfx-users grant "$EVE" manage --channel "$BOBC" | jq -r .id)
	eve mfx-users accept "$g"
	mfx-channels disconnect "$BOBC" "$T"
	refuses 77 'one has to be your own' \
	    eve mfx-channels connect "$BOBC" "$T"
	bob mfx-channels connect "$BOBC" "$T"
	eve mfx-channels disconnect "$BOBC" "$T"
	refute can "$T" subscribe "$BOBC"
	# a removal takes all with it
	bob mfx-channels connect "$BOBC" "$T"
	mfx-things remove "$T"
	[[ -z $(bob mfx-things list --channel "$BOBC") ]]
	[[ -z $(bob mfx-users grants --side received) ]]
	if [[ ! $MFX_URL ]]; then
		mfx-users remove --all "$BOB"
		[[ -z $(eve mfx-users grants) ]]
	fi
}

@test "each change is an event of the user who shares, with its maker" {
	people
	local g
	g=$(gives "$BOB" use --channel "$C")
	bob mfx-channels connect "$C" "$BOBS"
	mfx-channels disconnect "$C" "$BOBS"
	mfx-users grant "$BOB" manage --channel "$C" >/dev/null
	bob mfx-users decline "$g"
	mfx-events | jq -c 'select(.operation | startswith("grant.") or
	    startswith("thing.")) | select(.id != "'"$T"'" and
	    .id != "'"$BOBS"'") | del(.seq, .time)' >events
	diff events - <<-END
	{"operation":"grant.create","id":"$g","chan_id":"$C","email":"$BOB","level":"use"}
	{"operation":"grant.accept","id":"$g","chan_id":"$C","email":"$BOB","level":"use","by":"$BOB"}
	{"operation":"thing.connect","chan_id":"$C","thing_id":"$BOBS","by":"$BOB"}
	{"operation":"thing.disconnect","chan_id":"$C","thing_id":"$BOBS"}
	{"operation":"grant.update","id":"$g","chan_id":"$C","email":"$BOB","level":"manage"}
	{"operation":"grant.remove","id":"$g","chan_id":"$C","email":"$BOB","level":"manage","by":"$BOB"}
	END
}

@test "nobody is flooded: so many invitations wait, and not for ever" {
	local i options=()
	add_user "$EVE"
	for ((i = 0; i < 21; i++)); do
		options+=(--thing "$(thing)")
	done
	refuses 65 'invitations of one user for one address' \
	    mfx-users grant "$EVE" view "${options[@]}"
	# all or none on this machine, one by one at a mfx-api
	[[ $MFX_URL || -z $(mfx-users grants) ]]
	mfx-users grant "$EVE" view "${options[@]:0:40}" | wc -l
	(($(eve mfx-users grants | wc -l) == 20))
	# what waits for longer than a month is gone
	sqlite3 "$MFX_HOME/registry.db" "UPDATE grants SET created =
	    created - 31 * 24 * 3600 * 1000000000"
	[[ -z $(mfx-users grants) ]]
	[[ -z $(eve mfx-users grants) ]]
	mfx-users grant "$EVE" view "${options[@]:0:2}" >/dev/null
	[[ $(sqlite3 "$MFX_HOME/registry.db" \
	    'SELECT count(*) FROM grants') == 1 ]]
}

@test "lists of what is shared: filters, order, and who shares nothing" {
	people
	local i t
	mfx-things list --shared no >own
	mfx-things list | diff own -
	for i in 3 1 2; do
		t=$(thing --name "meter $i" --metadata "{\"i\":$i}" --tag x)
		gives "$BOB" view --thing "$t" >/dev/null
	done
	names() { bob mfx-things list --shared only "$@" | jq -r .name | xargs; }
	[[ $(names) == 'meter 3 meter 1 meter 2' ]]
	[[ $(names --dir desc) == 'meter 2 meter 1 meter 3' ]]
	[[ $(names --order name) == 'meter 1 meter 2 meter 3' ]]
	[[ $(names --order name --dir desc) == 'meter 3 meter 2 meter 1' ]]
	[[ $(names --order id) == 'meter 3 meter 1 meter 2' ]]
	[[ $(names --name '*2') == 'meter 2' ]]
	[[ $(names --metadata '{"i":1}') == 'meter 1' ]]
	[[ $(names --tag x --status enabled | wc -w) == 6 ]]
	[[ -z $(names --status disabled) ]]
	[[ $(bob mfx-things list | jq -r .name | head -n 1) == lamp ]]
	bob mfx-things list -H | grep -q 'meter 2.*ann@example.com'
	mfx-things list | jq -se 'all(has("owner") == false)'
}
