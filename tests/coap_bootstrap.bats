#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# mfx-adapt-coap --bootstrap: devices that fetch their configuration over CoAP,
# and what is noted of them.
load setup
load site
load tls
load coap
load identity

setup_suite_test() {
	make_site
	free_port PSK ADMIN
	printf 'ext key' >key
	# more than one packet has
	python3 -c 'print("line \"of\" the configuration\n" * 1500)' >content
	mfx-bootstrap add sn-1 --key-file key --channel "$CHANNEL" >added
	mfx-bootstrap add sn-2 --key-file key --channel "$CHANNEL" \
	    --content content --client-key key >added.2
	THING1=$(jq -r .thing_id added)
	CONFIG="{\"mainflux_id\":\"$THING1\",\"mainflux_key\":\"$(
	    jq -r .thing_key added)\",\"mainflux_channels\":[{\"id\":\"$CHANNEL\""
}

serve_bootstrap() {
	serve_coap -o raw --bootstrap --listen-psk "127.0.0.1:$PSK" \
	    --admin "127.0.0.1:$ADMIN" "$@"
}

# boot SCHEME PORT ID QUERY [ARGUMENT…]
boot() {
	coap_at get "$1://127.0.0.1:$2/things/bootstrap/$3$4" "${@:5}"
}

is_config() {
	[[ $SAID == "$CONFIG"* ]] || { echo "said '$SAID'"; return 1; }
}

raw_boot() {
	timeout 60 "$ROOT/tests/coap_bootstrap.py" "$@"
}

# noted ID SUCCESS: in the last event of a device
noted() {
	mfx-events | grep '"thing.bootstrap"' | tail -n 1 >event
	grep -q "\"external_id\":\"$1\"" event
	grep -q "\"success\":$2\b" event
}

@test "without --bootstrap there is nothing" {
	serve_coap -o raw
	boot coap "$PORT" sn-1 '?auth=ext%20key'
	[[ $SAID == 4.04* ]]
	[[ ! $(mfx-bootstrap unknown) ]]
}

@test "a device gets its configuration over UDP, TCP, DTLS and TLS" {
	serve_bootstrap
	boot coap "$PORT" sn-1 '?auth=ext%20key'
	is_config
	await 20 noted sn-1 1
	boot coap+tcp "$PORT" sn-1 '?authorization=ext%20key'
	is_config
	# the key is that of the handshake, with the external id
	boot coaps "$PSK" sn-1 '' -u sn-1 -k 'ext key'
	is_config
	boot coaps+tcp "$PSK" sn-1 '' -u sn-1 -k 'ext key'
	is_config
	# and not one of another device, nor of a thing
	boot coaps "$PSK" sn-2 '' -u sn-1 -k 'ext key'
	[[ $SAID == '4.03 missing external key' ]]
	boot coaps "$PSK" sn-1 '' -u "$THING" -k "$KEY"
	[[ $SAID == '4.03 missing external key' ]]
	# it is no thing
	coap_at post "coaps://127.0.0.1:$PSK/channels/$CHANNEL/messages" \
	    -u sn-1 -k 'ext key' -e x
	[[ $SAID == 4.03* ]]
}

@test "what does not fit into a packet comes in blocks" {
	serve_bootstrap
	boot coap "$PORT" sn-2 '?auth=ext%20key'
	jq -e --rawfile want content '.content == $want and
	    .client_key == "ext key"' <<<"$SAID" >got
	boot coap+tcp "$PORT" sn-2 '?auth=ext%20key'
	jq -e --rawfile want content '.content == $want' <<<"$SAID" >got
	boot coaps "$PSK" sn-2 '' -u sn-2 -k 'ext key'
	jq -e --rawfile want content '.content == $want' <<<"$SAID" >got
	# a device has asked three times, however many blocks there were
	three() { (($(mfx-events | grep -c '"thing.bootstrap"') == 3)); }
	await 20 three
}

@test "an answer for a device without TLS is sealed, as the page says" {
	serve_bootstrap
	raw_boot sealed "$PORT" sn-1 'ext key' >got
	SAID=$(cat got)
	is_config
	local szx
	for szx in 6 2; do
		raw_boot sealed "$PORT" sn-2 'ext key' $szx >got
		jq -e --rawfile want content '.content == $want' got >same
	done
	[[ $(raw_boot sealed "$PORT" sn-1 no) == 4.04* ]]
	[[ $(raw_boot sealed "$PORT" nobody 'ext key') == 4.04* ]]
}

