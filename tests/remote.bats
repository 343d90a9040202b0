#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The commands with --url, beyond what they do without (registry_remote.bats):
# mfx-token and its file, servers that are gone, silent, hostile or not who
# they should be, and connections that break at any moment.
load setup
load identity
load tls

setup_suite_test() {
	export MFX_USER=ann@example.com
	add_user "$MFX_USER"
}

TOKEN_FILE() { echo "$XDG_CONFIG_HOME/mfx/token"; }

# ---- tokens and their file ----

@test "login: the file, its directory, and what is in it" {
	go_remote
	local file
	file=$(TOKEN_FILE)
	[[ $(stat -c %a "$file" "${file%/*}" "$XDG_CONFIG_HOME" | xargs) == "600 700 700" ]]
	[[ $(sed -n 2p "$file") == "$MFX_URL" && $(wc -l <"$file") == 2 ]]
	[[ $(ls "${file%/*}") == token ]]
	mfx-token show | jq -e --arg u "$MFX_URL" '.url == $u and
	    .email == "ann@example.com" and .scope == "all" and
	    .expires > now and (has("token") | not)'
	[[ $(mfx-token show --token | jq -r .token) == "$(head -n 1 "$file")" ]]
	# the old one stays good, as its time has not come
	cp "$file" before
	chmod 600 before
	mfx-token refresh
	refute cmp -s before "$file"
	mfx-things list --token-file before
	[[ $(stat -c %a "$file") == 600 ]]
}

@test "login: a wrong password is 77, and leaves the file as it is" {
	go_remote
	cp "$(TOKEN_FILE)" before
	refuses 77 "this address and this password" mfx-token login \
	    "$MFX_USER" --password-file - <<<'wrong horse'
	refuses 77 "this address and this password" mfx-token login \
	    eve@example.com --password-file - <<<'correct horse'
	cmp before "$(TOKEN_FILE)"
	refuses 64 "missing EMAIL" mfx-token login
	unset MFX_URL
	refuses 64 "--url" mfx-token login "$MFX_USER" --password-file - <<<x
	refuses 64 "--url" mfx-token show
}

@test "logout: the token has ended, and its file is gone" {
	go_remote
	(umask 077; cp "$(TOKEN_FILE)" kept)
	mfx-token logout
	[[ ! -e $(TOKEN_FILE) ]]
	refuses 77 "mfx-token login" mfx-things list
	refuses 77 "mfx-token login" mfx-things list --token-file kept
	# one that has ended already: only the file goes
	mfx-token logout --token-file kept
	[[ ! -e kept ]]
	log_in "$MFX_USER"
	(umask 077; cp "$(TOKEN_FILE)" kept)
	log_in "$MFX_USER"
	mfx-token logout --all
	refuses 77 "mfx-token login" mfx-things list --token-file kept
	refuses 77 "mfx-token login" mfx-token refresh --token-file kept
}

@test "a token file that others may read, that is not valid, or isn't there" {
	go_remote
	local mode file
	file=$(TOKEN_FILE)
	for mode in 640 604 660 644 620 601; do
		chmod $mode "$file"
		refuses 78 "others may read it" mfx-things list
		refuses 78 "others may read it" mfx-users list
		refuses 78 "others may read it" mfx-events
		refuses 78 "others may read it" mfx-can x publish y
		refuses 78 "others may read it" mfx-token show
	done
	chmod 600 "$file"
	cp "$file" good
	umask 077
	for text in '' ' ' $'\n' $'a b\n' $'a\tb' $'a\rb: c' 'ü' $'a\nb\nc\n' \
	    "$(head -c 3000 /dev/zero | tr '\0' a)"; do
		printf '%s' "$text" >bad
		status 78 mfx-things list --token-file bad >out 2>err ||
			status 65 mfx-things list --token-file bad 2>err >out ||
			{ printf '%q\n' "$text"; false; }
		[[ ! -s out ]] && (($(wc -l <err) == 1))
	done
	refuses 66 "nowhere" mfx-things list --token-file nowhere
	MFX_TOKEN_FILE=nowhere refuses 66 "nowhere" mfx-things list
	mfx-things list --token-file good
	mfx-things list --token-file - <good
	mfx-things list --token-file <(cat good)
	MFX_TOKEN_FILE=good mfx-things list
	rm "$file"
	refuses 77 "mfx-token login" mfx-things list
}

