#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Users, as whoever has the files of the registry looks after them; what
# they own is in registry.bats.
load setup
load identity

@test "a new password ends the old one" {
	mfx-users update "$MFX_USER" --password-file - <<<'battery staple'
	status 1 mfx-users verify "$MFX_USER" --password-file - <<<'correct horse'
	mfx-users verify "$MFX_USER" --password-file - <<<'battery staple'
	refuses 1 "no user" mfx-users update eve@example.com --password-file - \
	    <<<'battery staple'
}

@test "passwords: length, line ends, any bytes, stdin, a file, no terminal" {
	refuses 65 "8 to 1024 bytes" mfx-users create b@example.com \
	    --password-file - <<<'7 bytes'
	head -c 1024 /dev/zero | tr '\0' x >long
	mfx-users create long@example.com --password-file long
	mfx-users verify long@example.com --password-file long
	echo x >>long
	refuses 65 "" mfx-users create b@example.com --password-file long
	head -c 5000 /dev/zero | tr '\0' x >long
	refuses 65 "" mfx-users create b@example.com --password-file long
	printf 'a\0b\xff\tcdef' >bytes
	mfx-users create bytes@example.com --password-file bytes
	printf 'a\0b\xff\tcdef\r\n' >bytes
	mfx-users verify bytes@example.com --password-file bytes
	printf 'a\0b\xff\tcdeF' >bytes
	status 1 mfx-users verify bytes@example.com --password-file bytes
	refuses 66 "nowhere" mfx-users create b@example.com --password-file nowhere
	refuses 64 "no password" setsid mfx-users create b@example.com </dev/null
}

@test "the terminal is asked for a password, without echo, and ^C ends that" {
	python3 "$ROOT/tests/terminal.py" 'password: ' 'typed by hand' \
	    mfx-users create tty@example.com >seen
	grep -q 'password: ' seen
	lacks seen 'typed by hand'
	mfx-users verify tty@example.com --password-file - <<<'typed by hand'
	status 75 python3 "$ROOT/tests/terminal.py" 'password: ' $'\x03' \
	    mfx-users create no@example.com
	(($(mfx-users list | wc -l) == 2))
}

@test "users are listed in order, as lines and as a table" {
	add_user bob@example.com
	mfx-users list | jq -r .email | diff - <(printf '%s\n' ann@example.com bob@example.com)
	mfx-users list | jq -e '.created > 1500000000 and (.id | length) == 36' >/dev/null
	mfx-users list -H | grep -q '^id .*email .*created'
	(($(mfx-users list -H | wc -l) == 3))
}

@test "metadata: given, replaced, cleared, listed, told" {
	local u m
	u=$(mfx-users list | jq -r .id)
	mfx-users list | jq -e '.metadata == {}'
	mfx-users update "$MFX_USER" --metadata ' {"a" : 1.50,"b":" x"} ' </dev/null
	mfx-users list | grep -q '"metadata":{"a":1.50,"b":" x"}}$'
	mfx-users list -H | grep -q '{"a":1.50,"b":" x"}'
	# the password is as it was
	mfx-users verify "$MFX_USER" --password-file - <<<'correct horse'
	mfx-users create bob@example.com --metadata '{"c":2}' --password-file - \
	    <<<'correct horse'
	mfx-users list | tail -n 1 | jq -e '.metadata == {c: 2}'
	mfx-users update "$MFX_USER" --metadata '{}'
	mfx-users list | head -n 1 | jq -e '.metadata == {}'
	mfx-events | jq -c 'del(.time, .seq)' | diff - <(jq -c . <<-EOF
	{"operation":"user.create","id":"$u","email":"ann@example.com"}
	{"operation":"user.update","id":"$u","email":"ann@example.com","metadata":{"a":1.50,"b":" x"}}
	{"operation":"user.create","id":"$(mfx-users list | jq -r 'select(.email == "bob@example.com").id')","email":"bob@example.com","metadata":{"c":2}}
	{"operation":"user.update","id":"$u","email":"ann@example.com","metadata":{}}
	EOF
	)
	for m in '' '[]' '{' '{}x' $'{"a":"\xff"}'; do
		refuses 65 "--metadata: " mfx-users update "$MFX_USER" --metadata "$m"
		refuses 65 "--metadata: " mfx-users create eve@example.com \
		    --metadata "$m" --password-file - <<<'correct horse'
	done
	m=$(head -c 65528 /dev/zero | tr '\0' y)
	mfx-users update "$MFX_USER" --metadata "{ \"x\" : \"$m\" }"
	[[ $(mfx-users list | head -n 1 | jq -r .metadata.x) == "$m" ]]
	refuses 65 "larger than 64 KiB" mfx-users update "$MFX_USER" \
	    --metadata "{\"x\":\"y$m\"}"
	refuses 64 "not both" mfx-users update "$MFX_USER" --metadata '{}' \
	    --password-file - <<<'battery staple'
	refuses 1 "no user" mfx-users update eve@example.com --metadata '{}'
}

@test "a user goes only when nothing is left, or with all of it" {
	local t c
	t=$(thing) c=$(channel)
	mfx-channels connect "$c" "$t"
	refuses 65 "still has" mfx-users remove "$MFX_USER"
	mfx-things get "$t"
	mfx-users remove --all "$MFX_USER"
	refuses 1 "no user" mfx-things list
	refuses 1 "no user" mfx-users remove "$MFX_USER"
	mfx-events | tail -n 3 | jq -r .operation | diff - \
	    <(printf '%s\n' thing.remove channel.remove user.remove)
	add_user "$MFX_USER"
	[[ -z $(mfx-things list) ]]
	mfx-users remove "$MFX_USER"
}

@test "events: the end of a user is the last of theirs" {
	local u
	u=$(mfx-users list | jq -r .id)
	mfx-users update "$MFX_USER" --password-file - <<<'battery staple'
	mfx-users remove "$MFX_USER"
	mfx-events | jq -c 'del(.time)' | diff - <(cat <<-EOF
	{"seq":1,"operation":"user.create","id":"$u","email":"ann@example.com"}
	{"seq":2,"operation":"user.update","id":"$u","email":"ann@example.com"}
	{"seq":3,"operation":"user.remove","id":"$u","email":"ann@example.com"}
	EOF
	)
}

@test "events: --follow ends with 75 when another registry is put in place" {
	start_ready mfx-events --follow
	MFX_HOME=$PWD/other add_user bob@example.com
	mv other/registry.db "$MFX_HOME/new.db"
	mv "$MFX_HOME/new.db" "$MFX_HOME/registry.db"
	status 75 wait "$PID"
	grep -q replaced "$PID_ERR"
}
