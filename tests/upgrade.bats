#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What older versions left behind is brought up to date and says what it said
# before: tests/upgrade/VERSION.tar.gz, made by tests/upgrade/make.
load setup
load identity

setup_suite_test() {
	export MFX_USER=ann@example.com
	old_home
}

# the site of the older version, in $MFX_HOME
old_home() {
	rm -rf "$MFX_HOME"
	tar -xzf "$ROOT/tests/upgrade/0.1.0.tar.gz"
}

# ids of the fixture: meter, pump, spare, gone (things), garden, house
id_of() {
	local names=(meter pump spare gone garden house) ids i
	read -ra ids <said/ids
	for i in "${!names[@]}"; do
		[[ ${names[i]} != "$1" ]] || echo "${ids[i]}"
	done
}

version() {
	sqlite3 "$MFX_HOME/$1" 'PRAGMA user_version'
}

# is all of the registry as the older version said?
as_before() {
	local channel
	mfx-things list | jq -c '{id, name, metadata}' | cmp - \
	    <(jq -c '{id, name, metadata}' said/things)
	mfx-things key $(jq -r .id said/things) | cmp - said/keys
	mfx-channels list | jq -c '{id, name, metadata}' | cmp - \
	    <(jq -c '{id, name, metadata}' said/channels)
	for channel in $(id_of garden) $(id_of house); do
		mfx-things list --channel "$channel" |
			jq -r ".id + \" $channel\""
	done | cmp - said/connections
	mfx-events | cmp - said/events
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'PRAGMA integrity_check;
	    PRAGMA foreign_key_check') == ok ]]
}

@test "registry: every row is what it was" {
	(($(version registry.db) == 3))
	grep -q '"metadata":{"floor":1.50,' said/things
	as_before
	(($(version registry.db) > 3))
	mfx-things list | jq -es 'all(.tags == [] and .status == "enabled")'
	mfx-users verify "$MFX_USER" --password-file - \
	    <<<'the password of ann'
	status 1 mfx-users verify "$MFX_USER" --password-file - \
	    <<<'the password of bob'
	status 1 mfx-users verify carol@example.com --password-file - \
	    <<<'the password of carol'
	[[ $(as bob@example.com mfx-things list | jq -r .name) == meter ]]
}

@test "registry: every key opens what it opened" {
	local thing key channel want
	free_port PORT
	start_ready mfx-adapt-http -l "127.0.0.1:$PORT" -o new
	jq -r '.id + " " + .key' said/keys | while read -r thing key; do
		for channel in $(id_of garden) $(id_of house); do
			want=403
			! grep -q "^$thing $channel$" said/connections ||
				want=202
			[[ $key ]] || continue
			[[ $(curl -s -o answer -w '%{http_code}' \
			    -H "Authorization: $key" -d '[{"n":"a","v":1}]' \
			    "http://127.0.0.1:$PORT/channels/$channel/messages"
			    ) == "$want" ]]
		done
	done
	(($(mfx-sub --no-follow new | wc -l) == 2))
}

@test "registry: tokens last, ids stay their owner's, names are found" {
	local gone
	gone=$(id_of gone)
	free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT"
	local ask=(curl -sf -H "Authorization: $(head -n 1 said/lasting)")
	"${ask[@]}" "http://127.0.0.1:$PORT/things?limit=100" |
		jq -c '.things[] | {id, name}' |
		cmp - <(jq -c '{id, name}' said/things)
	"${ask[@]}" "http://127.0.0.1:$PORT/things?name=amp%202" |
		jq -e '.total == 2'
	(($(sqlite3 "$MFX_HOME/registry.db" \
	    'SELECT count(*) FROM revoked') == 1))
	refuses 65 "'$gone' is in use" as bob@example.com \
	    mfx-things create -f - <<<"{\"id\":\"$gone\"}"
	mfx-things create -f - <<<"{\"id\":\"$gone\"}"
}

@test "registry: grants and guests of before groups could be shared stay" {
	local bob=bob@example.com house lamp g
	house=$(id_of house)
	lamp=$(as $bob mfx-things create --name lamp | jq -r .id)
	g=$(mfx-users grant $bob use --channel "$house" | jq -r .id)
	as $bob mfx-users accept "$g"
	as $bob mfx-channels connect "$house" "$lamp"
	mfx-site export >before
	# back to what that version was
	sqlite3 "$MFX_HOME/registry.db" "
	    DROP TRIGGER group_things_leave; DROP TRIGGER group_channels_leave;
	    DROP TRIGGER item_groups_leave; DROP TRIGGER grants_of_group;
	    DROP INDEX certificates_of_owner;
	    DROP INDEX grants_on_group; DROP INDEX grants_of_grantee_on_group;
	    ALTER TABLE grants DROP COLUMN grp;
	    CREATE VIEW shared_things AS SELECT grantee, thing AS item, level,
		n AS granted FROM grants WHERE thing IS NOT NULL;
	    CREATE VIEW shared_channels AS SELECT grantee, channel AS item,
		level, n AS granted FROM grants WHERE channel IS NOT NULL;
	    PRAGMA user_version = 12"
	mfx-site export | cmp - before
	(($(version registry.db) > 12))
	mfx-can "$lamp" publish "$house" | grep -q "by grant $g$"
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'PRAGMA integrity_check;
	    PRAGMA foreign_key_check') == ok ]]
	g=$(mfx-groups create | jq -r .id)
	mfx-users grant $bob view --group "$g"
}

