#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What users share, in the site as text: grants and guest connections; and the
# undoing of changes of groups and grants.
load setup
load identity

BOB=bob@example.com

bob() { as "$BOB" "$@"; }
group() { mfx-groups create "$@" | jq -r .id; }

# ann shares a thing, a channel and a house with bob, and invites carol
shared_site() {
	add_user "$BOB"
	T=$(thing --name meter) C=$(channel --name hall)
	HOUSE=$(group --name house) ROOM=$(group --name room --parent "$HOUSE")
	OTHER=$(thing --name other)
	mfx-groups assign "$ROOM" "$OTHER"
	BOBS=$(bob mfx-things create --name lamp | jq -r .id)
	BOBC=$(bob mfx-channels create --name attic | jq -r .id)
	gives view --thing "$T"
	gives manage --channel "$C"
	gives use --group "$HOUSE"
	mfx-users grant carol@example.com view --group "$ROOM" >carols
	bob mfx-channels connect --publish "$C" "$BOBS"
	bob mfx-channels connect "$BOBC" "$OTHER"
}

gives() {
	GRANT=$(mfx-users grant "$BOB" "$@" | jq -r .id)
	bob mfx-users accept "$GRANT"
}

planned() {
	local want=$1
	shift
	status "$want" mfx-site plan "$@" >plan 2>err || { cat plan err; return 1; }
}

@test "a site that was wiped shares what it shared, after its export is applied" {
	shared_site
	mfx-site export >site
	mfx-site export | cmp - site
	[[ $(jq -r .kind site | uniq | xargs) == \
	    "user channel thing group place grant guest" ]]
	grep -qxF '{"kind":"grant","owner":"ann@example.com","email":"bob@example.com","group":"'"$HOUSE"'","level":"use","accepted":true}' site
	grep -qxF '{"kind":"grant","owner":"ann@example.com","email":"carol@example.com","group":"'"$ROOM"'","level":"view","accepted":false}' site
	grep -qxF '{"kind":"guest","owner":"bob@example.com","channel":"'"$C"'","thing":"'"$BOBS"'","direction":"publish"}' site
	planned 0 site
	[[ $(<plan) == "nothing to do" ]]
	planned 0 --prune site
	rm -r "$MFX_HOME"
	mfx-site apply site >made
	mfx-site export | cmp - site
	planned 0 --prune site
	bob mfx-things get "$OTHER" | jq -e '.level == "use"'
	mfx-can "$OTHER" subscribe "$BOBC" || [[ $(mfx-can "$OTHER" subscribe \
	    "$BOBC") == *revoked* ]]
	# it is shared as ever: what leaves, ends
	mfx-groups unassign "$ROOM" "$OTHER"
	mfx-site export | jq -se 'map(select(.kind == "guest")) | length == 1'
}

@test "grants and guests are planned, applied and pruned" {
	shared_site
	mfx-site export >site
	grep -v -e '"kind":"guest"' -e carol site |
		sed "/$HOUSE/s/\"use\"/\"manage\"/" >less
	planned 2 --prune less
	grep -qx -- '- guest "'"$C"'" "'"$BOBS"'" of bob@example.com' plan
	grep -qx -- '- grant carol@example.com "'"$ROOM"'" of ann@example.com' plan
	grep -qx '~ grant bob@example.com "'"$HOUSE"'" of ann@example.com: level "use" -> "manage"' plan
	grep -qx '0 to create, 1 to update, 3 to remove' plan
	mfx-site apply --prune less >out
	mfx-site export | cmp - less
	refute mfx-can "$BOBS" publish "$C"
	mfx-site apply site >out
	mfx-site export | cmp - site
	# another direction; and it waits again
	sed '/"guest"/s/"publish"/"both"/; /"view","accepted":true/s/true/false/' \
	    site >changed
	planned 2 changed
	grep -q 'direction "publish" -> "both"' plan
	grep -q 'accepted true -> false' plan
	mfx-site apply changed >out
	mfx-site export | cmp - changed
	refuses 1 "no thing '$T'" bob mfx-things get "$T"
}

@test "names stand for what is shared, and what is wrong is said with its line" {
	shared_site
	mfx-site apply - >out \
	    <<<'{"kind":"grant","email":"eve@example.com","thing":"meter","level":"view"}'
	mfx-users grants --side given | jq -se --arg t "$T" \
	    'any(.email == "eve@example.com" and .thing == $t)'
	local id=11111111-2222-4333-8444-555555555555
	refused() { refuses 65 "<stdin>:1: $2" mfx-site apply - <<<"$1"; }
	refused '{"kind":"grant","email":"x@y","thing":"meter"}' 'no email or no level'
	refused '{"kind":"grant","email":"x@y","level":"view"}' \
	    'give a thing, a channel or a group, one of them'
	refused '{"kind":"grant","email":"x@y","level":"own","thing":"meter"}' \
	    'level is neither view, use nor manage'
	refused '{"kind":"grant","email":"x@y","level":"view","thing":"meter","accepted":"true"}' \
	    'accepted is neither true nor false'
	refused '{"kind":"grant","email":"x@y","level":"view","group":"'$id'"}' \
	    "no group '$id'"
	refused '{"kind":"grant","email":"x@y","level":"view","thing":"meter","accepted":true}' \
	    "no user 'x@y', who could have accepted it"
	refused '{"kind":"guest","channel":"'"$C"'","thing":"'$id'"}' "no thing '$id'"
	refuses 77 "<stdin>:1: thing '$T' is shared with you to view, and this needs use" \
	    mfx-site apply - <<<'{"kind":"guest","owner":"bob@example.com","channel":"'"$BOBC"'","thing":"'"$T"'"}'
}

