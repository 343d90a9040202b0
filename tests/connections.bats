#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Which things are connected to which channels, for what, as the commands and
# the events say; and as connections_remote.bats over a mfx-api.
load setup
load identity

@test "connections: for both directions or one" {
	local a b c
	a=$(thing) b=$(thing) c=$(channel)
	# which way they go, in the order of creation
	ways() {
		mfx-things list --channel "$c" |
			jq -r '.direction // "both"' | xargs
	}
	mfx-channels connect --publish "$c" "$a"
	mfx-channels connect --subscribe "$c" "$b"
	[[ $(ways) == "publish subscribe" ]]
	[[ $(mfx-channels list --thing "$a" | jq -r .direction) == publish ]]
	[[ $(mfx-channels get "$c" | jq .direction) == null ]]
	mfx-things list -H --channel "$c" | head -n 1 | grep -qw direction
	mfx-things list -H --channel "$c" | grep -w subscribe
	# without an option nothing that is there is changed
	mfx-channels connect "$c" "$a" "$b"
	[[ $(ways) == "publish subscribe" ]]
	mfx-channels disconnect --dry-run "$c" "$a" "$b" >dry
	diff dry - <<-EOF
	{"channel":"$c","thing":"$a","direction":"publish"}
	{"channel":"$c","thing":"$b","direction":"subscribe"}
	EOF
	# and with one it is as it is told
	mfx-channels connect --publish "$c" "$b"
	mfx-channels connect --publish --subscribe "$c" "$a"
	[[ $(ways) == "both publish" ]]
	mfx-channels disconnect --dry-run "$c" "$a" >both
	diff both - <<<"{\"channel\":\"$c\",\"thing\":\"$a\"}"
	# what a dry run has shown makes it again, and ends it
	mfx-channels disconnect -f dry
	[[ -z $(ways) ]]
	mfx-channels connect -f dry
	[[ $(ways) == "publish subscribe" ]]
	mfx-channels connect -f - <<<"{\"channel\":\"$c\",\"thing\":\"$a\",\"direction\":\"both\"}"
	[[ $(ways) == "both subscribe" ]]
	mfx-channels disconnect "$c" "$a" "$b"
	mfx-channels connect "$c" "$a"
	[[ $(ways) == both ]]
	refuses 65 "neither publish, subscribe nor both" mfx-channels connect \
	    -f - <<<"{\"channel\":\"$c\",\"thing\":\"$b\",\"direction\":\"\"}"
	refuses 64 "goes with neither --publish" \
	    mfx-channels connect --publish -f dry
	status 64 mfx-channels disconnect --publish "$c" "$a"
	status 64 mfx-channels create --publish
	[[ $(ways) == both ]]
	# one of another order, and what is not connected
	[[ $(mfx-things list --channel "$c" --order id --dir desc |
	    jq -r '.direction // "both"') == both ]]
}

@test "connections: each change of a direction has its event, with the direction" {
	local a c
	a=$(thing) c=$(channel)
	mfx-channels connect --publish "$c" "$a"
	mfx-channels connect --publish "$c" "$a"
	mfx-channels connect "$c" "$a"
	mfx-channels connect --subscribe "$c" "$a"
	mfx-channels connect --publish --subscribe "$c" "$a"
	mfx-channels disconnect "$c" "$a"
	mfx-channels connect "$c" "$a"
	mfx-events | jq -c 'select(.chan_id) | del(.time, .seq)' >got
	cat >want <<-EOF
	{"operation":"thing.connect","chan_id":"$c","thing_id":"$a","direction":"publish"}
	{"operation":"thing.connect","chan_id":"$c","thing_id":"$a","direction":"subscribe"}
	{"operation":"thing.connect","chan_id":"$c","thing_id":"$a","direction":"both"}
	{"operation":"thing.disconnect","chan_id":"$c","thing_id":"$a"}
	{"operation":"thing.connect","chan_id":"$c","thing_id":"$a"}
	EOF
	diff want got
}
