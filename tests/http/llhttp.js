// SPDX-License-Identifier: Apache-2.0
// What Node's parser, llhttp, takes for requests: in and out as frames.c has
// it.  The parser is the one that Node's own server has, strict as it comes.
'use strict';
const {HTTPParser, methods} = process.binding('http_parser');

function run(bytes) {
	const requests = [];
	let body = null, end = 'idle';
	const parser = new HTTPParser();
	parser.initialize(HTTPParser.REQUEST, {}, 0, 0);
	parser[HTTPParser.kOnHeaders | 0] = () => {};
	parser[HTTPParser.kOnMessageBegin | 0] = () => { body = []; };
	parser[HTTPParser.kOnHeadersComplete | 0] =
	    (major, minor, headers, method, url, status, message, upgrade) => {
		requests.push([methods[method], null, upgrade]);
		return 0;
	};
	parser[HTTPParser.kOnBody | 0] = (b, at, n) => {
		body.push(n === undefined ? Buffer.from(b) :
		    Buffer.from(b.slice(at, at + n)));
	};
	parser[HTTPParser.kOnMessageComplete | 0] = () => {
		requests[requests.length - 1][1] =
		    Buffer.concat(body).toString('hex');
		body = null;
	};
	const result = parser.execute(bytes, 0, bytes.length);
	if (result instanceof Error)
		end = result.code;
	else if (requests.some((r) => r[2]))
		end = 'upgrade';
	else if (result < bytes.length)
		end = 'stopped';
	else if (body !== null)
		end = 'partial';
	parser.close();
	return {
		requests: requests.map((r) => r[1] === null ?
		    [r[0], '', 0] : [r[0], r[1]]),
		end,
	};
}

let held = Buffer.alloc(0);
process.stdin.on('data', (more) => {
	held = Buffer.concat([held, more]);
	for (;;) {
		const at = held.indexOf(10);
		const n = at < 0 ? 0 : Number(held.subarray(0, at).toString());
		if (at < 0 || held.length < at + 1 + n)
			return;
		const said = run(Buffer.from(held.subarray(at + 1, at + 1 + n)));
		held = held.subarray(at + 1 + n);
		process.stdout.write(JSON.stringify(said) + '\n');
	}
});
