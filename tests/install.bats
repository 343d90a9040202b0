#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What leaves this tree: the tar of `make dist` builds from itself, without
# autoconf, and installs and uninstalls all that belongs to the programs.
load setup

# One tree out of the tar, with what POSIX has, GNU make and a compiler: no
# bash, no install(1), no autoconf, no git and no pkg-config.  The tests
# install it.
setup_file() {
	local tool posix=$BATS_FILE_TMPDIR/posix
	local root=$BATS_TEST_DIRNAME/..
	unset MAKEFLAGS MFLAGS MAKELEVEL CI SANITIZE BUILD
	mkdir "$posix"
	for tool in sh awk basename cat chmod cmp cp date diff dirname echo env \
	    expr grep head ls ln mkdir mv printf rm rmdir sort tail test \
	    touch tr true uname uniq wc make gcc as ld ar; do
		ln -s "$(command -v "$tool")" "$posix/$tool"
	done
	cat >"$posix/sed" <<-'END'
		#!/bin/sh
		case " $* " in *" -i"*) echo "sed -i" >&2; exit 99 ;; esac
		exec /bin/sed --posix "$@"
	END
	cat >"$posix/find" <<-'END'
		#!/bin/sh
		case " $* " in *" -printf "*|*depth*) echo "find $*" >&2; exit 99 ;; esac
		exec /usr/bin/find "$@"
	END
	chmod +x "$posix"/{sed,find}
	export TREE=$BATS_FILE_TMPDIR/tree POSIX=$posix
	TAR=$(cd "$root" && pwd)/$(make -s -C "$root" dist)
	export TAR
	mkdir "$TREE"
	tar -xzf "$TAR" -C "$TREE" --strip-components 1
	cd "$TREE" || return
	PATH=$posix ./configure --prefix=/usr/elsewhere CFLAGS=-O0 >configured 2>&1 &&
		PATH=$posix make -s -j2 >made 2>&1 ||
		{ tail configured made >&2; return 1; }
}

setup_suite_test() {
	# not the jobs and the goals of a make that runs us
	unset MAKEFLAGS MFLAGS MAKELEVEL CI SANITIZE BUILD
}

# the programs of the table
all_programs() {
	sed -n '/^mfx/s/:.*//p' "$ROOT/cmd/programs" | tr ' ' '\n'
}

@test "the tar builds from itself, with POSIX tools alone, and nothing is left out" {
	[[ ! -s $TREE/made ]]
	refute grep '^without' "$TREE/configured"
	diff <(all_programs | sort) <(ls "$TREE/bin" | sort)
}

@test "what is installed runs, names its prefix, and is uninstalled to nothing" {
	local p root=$PWD/root
	cd "$TREE"
	PATH=$POSIX make -s install DESTDIR="$root" prefix=/usr
	for p in $(all_programs | grep -v '\.so$'); do
		"$root/usr/bin/$p" --version | grep -q "^$p "
		[[ -f $root/usr/share/man/man1/$p.1 ]]
		[[ -e $root/usr/share/bash-completion/completions/$p ]]
		[[ -e $root/usr/share/fish/vendor_completions.d/$p.fish ]]
	done
	[[ -f $root/usr/lib/mfx/mfx_mosquitto.so ]]
	[[ -f $root/usr/lib/mfx/mfx_bus_nats.so ]]
	MFX_BUS=nats://127.0.0.1:1 status 75 "$root/usr/bin/mfx-bus" stat
	[[ -f $root/usr/share/man/man5/mfx-line.5 ]]
	[[ -f $root/usr/share/man/man7/mfx.7 ]]
	[[ -f $root/usr/share/man/man8/mfx_mosquitto.8 ]]
	# what runs them names the places where they are
	grep -qx 'ExecStart=/usr/bin/mfx-adapt-coap .*' \
	    "$root/usr/share/mfx/deploy/systemd/mfx-adapt-coap.service"
	[[ -x $root/usr/share/mfx/deploy/runit/mfx-store/run ]]
	refute grep -rE '/usr/local|/usr/elsewhere' "$root/usr/share"
	# nothing of ours outside the prefix, nothing that others may write
	[[ $(ls "$root") == usr ]]
	find "$root" ! -type l -perm /022 | refute grep .
	PATH=$POSIX make -s uninstall DESTDIR="$root" prefix=/usr
	find "$root" ! -type d | refute grep .
}

@test "a umask does not keep others from what is installed" {
	(umask 077; make -s -C "$TREE" install DESTDIR="$PWD/root")
	[[ -z $(find root -mindepth 1 ! -type l ! -perm -444 -o \
	    -type d ! -perm -555 -mindepth 1) ]]
}

