// SPDX-License-Identifier: Apache-2.0
// cql_load.js MODULE PORT USER PASSWORD INSERTS AT-ONCE: as cql_load.c, with
// the driver of Node; prints seconds.
'use strict';
const [module_, port, user, password, inserts, atOnce] = process.argv.slice(2);
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
const query = 'INSERT INTO bench.t (a, b, c, d, e) VALUES (?, ?, ?, ?, ?)';
const last = Number(inserts);
let next = 0;

async function loop() {
  while (next < last) {
    const i = next++;
    await client.execute(query, ['channel', Math.floor(i / 1000), i, i / 4,
      'temperature'], { prepare: true });
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