@test "a token is shown to no other server than the one it is from" {
	go_remote
	cp "$(TOKEN_FILE)" kept
	serve_hostile user
	refuses 77 "this token is for $MFX_URL, not for $HOSTILE" \
	    mfx-things list --url "$HOSTILE"
	refuses 77 "not for" mfx-events --url "$HOSTILE"
	refuses 77 "not for" mfx-users list --url "$HOSTILE"
	[[ ! -s asked ]]
	# the same server, written otherwise
	mfx-things list --url "HTTP://127.0.0.1:$PORT/"
	# one that names no server is for any
	(umask 077; head -n 1 kept >plain)
	status 69 mfx-things list --url "$HOSTILE" --token-file plain
	grep -q "^Authorization: Bearer $(<plain)" asked
}

@test "whose things: --user has to be the user of the token" {
	go_remote
	add_user bob@example.com
	thing --name mine >/dev/null
	refuses 77 "the token is that of ann@example.com, not of bob@example.com" \
	    mfx-things list --user bob@example.com
	refuses 77 "not of bob" mfx-things create --user bob@example.com
	refuses 77 "not of bob" mfx-users remove --all bob@example.com
	refuses 77 "not of bob" mfx-token list --user bob@example.com
	mfx-things list --user ANN@Example.com | jq -e '.name == "mine"'
	# the variable is for what is done here
	MFX_USER=bob@example.com mfx-things list | jq -e '.name == "mine"'
	env -u MFX_USER mfx-things list | jq -e '.name == "mine"'
}

@test "tokens for programs: made, shown, used and removed, here and there" {
	local where id
	for where in here there; do
		[[ $where == here ]] || go_remote
		mfx-token create --scope 'things:read' "one \"$where\"" >made
		jq -e '.name | startswith("one \"")' made
		jq -e '(keys_unsorted == ["id","name","scope","created","token"])
		    and .scope == "things:read"' made
		mfx-token create --scope 'things:read things:write' \
		    --expires 1h -o file two >two
		jq -e '(has("token") | not) and .expires > now' two
		[[ $(stat -c %a file) == 600 ]]
		mfx-token list | jq -c 'del(.token)' | diff - \
		    <(jq -c 'del(.token)' made; cat two)
		mfx-token list -H | grep -q 'things:write'
		refuses 1 "no token 'x'" mfx-token remove x
		id=$(jq -r .id made)
		mfx-token remove "$id" "$(jq -r .id two)"
		refuses 1 "no token '$id'" mfx-token remove "$id"
		[[ -z $(mfx-token list) ]]
		refuses 64 "--scope" mfx-token create x
		refuses 64 "--scope" mfx-token create --scope 'all' x
		refuses 64 "missing NAME" mfx-token create --scope 'things:read'
		refuses 65 "256 bytes" mfx-token create --scope 'things:read' \
		    "$(printf '%0257d' 0)"
	done
	# here by whoever has the files, there with the token of its user only
	MFX_URL= mfx-token create --scope 'things:read' -o reader r >/dev/null
	[[ $(wc -l <reader) == 1 ]]
	mfx-things list --token-file reader
	refuses 77 "does not allow" mfx-things create --token-file reader
	refute grep -q login err
	refuses 77 "does not allow" mfx-things list --keys --token-file reader
	refuses 77 "does not allow" mfx-token list --token-file reader
	mfx-token remove "$(mfx-token list | jq -r .id)"
	refuses 77 "mfx-token login" mfx-things list --token-file reader
}

@test "a token that has expired: log in again" {
	go_remote
	mfx-token create --scope 'things:read' --expires 1s -o short x >/dev/null
	await 20 refuses 77 "mfx-token login" mfx-things list --token-file short
}

