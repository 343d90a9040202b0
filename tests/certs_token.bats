#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-certs with a CA whose key is in a PKCS #11 token, SoftHSM's.
load setup
load site

MODULE=/usr/lib/softhsm/libsofthsm2.so
PIN=271828

setup_suite_test() {
	make_site
	mkdir tokens
	printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$PWD/tokens" \
	    >softhsm2.conf
	export SOFTHSM2_CONF=$PWD/softhsm2.conf PIN
	unset MFX_PKCS11_PIN
	softhsm2-util --init-token --free --label site --pin "$PIN" \
	    --so-pin 31415926 >/dev/null
	(umask 077; echo "$PIN" >pin)
}

# key NAME TYPE ID: makes one in the token
key() {
	pkcs11-tool --module $MODULE --token-label site --login --pin env:PIN \
	    --keypairgen --key-type "$2" --label "$1" --id "$3" >/dev/null 2>&1
}

# fails STATUS WORDS COMMAND…: with that status and one line with these words
fails() {
	local want=$1 words=$2
	shift 2
	status "$want" "$@" >out 2>err || { cat err; return 1; }
	(($(wc -l <err) == 1)) && grep -qF -- "$words" err ||
		{ echo "not '$words':"; cat err; return 1; }
}

signs() {
	mfx-certs ca show "$1" >"$1.crt"
	mfx-certs issue --ca "$1" "$THING" >by.pem
	openssl verify -x509_strict -CAfile "$1.crt" by.pem
	mfx-certs verify by.pem
}

@test "a CA's key in a token: made there, signs all that a CA signs" {
	local type id=10
	for type in EC:prime256v1 EC:secp384r1 rsa:2048; do
		key "$type" "$type" $((id += 1))
		mfx-certs ca init "ca.${type//:/.}" --pin-file pin \
		    --outside "pkcs11:token=site;object=${type//:/%3A}"
		signs "ca.${type//:/.}"
	done
	mfx-certs ca list | jq -se 'map(.key) == ["token", "token", "token"]'
	# one below, a server, a request, a list
	mfx-certs ca init --parent ca.rsa.2048 line
	signs line
	mfx-certs server --ca ca.rsa.2048 localhost >server.pem
	openssl verify -purpose sslserver -CAfile ca.rsa.2048.crt server.pem
	openssl req -new -newkey ed25519 -nodes -keyout x.key -subj /CN=x \
	    2>/dev/null | mfx-certs sign --ca ca.rsa.2048 "$THING" >x.crt
	openssl verify -CAfile ca.rsa.2048.crt x.crt
	mfx-certs crl --ca ca.rsa.2048 |
		openssl crl -noout -CAfile ca.rsa.2048.crt
	# threads that sign at once
	yes '{"name":"m"}' | head -n 60 | mfx-things create -f - >things
	mfx-certs issue --ca ca.EC.prime256v1 -f things --out dir
	openssl verify -CAfile ca.EC.prime256v1.crt dir/*-*.crt >said
	(($(grep -c ': OK$' said) == 60))
}

@test "a CA that exists is imported with its key in a token" {
	key ca EC:prime256v1 0a1f
	mfx-certs ca init --outside 'pkcs11:object=ca' --pin-file pin one
	mfx-certs ca show one >one.crt
	mfx-certs ca import two --cert one.crt --pin-file pin \
	    --outside "pkcs11:token=site;object=ca?module-path=$MODULE"
	signs two
	# by id, too
	mfx-certs ca init three --pin-file pin --outside 'pkcs11:id=%0A%1f'
	signs three
	key other EC:prime256v1 02
	fails 65 'not that of the certificate' mfx-certs ca import four \
	    --cert one.crt --outside 'pkcs11:object=other' --pin-file pin
	fails 78 'name the same module' mfx-certs crl
}

@test "the PIN: from a file or the environment, and nowhere else" {
	local uri='pkcs11:token=site;object=ca'
	key ca EC:prime256v1 0a1f
	fails 78 'no PIN' mfx-certs ca init --outside "$uri"
	fails 64 'pin-value' mfx-certs ca init --outside "$uri?pin-value=$PIN"
	fails 64 'given twice' mfx-certs ca init --pin-file pin \
	    --outside "$uri?pin-source=file:$PWD/pin"
	fails 64 'only with --outside pkcs11' mfx-certs ca init --pin-file pin
	fails 64 'only with --outside pkcs11' mfx-certs ca init --pin-file pin \
	    --outside ca.key
	chmod 640 pin
	fails 78 'others may read it' mfx-certs ca init --outside "$uri" \
	    --pin-file pin
	chmod 600 pin
	mkdir 'a b'
	mv pin 'a b/c&d'
	mfx-certs ca init --outside "$uri" --pin-file 'a b/c&d'
	(cd / && mfx-certs issue "$THING" >/dev/null)
	refute grep -rqF "$PIN" "$MFX_HOME"
	grep -qaF 'a%20b/c%26d' "$MFX_HOME"/registry.db*
	mv 'a b/c&d' pin
	fails 66 'c&d: No such file' mfx-certs issue "$THING"
	MFX_PKCS11_PIN=$PIN mfx-certs issue "$THING" >/dev/null
	MFX_PKCS11_PIN=1234 fails 78 'PIN incorrect' mfx-certs issue "$THING"
	refute grep -F 1234 err
	mfx-certs ca init --outside "$uri?pin-source=file:$PWD/pin" second
	signs second
}

@test "a URI that names no key of a token is refused with the reason" {
	local uri
	key ca EC:prime256v1 0a1f
	for uri in pkcs11:x pkcs11:object= 'pkcs11:object=%zz' 'pkcs11:object=%00' \
	    'pkcs11:object=a%2' 'pkcs11:object=ca?pin-source=file:pin' \
	    'pkcs11:object=ca?pin-source=|cat' 'pkcs11:object=ca?x=y' \
	    'pkcs11:object=ca?module-path=x.so' "pkcs11:object=$(printf %05000d 0)"; do
		fails 64 'not a PKCS #11 URI' env MFX_PKCS11_PIN="$PIN" \
		    mfx-certs ca init --outside "$uri"
	done
	export MFX_PKCS11_PIN=$PIN
	for uri in 'pkcs11:token=x;object=ca' 'pkcs11:token=site;object=x'; do
		fails 78 'no such token' mfx-certs ca init --outside "$uri"
	done
	fails 78 'x.so: No such file' \
	    mfx-certs ca init --outside 'pkcs11:object=ca?module-path=/x.so'
	fails 78 'text.so' \
	    mfx-certs ca init --outside "pkcs11:object=ca?module-path=$PWD/text.so"
	mkdir none
	OPENSSL_ENGINES=$PWD/none fails 69 'install libengine-pkcs11-openssl' \
	    mfx-certs ca init --outside 'pkcs11:object=ca'
	[[ -z $(mfx-certs ca list) ]]
}
