// SPDX-License-Identifier: Apache-2.0
// The users of mfx-write-mongo's database: a writer and a reader.
// Wants ADMIN, the URL of a user who may make them, WRITER and READER, the
// passwords, in the environment: README.md.
const mfx = connect(process.env.ADMIN).getSiblingDB('mfx');
mfx.createUser({ user: 'mfx', pwd: process.env.WRITER, roles: [ 'readWrite' ] });
mfx.createUser({ user: 'mfx_reader', pwd: process.env.READER, roles: [ 'read' ] });