@test "another password: asked for the old one, and the token is replaced" {
	go_remote
	(umask 077; cp "$(TOKEN_FILE)" before)
	echo 'wrong horse' >wrong
	echo 'correct horse' >old
	echo 'battery staple' >new
	refuses 77 "old password is wrong" mfx-users update "$MFX_USER" \
	    --old-password-file wrong --password-file new
	mfx-users update "$MFX_USER" --old-password-file old --password-file new
	mfx-things list
	refuses 77 "mfx-token login" mfx-things list --token-file before
	mfx-users verify "$MFX_USER" --password-file new
	status 1 mfx-users verify "$MFX_USER" --password-file old
	refuses 77 "not of bob" mfx-users update bob@example.com \
	    --old-password-file new --password-file old
	printf 'no \xff UTF-8\n' >bytes
	refuses 65 "UTF-8" mfx-users update "$MFX_USER" \
	    --old-password-file new --password-file bytes
	refuses 65 "8 to 1024" mfx-users update "$MFX_USER" \
	    --old-password-file new --password-file - <<<short
	MFX_URL= refuses 64 "needs --url" mfx-users update "$MFX_USER" \
	    --old-password-file new --password-file old
}

@test "metadata: of a new user, and of the one whose token it is" {
	go_remote
	mfx-users create bob@example.com --metadata '{"a" : 1.50}' \
	    --password-file - <<<'correct horse'
	MFX_URL= mfx-users list | tail -n 1 | grep -q '"metadata":{"a":1.50}}$'
	mfx-users update "$MFX_USER" --metadata '{"b": "x"}' </dev/null
	mfx-users list | grep -q '"metadata":{"b":"x"}}$'
	# the token is still the same
	mfx-things list
	mfx-users update "$MFX_USER" --metadata '{}'
	mfx-users list | jq -e '.metadata == {}'
	refuses 77 "not of bob" mfx-users update bob@example.com --metadata '{}'
	refuses 65 "--metadata: " mfx-users update "$MFX_USER" --metadata '[]'
}

@test "users: the one whose token it is, and its end" {
	go_remote
	thing >/dev/null
	add_user bob@example.com
	[[ $(mfx-users list | jq -r .email) == "$MFX_USER" ]]
	MFX_URL= mfx-users list | head -n 1 | diff - <(mfx-users list)
	refuses 65 "still has things" mfx-users remove "$MFX_USER"
	mfx-users remove --all "$MFX_USER"
	refuses 77 "mfx-token login" mfx-users list
	MFX_URL= mfx-users list | jq -e '.email == "bob@example.com"'
}

@test "attempts are limited, and new users may not be wanted" {
	free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT" --closed --attempts 1
	export MFX_URL=http://127.0.0.1:$PORT
	refuses 77 "administrator" mfx-users create b@example.com \
	    --password-file - <<<'correct horse'
	status 1 mfx-users verify "$MFX_USER" --password-file - <<<'wrong horse'
	refuses 75 "too many" mfx-users verify "$MFX_USER" --password-file - \
	    <<<'correct horse'
	refuses 75 "too many" mfx-token login "$MFX_USER" --password-file - \
	    <<<'correct horse'
}

@test "mfx-can: with a key and no token, and about what is another's" {
	local t c bt bc
	go_remote
	t=$(thing) c=$(channel)
	mfx-things key "$t" | jq -r .key >key
	add_user bob@example.com
	bt=$(as bob@example.com mfx-things create | jq -r .id)
	bc=$(as bob@example.com mfx-channels create | jq -r .id)
	as bob@example.com mfx-channels connect "$bc" "$bt"
	can() { status 1 mfx-can "$@" >out && [[ $(<out) == "no: $NO" ]] || { cat out; return 1; }; }
	NO="there is no thing $bt" can "$bt" publish "$bc"
	NO="there is no channel $bc" can "$t" publish "$bc"
	NO="there is no channel $bc" can --key-file key publish "$bc"
	mv "$(TOKEN_FILE)" away
	NO="thing $t is not connected to channel $bc" can --key-file key publish "$bc"
	NO="no thing has this key, or the thing is disabled" can --key-file - publish "$bc" <<<"not $(<key)"
	MFX_URL= mfx-channels connect "$c" "$t"
	[[ $(mfx-can --key-file key subscribe "$c") == "yes: thing $t "* ]]
	refuses 77 "mfx-token login" mfx-can "$t" publish "$c"
}