@test "registry: a second opening changes nothing" {
	mfx-things list >/dev/null
	sqlite3 "$MFX_HOME/registry.db" 'PRAGMA wal_checkpoint(TRUNCATE)'
	cp "$MFX_HOME/registry.db" kept
	as_before
	mfx-things list -q >/dev/null
	sqlite3 "$MFX_HOME/registry.db" 'PRAGMA wal_checkpoint(TRUNCATE)'
	cmp kept "$MFX_HOME/registry.db"
}

# killed CALL FILE OLD COMMAND…: it is killed at its first such call, then at
# later and later ones, until a run comes to its end; each leaves FILE with the
# version OLD or the new one, whole, and the next run succeeds
killed() {
	local call=$1 file=$2 old=$3 n got=137 new now left=0
	local library=$ROOT/${BUILD:-build}/inject.so
	shift 3
	${MAKE:-make} -s -C "$ROOT" "${library#"$ROOT/"}"
	old_home
	"$@" >/dev/null
	new=$(version "$file")
	((new > old))
	for ((n = 1; got == 137; n += 1 + n / 6)); do
		old_home
		head -c 8 /dev/zero >count
		got=0
		LD_PRELOAD=$library INJECT_CALL=$call INJECT_ERRNO=-9 \
		    INJECT_NTH=$n INJECT_COUNT=count "$@" >/dev/null ||
		    got=$?
		((got == 137 || got == 0))
		now=$(version "$file")
		((now == old || now == new))
		((left += now == old && got == 137)) || true
		[[ $(sqlite3 "$MFX_HOME/$file" \
		    'PRAGMA integrity_check') == ok ]]
		"$@" >/dev/null
		(($(version "$file") == new))
	done
	# some of them were in the middle
	((left > 0))
}

@test "registry: kill -9 on the way leaves the old version or the new one" {
	killed pwrite registry.db 3 mfx-things list
	as_before
	killed sync registry.db 3 mfx-things list
	as_before
}

@test "a file of a newer version is refused, and left alone" {
	local file
	mfx-things list >/dev/null
	for file in registry messages; do
		sqlite3 "$MFX_HOME/$file.db" 'PRAGMA user_version = 99'
		cp "$MFX_HOME/$file.db" "$file.kept"
	done
	refuses 78 "made by a newer version" mfx-things list
	refuses 78 "made by a newer version" mfx-things create
	refuses 78 "made by a newer version" mfx-adapt-http -o new
	refuses 78 "made by a newer version" mfx-read-sqlite \
	    "$MFX_HOME/messages.db"
	refuses 78 "made by a newer version" mfx-write-sqlite \
	    "$MFX_HOME/messages.db" </dev/null
	for file in registry messages; do
		cmp "$file.kept" "$MFX_HOME/$file.db"
	done
}

# ---- the store ----

store() {
	mfx-sub --no-follow raw/store |
		mfx-write-sqlite --ack raw/store "$MFX_HOME/messages.db"
}

write_one() {
	mfx-write-sqlite "$MFX_HOME/messages.db" \
	    <<<'{"channel":"c","publisher":"p","protocol":"http","n":"new","v":1,"t":1800000000}'
}

@test "store: read as it is, converted by a writer, and goes on where it was" {
	local n
	(($(version messages.db) == 1))
	mfx-read-sqlite "$MFX_HOME/messages.db" | cmp - said/messages
	(($(version messages.db) == 1))
	n=$(wc -l <said/messages)
	# what it has is not stored again
	mfx-bus seek raw/store start
	store
	(($(version messages.db) > 1))
	mfx-read-sqlite "$MFX_HOME/messages.db" | cmp - said/messages
	sqlite3 "$MFX_HOME/messages.db" 'PRAGMA wal_checkpoint(TRUNCATE)'
	cp "$MFX_HOME/messages.db" kept
	store
	cmp kept "$MFX_HOME/messages.db"
	head -n 1 said/raw | mfx-pub raw
	store
	(($(mfx-read-sqlite "$MFX_HOME/messages.db" | wc -l) == n + 2))
}

@test "store: kill -9 on the way leaves the old version or the new one" {
	killed pwrite messages.db 1 write_one
	mfx-read-sqlite --name 'meter:*' "$MFX_HOME/messages.db" |
		cmp - said/messages
}

# ---- the bus ----

@test "bus: streams, groups and copies go on where they were" {
	mfx-sub --no-follow raw | cmp - said/raw
	mfx-sub --no-follow copies | cmp - said/copies
	mfx-bus groups | jq -c '{stream, group, seq, lag}' | sort |
		cmp - <(jq -c '{stream, group, seq, lag}' said/groups)
	mfx-bus verify
	mfx-sub --no-follow raw/other | cmp - <(tail -n +4 said/raw)
	head -n 1 said/raw | mfx-pub raw
	mfx-sub --no-follow raw/copy | mfx-pub --ack raw/copy copies
	(($(mfx-sub --no-follow copies | wc -l) == $(wc -l <said/copies) + 1))
	# a copy that its group has not noted is not made again
	echo 1782 >"$MFX_HOME/bus/raw/groups/copy"
	mfx-sub --no-follow raw/copy | mfx-pub --ack raw/copy copies
	mfx-bus verify
}
