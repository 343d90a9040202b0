#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What every program says of a file with a secret in it that it can't read: a
# row of as_secret for each option of each program that names one.
load setup

# every program, verb and option that names a file with a secret in it; that of
# a token is written at login, and is no matter where nobody has one yet; that
# of the password of before is read when the server has said who we are
secret_options() {
	local p
	for p in "$BIN"/mfx*; do
		[[ $p == *.so ]] || "$p" --options | awk -F '\t' -v OFS=: \
		    -v p="${p##*/}" '{ print p, $1, $2 }'
	done | awk -F : '$3 ~ /^--(.*-)?(password|key|token|store)-file$/ ||
	    $3 ~ /^--(tls-)?key$/ { print $1 ":" $2 ":" $3 }' |
		grep -v -e :login: -e :logout: -e 'users:[cv].*:--token' \
		    -e :--old-password
}

# as_secret PROGRAM VERB OPTION: ARGS, with which it wants to read the file
# `secret` before it asks anybody
as_secret() {
	INPUT=
	local o=($3 secret) user=(--user ann@example.com)
	ARGS=($2)
	case $1:$2:$3 in
	mfx-prune-*) ARGS=(--keep-age 1d) ;;&
	mfx-*-cassandra::--key) ARGS+=(--cert cert) ;;&
	mfx-*-cassandra:*) ARGS+=("${o[@]}" cassandra://u@127.0.0.1:1/k) ;;
	mfx-*-influx:*) ARGS+=("${o[@]}" http://127.0.0.1:1/d) ;;
	mfx-*-mongo:*) ARGS+=("${o[@]}" mongodb://u@127.0.0.1:1/d) ;;
	mfx-*-postgres:*) ARGS+=("${o[@]}" postgres://u@127.0.0.1:1/d) ;;
	mfx-adapt-mqtt:*) ARGS=(--host 127.0.0.1 --topic t --tls-ca cert
		--tls-cert cert --tls-key cert --username u "${o[@]}") ;;
	mfx-adapt-coap:*) ARGS=(--listen-tls 127.0.0.1:0 --tls-cert cert
		"${o[@]}") ;;
	*:--tls-key) ARGS=(-l 127.0.0.1:0 --tls-cert cert "${o[@]}") ;;
	mfx-api:*) ARGS=(-l 127.0.0.1:0 "${o[@]}") ;;
	mfx-events::--password-file) ARGS=(--redis redis://127.0.0.1:1
		"${o[@]}") ;;
	mfx-certs:ca:--key-file) ARGS+=(import x --cert crt "${o[@]}") ;;
	mfx-certs:server:--password-file) ARGS+=(localhost --out p12 "${o[@]}") ;;
	mfx-certs:renew:--password-file) ARGS+=("$THING" --new-key --out p12
		"${o[@]}") ;;
	mfx-certs:*:--password-file) ARGS+=("$THING" --out p12 "${o[@]}") ;;
	mfx-site:backup:--key) ARGS+=("${o[@]}" to) ;;
	mfx-site:*:--key) ARGS+=("${o[@]}" /dev/null) ;;
	mfx-can::--key-file) ARGS=("${o[@]}" publish c) ;;
	mfx-bootstrap:add:--key-file) ARGS+=("${user[@]}" a "${o[@]}") ;;
	mfx-bootstrap:update:--key-file) ARGS+=("${user[@]}" "$THING" "${o[@]}") ;;
	mfx-bootstrap:fetch:--key-file) ARGS+=(--external-id a "${o[@]}"
		http://127.0.0.1:1) ;;
	mfx-things:create:--key-file) ARGS+=("${user[@]}" --name a "${o[@]}") ;;
	mfx-things:key:--key-file) ARGS+=("${user[@]}" "$THING" "${o[@]}") ;;
	mfx-users:create:--password-file) ARGS+=(bob@example.com "${o[@]}") ;;
	mfx-users:*:--password-file) ARGS+=(ann@example.com "${o[@]}") ;;
	*:--token-file)
		ARGS+=(--url http://127.0.0.1:1 "${o[@]}")
		case $1:$2 in
		mfx-site:export|mfx-site:log) ;;
		mfx-site:undo) ARGS+=(1) ;;
		mfx-site:*) ARGS+=(/dev/null) ;;
		mfx-certs:list) ARGS+=(1) ;;
		mfx-certs:renew) ARGS+=("$THING") ;;
		*:list|*:tree|mfx-bootstrap:unknown|mfx-events:|mfx-token:show|mfx-token:refresh) ;;
		mfx-users:grants) ;;
		mfx-users:grant) ARGS+=(bob@example.com view --group "$THING") ;;
		mfx-certs:sign) ARGS+=("$THING") INPUT=csr ;;
		mfx-can:) ARGS+=(t publish c) ;;
		mfx-users:update) ARGS+=(ann@example.com --password-file new) ;;
		mfx-token:create) ARGS+=(a --scope things:read) ;;
		*:create) ARGS+=(--name a) ;;
		*:update) ARGS+=(c --name a) ;;
		*:state) ARGS+=(active t) ;;
		*:connect|*:disconnect|*assign) ARGS+=(c t) ;;
		*)	ARGS+=(a) ;;
		esac ;;
	esac
}

# Without what lets root read all files.
unprivileged() {
	local as=()
	((EUID != 0)) || as=(setpriv --bounding-set
		-dac_override,-dac_read_search)
	timeout 60 "${as[@]}" "$@" <"${INPUT:-/dev/null}"
}

@test "a file with a secret that may not be read is 77, one that is not there 66" {
	local row p verb option bad=0 n=0 want got
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout cert -out crt -subj /CN=localhost -days 1 2>/dev/null
	cat crt >>cert
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -keyout key.pem -out csr -subj /CN=a 2>/dev/null
	echo correct horse battery >new
	mfx-users create ann@example.com --password-file new
	THING=$(mfx-things create --user ann@example.com --name a | jq -r .id)
	mfx-certs ca init >/dev/null
	mfx-certs issue "$THING" >/dev/null
	for row in $(secret_options); do
		IFS=: read -r p verb option <<<"$row"
		n=$((n + 1))
		as_secret "$p" "$verb" "$option"
		for want in 66 77; do
			rm -f secret
			((want == 66)) || install -m 0 /dev/null secret
			got=0
			unprivileged "$p" "${ARGS[@]}" >out 2>err || got=$?
			((got == want)) && grep -q "secret: $(((want == 66)) &&
			    echo No such file || echo Permission denied)" err &&
				continue
			echo "$p ${ARGS[*]}: $got, not $want: $(<err)"
			bad=1
		done
	done
	((n > 50 && !bad))
}

@test "the same of the secrets that the URL of a bus names" {
	local option
	for option in password-file= nkey=UABC\&seed=; do
		rm -f secret
		status 66 unprivileged env \
		    MFX_BUS="nats://u@127.0.0.1:1?${option}secret" mfx-sub s
		install -m 0 /dev/null secret
		status 77 unprivileged env \
		    MFX_BUS="nats://u@127.0.0.1:1?${option}secret" mfx-sub s
	done
}
