// SPDX-License-Identifier: Apache-2.0
// mongosh.js … FILE: does what mongosh would do with
// scripts/deploy/stores/create.js, with a client that is not ours.  FerretDB
// has no roles: they are left out, and printed.
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

function database(url) {
	const command = document => execFileSync('/usr/bin/python3',
	    [ path.join(__dirname, 'servers.py'), url, '', 'run',
		JSON.stringify(document) ], { stdio: [ 'ignore', 'pipe', 'inherit' ] });
	return {
		getSiblingDB: name => database(
		    url.replace(/\/([^/]*)$/, `/${name}?authSource=$1`)),
		createUser: ({ user, pwd, roles }) => {
			command({ createUser: user, pwd, roles: [] });
			console.log(user, ...roles);
		},
	};
}

new Function('connect', fs.readFileSync(process.argv.at(-1), 'utf8'))(database);
