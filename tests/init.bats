#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-init: a site from nothing, below a directory, and its pipelines run by
# those who will run them.
load setup
load site

RUN=$ROOT/scripts/deploy/pipes/run

setup_suite_test() {
	mkdir root
	R=$PWD/root
}

# a machine with all that it can be set up with
full_machine() {
	install -D /dev/null "$R/usr/sbin/mosquitto"
	install -D /dev/null "$R/usr/sbin/nginx"
	install -D /dev/null "$R/usr/lib/nginx/modules/ngx_stream_module.so"
}

init() {
	mfx-init --root "$R" --host mfx.example.com "$@"
}

# what is there, with modes and content
state() {
	(cd "$R" && find . -printf '%p %m %y\n' | sort &&
		find . -type f -exec sha256sum {} + | sort)
}

@test "systemd: each file is there, in order, and hardened; again: no change" {
	local u
	full_machine
	init --supervisor systemd >said
	(($(grep -c '^write ' said) >= 30))
	state >first
	init >again
	state | cmp first -
	grep -q '^0 files written, 0 kept' again
	refute grep '^write' again
	refute grep 'Open for' again
	# what was made is what systemd takes
	cd "$R/etc/systemd/system"
	systemd-analyze verify --man=no ./*.socket ./*.timer \
	    mfx-{api,adapt-http,adapt-ws,adapt-coap,mosquitto,mqtt-delivery}.service \
	    mfx-{prune,prune-store,backup,certs-crl,certs-expiring}.service \
	    ./mfx-pipe@store.service 2>&1 |
		grep 'mfx-[a-z@-]*\.[a-z]*:[0-9]' >"$R/wrong" || true
	[[ ! -s $R/wrong ]] || { cat "$R/wrong"; false; }
	for u in *.service; do
		systemd-analyze security --offline=yes --threshold=30 \
		    "./$u" >"$R/wrong" 2>&1 ||
			{ tail -n 1 "$R/wrong"; false; }
	done
	# nobody but the site's user runs anything
	for u in *.service; do
		grep -qx User=mfx "$u"
	done
	# nginx has the ports of the broker
	grep -qx 'listener 11883 127.0.0.1' "$R/etc/mfx/mosquitto.conf"
	grep -qx 'listener 18884 127.0.0.1' "$R/etc/mfx/mosquitto.conf"
	# each step that enables a unit has the unit
	sed -n 's/^run systemctl enable --now //p' "$BATS_TEST_TMPDIR/said" |
		tr ' ' '\n' >units
	(($(wc -l <units) == 12))
	while read -r u; do
		[[ -e $u ]]
	done <units
}

@test "what is not installed is not set up, and comes when it is" {
	init --supervisor systemd >said
	[[ ! -e $R/etc/nginx && ! -e $R/etc/mfx/mosquitto.conf ]]
	grep -q 'mosquitto is not installed' said
	refute grep '^run.*nginx' said
	full_machine
	init >said
	[[ -e $R/etc/nginx/nginx.conf ]]
	grep -q '^run nginx -t' said
}

@test "an edited file is kept, and the new text goes beside it" {
	local conf=$R/etc/mfx/pipes/store
	full_machine
	install -D -m 644 /dev/stdin "$R/etc/nginx/nginx.conf" <<<'# Debian'
	init --supervisor systemd >said 2>err
	grep -q 'nginx.conf: was edited and is kept' err
	[[ $(<"$R/etc/nginx/nginx.conf") == '# Debian' ]]
	grep -q mfx_api "$R/etc/nginx/nginx.conf.new"
	refute grep '^run nginx' said
	echo '# mine' >>"$conf"
	init >said 2>err
	(($(wc -l <err) == 2))
	tail -n 1 "$conf" | grep -qx '# mine'
	[[ -e $conf.new ]]
	state >kept
	init 2>err >again
	state | cmp kept -
	# an older text of ours is no edit
	mkdir templates
	cp -R "$ROOT/scripts/deploy/." templates
	echo '# newer' >>templates/cron/mfx
	echo '# newer' >>templates/systemd/mfx-prune.timer
	init --templates templates >said 2>err
	grep -q 'write .*/mfx-prune.timer' said
	tail -n 1 "$R/etc/systemd/system/mfx-prune.timer" | grep -qx '# newer'
	# that runs with its file of before; what is as it was is not disturbed
	grep -q '^restarted, if it was running: .*mfx-prune.timer' said
	grep -q "changed='.*mfx-prune.timer" said
	init --templates templates >said 2>err
	refute grep '^restarted' said
	grep -q "changed=''" said
	# one that is to be replaced
	init --replace /etc/nginx/nginx.conf >said 2>err
	[[ $(<"$R/etc/nginx/nginx.conf.old") == '# Debian' ]]
	grep -q mfx_api "$R/etc/nginx/nginx.conf"
	grep -q '^run nginx' said
}

