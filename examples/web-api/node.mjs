#!/usr/bin/env node
// Starts the API in Node. See README.md.

import { serve } from '@hono/node-server';
import { makeApi } from './api.mjs';

const {
  ISSUER: issuer, AUDIENCE: audience, READ_SCOPE: readScope, WRITE_SCOPE: writeScope, HOST: hostname = '127.0.0.1', PORT = '8081',
} = process.env;
if (!issuer || !audience) {
  console.error('Set ISSUER and AUDIENCE: who makes the tokens, and whom they are for. See README.md.');
  process.exit(2);
}

const server = serve({ fetch: makeApi({ issuer, audience, readScope, writeScope }).fetch, hostname, port: Number(PORT) }, ({ port }) =>
  console.log(`http://${hostname}:${port}`),
);
server.on('error', ({ message }) => {
  console.error(message); // such as that somebody else has the port
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
