# SPDX-License-Identifier: Apache-2.0
# For the suites about CoAP: `load coap` after `load site`.

# serve_coap [OPTION…]: mfx-adapt-coap on $PORT, its stdin the file $COAP_IN
serve_coap() {
	[[ ${PORT-} ]] || free_port PORT
	start_ready bash -c 'exec mfx-adapt-coap "$@" <"${COAP_IN:-/dev/null}"' \
	    - -l "127.0.0.1:$PORT" "$@"
}

# coap_at METHOD URI [ARGUMENT…]: runs coap-client, whose status is always 0;
# its output goes into $SAID as one line: '' for a success without a body.
# Without an answer, which also prints nothing, coap-client is ended after 30 s
# and $SAID is 'no answer'.
coap_at() {
	SAID=$(set -o pipefail
		{
			timeout 30 coap-client-openssl -B 100 -m "$1" "${@:3}" "$2" 2>&1
			(($? != 124))
		} | tr -d '\0' | tr '\n' ' ') || SAID='no answer'
	SAID=${SAID%"${SAID##*[! ]}"}
}

# coap METHOD SCHEME REST [ARGUMENT…]: for the messages of $CHANNEL
coap() {
	coap_at "$1" "$2://127.0.0.1:$PORT/channels/$CHANNEL/messages$3" \
	    "${@:4}"
}

said() {
	[[ $SAID == "$1" ]] || { echo "said '$SAID', not '$1'"; return 1; }
}

# raw WHAT [ARGUMENT…]: see coap_raw.py
raw() {
	timeout 60 "$ROOT/tests/coap_raw.py" "$1" "$PORT" "${@:2}"
}

lines() {
	cat "$MFX_HOME"/bus/raw/*.ndjson 2>/dev/null
}

n_lines() {
	(($(lines | wc -l) == $1)) || { echo "lines:"; lines; return 1; }
}
