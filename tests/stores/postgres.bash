# SPDX-License-Identifier: Apache-2.0
# The row of tests/stores/conformance for PostgreSQL: a place is a database.
load tls
load servers

store_server=postgres

store_place() {
	local name=t${BATS_TEST_NUMBER}_$1
	server_postgres_needs
	$POSTGRES/psql -q -c "CREATE DATABASE $name OWNER $SERVER_USER" \
	    "postgres://postgres:$SERVER_PASSWORD@127.0.0.1:$(server_port \
	    postgres)/postgres" >&2
	server_url postgres | sed "s,/$SERVER_DATABASE\$,/$name,"
}