# fetch URL [ARGUMENT…]: of sn-2
fetch() {
	mfx-bootstrap fetch --external-id sn-2 --key-file key "${@:2}" "$1"
}

@test "mfx-bootstrap fetch: the device's own side, over UDP, TCP, DTLS and TLS" {
	local url
	serve_bootstrap
	for url in "coap://127.0.0.1:$PORT" "coap+tcp://127.0.0.1:$PORT" \
	    "coaps://127.0.0.1:$PSK" "coaps+tcp://127.0.0.1:$PSK"; do
		fetch "$url" >got
		jq -e --rawfile want content --slurpfile added added.2 '
		    .content == $want and .client_key == "ext key" and
		    .thing_id == $added[0].thing_id and
		    .thing_key == $added[0].thing_key' got >same
		[[ $url == coaps* ]] || fetch "$url" --secure | cmp - got
	done
	fetch "coap://localhost:$PORT" -t sh >vars
	sh -c '. ./vars; printf %s "$MFX_CONTENT"' | cmp - content
	# what is wrong, with a status of its own
	echo wrong >wrong
	for url in "coap://127.0.0.1:$PORT" "coap+tcp://127.0.0.1:$PORT"; do
		refuses 1 'no device has' fetch "$url" --key-file wrong
		refuses 1 'no device has' fetch "$url" --key-file wrong --secure
		refuses 1 'no device has' fetch "$url" --external-id nobody
	done
	for url in coaps coaps+tcp; do
		refuses 75 'handshake failed' fetch "$url://127.0.0.1:$PSK" \
		    --key-file wrong --timeout 3s
	done
	lacks err wrong
	refuses 64 'coap:// is only for this machine' fetch coap://192.0.2.1
	refuses 64 'must be coap://host' fetch "coap://127.0.0.1:$PORT/x"
	refuses 64 'must be coap://host' fetch coapx://127.0.0.1
	refuses 64 'is for coap://' fetch coaps://127.0.0.1 --secure
	head -c 300 /dev/zero | tr '\0' k >long
	refuses 64 'at most 250 without --secure' \
	    fetch "coap://127.0.0.1:$PORT" --key-file long
	# nobody there, and one that says nothing
	kill "$PID"
	await 30 gone "$PID"
	refuses 75 '' fetch "coap://127.0.0.1:$PORT"
	refuses 75 '' fetch "coap+tcp://127.0.0.1:$PORT"
	start_ready python3 -c 'import os, socket, sys
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
os.write(int(sys.argv[3]), b"READY=1\n")
while True: s.recv(2000)' "$PORT"
	refuses 75 'no answer in time' fetch "coap://127.0.0.1:$PORT" \
	    --timeout 300ms
}

@test "unknown devices and wrong keys are refused alike, limited and listed" {
	serve_bootstrap --attempts 5
	boot coap "$PORT" sn-1 '?auth=wrong'
	local refused=$SAID
	[[ $refused == 4.04* ]]
	boot coap "$PORT" nobody '?auth=ext%20key'
	[[ $SAID == "$refused" ]]
	listed() {
		mfx-bootstrap unknown | jq -se 'map([.external_id, .known]) |
		    sort == [["nobody", false], ["sn-1", true]]'
	}
	await 20 listed
	refute grep -r wrong "$MFX_HOME"
	await 20 noted nobody 0
	[[ $(raw_boot attempts "$PORT" sn-1 'ext key' 4) == \
	    '4.04 4.29 True too many attempts; try again later' ]]
	# the right key, of another id
	boot coap "$PORT" sn-2 '?auth=ext%20key' -b 64
	[[ $SAID == *mainflux_key* ]]
	# an unknown identity fails as a wrong key does: there is no session
	boot coaps "$PSK" sn-1 '' -u sn-1 -k wrong -B 2
	[[ $SAID != *mainflux* ]]
	boot coaps "$PSK" nobody '' -u nobody -k wrong -B 2
	[[ $SAID != *mainflux* ]]
}