@test "the directories are those that were asked for" {
	local root=$PWD/root
	make -s -C "$TREE" install DESTDIR="$root" bindir=/usr/libexec/mfx \
	    libdir=/usr/lib/any mandir=/usr/man datadir=/usr/data
	[[ -x $root/usr/libexec/mfx/mfx-sub ]]
	[[ -f $root/usr/lib/any/mfx/mfx_mosquitto.so ]]
	[[ -f $root/usr/man/man1/mfx-sub.1 ]]
	grep -q '^plugin /usr/lib/any/mfx/mfx_mosquitto.so$' \
	    "$root/usr/man/man8/mfx_mosquitto.8" \
	    "$root/usr/data/mfx/deploy/mosquitto/mosquitto.conf"
	grep -q '^ExecStart=/usr/libexec/mfx/mfx-api ' \
	    "$root/usr/data/mfx/deploy/systemd/mfx-api.service"
	[[ -f $root/usr/data/zsh/site-functions/_mfx ]]
	[[ ! -e $root/opt && ! -e $root/usr/local ]]
}

@test "a second configure keeps what the first was given" {
	cd "$TREE"
	touch configure.ac
	local dest=$BATS_TEST_TMPDIR/dest
	make -s install DESTDIR="$dest"
	[[ $(ls "$dest") == usr && $(ls "$dest/usr") == elsewhere ]]
	[[ -x $dest/usr/elsewhere/bin/mfx ]]
	grep -qx 'CFLAGS = -O0' config.mk
	grep -rq 'ExecStart=/usr/elsewhere/bin/mfx-api ' "$dest/usr/elsewhere/share"
}

# ---- ./configure, without building ----

unpack() {
	mkdir tree
	tar -xzf "$TAR" -C tree --strip-components 1
	cd tree
}

@test "flags of a packager are used, for all and for one library" {
	unpack
	./configure -q CPPFLAGS=-Dall=1 CFLAGS='-O1 -g0' LDFLAGS=-Wl,--hash-style=gnu \
	    SQLITE_CFLAGS=-Done=1 SQLITE_LIBS='-L/nowhere -lsqlite3' >said
	# nothing is missing, so nothing is said
	[[ ! -s said ]]
	touch configure.ac
	make -s config.mk
	make -n V=1 bin/mfx-write-sqlite >commands
	grep -e ' -c ' commands >compiled
	refute grep -vE -e '-Done=1 .*-Dall=1 .*-O1 -g0' compiled
	grep -E -e '-Wl,--hash-style=gnu .*-L/nowhere -lsqlite3' commands
}

@test "--without a library leaves out what needs it, and says so once" {
	unpack
	./configure --without-coap --without-expat >said
	tail -n 2 said >end
	printf '%s\n' 'without coap (libcoap3-dev): no mfx-adapt-coap bootstrap fetch by coap://' \
	    'without expat (libexpat1-dev): no SenML in XML' | diff - end
	make -n install >commands
	grep -q 'bin/mfx-adapt-ws ' commands
	refute grep -q 'bin/mfx-adapt-coap' commands
	grep '^umask' commands | grep -q 'man/mfx-adapt-ws\.1 '
	grep '^umask' commands | refute grep -q 'man/mfx-adapt-coap\.1 '
}

@test "--with a library that is not there, or a wrong row, ends configure" {
	unpack
	status 1 ./configure -q --with-expat CPPFLAGS=-DXML_ParserCreate=no_such 2>err
	grep -q "expat can't be used" err
	echo 'mfx-more: nothing' >>cmd/programs
	status 1 ./configure -q 2>err
	grep -q '^cmd/programs: .* nothing$' err
}

@test "a cross build takes the tools of its host" {
	local tool bin=$PWD/cross
	mkdir cross
	for tool in gcc ar; do
		ln -s "$(command -v "$tool")" "cross/toy-linux-gnu-$tool"
	done
	# that of this machine is not asked
	printf '#!/bin/sh\necho called >>%s/called\n' "$PWD" >cross/pkg-config
	chmod +x cross/pkg-config
	unpack
	unset CC AR PKG_CONFIG
	PATH=$bin:$PATH ./configure -q --build=here --host=toy-linux-gnu
	grep -x 'CC = toy-linux-gnu-gcc' config.mk
	grep -x 'AR = toy-linux-gnu-ar' config.mk
	[[ ! -e ../called ]]
	mv ../cross/pkg-config ../cross/toy-linux-gnu-pkg-config
	PATH=$bin:$PATH ./configure -q --build=here --host=toy-linux-gnu
	[[ -s ../called ]]
}

# ---- the table of programs ----

@test "a program more is one row" {
	mkdir tree
	cp -pR "$TREE"/. tree
	cd tree
	for p in mfx-write-tsv mfx-read-tsv; do
		sed 's/"mfx-grep"/"'$p'"/' cmd/mfx-grep.c >cmd/$p.c
	done
	echo 'mfx-write-tsv mfx-read-tsv:' >>cmd/programs
	make -s -j2
	bin/mfx-write-tsv --version | grep -q '^mfx-write-tsv '
	bin/mfx-read-tsv --version | grep -q '^mfx-read-tsv '
	make -n install | grep -q 'bin/mfx-read-tsv'
}

@test "the tests can be run without installing anything" {
	cd "$TREE"
	make -n check >commands
	grep -qx 'scripts/setup test' commands
	make -n test >commands
	grep -q 'scripts/check$' commands
	refute grep scripts/setup commands
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
