# SPDX-License-Identifier: Apache-2.0
# mfx-api with a CA and TLS, for the suites of certificates over HTTP: `load
# certs_api` after `load setup`, `load site` and `load tls`.

# a site with a CA, whose certificate is in ca.crt, and one for a server
make_ca_site() {
	make_site
	mfx-certs ca init
	mfx-certs ca show >ca.crt
	mfx-certs server localhost 127.0.0.1 --out server
}

# serve_api [OPTION…]: mfx-api on $PORT, with TLS, at $URL
serve_api() {
	[[ ${PORT-} ]] || free_port PORT
	start_ready mfx-api -l "127.0.0.1:$PORT" \
	    --tls-cert server/localhost.crt --tls-key server/localhost.key \
	    --tls-ca ca.crt --attempts 1000 "$@"
	URL=https://127.0.0.1:$PORT
	EST=$URL/.well-known/est
	API=$PID
}

ask() {
	curl -sS -m 20 --cacert ca.crt "$@"
}

# log_in: `headers` has the token of the user
log_in() {
	local token
	token=$(ask -H 'Content-Type: application/json' -d \
	    "{\"email\":\"$MFX_USER\",\"password\":\"correct horse\"}" \
	    "$URL/tokens" | jq -r .token)
	printf '%s\n' 'Content-Type: application/json' \
	    "Authorization: $token" >headers
}

# wants STATUS CURL-OPTION…: the answer is in `answer`, its head in `head`
wants() {
	local got
	got=$(ask -D head -o answer -w '%{http_code}' "${@:2}")
	[[ $got == "$1" ]] || { echo "$got, not $1: $*"; cat answer; return 1; }
}

# says WORDS: in the last answer
says() {
	grep -qF -- "$1" answer || { echo "not '$1':"; cat answer; return 1; }
}

# request NAME [SUBJECT [SAN]]: NAME.key, and NAME.b64 with a request for it
request() {
	[[ -e $1.key ]] || new_key "$1"
	openssl req -new -key "$1.key" -subj "${2:-/CN=$THING}" \
	    ${3:+-addext "subjectAltName=$3"} -outform der -out "$1.csr"
	openssl base64 -in "$1.csr" -out "$1.b64"
}

# enroll STATUS HOW NAME [CURL-OPTION…]: sends NAME.b64; what is issued is in
# NAME.crt
enroll() {
	wants "$1" -H 'Content-Type: application/pkcs10' \
	    --data-binary "@$3.b64" "$EST/$2" "${@:4}" || return
	[[ $1 != 200 ]] || openssl base64 -d -A -in answer |
	    openssl pkcs7 -inform der -print_certs | openssl x509 -out "$3.crt"
}

serial() {
	openssl x509 -in "$1" -noout -serial | sed 's/.*=//' | tr A-F a-f
}