@test "--dry-run and a template that is missing change nothing" {
	full_machine
	state >before
	init --supervisor runit --dry-run >said
	state | cmp before -
	grep -q '^write .*/etc/sv/mfx-api/run' said
	grep -q '^run .*useradd' said
	init --supervisor systemd --dry-run -v | grep -q '^ExecStart=.*mfx-api'
	cp -R "$ROOT/scripts/deploy" deploy
	rm deploy/systemd/mfx-certs-expiring.timer
	status 66 init --supervisor systemd --templates deploy 2>err
	state | cmp before -
	status 64 init --host 'a b'
	status 64 init --host ../x
	status 64 init take-away
}

@test "a run that was interrupted is completed by the next" {
	full_machine
	init --supervisor systemd >/dev/null
	state >whole
	local victims=("$R"/etc/systemd/system/*.service)
	rm "${victims[@]:0:5}" "$R/etc/mfx/pipes/store"
	tail -n +9 "$R/etc/mfx/init.files" >shorter
	cp shorter "$R/etc/mfx/init.files"
	init >said
	(($(grep -c '^write ' said) == 6))
	# in whatever order: each file and all of the record
	state | grep -v init.files | cmp <(grep -v init.files whole) -
	cmp <(cut -d ' ' -f 2 "$R/etc/mfx/init.files" | sort) \
	    <(sed -n "s,^\./,/,; s, 644 f\$,,p; s, 755 f\$,,p" whole |
		grep ^/etc | grep -v init.files | sort)
}

@test "remove takes away what was written, and no data" {
	full_machine
	mkdir -p "$R/etc/nginx" "$R/var/lib/mfx" "$R/etc/mfx/tls"
	echo data >"$R/var/lib/mfx/messages.db"
	echo key >"$R/etc/mfx/tls/server.key"
	state >before
	init --supervisor systemd >/dev/null
	echo '# mine' >>"$R/etc/mfx/pipes/store"
	init remove >said 2>err
	grep -q 'pipes/store: was edited and is kept' err
	[[ $(cd "$R/etc" && find . -type f | sort | xargs) == \
	    './mfx/pipes/store ./mfx/tls/server.key' ]]
	[[ $(<"$R/var/lib/mfx/messages.db") == data ]]
	grep -q '^run for u in mfx-api.socket' said
	# and with runit
	rm "$R/etc/mfx/pipes/store"
	init --supervisor runit >/dev/null
	[[ -x $R/etc/sv/mfx-pipe@store/run && -e $R/etc/cron.d/mfx ]]
	# two files of one service
	cp -R "$ROOT/scripts/deploy" newer
	tee -a newer/runit/mfx-adapt-http/{run,log/run} <<<'# newer' >/dev/null
	init --supervisor runit --templates newer >said
	(($(grep '^restarted' said | grep -o mfx-adapt-http | wc -l) == 1))
	init remove >said
	grep -q '^run for s in /etc/sv' said
	[[ $(cd "$R/etc" && find . -type f | xargs) == ./mfx/tls/server.key ]]
	[[ ! -e $R/etc/sv ]]
}

@test "the steps are those of a shell, and make certificates once" {
	make_site
	full_machine
	init --supervisor none >said
	grep -q 'backup.key' said
	mkdir -p "$R/etc/mfx/tls"
	sed -n 's/^run //p' said | grep -E 'backup.key|mfx-certs' |
		grep -v '^export' | sed "s,/etc/mfx,$R/etc/mfx,g
		    s,chown mfx,chown $(id -u)," >steps
	(($(wc -l <steps) == 4))
	host=mfx.example.com sh -e steps >/dev/null
	(cd "$R/etc/mfx" && sha256sum backup.key tls/*) >first
	openssl verify -CAfile "$R/etc/mfx/tls/ca.crt" \
	    -verify_hostname mfx.example.com "$R/etc/mfx/tls/server.crt"
	[[ $(stat -c %a:%s "$R/etc/mfx/backup.key") == 600:32 ]]
	host=mfx.example.com sh -e steps >/dev/null
	(cd "$R/etc/mfx" && sha256sum backup.key tls/*) | cmp first -
	# each text can be read by a shell
	sed -n 's/^run //p' said | sh -n
	init --supervisor systemd | sed -n 's/^run //p' | sh -n
}

# the machine with a copy of what may be written
on_a_machine() {
	unshare -m --propagation private bash -ec '
		for d in etc var/lib var/backups var/log usr/sbin; do
			mkdir -p "root/$d" "/$d"
			[[ $d != etc ]] || cp -a /etc/. root/etc
			[[ $d != usr/sbin ]] || cp -a /usr/sbin/. root/usr/sbin
			mount --bind "root/$d" "/$d"
		done
		rm -rf /etc/service /usr/sbin/nginx /usr/sbin/mosquitto
		mkdir /etc/service
		'"$1"
}

@test "a machine with nothing, for real: all is there, again nothing, removed" {
	# in a namespace of mounts, for which one has to be root
	((EUID == 0)) || return 0
	on_a_machine '
		unset MFX_HOME
		mfx-init --supervisor runit && exit 1
		echo "correct horse" |
			mfx-init --user ann@example.com --host mfx.example.com
		[[ $(stat -c %U:%a /var/lib/mfx) == mfx:700 ]]
		[[ -z $(find /var/lib/mfx /etc/mfx/tls ! -user mfx ! -type l) ]]
		MFX_HOME=/var/lib/mfx mfx-users list | jq -e ".email == \"ann@example.com\""
		[[ -L /etc/service/mfx-pipe@store && -x /etc/service/mfx-api/run ]]
		find /etc /var/lib/mfx -type f ! -name "*.db*" -newer root -exec sha256sum {} + >before
		mfx-init </dev/null
		sha256sum -c --quiet before
		chpst -u mfx cat /etc/mfx/pipes/store >pipe
		mfx-init remove
		[[ ! -e /etc/sv/mfx-api && ! -L /etc/service/mfx-api ]]
		[[ -e /var/lib/mfx/registry.db && -e /etc/mfx/backup.key ]]
	'
}

@test "only root sets up the machine itself" {
	((EUID != 0)) || {
		chmod 755 "$BATS_TEST_TMPDIR"
		status 77 setpriv --reuid 65534 --clear-groups mfx-init
		return
	}
	status 77 mfx-init
}

# ---- pipelines ----

rows() {
	(($(sqlite3 "$MFX_HOME/messages.db" 'SELECT count(*) FROM messages') == $1))
}

more_rows() {
	ROWS=$((ROWS + 3 * $1))
	mfx-gen --count "$1" --seed "$ROWS" | mfx-pub raw
	await 30 rows "$ROWS"
}

# pids of the processes below one, of any depth
below() {
	local pid
	for pid in $(pgrep -P "$1"); do
		echo "$pid"
		below "$pid"
	done
}

stage() {
	local pid
	for pid in $(below "$1"); do
		[[ $(cat "/proc/$pid/comm" 2>/dev/null) != "${2:0:15}" ]] ||
			echo "$pid"
	done
}

gone() {
	local pid
	for pid; do
		[[ $(cat "/proc/$pid/stat" 2>/dev/null || echo ') Z ') == \
		    *') Z '* ]] || return
	done
}

supervised() {
	[[ -s $SV/supervise/pid ]] && read -r SHELL_PID <"$SV/supervise/pid" &&
		[[ $(stage "$SHELL_PID" mfx-sub) && \
		    $(stage "$SHELL_PID" mfx-write-sqlite) ]]
}

again() {
	supervised && [[ $SHELL_PID != "$1" ]]
}

@test "runit runs the pipelines: whatever is killed, all of it goes and returns" {
	local victim old pids
	install -D -m 644 /dev/stdin "$R/etc/mfx/pipes/store" <<-'E'
		# with a stage that is none of ours
		DB=$MFX_HOME/messages.db
		mfx-sub raw/store | mfx-normalize | grep --line-buffered . |
			mfx-write-sqlite --ack raw/store "$DB"
		# the end
	E
	init --supervisor runit >/dev/null 2>&1
	SV=$R/etc/sv/mfx-pipe@store
	printf 'MFX_HOME=%s\npipes=%s/etc/mfx/pipes\nuser=\nexport grace=1\n' \
	    "$MFX_HOME" "$R" >"$SV/conf"
	ROWS=0
	mfx-pub raw </dev/null
	LOG_DIR=$PWD/log PATH=$PATH:/usr/sbin start runsv "$SV"
	await 30 supervised || { cat log/current; false; }
	more_rows 10
	# nothing is sent between, so that no stage learns of it by a line
	for victim in mfx-sub mfx-normalize grep mfx-write-sqlite shell inner; do
		await 30 supervised
		old=$SHELL_PID
		pids=$(below "$old")
		case $victim in
		shell) kill -9 "$old" ;;
		inner) kill -9 "$(ps -o ppid= -p "$(stage "$old" mfx-sub)")" ;;
		*) kill -9 "$(stage "$old" "$victim")" ;;
		esac
		await 30 gone $old $pids
		await 30 again "$old"
		more_rows 10
	done
	# down is down
	pids="$SHELL_PID $(below "$SHELL_PID")"
	sv -w 20 down "$SV"
	await 20 gone $pids
	mfx-bus groups raw | jq -e '.lag == 0'
	sv up "$SV"
	await 30 supervised
	more_rows 10
	# what can't be helped stays down
	echo 'mfx-sub raw/../x | cat' >"$R/etc/mfx/pipes/store"
	sv -w 20 restart "$SV" || true
	await 30 rests "$SV"
	await 20 sv -w 10 exit "$SV"
	wait "$PID"
}

@test "more pipelines than there is room for are no silence" {
	mkdir -p "$R/etc/mfx/pipes"
	touch "$R/etc/mfx/pipes/"p{1..31}
	init --supervisor runit --dry-run >said
	touch "$R/etc/mfx/pipes/p32"
	status 78 init --supervisor runit --dry-run >said 2>err
	grep -q 'more than 32 pipelines' err
	refute grep '^write' said
}

@test "a pipeline's file: what is wrong with it is said" {
	status 66 "$RUN" none 2>err
	grep -q none err
	echo '# nothing' >empty
	status 78 "$RUN" empty 2>err
	echo 'a | | b' >bad
	status 78 "$RUN" bad 2>err
	echo 'true | exit 66 | cat' >sixty
	status 66 "$RUN" sixty
	echo 'true | true' >ended
	status 75 "$RUN" ended
}
