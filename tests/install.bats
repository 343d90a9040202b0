#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What leaves this tree: the tar of `make dist` builds from itself, without
# autoconf, and installs and uninstalls all that belongs to the programs.
load setup

setup_suite_test() {
	# not the jobs and the goals of a make that runs us
	unset MAKEFLAGS MFLAGS MAKELEVEL CI SANITIZE BUILD
}

@test "the tar builds from itself, installs, runs, and uninstalls to nothing" {
	local p tar root=$BATS_TEST_TMPDIR/root
	tar=$ROOT/$(make -s -C "$ROOT" dist)
	tar -xzf "$tar"
	cd mfx-*/
	mkdir no-autoconf
	printf '#!/bin/sh\nexit 99\n' | tee no-autoconf/autoconf >no-autoconf/autoheader
	chmod +x no-autoconf/*
	PATH=$PWD/no-autoconf:$PATH make -s -j2 CFLAGS=-O0
	make -s install DESTDIR="$root" prefix=/usr
	for p in cmd/*.c; do
		p=${p#cmd/} p=${p%.c}
		"$root/usr/bin/$p" --version | grep -q "^$p "
		[[ -f $root/usr/share/man/man1/$p.1 ]]
		[[ -e $root/usr/share/bash-completion/completions/$p ]]
	done
	[[ -f $root/usr/share/man/man5/mfx-line.5 ]]
	[[ -f $root/usr/share/man/man7/mfx.7 ]]
	# what runs them names the places where they are
	grep -qx 'ExecStart=/usr/bin/mfx-adapt-coap .*' \
	    "$root/usr/share/mfx/deploy/systemd/mfx-adapt-coap.service"
	[[ -x $root/usr/share/mfx/deploy/runit/mfx-store/run ]]
	! grep -r /usr/local "$root/usr/share/mfx"
	# nothing of ours outside the prefix, nothing that others may write
	[[ $(ls "$root") == usr ]]
	! find "$root" ! -type l -perm /022 | grep .
	make -s uninstall DESTDIR="$root" prefix=/usr
	! find "$root" ! -type d | grep .
}

@test "make clean and distclean leave what git has" {
	git clone -q "$ROOT" clone
	cd clone
	touch config.mk config.h config.log config.status configure
	mkdir -p build bin autom4te.cache
	make -s distclean
	[[ -z $(git status --porcelain --ignored) ]]
}

# ---- scripts/setup ----

# apt-get that prints $1 for every command and fails; nothing is installed,
# and the policy is written into a directory of ours
setup_with() {
	mkdir -p stubs
	printf '#!/bin/sh\n' >stubs/dpkg-query
	printf '#!/bin/sh\necho "%s"\nexit 100\n' "$1" >stubs/apt-get
	chmod +x stubs/*
	mkdir -p sbin
	PATH=$PWD/stubs:$PATH unshare --mount \
	    $( ((EUID == 0)) || echo --map-root-user) bash -c '
	        mount --bind sbin /usr/sbin && exec "$0" demo' \
	    "$ROOT/scripts/setup" >out 2>err 3>&-
}

@test "set-up without a network says so in one line" {
	status 1 setup_with "Err:1 Temporary failure resolving 'example.org'
	E: Unable to locate package gcc"
	(($(wc -l <err) == 1))
	grep -q 'no packages can be fetched (is there a network?); missing: .*gcc' err
}

@test "set-up shows what apt-get said when that is something else" {
	status 1 setup_with 'E: dpkg was interrupted'
	grep -q 'dpkg was interrupted' err
	grep -q 'apt-get install failed' err
}
