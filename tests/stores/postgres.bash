# SPDX-License-Identifier: Apache-2.0
# The row of tests/stores/conformance for PostgreSQL: a place is a database.
load tls
load servers

store_server=postgres
store_clock=yes

# sql DATABASE TEXT…: as the superuser
sql() {
	server_postgres_needs
	$POSTGRES/psql -q "${@:2}" \
	    "postgres://postgres:$SERVER_PASSWORD@127.0.0.1:$(server_port \
	    $store_server)/$1" >&2
}

store_place() {
	local name=t${BATS_TEST_NUMBER}_$1
	sql postgres -c "CREATE DATABASE $name OWNER $SERVER_USER"
	server_url $store_server | sed "s,/$SERVER_DATABASE\$,/$name,"
}

store_reads() {
	sql "${1##*/}" -c "CREATE ROLE reads LOGIN PASSWORD 'eye'" \
	    -c 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reads'
	echo "${1/$SERVER_USER:$SERVER_PASSWORD/reads:eye}"
}
