#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the registry keeps from others, and what it survives: secrets,
# isolation of owners, hostile text, many at once, kill -9, broken files.
load setup
load identity

# ---- secrets ----

@test "files are 0600, directories 0700, whatever the umask" {
	rm -rf "$MFX_HOME"
	export MFX_HOME=$PWD/deep/down/home
	(umask 0; add_user "$MFX_USER"; exec mfx-things create) >/dev/null
	start_ready mfx-events --follow
	thing >/dev/null
	[[ -e $MFX_HOME/registry.db-wal ]]
	[[ $(stat -c %a deep deep/down deep/down/home | sort -u) == 700 ]]
	[[ $(stat -c %a "$MFX_HOME"/* | sort -u) == 600 ]]
	(($(stat -c %s "$MFX_HOME/master.key") == 32))
}

@test "what root makes in a home of another user is that user's" {
	rm -rf "$MFX_HOME"
	mkdir -m 700 "$MFX_HOME"
	# an ordinary user has only one id, and is root of a namespace for it
	((EUID != 0)) || chown nobody:65534 "$MFX_HOME"
	cat >root <<-'EOF'
		set -e
		mfx-users create "$MFX_USER" --password-file - <<<'correct horse'
		mfx-things create >/dev/null
		mkfifo ready
		mfx-events --follow --ready-fd 9 9>ready >/dev/null &
		read -r <ready
		mfx-things create >/dev/null
		cd "$MFX_HOME"
		echo '{"n":"a","v":1,"t":1}' | mfx-write-sqlite \
		    --rejects refused messages.db
		stat -c '%n %U:%G' "$MFX_HOME" "$MFX_HOME"/*
		kill $!
	EOF
	unshare --mount $( ((EUID == 0)) || echo --map-root-user) \
	    bash root >owners
	cat owners
	(($(wc -l <owners) >= 7))
	grep -q refused owners && grep -q messages.db owners
	grep -q registry.db-shm owners
	[[ $(cut -d ' ' -f 2 owners | sort -u | wc -l) == 1 ]]
	((EUID != 0)) || grep -q 'master.key nobody:' owners
}

@test "no key and no password is in any file, message or event" {
	local key secret='a-very-secret-key' password='a very secret password'
	add_user bob@example.com "$password"
	status 1 mfx-users verify bob@example.com --password-file - \
	    <<<"$password!" 2>said
	thing --key-file - <<<"$secret" >id
	key=$(mfx-things create | jq -r .key)
	status 65 mfx-things create --key-file - <<<"$secret" 2>>said
	status 65 mfx-things create -f - 2>>said <<-EOF
		{"key":"$secret-2"}
		{"key":"$secret"}
	EOF
	printf '{"key":"%s","x":1}\n' "$secret" | status 65 mfx-things create -f - 2>>said
	printf '{"key":"%s' "$secret" | status 65 mfx-things create -f - 2>>said
	status 1 mfx-can --key-file - publish x <<<"$secret!" >>said 2>&1
	mfx-things list >>said
	mfx-things list -H >>said
	mfx-events >>said
	mfx-users list >>said
	(($(wc -l <said) > 8))
	lacks said "$secret" "$key" "$password"
	for file in "$MFX_HOME"/*; do lacks "$file" "$secret" "$key" "$password"; done
}

@test "keys and passwords are not in ps, cores or the reach of a debugger" {
	local pid
	mkfifo in
	start mfx-users update "$MFX_USER" --password-file in
	pid=$PID
	exec 5>in
	printf 'half of a secret' >&5
	await 10 drained 5
	tr '\0' ' ' <"/proc/$pid/cmdline" >line
	lacks line secret
	grep -E '^Max core file size +0 +0 ' "/proc/$pid/limits"
	# what is not dumpable belongs to root, and nobody else may look
	[[ $(stat -c %U "/proc/$pid/mem") == root ]]
	python3 - "$pid" <<-'EOF'
		import ctypes, subprocess, sys
		# as another program of the same user would: it must fail for
		# whoever is not root
		code = ("import ctypes,os,sys;"
		    "os.setgroups([]) if os.getuid() == 0 else None;"
		    "os.setgid(65534) if os.getuid() == 0 else None;"
		    "os.setuid(65534) if os.getuid() == 0 else None;"
		    "sys.exit(ctypes.CDLL(None).ptrace(16, %s, 0, 0) == 0)")
		sys.exit(subprocess.call([sys.executable, "-c", code % sys.argv[1]]))
	EOF
	exec 5>&-
	status 0 wait "$pid"
	mfx-users verify "$MFX_USER" --password-file - <<<'half of a secret'
}

@test "no option takes a secret" {
	local p
	for p in mfx-users mfx-things mfx-channels mfx-can; do
		"$p" --options | cut -f 2,4 | grep -iE 'key|password|secret' |
			grep -vE '(-file	FILE|--keys	)$' >bad || true
		[[ ! -s bad ]] || { cat bad; false; }
	done
}

@test "a master key that others may read, or of a wrong size, is refused" {
	local id mode
	id=$(thing)
	for mode in 640 604 660 644 620; do
		chmod $mode "$MFX_HOME/master.key"
		refuses 78 "others may read it" mfx-things get "$id"
		refuses 78 "others may read it" mfx-can "$id" publish x
	done
	chmod 400 "$MFX_HOME/master.key"
	mfx-things get "$id"
	chmod 600 "$MFX_HOME/master.key"
	cp "$MFX_HOME/master.key" kept
	echo >>"$MFX_HOME/master.key"
	refuses 78 "32 bytes" mfx-things get "$id"
	head -c 31 kept >"$MFX_HOME/master.key"
	refuses 78 "32 bytes" mfx-things get "$id"
	head -c 32 /dev/urandom >"$MFX_HOME/master.key"
	refuses 78 "not the master key of this registry" mfx-things get "$id"
	refuses 78 "not the master key of this registry" mfx-users list
	rm "$MFX_HOME/master.key"
	refuses 78 "master.key" mfx-things get "$id"
	# nobody puts a new one in its place
	[[ ! -e $MFX_HOME/master.key ]]
	(umask 077; cp kept "$MFX_HOME/master.key")
	mfx-things key "$id" | jq -e '.key | length == 36'
}

@test "files that are not registries of ours are refused, and left alone" {
	local db=$MFX_HOME/registry.db
	cp "$db" good
	cp "$db" "$db.new" && sqlite3 "$db.new" 'PRAGMA user_version = 99' &&
		mv "$db.new" "$db"
	refuses 78 "newer version" mfx-things list
	rm "$db"
	sqlite3 "$db" 'CREATE TABLE other(x)'
	refuses 78 "not a registry" mfx-things list
	[[ $(sqlite3 "$db" .tables) == other ]]
	echo 'some text that is not a database, and long enough to tell' >"$db"
	cp "$db" text
	refuses 78 "" mfx-things list
	cmp "$db" text
	mv good "$db"
	mfx-things list
}

@test "a question makes no registry: only the first user does" {
	local question
	rm -rf "$MFX_HOME"
	for question in mfx-events "mfx-can x publish y" "mfx-users list" \
	    "mfx-users remove $MFX_USER" "mfx-things list" "mfx-things get x" \
	    "mfx-things key x" "mfx-things create" "mfx-channels list" \
	    "mfx-token list" "mfx-token remove x" \
	    "mfx-adapt-http -l 127.0.0.1:0" "mfx-adapt-ws -l 127.0.0.1:0" \
	    "mfx-adapt-coap -l 127.0.0.1:0" "mfx-api -l 127.0.0.1:0 --closed"; do
		refuses 78 "no registry at $MFX_HOME/registry.db; 'mfx-users create' makes one" \
		    $question
		[[ ! -e $MFX_HOME ]]
	done
	# an empty file is what a killed create leaves
	mkdir -m 700 "$MFX_HOME"
	: >"$MFX_HOME/registry.db"
	refuses 78 "no registry at" mfx-things list
	rm -r "$MFX_HOME"
	# neither does a user that is refused, and no password is asked for then
	refuses 65 "'bob' is not an email address" mfx-users create bob </dev/null
	refuses 65 "8 to 1024 bytes" mfx-users create bob@example.com \
	    --password-file - <<<short
	[[ ! -e $MFX_HOME ]]
	# users may register with mfx-api, so it makes one, and says so
	start_ready mfx-api -l 127.0.0.1:0
	[[ -s $MFX_HOME/registry.db && -s $MFX_HOME/master.key ]]
	grep -qF "$MFX_HOME/registry.db: made" "$PID_ERR"
	add_user "$MFX_USER"
	thing
}

# ---- isolation ----

# ---- many at once, accidents ----

@test "four that begin at once make one master key and one registry" {
	local i j pids
	for ((i = 0; i < 60; i++)); do
		rm -rf "$MFX_HOME"
		pids=()
		for j in a b c d; do
			mfx-users create $j@example.com --password-file - \
			    <<<'correct horse' 2>err.$j 3>&- &
			pids+=($!)
		done
		for j in "${pids[@]}"; do
			status 0 wait "$j" || { cat err.*; return 1; }
		done
		# SQLite leaves its -wal and -shm where the last two close at once
		[[ $(ls "$MFX_HOME" | grep -v '^registry.db-' | xargs) == \
		    "master.key registry.db" ]]
		(($(mfx-users list | wc -l) == 4))
	done
}

@test "kill -9 while it is made: the next one makes it whole" {
	local i pid
	for ((i = 0; i < 60; i++)); do
		rm -rf "$MFX_HOME"
		mfx-users create first@example.com --password-file - \
		    <<<'correct horse' 2>/dev/null 3>&- &
		pid=$!
		# most of it is the password's hash
		await 10 test -e "$MFX_HOME/registry.db"
		pause "0.00$((RANDOM % 10))"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		add_user second@example.com
		# SQLite leaves its -wal and -shm where the last two close at once
		[[ $(ls "$MFX_HOME" | grep -v '^registry.db-' | xargs) == \
		    "master.key registry.db" ]]
		mfx-users list | jq -r .email >users
		grep -qx second@example.com users
		(($(wc -l <users) <= 2))
	done
	add_user "$MFX_USER"
}

@test "kill -9 in a bulk: all of it or nothing, and no lock stays" {
	local i n want=0 pid whole=0 none=0
	seq 5000 | sed 's/.*/{"name":"n&"}/' >in
	for ((i = 0; i < 25; i++)); do
		mfx-things create -f in >/dev/null 2>&1 3>&- &
		pid=$!
		pause "0.0$((RANDOM % 90 + 10))"
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		n=$(mfx-things list | wc -l)
		if ((n == want)); then
			none=$((none + 1))
		else
			((n == want + 5000)) || { echo "$n things"; return 1; }
			whole=$((whole + 1))
		fi
		want=$n
		(($(mfx-events --from end | wc -l) == 0))
		(($(mfx-events | grep -c thing.create) == want)) || ((want == 0))
	done
	echo "$whole whole, $none none"
	thing --name after
	[[ $(sqlite3 "$MFX_HOME/registry.db" 'PRAGMA integrity_check') == ok ]]
}

full_registry() {
	thing --name before >/dev/null
	mount -t tmpfs -o size=3m none full
	cp "$MFX_HOME"/* full
	export MFX_HOME=$PWD/full
	seq 20000 | sed 's/.*/{"name":"n&"}/' >in
	status 75 mfx-things create -f in >out 2>err
	[[ ! -s out ]]
	(($(wc -l <err) == 1))
	grep -q full err
	[[ $(mfx-things list | jq -r .name) == before ]]
	# what is small may still go in, and it goes on by itself
	mount -t tmpfs -o remount,size=100m none full
	mfx-things create -f in >out
	(($(mfx-things list | wc -l) == 20001 && $(wc -l <out) == 20000))
	mfx-events | jq .seq | diff - <(seq 20002)
}

@test "a full disk: 75, nothing half-written, and on when there is room" {
	mkdir full
	export -f full_registry thing status
	# a mount that nobody else sees and that ends with its process
	unshare --mount $( ((EUID == 0)) || echo --map-root-user) \
	    bash -euo pipefail -c full_registry 3>&-
}

# in a mount where nothing under $MFX_HOME can be written
read_only_registry() {
	mount --bind "$MFX_HOME" "$MFX_HOME"
	mount -o remount,bind,ro "$MFX_HOME"
	mfx-things list | jq -e .id
	mfx-things get "$1" | jq -e .id
	mfx-things key "$1" | jq -e .key
	mfx-channels list --thing "$1"
	mfx-users list | jq -e .email
	mfx-users verify "$MFX_USER" --password-file "$3"
	mfx-token list | jq -e .id
	mfx-token remove --dry-run "$4" | jq -e .id
	mfx-can "$1" publish "$2" && return 1
	mfx-events | grep -q thing
	status 77 mfx-token remove "$4"
	status 77 mfx-things create 2>err
	(($(wc -l <err) == 1))
	grep -q "$MFX_HOME/registry.db" err
}

@test "what only reads needs no write permission while the registry is open" {
	local id channel token
	id=$(mfx-things create | jq -r .id)
	channel=$(mfx-channels create | jq -r .id)
	token=$(mfx-token create --scope things:read x | jq -r .id)
	echo 'correct horse' >password
	start_ready mfx-events --follow
	export -f read_only_registry status
	unshare --mount $( ((EUID == 0)) || echo --map-root-user) \
	    bash -euo pipefail -c 'read_only_registry "$@"' - \
	    "$id" "$channel" password "$token" 3>&-
}
