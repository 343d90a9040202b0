# SPDX-License-Identifier: Apache-2.0
# For the suites of users, things and channels: `load identity` after
# `load setup`.

setup_suite_test() {
	export MFX_USER=ann@example.com
	add_user "$MFX_USER"
}

add_user() {
	mfx-users create "$1" --password-file - <<<"${2:-correct horse}"
}

# the id of a new one: thing [OPTION…], channel [OPTION…]
thing() { mfx-things create "$@" | jq -r .id; }
channel() { mfx-channels create "$@" | jq -r .id; }

# refuses STATUS TEXT COMMAND…: with that status and one message that has
# the text, nothing on stdout
refuses() {
	local want=$1 text=$2
	shift 2
	status "$want" "$@" >out 2>err || { cat err; return 1; }
	[[ ! -s out ]] && (($(wc -l <err) == 1)) && grep -qF -- "$text" err ||
		{ cat out err; return 1; }
}

# lacks FILE TEXT…: none of these is in it
lacks() {
	local file=$1 text
	shift
	for text in "$@"; do
		if grep -aF -- "$text" "$file"; then return 1; fi
	done
}

# all that the registry holds, in a form to compare
everything() {
	sqlite3 "$MFX_HOME/registry.db" 'SELECT id, name, metadata,
	    hex(key_hash) FROM things; SELECT id, name, metadata FROM channels;
	    SELECT * FROM connections; SELECT max(seq) FROM events;
	    SELECT email, password FROM users;'
}
