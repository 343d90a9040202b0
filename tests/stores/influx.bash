# SPDX-License-Identifier: Apache-2.0
# The row of tests/stores/conformance for InfluxDB: a place is a database.
# Readings of one series and time are one point in its first layout; the one
# that keeps them is asked in influx.bats.
load tls
load servers

store_server=influx
store_lacks="twins beyond"
# its log says that it is full for ever
store_restarts=yes

store_place() {
	echo "$(server_url $store_server)/t${BATS_TEST_NUMBER}_$1"
}

store_reads() {
	server_curl influx /query --data-urlencode "q=CREATE USER reads \
	    WITH PASSWORD 'eye'; GRANT READ ON ${1##*/} TO reads" >/dev/null
	echo "${1/$SERVER_USER:$SERVER_PASSWORD/reads:eye}"
}

# With INFLUX=2, as `make nightly` has it, the server is one of InfluxDB 2, and
# a place is a bucket.
if [[ ${INFLUX:-} == 2 ]]; then
	store_server=influx2
	unset -f store_reads	# tests/nightly/influx2.bats has it

	store_place() {
		local name=t${BATS_TEST_NUMBER}_$1
		if [[ $1 == missing ]]; then
			echo "$(server_url influx2)/$name?org=$SERVER_USER"
		else
			server_bucket "$name"
		fi
	}
fi
