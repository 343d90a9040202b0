#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The device's own side: mfx-bootstrap fetch asks a mfx-api, over TLS or without,
# and a script on the device takes what it prints.
load setup
load identity
load tls

# a device with everything that a shell could stumble over
NASTY=$'it\'s "$(touch pwned)" `touch pwned`\n\\ $HOME * é\t%s\n\n'

# api [OPTION…]: URL is where it is
api() {
	free_port PORT
	start_ready mfx-api -v -l "127.0.0.1:$PORT" --attempts 1000 "$@"
	URL=http://127.0.0.1:$PORT ERRORS=$PID_ERR
}

add_device() {
	CHANNEL=$(channel --name 'a b' --metadata '{"k":1.50}')
	OTHER=$(channel)
	printf %s "$NASTY" >content
	printf 'private\nkey\n' >private
	mfx-bootstrap add 'dev/1 é' --key-file - --channel "$CHANNEL" \
	    --channel "$OTHER" --content content --client-key private \
	    --client-cert <(echo cert) >added <<<"the key's é"
	THING=$(jq -r .thing_id added) KEY=$(jq -r .thing_key added)
	export MFX_EXTERNAL_ID='dev/1 é'
}

fetch() { MFX_EXTERNAL_KEY="the key's é" mfx-bootstrap fetch "$@" "$URL"; }

@test "fetch prints JSON, the same with --secure" {
	add_device
	api
	fetch >plain
	(($(wc -l <plain) == 1))
	jq -e --arg thing "$THING" --arg key "$KEY" --rawfile content content \
	    --arg a "$CHANNEL" --arg b "$OTHER" '. == {thing_id: $thing,
	    thing_key: $key, channels: [
		{id: $a, name: "a b", metadata: {k: 1.5}},
		{id: $b, name: "", metadata: {}}],
	    content: $content, client_cert: "cert\n",
	    client_key: "private\nkey\n"}' plain
	fetch --secure | cmp - plain
	# the key from a file, and from stdin
	echo "the key's é" >file
	mfx-bootstrap fetch --key-file file "$URL" | cmp - plain
	mfx-bootstrap fetch --key-file - --secure "$URL" <file | cmp - plain
	refute grep -F "the key's" "$ERRORS"
}

@test "fetch -t sh sets variables in every shell, whatever is in them" {
	add_device
	api
	fetch -t sh >vars
	local sh
	for sh in 'bash --posix' sh zsh; do
		MFX_CA_CERT=old $sh -c '. ./vars
		    printf "%s|" "$MFX_THING" "$MFX_KEY" "$MFX_CHANNELS" \
			"$MFX_CONTENT" "$MFX_CLIENT_CERT" "$MFX_CLIENT_KEY" \
			"$MFX_CA_CERT"' >got
		printf '%s|' "$THING" "$KEY" "$CHANNEL $OTHER" "$NASTY" \
		    $'cert\n' $'private\nkey\n' '' | cmp - got
		$sh -c 'eval "$(cat vars)"; printf %s "$MFX_CONTENT"' |
			cmp - content
	done
	[[ ! -e pwned ]]
}

@test "what is wrong has a status of its own, and no key in a message" {
	local bad
	add_device
	api
	for bad in '' --secure; do
		MFX_EXTERNAL_KEY=secret-1 refuses 1 'no device has' \
		    mfx-bootstrap fetch $bad "$URL"
		lacks err secret-1
		MFX_EXTERNAL_KEY=secret-1 refuses 1 'no device has' \
		    mfx-bootstrap fetch $bad --external-id nobody "$URL"
	done
	refuses 64 'which key' mfx-bootstrap fetch "$URL"
	MFX_EXTERNAL_ID= MFX_EXTERNAL_KEY=k refuses 64 'which device' \
	    mfx-bootstrap fetch "$URL"
	MFX_EXTERNAL_KEY=k refuses 64 'http:// is only for this machine' \
	    mfx-bootstrap fetch http://192.0.2.1:1
	MFX_EXTERNAL_KEY=$'k\n' refuses 65 'MFX_EXTERNAL_KEY: ' \
	    mfx-bootstrap fetch "$URL"
	kill "$PID"
	wait "$PID"
	MFX_EXTERNAL_KEY=k refuses 75 '' mfx-bootstrap fetch "$URL"
}

