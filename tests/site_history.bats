#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-site log and undo.  As site_history_remote.bats, a link to this one, all
# of it goes through --url, and has to be the same.
load setup
load identity

# seq OPERATION [ID]: the seq of the last such change
seq_of() {
	mfx-site log -t json "${@:2}" | jq -r --arg o "$1" \
	    'select(.operation == $o) | .seq' | tail -n 1
}

state() {
	mfx-things list --order id
	mfx-channels list --order id
	local c
	for c in $(mfx-channels list | jq -r .id); do
		mfx-things list --channel "$c" | jq -r '.id, .direction'
	done
}

@test "the log says who changed what when" {
	local a c
	a=$(thing --name 'a "b"' --tag x)
	c=$(channel --name kitchen)
	mfx-channels connect "$c" "$a"
	mfx-things update --metadata '{"n":1.50}' "$a"
	mfx-site log >log
	grep -qE "^[0-9]+ 20[0-9-]+T[0-9:]+Z ann@example.com thing.create $a \"a \\\\\"b\\\\\"\" \[\"x\"\]$" log
	grep -qE "Z ann@example.com thing.connect $c $a$" log
	grep -qE "Z ann@example.com thing.update $a {\"n\":1.50}$" log
	mfx-site log -t json "$a" >of
	[[ $(jq -r .operation of | xargs) == "thing.create thing.connect thing.update" ]]
	jq -se 'all(.user == "ann@example.com" and .seq > 0 and .time > 1700000000)' of
	mfx-site log -n 2 >two
	head -n 2 log | cmp - two
	mfx-site log --from "$(cut -d ' ' -f 1 two | tail -n 1)" >rest
	tail -n +3 log | cmp - rest
	[[ ! $(mfx-site log --from 2999-01-01) ]]
	mfx-site log --from -1h | cmp - log
	refuses 64 "--from" mfx-site log --from soon
}

@test "each change that can be undone is, and so is its undoing" {
	local a b c before after op
	a=$(thing --name a --metadata '{"n":1}' --tag x)
	b=$(thing --name b)
	c=$(channel --name c --metadata '{"m":2}')
	mfx-channels connect "$c" "$a"

	# undone COMMAND…: what it changes is undone, and done again
	undone() {
		before=$(state)
		"$@"
		after=$(state)
		op=$(mfx-site log -t json | tail -n 1 | jq -r .seq)
		mfx-site undo "$op" 2>err
		[[ $(state) == "$before" ]] || { diff <(state) <(echo "$before"); return 1; }
		op=$(mfx-site log -t json | tail -n 1 | jq -r .seq)
		mfx-site undo "$op" 2>err
		[[ $(state) == "$after" ]] || { diff <(state) <(echo "$after"); return 1; }
	}
	undone mfx-things update --name new "$a"
	undone mfx-things update --metadata '{}' --tag y,z "$a"
	undone mfx-things update --name '' "$b"
	undone mfx-channels update --name new --metadata '{"a":[1,2]}' "$c"
	undone mfx-things disable "$a"
	undone mfx-things enable "$a"
	undone mfx-channels disable "$c"
	undone mfx-channels disconnect "$c" "$a"
	undone mfx-channels connect "$c" "$b"
	undone mfx-channels connect --publish "$c" "$b"
	undone mfx-channels connect --subscribe "$c" "$b"
	undone mfx-channels disconnect "$c" "$b"
	undone mfx-channels connect --subscribe "$c" "$b"
	undone mfx-channels connect --publish --subscribe "$c" "$b"
	undone mfx-channels disconnect "$c" "$b"
	undone mfx-channels connect --publish "$c" "$a"
	undone mfx-things create --name n >out
	undone mfx-channels create --name n >out
	# a removal comes back as a creation and its connections
	before=$(state)
	mfx-things remove "$a"
	mfx-site undo "$(seq_of thing.remove)" 2>err
	grep -q "without its key" err
	[[ $(state) == "$before" ]]
	[[ $(mfx-things key "$a" | jq -r .key) == null ]]
	mfx-channels remove "$c"
	mfx-site undo "$(seq_of channel.remove)"
	[[ $(state) == "$before" ]]
}

