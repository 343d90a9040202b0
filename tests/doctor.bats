#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-doctor: nothing to say of a healthy site, and each planted fault is named.
load setup
load tls

# a healthy site, all that the checks look at included
setup_suite_test() {
	unset MFX_GROUP
	echo correct horse battery | mfx-users create --password-file - \
	    ann@example.com
	mfx-certs ca init >ca.crt
	echo '[{"channel":"c","n":"t","v":1}]' | mfx-pub raw
	mfx-sub raw/store --no-follow | mfx-write-sqlite --ack raw/store \
	    "$MFX_HOME/messages.db"
	mkdir services backups
	mfx-site backup -q backups
	# nothing of this machine's
	OPTIONS=(--services services --nginx nginx.conf --mosquitto broker.conf
		--backup backups --store "$MFX_HOME/messages.db" --min-free 0)
	: >nginx.conf
	printf 'allow_anonymous false\nplugin_opt_home %s\n' "$MFX_HOME" \
	    >broker.conf
	printf '#!/bin/sh\ncat "$0.out"\n' >systemctl
	chmod +x systemctl
	: >systemctl.out
	PATH=$PWD:$PATH
}

doctor() {
	mfx-doctor "${OPTIONS[@]}" "$@"
}

# finds CHECK TEXT [OPTION…]: exactly one check has troubles, and says so
finds() {
	local check=$1 text=$2
	shift 2
	status 1 doctor -t json "$@" >out
	jq -se --arg check "$check" --arg text "$text" \
	    'all(.[]; .check == $check and .mend != "") and
	    any(.[]; .trouble | contains($text))' out >/dev/null ||
		{ cat out; return 1; }
}

healthy() {
	doctor >out 2>&1 || { cat out; return 1; }
	[[ ! -s out ]]
}

@test "a healthy site gives none" {
	healthy
	doctor --nagios >out
	grep -qxE "MFX OK - 0 troubles, 23 checks\|troubles=0;0;;0 critical=0;;0;0.* 'disk_free'=[0-9]+%.* 'lag_raw/store'=0B.*" out
	doctor --check groups --check 'master key' -t json >out
}

