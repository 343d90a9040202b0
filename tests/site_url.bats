#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-site with --url: the site is what the user of the token has.
load setup
load identity

setup_suite_test() {
	export MFX_USER=ann@example.com
	add_user "$MFX_USER"
	add_user bob@example.com
	METER=$(thing --name meter --metadata '{"n":1.50}' --tag a,b)
	PUMP=$(thing --name pump)
	KITCHEN=$(channel --name kitchen)
	CELLAR=$(channel --name cellar)
	mfx-things disable "$PUMP"
	mfx-channels connect "$KITCHEN" "$METER" "$PUMP"
	mfx-channels connect "$CELLAR" "$METER"
	mfx-things create --user bob@example.com --name his >his
	mfx-certs ca init >out
	mfx-certs issue "$PUMP" --days 9 >out
	mfx-certs issue "$METER" --days 8 >out
	mfx-certs issue "$METER" --days 7 >out
	mfx-certs revoke "$PUMP"
	mfx-certs server localhost >out
	mfx-site export --user ann@example.com >site
	mfx-site export >all
	go_remote
}

# without --url
here() {
	local url=$MFX_URL got=0
	unset MFX_URL
	"$@" || got=$?
	export MFX_URL=$url
	return $got
}

@test "an export over HTTP is that of the machine" {
	mfx-site export | cmp - site
	(($(grep -c '"certificate".*"authority":"ca"' site) == 3))
	mfx-site export --user ANN@example.com | cmp - site
	refuses 1 "no user 'bob@example.com'" mfx-site export --user bob@example.com
	status 0 mfx-site plan site
	status 0 mfx-site plan --prune site
	mfx-token login ann@example.com --password-file - <<<'correct horse'
}

@test "what is applied over HTTP is there" {
	cat >new <<-'END'
	{"kind":"connection","channel":"garden","thing":"valve"}
	{"kind":"connection","channel":"kitchen","thing":"valve"}
	{"kind":"thing","name":"valve","key":"valve's key"}
	{"kind":"thing","name":"tap"}
	{"kind":"channel","name":"garden"}
	{"kind":"thing","name":"meter","metadata":{"n":1.50,"m":2},"status":"disabled"}
	{"kind":"user","email":"ann@example.com","metadata":{"a":1}}
	END
	status 2 mfx-site plan new >plan
	[[ $(tail -n 1 plan) == "5 to create, 2 to update, 0 to remove" ]]
	mfx-site export | cmp - site
	mfx-site apply --new-keys keys new >did
	diff <(sed 's/ [0-9a-f-]\{36\}//g' plan) <(sed 's/ [0-9a-f-]\{36\}//g' did)
	status 0 mfx-site plan new
	here status 0 mfx-site plan new
	echo "valve's key" >key
	[[ $(jq -r .name keys) == tap ]]
	here mfx-can --key-file key publish "$(mfx-channels list --name garden | jq -r .id)"
	# back, with what is gone
	mfx-things remove "$PUMP"
	mfx-site apply --prune site >did
	mfx-site export | cmp - site
	# nothing of the other user's has changed
	here mfx-site export | cmp - all
}

@test "what an mfx-api can't do is said, and what was done before it stays" {
	refuses 77 "'eve@example.com' can't be made there" mfx-site apply - \
	    <<<'{"kind":"user","email":"eve@example.com"}'
	refuses 65 "no user 'bob@example.com'" mfx-site apply - \
	    <<<'{"kind":"thing","name":"x","owner":"bob@example.com"}'
	echo '{"kind":"channel","name":"made"}
	{"kind":"thing","name":"y","key":"'"$(here mfx-things key "$METER" | jq -r .key)"'"}' >half
	refuses 65 "half:2: that key is in use" mfx-site apply half
	grep -q '1 changes were made before that: apply goes on there' err
	[[ $(mfx-channels list --name made) ]]
	sed -i 's/"key":.*/"key":"another"}/' half
	mfx-site apply -t json half >did
	[[ $(jq -r .kind did) == thing ]]
}

@test "keys are sealed and opened over HTTP, too" {
	local key
	mfx-site keygen mine
	mfx-site export --secrets sealed --for mine.pub >sealed
	lacks sealed "$(here mfx-things key "$METER" | jq -r .key)"
	status 0 mfx-site plan --key mine sealed
	here status 0 mfx-site plan --key mine sealed
	key=$(mfx-things key "$METER" | jq -r .key)
	mfx-things key --new "$METER" >out
	status 2 mfx-site plan --key mine sealed >plan
	mfx-site apply --key mine sealed >did
	[[ $(here mfx-things key "$METER" | jq -r .key) == "$key" ]]
}
