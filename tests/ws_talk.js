// SPDX-License-Identifier: Apache-2.0
// A WebSocket client for the suites, on Node's ws (Debian's node-ws):
//
//	NODE_PATH=/usr/share/nodejs node ws_talk.js URL KEY STEP...
//
// send:TEXT, hex:HEX, recv (prints as ws_talk.py does), closed
'use strict';
const WebSocket = require('ws');
const [url, key, ...steps] = process.argv.slice(2);
const ws = new WebSocket(url, { headers: { Authorization: key } });
const came = [];
let done = false;

const timer = setTimeout(() => {
	console.error('ws_talk.js: too long');
	process.exit(1);
}, 60000);

function next() {
	while (steps.length > 0) {
		const [name, value] = [steps[0].split(':', 1)[0],
			steps[0].slice(steps[0].indexOf(':') + 1)];
		if (name === 'send') {
			ws.send(value);
		} else if (name === 'hex') {
			ws.send(Buffer.from(value, 'hex'));
		} else if (name === 'recv') {
			if (came.length === 0)
				return;
			console.log(came.shift());
		} else if (name === 'closed') {
			return;
		}
		steps.shift();
	}
	done = true;
	ws.close();
}

ws.on('open', next);
ws.on('message', (data, binary) => {
	// ws 7 gives a string for text, ws 8 says it in `binary`
	const text = binary === undefined ? typeof data === 'string' : !binary;
	came.push(text ? 'text ' + data : 'bytes ' + data.toString('hex'));
	next();
});
ws.on('close', (code, reason) => {
	if (!done)
		console.log('closed ' + code + ' ' + reason);
	clearTimeout(timer);
});
ws.on('unexpected-response', (request, response) => {
	console.log('refused ' + response.statusCode);
	clearTimeout(timer);
	request.destroy();
});
ws.on('error', () => {});
