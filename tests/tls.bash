# SPDX-License-Identifier: Apache-2.0
# Certificates for the suites: `load tls`.

# new_key NAME: a private key in NAME.key
new_key() {
	(umask 077; openssl ecparam -name prime256v1 -genkey -noout -out "$1.key")
}

# authority NAME
authority() {
	new_key "$1"
	openssl req -x509 -new -key "$1.key" -days 2 -subj "/CN=$1" \
	    -out "$1.crt" 2>/dev/null
}

# certificate NAME AUTHORITY SUBJECT SAN [USAGE [DAYS]]: NAME.crt and .key
certificate() {
	new_key "$1"
	openssl req -new -key "$1.key" -subj "$3" -out "$1.csr"
	{
		echo "extendedKeyUsage=${5:-clientAuth}"
		[[ -z $4 ]] || echo "subjectAltName=$4"
	} >"$1.ext"
	if (("${6:-2}" > 0)); then
		openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" \
		    -days "${6:-2}" -extfile "$1.ext" -out "$1.crt" 2>/dev/null
	else
		mkdir -p expired
		: >expired/index.txt
		openssl ca -batch -config <(printf '%s\n' '[ca]' \
		    default_ca=x '[x]' database=expired/index.txt \
		    serial=expired/serial default_md=sha256 policy=p \
		    new_certs_dir=expired '[p]' commonName=supplied) \
		    -create_serial -in "$1.csr" -cert "$2.crt" \
		    -keyfile "$2.key" -extfile "$1.ext" -notext \
		    -startdate 20200101000000Z -enddate 20200201000000Z \
		    -out "$1.crt" 2>/dev/null
	fi
}

# revoke [NAME…]: crl.pem, of the authority ca, has these certificates too
revoke() {
	local name config="[ca]
default_ca=x
[x]
database=crl.index
crlnumber=crl.number
default_md=sha256
default_crl_days=2"
	[[ -e crl.number ]] || { : >crl.index; echo 01 >crl.number; }
	for name; do
		openssl ca -config <(echo "$config") -cert ca.crt \
		    -keyfile ca.key -revoke "$name.crt" 2>/dev/null
	done
	openssl ca -config <(echo "$config") -cert ca.crt -keyfile ca.key \
	    -gencrl -out crl.pem 2>/dev/null
}