@test "no token, password or key in arguments, messages or logs" {
	go_remote
	thing --key-file - <<<'very-secret-key' >/dev/null
	mfx-things list --keys >/dev/null
	status 65 mfx-things create --key-file - <<<'very-secret-key' 2>said
	status 77 mfx-users update "$MFX_USER" --old-password-file <(echo 'not it at all') \
	    --password-file <(echo 'brand new one') 2>>said
	head -n 1 "$(TOKEN_FILE)" >token
	mkfifo in
	start mfx-things create -v -v -f in
	exec 5>in
	echo '{"key":"another-secret-key"}' >&5
	await 20 drained 5
	tr '\0' ' ' <"/proc/$PID/cmdline" >>said
	grep -E '^Max core file size +0 +0 ' "/proc/$PID/limits"
	[[ $(stat -c %U "/proc/$PID/mem") == root ]]
	exec 5>&-
	wait "$PID"
	cat "$PID_ERR" "$API_ERR" >>said
	grep -q 'POST /things/bulk 201' said
	lacks said "$(<token)" very-secret another-secret 'not it at all' 'brand new one' 'correct horse'
}

# ---- servers that are not there, or not what they should be ----

@test "URLs that are taken, and those that are not" {
	go_remote
	local url
	for url in http://example.com http://10.0.0.1:80 http://127.0.0.1.example.com \
	    http://localhost.example.com ftp://127.0.0.1 127.0.0.1:80 x : / http:// \
	    https://ann:secret@127.0.0.1 https://ann@127.0.0.1 https://127.0.0.1/x \
	    'https://127.0.0.1/?x' 'https://127.0.0.1/#x' https://127.0.0.1:99999 \
	    file:///etc/passwd "$MFX_URL/things" 'http://0x7f000001.example'; do
		refuses 64 "" mfx-things list --url "$url"
		lacks err secret
	done
	(umask 077; head -n 1 "$(TOKEN_FILE)" >plain)
	for url in "http://localhost:$PORT" "http://127.0.0.1:$PORT/" \
	    "HTTP://LOCALHOST:$PORT"; do
		mfx-things list --url "$url" --token-file plain
	done
	# a proxy is not asked for what is on this machine
	http_proxy=http://127.0.0.1:1 all_proxy=http://127.0.0.1:1 mfx-things list
	# without a URL it is here, also when the variable is empty
	MFX_URL= mfx-things list
}

@test "a Unix socket is as good" {
	start_ready mfx-api -l unix:socket
	export MFX_URL=unix:socket
	log_in "$MFX_USER"
	thing --name a >/dev/null
	mfx-things list | jq -e '.name == "a"'
	refuses 75 "" mfx-things list --url unix:nowhere --token-file \
	    <(head -n 1 "$(TOKEN_FILE)")
}

@test "a server that is down: 75, each command says so in one line" {
	go_remote
	kill "$API"
	wait "$API"
	refuses 75 "$MFX_URL: " mfx-things list
	refuses 75 "$MFX_URL: " mfx-channels create
	refuses 75 "$MFX_URL: " mfx-users list
	refuses 75 "$MFX_URL: " mfx-users verify x@example.com --password-file - <<<'some words'
	refuses 75 "$MFX_URL: " mfx-can x0000000-0000-4000-8000-000000000000 publish y ||
		refuses 75 "$MFX_URL: " mfx-can 00000000-0000-4000-8000-000000000000 publish y
	refuses 75 "$MFX_URL: " mfx-events
	refuses 75 "$MFX_URL: " mfx-events --follow
	refuses 75 "$MFX_URL: " mfx-token show
	refuses 75 "$MFX_URL: " mfx-token logout
	[[ -e $(TOKEN_FILE) ]]
}

serve_hostile() {
	free_port HOSTILE_PORT
	HOSTILE=http://127.0.0.1:$HOSTILE_PORT
	echo "$1" >mode
	: >asked
	start /usr/bin/python3 "$ROOT/tests/remote_hostile.py" "$HOSTILE_PORT"
	await 20 grep -q listening "$PID_OUT"
}

# to the hostile one from now on, with a token that is good for any
go_to_hostile() {
	serve_hostile "$1"
	export MFX_URL=$HOSTILE MFX_TOKEN_FILE=$PWD/any
	(umask 077; echo any >any)
}