# guess IDENTITY KEY: is it the key of a handshake?
guess() {
	timeout 30 openssl s_client -connect "127.0.0.1:$PSK" -tls1_2 \
	    -psk_identity "$1" -psk "$(printf %s "$2" | od -An -tx1 |
		tr -d ' \n')" </dev/null >guessed 2>&1
}

@test "a handshake by another key than the device's is a failed attempt" {
	serve_bootstrap --attempts 3
	local scheme i
	# those that succeed do not count
	for scheme in coaps coaps+tcp; do
		for i in 1 2 3 4; do
			boot $scheme "$PSK" sn-1 '' -u sn-1 -k 'ext key'
			is_config
		done
	done
	guess sn-1 'ext key'
	for i in a b c; do
		refute guess sn-1 $i
	done
	refute guess sn-1 'ext key'
	boot coap "$PORT" sn-1 '?auth=ext%20key'
	[[ $SAID == '4.29 too many attempts; try again later' ]]
	# others do not wait for it
	boot coaps "$PSK" sn-2 '' -u sn-2 -k 'ext key' -b 64
	[[ $SAID == *mainflux_key* ]]
	guess "$THING" "$KEY"
}

@test "what is not quite a request" {
	serve_bootstrap
	raw_boot oddities "$PORT" sn-1 'ext key' >got
	diff - got <<-'END'
	twice: 4.00
	post: 4.05
	no id: 4.00
	more: 4.04
	accept: 4.06
	block: 4.00
	nul: 4.04
	long: 4.04
	no proof: 4.00
	good: 2.05
	non: True 2.05
	END
}

@test "a key and a device that are changed or removed count at once" {
	serve_bootstrap
	printf another >key2
	mfx-bootstrap update "$THING1" --key-file key2
	boot coap "$PORT" sn-1 '?auth=ext%20key'
	[[ $SAID == 4.04* ]]
	boot coap "$PORT" sn-1 '?auth=another'
	is_config
	boot coaps "$PSK" sn-1 '' -u sn-1 -k another
	is_config
	mfx-bootstrap remove "$THING1"
	boot coap "$PORT" sn-1 '?auth=another'
	[[ $SAID == 4.04* ]]
}

@test "in clear only a client on this machine gets keys" {
	cat >inside <<-'END'
	set -euo pipefail
	ip link set lo up
	ip address add 198.51.100.1/32 dev lo
	mkfifo ready
	exec 9<>ready
	mfx-adapt-coap -l 198.51.100.1:5683 --bootstrap -o raw --ready-fd 9 \
	    </dev/null &
	trap 'kill $!' EXIT
	read -rt 60 line <&9
	ask() {
		timeout 30 coap-client-openssl -B 10 -m get \
		    "coap://198.51.100.1/things/bootstrap/sn-1?auth=ext%20key" \
		    "$@" 2>&1
	}
	ask
	"$ROOT/tests/coap_bootstrap.py" sealed 5683 sn-1 "ext key"
	END
	COAP_HOST=198.51.100.1 ROOT=$ROOT unshare -rn bash inside >said 3>&-
	grep -q "4.03 without DTLS or TLS it is at /things/bootstrap/secure/" said
	grep -q "^$(sed 's/[][]/\\&/g' <<<"$CONFIG")" said
}

@test "a registry that may not be written: devices are answered, and it is said" {
	((EUID != 0)) || {
		# root may write everything: the thread finds it locked instead
		serve_bootstrap
		exec {lock}> >(sqlite3 "$MFX_HOME/registry.db" >locked)
		echo 'begin immediate; select 1;' >&"$lock"
		await 20 grep -q 1 locked
		boot coap "$PORT" sn-1 '?auth=ext%20key'
		is_config
		await 30 grep -q 'what devices asked for is not noted' "$PID_ERR"
		exec {lock}>&-
		boot coap "$PORT" sn-1 '?auth=ext%20key'
		is_config
		await 20 noted sn-1 1
		return
	}
	chmod 400 "$MFX_HOME/registry.db"
	serve_bootstrap
	boot coap "$PORT" sn-1 '?auth=ext%20key'
	is_config
	await 30 grep -q 'what devices asked for is not noted' "$PID_ERR"
}