@test "a removal is undone without what has gone as well" {
	local a c d
	a=$(thing --name a)
	c=$(channel --name c)
	d=$(channel --name d)
	mfx-channels connect "$c" "$a"
	mfx-channels connect "$d" "$a"
	mfx-channels remove "$c"
	mfx-things remove "$a"
	mfx-channels remove "$d"
	mfx-site undo "$(seq_of thing.remove)" 2>err
	grep -q "connected to $d, which was removed since" err
	lacks err "$c"
	[[ ! $(mfx-channels list --thing "$a") ]]
}

@test "several changes are undone, the last one first" {
	local before first
	thing --name keep
	before=$(state)
	first=$(mfx-site log -t json | tail -n 1 | jq -r .seq)
	c=$(channel --name c)
	a=$(thing --name a)
	mfx-channels connect "$c" "$a"
	mfx-things update --name b "$a"
	mfx-things update --name c "$a"
	mfx-site undo $(mfx-site log --from "$first" | cut -d ' ' -f 1) >did
	[[ $(wc -l <did) == 5 ]]
	[[ $(state) == "$before" ]]
}

@test "what can't be undone is refused" {
	local before a c
	a=$(thing --name a)
	c=$(channel --name c)
	mfx-things update --name b "$a"
	mfx-things update --name c "$a"
	before=$(state)
	local seqs
	mapfile -t seqs < <(mfx-site log -t json "$a" | jq -r .seq)
	refuses 65 "${seqs[1]}, thing.update, can't be undone: it was changed again since" \
	    mfx-site undo "${seqs[1]}"
	mfx-things key --new "$a" >out
	refuses 65 "thing.key, can't be undone: keys that were are not kept" \
	    mfx-site undo "$(seq_of thing.key)"
	refuses 65 "user.create, can't be undone: it is a change of a user" \
	    mfx-site undo "$(seq_of user.create)"
	refuses 1 "no change 999999" mfx-site undo 999999
	refuses 64 "'x': not the seq" mfx-site undo x
	refuses 64 "'0': not the seq" mfx-site undo 0
	[[ $(state) == "$before" ]]
	mfx-channels connect "$c" "$a"
	refuses 65 "it is connected: undo that, too" mfx-site undo "$(seq_of channel.create)"
	mfx-channels disconnect "$c" "$a"
	refuses 65 "it was changed again since" mfx-site undo "$(seq_of thing.connect)"
	mfx-things remove "$a"
	refuses 65 "it was removed since" mfx-site undo "${seqs[0]}"
	refuses 65 "one of the two was removed since" mfx-site undo "$(seq_of thing.disconnect)"
}

@test "one that can't be undone, and none is; a dry run undoes none" {
	local before a
	a=$(thing --name a)
	mfx-things update --name b "$a"
	mfx-things key --new "$a" >out
	before=$(state)
	[[ $MFX_URL ]] || {
		refuses 65 "thing.key" mfx-site undo "$(seq_of thing.key)" \
		    "$(seq_of thing.update)" "$(seq_of thing.create)"
		refuses 65 "thing.key" mfx-site undo "$(seq_of thing.update)" \
		    "$(seq_of thing.key)"
		[[ $(state) == "$before" ]]
		mfx-site undo --dry-run "$(seq_of thing.update)" >did
		grep -q "thing.update $a \"b\"" did
		[[ $(state) == "$before" ]]
		add_user bob@example.com
		mfx-things create --user bob@example.com --name x >out
		mfx-users remove --all bob@example.com
		refuses 65 "its user was removed since" mfx-site undo "$(seq_of thing.remove)"
		[[ ! $(mfx-site log --user bob@example.com) ]]
	}
	[[ ! $MFX_URL ]] || refuses 64 "--dry-run" mfx-site undo --dry-run 1
}
