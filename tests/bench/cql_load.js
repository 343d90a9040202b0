// SPDX-License-Identifier: Apache-2.0
// cql_load.js MODULE PORT USER PASSWORD INSERTS AT-ONCE [LINES]: as cql_load.c,
// with the driver of Node; with LINES the rows that mfx-write-cassandra makes
// of them.  Prints seconds.
'use strict';
const fs = require('fs');
const [module_, port, user, password, inserts, atOnce, lines] =
  process.argv.slice(2);
const cassandra = require(module_);
const client = new cassandra.Client({
  contactPoints: [`127.0.0.1:${port}`],
  localDataCenter: 'datacenter1',
  credentials: { username: user, password },
  pooling: {
    coreConnectionsPerHost: { [cassandra.types.distance.local]: 1 },
    maxRequestsPerConnection: 32768,
  },
});
const query = lines ? 'INSERT INTO bench.readings (channel, bucket, time, id, ' +
  'publisher, protocol, name, unit, value, string_value, bool_value) VALUES ' +
  '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)' :
  'INSERT INTO bench.t (a, b, c, d, e) VALUES (?, ?, ?, ?, ?)';
const last = Number(inserts);
let next = 0;

// ready-made: they are not to be parsed while the clock runs
const rows = !lines ? null : fs.readFileSync(lines, 'utf8').split('\n', last)
  .map((line, i) => {
    const o = JSON.parse(line), id = Buffer.alloc(24);
    const or = (v) => v === undefined ? cassandra.types.unset : v;
    id.writeBigUInt64BE(BigInt(i), 16);
    return [o.channel, Math.floor(o.t / 86400),
      cassandra.types.Long.fromString(`${BigInt(Math.round(o.t * 1e3)) * 1000000n}`),
      id, or(o.publisher), or(o.protocol), o.n, or(o.u), or(o.v), or(o.vs),
      or(o.vb)];
  });

async function loop() {
  while (next < last) {
    const i = next++;
    await client.execute(query, rows ? rows[i] : ['channel',
      Math.floor(i / 1000), i, i / 4, 'temperature'], { prepare: true });
  }
}

async function main() {
  await client.connect();
  const begin = process.hrtime.bigint();
  await Promise.all(Array.from({ length: Number(atOnce) }, loop));
  console.log((Number(process.hrtime.bigint() - begin) / 1e9).toFixed(3));
  await client.shutdown();
}

main().catch((e) => {
  console.error(e.message);
  process.exit(1);
});
