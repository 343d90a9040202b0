# SPDX-License-Identifier: Apache-2.0
# For the suites of users, things and channels: `load identity` after
# `load setup`.

setup_suite_test() {
	export MFX_USER=ann@example.com
	add_user "$MFX_USER"
	[[ $BATS_TEST_FILENAME != *_remote.bats ]] || go_remote
}

# from here on the commands are given a --url, and log in
go_remote() {
	free_port PORT
	start_ready mfx-api -v -l "127.0.0.1:$PORT" --attempts 1000000
	API=$PID API_ERR=$PID_ERR
	export MFX_URL=http://127.0.0.1:$PORT
	log_in "$MFX_USER"
}

# log_in EMAIL [PASSWORD]
log_in() {
	mfx-token login "$1" --password-file - <<<"${2:-correct horse}"
}

# as EMAIL COMMAND…: runs it for another user
as() {
	local who=$1
	shift
	if [[ ! $MFX_URL ]]; then
		MFX_USER=$who "$@"
		return
	fi
	export MFX_TOKEN_FILE=$BATS_TEST_TMPDIR/token.${who//[^a-z]/_}
	[[ -e $MFX_TOKEN_FILE ]] || log_in "$who" || return
	local got=0
	"$@" || got=$?
	unset MFX_TOKEN_FILE
	return $got
}

# become EMAIL: the user from here on
become() {
	export MFX_USER=$1
	[[ ! $MFX_URL ]] || log_in "$1"
}

# new_password OLD NEW: changes the password of the user
new_password() {
	if [[ $MFX_URL ]]; then
		mfx-users update "$MFX_USER" --old-password-file <(echo "$1") \
		    --password-file <(echo "$2")
	else
		mfx-users update "$MFX_USER" --password-file - <<<"$2"
	fi
}

add_user() {
	mfx-users create "$1" --password-file - <<<"${2:-correct horse}"
}

# thing [OPTION…], channel [OPTION…]: prints the id of a new one
thing() { mfx-things create "$@" | jq -r .id; }
channel() { mfx-channels create "$@" | jq -r .id; }

# refuses STATUS TEXT COMMAND…: it ends with that status and one message that
# contains the text, and prints nothing on stdout
refuses() {
	local want=$1 text=$2
	shift 2
	status "$want" "$@" >out 2>err || { cat err; return 1; }
	[[ ! -s out ]] && (($(wc -l <err) == 1)) && grep -qF -- "$text" err ||
		{ cat out err; return 1; }
}

# lacks FILE TEXT…: the file contains none of these texts
lacks() {
	local file=$1 text
	shift
	for text in "$@"; do
		if grep -aF -- "$text" "$file"; then return 1; fi
	done
}

# prints the whole registry in a form that can be compared
everything() {
	sqlite3 "$MFX_HOME/registry.db" 'SELECT id, name, metadata,
	    hex(key_hash) FROM things; SELECT id, name, metadata FROM channels;
	    SELECT * FROM connections; SELECT max(seq) FROM events;
	    SELECT email, password FROM users;'
}
