// SPDX-License-Identifier: Apache-2.0
// One that listens on a WebSocket, with Node's ws (Debian's node-ws), for
// tests/matrix.py:
//
//	NODE_PATH=/usr/share/nodejs node matrix.js URL KEY
//
// Prints `open`, `text HEX` or `bytes HEX` for each message, and at the end
// `closed CODE`; or `refused STATUS`.
'use strict';
const WebSocket = require('ws');
const [url, key] = process.argv.slice(2);
const ws = new WebSocket(url, { headers: { Authorization: key } });

ws.on('open', () => console.log('open'));
ws.on('message', (data, binary) => {
	// ws 7 gives a string for text, ws 8 says it in `binary`
	const text = binary === undefined ? typeof data === 'string' : !binary;
	console.log((text ? 'text ' : 'bytes ') +
		Buffer.from(data).toString('hex'));
});
ws.on('close', code => console.log('closed ' + code));
ws.on('unexpected-response', (request, response) => {
	console.log('refused ' + response.statusCode);
	request.destroy();
});
ws.on('error', () => {});