@test "an id whose user was removed is named, in a file and in the log" {
	shared_site
	mfx-site export >site
	local user
	user=$(jq -r 'select(.email == "bob@example.com").id' site)
	mfx-users remove --all "$BOB"
	refuses 65 "the id '$user' was that of a user who was removed" \
	    mfx-site apply site
	refuses 65 "the id '$BOBS' was of user '$user', who was removed" \
	    mfx-site apply - <<<'{"kind":"thing","id":"'"$BOBS"'"}'
	refuses 65 "the id '$BOBS' was of user '$user', who was removed" \
	    mfx-things create -f - <<<'{"id":"'"$BOBS"'"}'
	# one that is another's is not told apart from one of before
	add_user eve@example.com
	refuses 65 "the id '$C' is in use" as eve@example.com \
	    mfx-groups create -f - <<<'{"id":"'"$C"'"}'
	mfx-site log | grep -q " $user thing.create $BOBS"
	refuses 65 "its user was removed since, '$user'" mfx-site undo \
	    "$(mfx-site log "$BOBS" | grep thing.create | cut -d ' ' -f 1)"
}

# seq OPERATION: of the last one
seq_of() {
	mfx-site log -t json | jq -r --arg o "$1" \
	    'select(.operation == $o).seq' | tail -n 1
}

undoes() { mfx-site undo "$(seq_of "$1")" >out 2>err || { cat err; return 1; }; }

# what there is, without what undoing does not bring back
state() { mfx-site export | grep -v '"kind":"guest"'; }

# undone OPERATION COMMAND…: what it does is undone, and that again
undone() {
	local operation=$1
	shift
	state >before
	"$@" >out
	state >after
	refute cmp -s before after
	undoes "$operation"
	diff <(state) before
}

@test "changes of groups and grants are undone" {
	shared_site
	undone group.create mfx-groups create --name new --parent "$HOUSE"
	undone group.update mfx-groups update --name x --description d "$ROOM"
	undone group.update mfx-groups update --parent '' "$ROOM"
	undone group.assign mfx-groups assign "$HOUSE" "$T"
	undone group.unassign mfx-groups unassign "$ROOM" "$OTHER"
	undone grant.create mfx-users grant eve@example.com view --group "$ROOM"
	undone grant.update mfx-users grant "$BOB" manage --group "$HOUSE"
	mfx-groups assign --channels "$ROOM" "$C"
	mfx-users revoke "$(jq -r .id carols)"
	mfx-site export | grep -v -e '"grant"' -e '"guest"' >before
	mfx-groups remove --recursive "$HOUSE"
	mfx-site undo $(mfx-site log | tail -n 2 | cut -d ' ' -f 1) >out
	mfx-site export | grep -v -e '"grant"' -e '"guest"' | diff - before
	# a thing comes back into its groups, too
	state >before
	mfx-things remove "$OTHER"
	undoes thing.remove
	state | diff - before
}

@test "undoing a grant's end is an invitation; and what can't be undone" {
	shared_site
	# what another user connected, the one who shares may end
	undoes thing.connect
	refute mfx-can "$OTHER" subscribe "$BOBC"
	refuses 65 'who alone connects it' mfx-site undo \
	    "$(seq_of thing.disconnect)"
	mfx-users revoke "$GRANT"
	undoes grant.remove
	grep -q "'$BOB' has to accept grant" err
	mfx-users grants | jq -se --arg g "$HOUSE" 'any(.group == $g and
	    .email == "bob@example.com" and .accepted == false)'
	refuses 65 'it was made again since' mfx-site undo \
	    "$(seq_of grant.remove)"
	refuses 65 'only the other user may give it up' mfx-site undo \
	    "$(seq_of grant.accept)"
	local new
	new=$(group --name new)
	mfx-groups assign "$new" "$T"
	refuses 65 'there is something in it' mfx-site undo \
	    "$(seq_of group.create)"
	mfx-groups unassign "$new" "$T"
	refuses 65 'it was changed again since' mfx-site undo \
	    "$(seq_of group.assign)"
	mfx-groups update --name a "$new"
	mfx-groups update --name b "$new"
	refuses 65 'it was changed again since' mfx-site undo \
	    "$(mfx-site log "$new" | grep '"a"' | cut -d ' ' -f 1)"
	mfx-groups remove "$new"
	refuses 65 'it was removed since' mfx-site undo "$(seq_of group.update)"
}