@test "over TLS: the server has to be the right one" {
	add_device
	authority ca
	authority other
	certificate server ca /CN=localhost DNS:localhost,IP:127.0.0.1 serverAuth
	api --tls-cert server.crt --tls-key server.key
	URL=https://localhost:$PORT
	fetch --cacert ca.crt | jq -e --arg thing "$THING" '.thing_id == $thing'
	status 69 fetch --cacert other.crt
}

# a server that is not ours, and answers what it likes: its answer is in FILE
pretend() {
	free_port PORT
	/usr/bin/python3 - "$PORT" "$1" "${2:-application/json}" >hostile.out 2>&1 <<-'EOF2' &
		import http.server, sys
		class H(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        body = open(sys.argv[2], "rb").read()
		        self.send_response(200)
		        self.send_header("Content-Type", sys.argv[3])
		        self.send_header("Content-Length", str(len(body)))
		        self.end_headers()
		        self.wfile.write(body)
		http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), H).serve_forever()
	EOF2
	PIDS+=($!)
	URL=http://127.0.0.1:$PORT
	await 60 curl -so /dev/null "$URL"
}

@test "nothing that a server says is trusted" {
	local body id=00000000-0000-4000-8000-000000000000
	export MFX_EXTERNAL_ID=d
	: >answer
	pretend answer
	while read -r body; do
		printf %s "$body" >answer
		status 69 fetch -t sh >out 2>err
		[[ ! -s out ]]
	done <<-EOF2
		{}
		[]
		{"mainflux_id":"x; touch pwned","mainflux_channels":[]}
		{"mainflux_id":"$id"}
		{"mainflux_id":"$id","mainflux_channels":[{"id":"\$(touch pwned)"}]}
		{"mainflux_id":"$id","mainflux_channels":[1]}
		{"mainflux_id":"$id","mainflux_channels":[],"content":"a\u0000b"}
		{"mainflux_id":"$id","mainflux_channels":[],"content":1}
		{"mainflux_id":"$id","mainflux_channels":[],"content":"x"
	EOF2
	printf '{"mainflux_id":"%s","mainflux_channels":[],"content":"%s"}' \
	    "$id" "'; touch pwned; '" >answer
	fetch -t sh >vars
	sh -c '. ./vars; printf %s "$MFX_CONTENT"' >got
	[[ $(<got) == "'; touch pwned; '" && ! -e pwned ]]
	# sealed: an answer of another time, or of nobody
	status 69 fetch --secure
	head -c 500 /dev/urandom >answer
	status 69 fetch --secure
	: >answer
	status 69 fetch --secure
}

@test "unknown devices: for an administrator, here and with --url" {
	add_device
	api --administrator ann@example.com
	MFX_EXTERNAL_KEY=secret-2 status 1 mfx-bootstrap fetch "$URL"
	MFX_EXTERNAL_KEY=secret-2 status 1 mfx-bootstrap fetch --secure \
	    --external-id nobody "$URL"
	listed() { (($(mfx-bootstrap unknown | wc -l) == 2)); }
	await 60 listed
	mfx-bootstrap unknown >here
	jq -se 'map({(.external_id): .known}) | add ==
	    {"dev/1 é": true, nobody: false}' here
	mfx-bootstrap unknown -H | grep -q '^nobody *127.0.0.1 .*not added'
	log_in_at() { MFX_URL=$URL mfx-token login "$1" --password-file - <<<"${2:-correct horse}"; }
	log_in_at ann@example.com
	MFX_URL=$URL mfx-bootstrap unknown | cmp - here
	add_user bob@example.com
	log_in_at bob@example.com
	MFX_URL=$URL refuses 77 'administrator' mfx-bootstrap unknown
	lacks here secret
	mfx-bootstrap add nobody >/dev/null
	[[ $(mfx-bootstrap unknown | jq -r .external_id) == 'dev/1 é' ]]
}

@test "a replica answers devices, and has every configuration" {
	mkdir -m 700 b
	mfx-registry start --bus "$PWD/bus" --name a
	mfx-registry snapshot snapshot
	mv snapshot b/registry.db
	cp -p "$MFX_HOME/master.key" b/
	add_device
	MFX_HOME=$PWD/b mfx-registry follow --name b --no-follow
	MFX_HOME=$PWD/b api --closed
	fetch | jq -e --arg key "$KEY" '.thing_key == $key'
	MFX_EXTERNAL_KEY=wrong status 1 mfx-bootstrap fetch "$URL"
	# it changes nothing
	[[ $(MFX_HOME=$PWD/b mfx-events | grep -c thing.bootstrap) == 0 ]]
}