@test "faults of files" {
	chmod 755 "$MFX_HOME"
	finds modes 'others may read it'			# 1
	chmod 700 "$MFX_HOME"
	chmod 644 "$MFX_HOME/registry.db"
	finds modes 'registry.db: mode 0644: others may read'	# 2
	chmod 600 "$MFX_HOME/registry.db"
	chmod 777 "$MFX_HOME/bus/raw"
	finds modes 'bus/raw: mode 0777: others may write'	# 3
	chmod 700 "$MFX_HOME/bus/raw"
	if ((UID == 0)); then
		chown nobody "$MFX_HOME/bus/raw"/*.ndjson
		finds owners 'belongs to nobody'		# 4
		chown 0 "$MFX_HOME/bus/raw"/*.ndjson
	fi
	finds disk 'of its file system are free' --min-free 100	# 5
	touch -d '3 days ago' backups/*
	finds backup 'the last backup is 3 days old'		# 6
	rm -r backups/*
	finds backup 'no backup'				# 7
	mfx-site backup -q backups
	healthy
	MFX_HOME=$PWD/absent status 1 mfx-doctor --check home >out
	grep -q 'there is no site' out				# 8
}

@test "faults of the registry and its key" {
	cp -a "$MFX_HOME" kept
	chmod 644 "$MFX_HOME/master.key"
	status 1 doctor >out
	grep -q '^master key: .*master.key' out			# 9
	rm "$MFX_HOME/master.key"
	finds 'master key' 'it is missing'			# 10
	echo short >"$MFX_HOME/master.key"
	chmod 600 "$MFX_HOME/master.key"
	finds 'master key' 'master.key'				# 11
	head -c 32 /dev/urandom >"$MFX_HOME/master.key"
	status 1 doctor --check registry >out
	grep -q 'master' out					# 12
	rm -r "$MFX_HOME" && cp -a kept "$MFX_HOME"
	healthy
	sqlite3 "$MFX_HOME/registry.db" 'PRAGMA user_version = 999'
	finds registry 'newer'
	grep -q '"mend":"make install' out
	rm -r "$MFX_HOME" && cp -a kept "$MFX_HOME"
	printf 'garbage garbage garbage' | dd of="$MFX_HOME/registry.db" bs=1 \
	    seek=8300 conv=notrunc status=none
	dd if=/dev/urandom of="$MFX_HOME/registry.db" bs=4096 seek=3 count=4 \
	    conv=notrunc status=none
	status 1 doctor --check registry >out
	grep -q 'registry.db: ' out				# 13
}

@test "certificates" {
	local thing
	make_cert() {
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		    -nodes -keyout key.pem -out "$1" -days "$2" \
		    -subj /CN=x 2>openssl.err
	}
	make_cert soon.pem 3
	finds certificates 'soon.pem: expires in' --certificate soon.pem # 14
	make_cert long.pem 300
	doctor --certificate long.pem
	finds certificates 'absent.pem: it can' --certificate absent.pem # 15
	echo "ssl_certificate $PWD/soon.pem;" >nginx.conf
	finds nginx 'soon.pem: expires in'			# 16
	: >nginx.conf
	thing=$(mfx-things create --user ann@example.com --name a |
		jq -r .id)
	mfx-certs issue --days 5 "$thing" >issued
	finds certificates "of $thing: expires in"		# 17
}

@test "the bus" {
	echo '[{"channel":"c","n":"t","v":2}]' | mfx-pub raw
	finds groups 'raw/store has no reader' --max-lag 0	# 18
	# it has one, which stands still
	start mfx-sub raw/store
	held() { grep -qx "$PID" "$MFX_HOME/bus/raw/groups/.store.reader"; }
	await 10 held
	finds groups 'does not move' --max-lag 0		# 19
	kill "$PID"
	wait "$PID" || true
	mfx-sub raw/store --no-follow | mfx-write-sqlite --ack raw/store \
	    "$MFX_HOME/messages.db"
	healthy
	cp "$MFX_HOME/bus/raw/groups/store" kept
	echo x >"$MFX_HOME/bus/raw/groups/store"
	finds groups 'groups/store: not a position' --check groups # 20
	bash -c "$(jq -r .mend out)"
	doctor --check groups
	cp kept "$MFX_HOME/bus/raw/groups/store"
	local segment=("$MFX_HOME"/bus/raw/*.ndjson)
	cp "${segment[0]}" kept
	printf 'xx' | dd of="${segment[0]}" conv=notrunc status=none
	finds streams 'raw' --check streams			# 21
	cp kept "${segment[0]}"
	echo garbage | status 65 mfx-normalize --rejects bus:dead
	finds 'dead lines' 'refused lines wait'			# 22
	rm -r "$MFX_HOME/bus/dead"
	echo '[{"channel":"c","received":4102444800,"n":"t","v":1}]' |
		mfx-pub later
	finds clock 'ahead of the clock'			# 23
	rm -r "$MFX_HOME/bus/later"
	healthy
	MFX_BUS=nowhere://x finds bus nowhere --check bus	# 24
}

@test "programs, units, services" {
	start mfx-sub raw/other --from end
	local files
	there() { files=("$MFX_HOME"/run/mfx-sub.*) && [[ -e ${files[0]} ]]; }
	await 10 there
	healthy
	kill -STOP "$PID"
	finds processes 'is stopped'				# 25
	kill -CONT "$PID"
	# as if it were of another version
	printf '9.9.9\0' | dd of="${files[0]}" bs=1 conv=notrunc status=none \
	    seek="$(grep -obUaF "$(mfx-sub --version | sed 's/.* //')" \
	    "${files[0]}" | head -n 1 | cut -d: -f1)"
	finds versions 'is of version 9.9.9'			# 26
	kill -9 "$PID"
	wait "$PID" || true
	touch -d '1 hour ago' "${files[0]}"
	finds 'run files' 'left by a process that was killed'	# 27
	rm "${files[0]}"
	echo 'mfx-store.service loaded failed failed mfx store' >systemctl.out
	finds units 'unit mfx-store.service has failed'		# 28
	echo 'mfx-store.service loaded active running mfx' >systemctl.out
	mkdir -p services/mfx-api/supervise
	echo down >services/mfx-api/supervise/stat
	finds services 'mfx-api: down'				# 29
	: >services/mfx-api/down
	healthy
}

@test "what is around" {
	local port
	free_port port
	finds ports "127.0.0.1:$port: nobody answers" \
	    --port "127.0.0.1:$port"				# 30
	printf 'upstream mfx_http {\n\tserver 127.0.0.1:%s;\n}\n' "$port" \
	    >nginx.conf
	finds nginx "127.0.0.1:$port: nobody answers"		# 31
	start_ready mfx-adapt-http -l "127.0.0.1:$port" -o raw
	doctor --port "127.0.0.1:$port"
	: >nginx.conf
	finds stores absent.db --store absent.db		# 32
	echo "plugin $PWD/absent.so" >broker.conf
	finds broker 'absent.so: it can'			# 33
	echo 'allow_anonymous true' >broker.conf
	finds broker 'clients without a key get in'		# 34
	echo 'plugin_opt_home /elsewhere' >broker.conf
	finds broker 'plugin_opt_home /elsewhere'		# 35
	: >broker.conf
	echo 'alarm hot name t value > 30' >rules
	echo '{"channel":"c","n":"t","v":40,"t":1700000000}' |
		mfx-alarm --state "$MFX_HOME/alarm.db" rules >events
	finds alarms '1 alarms that nobody'			# 36
	mfx-alarm ack hot-1
	doctor
	# the same as Nagios has it
	echo 'allow_anonymous true' >broker.conf
	status 2 doctor --nagios >out
	head -n 1 out | grep -q '^MFX CRITICAL - 1 troubles, 23 checks|'
	grep -q '^broker: allow_anonymous true' out
}

@test "a check that does not end is killed, and is a trouble" {
	printf '#!/bin/sh\nexec sleep 60\n' >systemctl
	finds units 'this check has not ended in 0.5 s' --timeout 500ms \
	    --check units
}

@test "it changes nothing, and wrong use" {
	find "$MFX_HOME" -type f ! -name '*-shm' ! -name '*-wal' \
	    -exec sha256sum {} + | sort >before
	healthy
	find "$MFX_HOME" -type f ! -name '*-shm' ! -name '*-wal' \
	    -exec sha256sum {} + | sort | diff before -
	status 64 mfx-doctor --check nonsense
	status 64 mfx-doctor x
	status 74 mfx-doctor --check home --nagios >/dev/full || (($? == 1))
	chmod 755 "$MFX_HOME"
	status 74 mfx-doctor --check modes >/dev/full
	# a name that a terminal would act on
	touch "$MFX_HOME/"$'bad\e[2J'
	chmod 666 "$MFX_HOME/"$'bad\e[2J'
	status 1 mfx-doctor --check modes >out
	refute grep -q $'\e' out
	grep -qF 'bad\x1b[2J' out
}
