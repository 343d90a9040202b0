# SPDX-License-Identifier: Apache-2.0
# Each operation that a registry has, for suites that follow one:
# `load operations` after `load setup`.

# a group with this thing is shared with bob, who has a guest on this channel;
# and two that have left their group, whose guests are gone
share_group() {
	local bob=guest@example.com house room g mine
	mfx-users create $bob --password-file - <<<'correct horse'
	house=$(mfx-groups create --name house | jq -r .id)
	room=$(mfx-groups create --name room --parent "$house" | jq -r .id)
	mfx-groups assign "$room" "$1"
	mfx-groups assign --channels "$room" "$2"
	g=$(mfx-users grant $bob use --group "$house" | jq -r .id)
	mfx-users accept --user $bob "$g"
	mine=$(mfx-things create --user $bob | jq -r .id)
	mfx-channels connect --user $bob "$2" "$mine"
	mfx-groups unassign --channels "$room" "$2"
	mfx-groups assign --channels "$house" "$2"
	mfx-channels connect --user $bob "$2" "$mine"
	mfx-groups update --parent '' "$room"
	mfx-users grant $bob view --thing "$1" >/dev/null
	g=$(mfx-users grant eve@example.com manage --group "$room" | jq -r .id)
	mfx-users revoke "$g"
	mfx-groups update --parent "$house" "$room"
}

# each operation that there is, at least once
operations() {
	local t c u
	t=$(mfx-things create --name meter --metadata '{"a":[1,"x"]}' | jq -r .id)
	u=$(mfx-things create --name other | jq -r .id)
	c=$(mfx-channels create --name garden | jq -r .id)
	mfx-channels connect "$c" "$t" "$u"
	mfx-channels disconnect "$c" "$u"
	mfx-channels connect --publish "$c" "$u"
	mfx-channels connect --subscribe "$c" "$t"
	mfx-things update "$t" --name 'new name' --tag x,y
	mfx-things disable "$t"
	mfx-things enable "$t"
	echo secret-key | mfx-things key "$t" --key-file -
	mfx-things create -f - <<<'{"name":"one"}
{"name":"two","key":null}
{"name":"three","status":"disabled"}' >bulk
	jq -r .id bulk | head -n 2 | xargs mfx-things remove
	share_group "$t" "$c"
	mfx-certs ca init >/dev/null
	mfx-certs ca init --parent ca line >/dev/null
	mfx-certs issue "$t" >t.pem
	mfx-certs issue "$u" >u.pem
	mfx-certs server localhost >/dev/null
	mfx-certs renew --replace "$t" >new.pem
	mfx-certs crl >/dev/null
	mfx-things remove "$u"
	mfx-channels update "$c" --metadata '{"k":1.50}'
	echo another horse battery | mfx-users create --password-file - \
	    --metadata '{"m":1}' bob@example.com
	echo yet another battery |
		mfx-users update --password-file - bob@example.com
	mfx-users update --metadata '{}' bob@example.com
	on a env MFX_USER=bob@example.com mfx-things create --name bobs >/dev/null
	mfx-token create lasting --scope things:read >/dev/null
	mfx-token create ends --scope things:read >/dev/null
	mfx-token remove "$(mfx-token list | jq -r 'select(.name == "ends").id')"
	mfx-users remove --all bob@example.com
	mfx-channels create --name gone | jq -r .id >gone
	mfx-channels connect "$(<gone)" "$t"
	mfx-bootstrap add d1 --thing "$t" --channel "$c" --channel "$(<gone)" \
	    --client-key <(echo private) --active >/dev/null
	mfx-bootstrap add d2 --channel "$c" | jq -r .thing_id >config
	mfx-channels remove "$(<gone)"
	mfx-bootstrap update --external-id d3 --no-channels "$(<config)"
	mfx-bootstrap state active "$(<config)"
	mfx-channels disconnect "$c" "$t"
	mfx-bootstrap state active "$t"
	mfx-bootstrap add d4 | jq -r .thing_id | xargs mfx-bootstrap remove
	mfx-things remove "$(<config)"
	local g h
	g=$(mfx-groups create --name house | jq -r .id)
	h=$(mfx-groups create --name room --description d | jq -r .id)
	mfx-groups update "$h" --parent "$g" --metadata '{"m":[1]}'
	mfx-groups assign "$h" "$t"
	mfx-groups assign --channels "$h" "$c"
	mfx-groups assign "$g" "$t"
	mfx-groups unassign "$g" "$t"
	mfx-things create --name placed | jq -r .id >placed
	mfx-groups assign "$g" "$(<placed)"
	mfx-things remove "$(<placed)"
	mfx-groups create --name short --parent "$h" | jq -r .id >short
	mfx-groups assign "$(<short)" "$t"
	mfx-groups remove "$(<short)"
	# refused ones leave nothing behind
	status 65 mfx-things create -f - <<<'{"name":"a","key":"k1"}
{"name":"b","key":"k1"}'
}