# given MODE STATUS COMMAND…: one message, nothing on stdout, and not a byte
# that a terminal would act upon
given() {
	local mode=$1 want=$2
	shift 2
	echo "$mode" >mode
	status "$want" timeout 60 "$@" >out 2>err </dev/null &&
	(($(wc -l <err) == 1 && $(stat -c %s err) < 1000)) &&
	! LC_ALL=C grep -q $'[\e\a\x9b]' err ||
		{ echo "$mode: $*"; head -c 1000 out err; return 1; }
}

@test "a server that never answers is not waited for without an end" {
	go_to_hostile silent
	given silent 75 mfx-things list --timeout 500ms
	given silent 75 mfx-events --timeout 500ms
	given silent 75 mfx-things create --timeout 5s
	grep -q 'it may have been done' err
	given silent 75 mfx-things list --timeout 500ms
	lacks err 'it may have been done'
	# and a signal ends it at once
	start mfx-things list
	await 20 sleeps "$PID"
	kill -TERM "$PID"
	status 75 wait "$PID"
	grep -q stopped "$PID_ERR"
}

@test "answers that are not valid: 69 or 75, and nothing is believed" {
	local mode
	go_to_hostile junk
	for mode in nothing short cut-chunk bad-chunk; do
		given $mode 75 mfx-things list
	done
	for mode in junk http09 html empty array half numbers no-id id-number \
	    id-empty bad-metadata deep bad-utf8 next-number next-long \
	    redirect teapot error-junk error-type user \
	    endless endless-headers; do
		given $mode 69 mfx-things list --timeout 20s
		[[ ! -s out ]] || { echo "$mode:"; cat out; false; }
	done
	refute grep -q stolen asked
	for mode in html empty array half numbers two-lines half-line no-line \
	    line-junk user-bad; do
		given $mode 69 mfx-things create
		[[ ! -s out ]]
	done
	given user-bad 69 mfx-users list
	given user-bad 69 mfx-things list --user ann@example.com
	for mode in token-control token-long token-none html; do
		given $mode 69 mfx-token refresh
		[[ $(<any) == any ]]
	done
	given reason 69 mfx-can 00000000-0000-4000-8000-000000000000 publish y
	given html 69 mfx-can 00000000-0000-4000-8000-000000000000 publish y
	given next-same 69 mfx-things list
	(($(wc -l <out) == 1))
	: >asked
	for mode in things channels groups bootstrap; do
		given next-more 69 mfx-$mode list
	done
	# what it says of the next page is a value, never a part of the request
	(($(grep -c '[?&]cursor=7%26owner%3Deve%20HTTP' asked) == 4))
	refute grep -q '^X-Evil' asked
}

@test "problems that a server makes up: the status, and text made harmless" {
	go_to_hostile junk
	given error-escape 65 mfx-things list
	grep -q 'bad ?' err
	given error-503 75 mfx-things list
	given error-long 65 mfx-things create
	printf '{"id":"%s"}\n' a b >two
	given error-item 1 mfx-things remove -f two
	given error-item-minus 69 mfx-things remove -f two
	lacks err two:
}

@test "names and metadata that a server makes up come out as JSON lines" {
	go_to_hostile escape
	mfx-things list >out
	(($(wc -l <out) == 1))
	LC_ALL=C refute grep -q $'[\e\a]' out
	jq -e '.name | startswith("\u001b]0;")' out
	mfx-things list -H >out
	LC_ALL=C refute grep -q $'[\e\a]' out
	(($(wc -l <out) == 2))
	echo spaces >mode
	[[ $(mfx-things list) == '{"id":"a","name":"b","metadata":{"a":1.50},"tags":[],"status":"enabled"}' ]]
	echo one-line >mode
	[[ $(mfx-things create) == '{"id":"6ba7b810-9dad-41d1-80b4-00c04fd430c8","name":"a","key":"k"}' ]]
}

@test "events that are not valid: 69, what was whole before is out" {
	local mode
	go_to_hostile junk
	for mode in html events-seq endless-line; do
		given $mode 69 mfx-events --timeout 20s
		[[ ! -s out ]]
	done
	for mode in events-back events-junk; do
		given $mode 69 mfx-events
		(($(wc -l <out) == 1))
		jq -e .seq out
	done
	given events-text 69 mfx-events
	[[ ! -s out ]]
	echo events-escape >mode
	mfx-events | jq -e '.["a\"b"] == {"é": 1}'
	given events-back 69 mfx-events --follow
	given events-back 69 mfx-events --from 7
	[[ ! -s out ]]
}

