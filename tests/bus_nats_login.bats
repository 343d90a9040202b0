#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# bats file_tags=servers
# Who we are, for a server of NATS: files of credentials with a server that has
# an operator, tokens and passwords from files; and files that can't be that.
# Nkeys and certificates are in bus_nats.bats.
load setup
load tls
load servers

setup_suite_test() {
	export MFX_MODULES=$BIN
}

lines() {
	seq "$1" | sed 's/.*/{"channel":"a","n":"n","v":&}/'
}

# of the server: what stands there instead of its user and password
server_wants() {
	local conf
	conf=$(server_here nats)/nats.conf
	sed -i '/^authorization/d' "$conf"
	cat >>"$conf"
	server_restart nats
	AT=nats://127.0.0.1:$(server_port nats)
}

stores_lines() {
	lines 3 | mfx-pub "$1"
	mfx-sub --no-follow --from start "$1" |
	    sed -E 's/"seq":[0-9]+,//' | cmp - <(lines 3)
}

# refused STATUS FILE TEXT: with the option $OPTION; the message names the file
refused() {
	MFX_BUS="$AT?$OPTION=$2" status "$1" timeout 20 mfx-pub raw 2>err \
	    </dev/null
	(($(wc -l <err) == 1))
	grep -qF -- "$2: $3" err
}

@test "credentials: a server with an operator knows the user, and no other" {
	mkdir site other
	/usr/bin/python3 "$ROOT/tests/nats_jwt.py" site ann bob
	/usr/bin/python3 "$ROOT/tests/nats_jwt.py" other ann
	server_start nats
	server_wants <site/resolver.conf
	MFX_BUS="$AT?credentials=site/ann.creds" stores_lines raw
	MFX_BUS="$AT?credentials=site/bob.creds" stores_lines other
	# of another operator; with the seed of another user; with none
	{
		sed '/SEED/,$d' site/ann.creds
		sed -n '/BEGIN USER NKEY SEED/,$p' site/bob.creds
	} >mixed
	local file
	for file in other/ann.creds mixed; do
		MFX_BUS="$AT?credentials=$file" status 77 mfx-pub raw 2>err \
		    </dev/null
		refute grep -qF "$(grep ^SU "$file")" err
	done
	MFX_BUS=$AT status 77 mfx-pub raw 2>err </dev/null
	# what can't be a file of credentials is said at once
	OPTION=credentials
	sed -n '/SEED/,$p' site/ann.creds >no-jwt
	sed '/SEED/,$d' site/ann.creds >no-seed
	sed 's/^SU...../SU/' site/ann.creds >bad-seed
	sed 's/\./!/' site/ann.creds >bad-jwt
	head -c 300 site/ann.creds >half
	: >empty
	printf 'a\0b' >zero
	head -c 100000 /dev/zero | tr '\0' x >large
	for file in no-jwt no-seed bad-seed bad-jwt half empty zero; do
		refused 78 $file 'not a file of credentials'
		refute grep -qF "$(grep ^SU site/ann.creds)" err
	done
	MFX_BUS="$AT?credentials=large" status 78 mfx-pub raw 2>err </dev/null ||
	    MFX_BUS="$AT?credentials=large" status 65 mfx-pub raw 2>err \
	    </dev/null
	grep -q '^mfx-pub: large: ' err
	refused 66 nowhere ''
	unreadable site/ann.creds
}

# a file that only another user may read
unreadable() {
	((EUID == 0)) || {
		chmod 000 "$1"
		refused 77 "$1" 'Permission denied'
		return
	}
	chmod 711 . "$BATS_RUN_TMPDIR"
	chmod 600 "$1"
	MFX_BUS="$AT?credentials=$PWD/$1" MFX_HOME=$PWD status 77 setpriv \
	    --reuid nobody --regid nogroup --clear-groups "$BIN/mfx-pub" raw \
	    2>err </dev/null
	grep -qF "$PWD/$1: Permission denied" err
}

@test "a token and a password from files" {
	server_start nats
	AT=nats://127.0.0.1:$(server_port nats)
	echo "$SERVER_PASSWORD" >password
	MFX_BUS="nats://$SERVER_USER@${AT#*//}?password-file=password" \
	    stores_lines raw
	MFX_BUS="nats://$SERVER_USER@${AT#*//}?password-file=nowhere" \
	    status 66 mfx-pub raw 2>err </dev/null
	server_wants <<<'authorization { token: "of-the-sea" }'
	echo of-the-sea >token
	echo of-the-land >wrong
	printf 'a\0b' >zero
	MFX_BUS="$AT?token-file=token" stores_lines two
	OPTION=token-file
	MFX_BUS="$AT?token-file=wrong" status 77 mfx-pub two 2>err </dev/null
	refute grep -q of-the-land err
	refused 78 zero 'not a token'
	refused 66 nowhere ''
	MFX_BUS="nats://ann@${AT#*//}?token-file=token" status 78 mfx-pub two \
	    2>err </dev/null
	MFX_BUS="$AT?nkey=U&seed=token&credentials=token" status 78 mfx-pub \
	    two 2>err </dev/null
}