# ---- TLS ----

serve_tls() {
	free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT" --tls-cert "$1.crt" --tls-key "$1.key"
	export MFX_URL=https://127.0.0.1:$PORT
}

@test "TLS: our authority, another one, a wrong name, one that has expired" {
	authority ca
	authority other
	certificate good ca /CN=api IP:127.0.0.1 serverAuth
	certificate name ca /CN=127.0.0.1 DNS:example.com serverAuth
	certificate old ca /CN=old IP:127.0.0.1 serverAuth 0
	serve_tls good
	export MFX_CACERT=ca.crt
	log_in "$MFX_USER"
	thing --name 'over TLS' >/dev/null
	mfx-things list | jq -e '.name == "over TLS"'
	[[ $(sed -n 2p "$(TOKEN_FILE)") == "$MFX_URL" ]]
	refuses 69 "$MFX_URL: " mfx-things list --cacert other.crt
	MFX_CACERT= refuses 69 "certificate" mfx-things list
	refuses 66 "nowhere.crt" mfx-things list --cacert nowhere.crt
	echo junk >junk.crt
	refuses 78 "" mfx-things list --cacert junk.crt
	mfx-things list --cacert ca.crt
	# in clear where TLS is spoken, and the other way round
	(umask 077; head -n 1 "$(TOKEN_FILE)" >plain)
	status 69 mfx-things list --url "http://127.0.0.1:$PORT" \
	    --token-file plain 2>err || status 75 mfx-things list --url \
	    "http://127.0.0.1:$PORT" --token-file plain
	serve_tls name
	refuses 69 "$MFX_URL: " mfx-things list --token-file plain
	serve_tls old
	refuses 69 "$MFX_URL: " mfx-things list --token-file plain
	MFX_URL= go_remote
	status 75 mfx-things list --url "https://127.0.0.1:$PORT" --token-file plain
}

# ---- many, and while things happen ----

@test "too much at once: said, and nothing is done" {
	free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT"
	export MFX_URL=http://127.0.0.1:$PORT
	log_in "$MFX_USER"
	seq 50001 | sed 's/.*/{"name":"n&"}/' >many
	refuses 65 "more than 50000 at once; nothing was done" mfx-things create -f many
	[[ -z $(mfx-things list) ]]
	head -n 50000 many >most
	mfx-things create -f most | wc -l | grep -qx 50000
	kill "$PID"
	wait "$PID"
	start_ready mfx-api -l "127.0.0.1:$PORT" --max-body 100k
	refuses 65 "nothing was done" mfx-things create -f most
	(($(mfx-things list | wc -l) == 50000))
}

@test "a list of thousands while others come and go: none twice, none left out" {
	local i
	go_remote
	seq 3000 | sed 's/.*/{"name":"stays &"}/' | mfx-things create -f - >/dev/null
	(for i in {1..40}; do
		mfx-things create --name "new $i" >made.$i || exit
		mfx-things remove "$(jq -r .id made.$i)" || exit
		mfx-things create --name "new $i" >made.$i || exit
	done; echo done >made.all) 3>&- &
	PIDS+=($!)
	for i in {1..10}; do
		mfx-things list >listed
		jq -r .id listed | sort | uniq -d >twice
		[[ ! -s twice ]]
		(($(grep -c '"stays ' listed) == 3000))
	done
	await 120 test -s made.all
	(($(mfx-things list | wc -l) == 3040))
	(($(mfx-things list --name 'stays *9' | wc -l) == 300))
}

@test "the server is killed in a bulk: all or nothing, and 75" {
	local i n got answered=0
	seq 20000 | sed 's/.*/{"name":"n&"}/' >in
	go_remote
	for i in {1..8}; do
		n=$(MFX_URL= mfx-things list | wc -l)
		mfx-things create -f in >out 2>err 3>&- &
		PID=$!
		pause "0.$((RANDOM % 5))$((RANDOM % 10))"
		kill -9 "$API"
		wait "$API" 2>/dev/null || true
		got=0
		wait "$PID" || got=$?
		if ((got == 0)); then
			# what was answered is there
			(($(wc -l <out) == 20000))
			(($(MFX_URL= mfx-things list | wc -l) == n + 20000))
			answered=$((answered + 1))
		else
			((got == 75)) && [[ ! -s out ]] && (($(wc -l <err) == 1))
			n=$(($(MFX_URL= mfx-things list | wc -l) - n))
			((n == 0)) || { ((n == 20000)) && grep -q 'may have been done' err; }
		fi
		start_ready mfx-api -l "127.0.0.1:$PORT" --attempts 1000000
		API=$PID
	done
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'PRAGMA integrity_check') == ok ]]
}

@test "the client is killed in a bulk: all of it or nothing" {
	local i pid n
	seq 5000 | sed 's/.*/{"name":"n&"}/' >in
	go_remote
	for i in {1..20}; do
		mfx-things create -f in >/dev/null 2>&1 3>&- &
		pid=$!
		pause "0.0$((RANDOM % 90 + 10))"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	# what was begun is finished
	kill "$API"
	status 0 wait "$API"
	n=$(MFX_URL= mfx-things list | wc -l)
	((n % 5000 == 0))
	(($(MFX_URL= mfx-events | grep -c thing.create) == n)) || ((n == 0))
}

@test "events --follow goes on when a server is back: none lost, none twice" {
	local i
	go_remote
	start_ready mfx-events -v --follow --from end
	local follower=$PID out=$PID_OUT
	for i in 1 2 3 4 5; do
		# before anything came there, too
		kill -9 "$API"
		wait "$API" 2>/dev/null || true
		for j in 1 2 3; do MFX_URL= thing --name "$i.$j" >/dev/null; done
		start_ready mfx-api -l "127.0.0.1:$PORT"
		API=$PID
		MFX_URL= thing --name "$i.4" >/dev/null
		await 60 eval '(($(wc -l <"'$out'") == '$((4 * i))'))'
	done
	MFX_URL= mfx-events --from 1 | diff - "$out"
	kill -TERM "$follower"
	status 0 wait "$follower"
}

@test "events: where to begin, how many, and an end that came too early" {
	go_remote
	local at
	for i in 1 2 3; do thing --name "$i" >/dev/null; done
	mfx-events | diff - <(MFX_URL= mfx-events)
	at=$(mfx-events | grep '"seq":3,' | grep -o '"time":[0-9.]*' | cut -d : -f 2)
	[[ $(mfx-events --from "@$at" | jq .seq | xargs) == "3 4" ]]
	[[ $(mfx-events --follow --from 1 -n 2 | jq .seq | xargs) == "2 3" ]]
	refuses 64 "--from" mfx-events --from yesterday
	# those of others are not seen, and hold nothing up
	add_user bob@example.com
	as bob@example.com mfx-things create >/dev/null
	(($(mfx-events | wc -l) == 4))
	serve_hostile events-part
	(umask 077; echo any >any)
	status 69 mfx-events --url "$HOSTILE" --token-file any >out 2>err
	(($(wc -l <out) == 1))
}

@test "events --follow ends with 77 when its token has ended" {
	go_remote
	mfx-token create --scope 'events:read' -o token.events x >id
	start_ready mfx-events --follow --token-file token.events
	thing --name one >/dev/null
	await 20 grep -q '"one"' "$PID_OUT"
	mfx-token remove "$(jq -r .id id)"
	status 77 wait "$PID"
	grep -q 'mfx-token login' "$PID_ERR"
}

# ---- libcurl ----

@test "libcurl is loaded for a URL only, and when it is missing that is said" {
	local p
	for p in mfx-things mfx-channels mfx-users mfx-can mfx-events; do
		ldd "$BIN/$p" | refute grep -i curl
	done
	mkdir lib
	echo none >lib/libcurl.so.4
	LD_LIBRARY_PATH=$PWD/lib thing >/dev/null
	LD_LIBRARY_PATH=$PWD/lib refuses 69 "libcurl.so.4" mfx-things list \
	    --url http://127.0.0.1:1
}
