#!/usr/bin/env node
// Starts the app in Node, with its sessions in Redis if REDIS_URL names one, else in files. See README.md.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { makeApp } from './app.mjs';

const {
  CLIENT_ID: clientId = '', CLIENT_SECRET: clientSecret = '', AUTHORITY: authority = '', PROTOCOL_MODE: protocolMode, PROMPT: prompt,
  API_URL: apiUrl = '', API_SCOPE: apiScope = '', API_WRITE_SCOPE: apiWriteScope, APP_URL: appUrl,
  REDIS_URL, SESSIONS_FOLDER = join(homedir(), '.local/state/doorcode-web-app'), HOST: hostname = '127.0.0.1', PORT = '8080',
} = process.env;
const missing = Object.entries({ CLIENT_ID: clientId, CLIENT_SECRET: clientSecret, AUTHORITY: authority, API_URL: apiUrl, API_SCOPE: apiScope })
  .filter(([, value]) => !value).map(([name]) => name);
if (missing.length > 0) {
  console.error(`Set ${missing.join(', ')}. See README.md.`);
  process.exit(2);
}
const odd = Object.entries({ AUTHORITY: authority, API_URL: apiUrl, APP_URL: appUrl }).find(([, value]) => value && !/^https?:\/\/\w/.test(value));
if (odd) {
  console.error(`${odd[0]} must be a whole address, such as https://login.example.`);
  process.exit(2);
}

const { store, close } = await (REDIS_URL ? inRedis(REDIS_URL) : inFiles(SESSIONS_FOLDER));
const app = makeApp({ clientId, clientSecret, authority, protocolMode, prompt, apiUrl, apiScope, apiWriteScope, appUrl }, store);
const server = serve({ fetch: app.fetch, hostname, port: Number(PORT) }, ({ port }) => console.log(appUrl ?? `http://${hostname}:${port}`));
server.on('error', ({ message }) => {
  console.error(message); // such as that somebody else has the port
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close(close));

/** @param {string} folder */
async function inFiles(folder) {
  const { fileStore } = await import('./stores/files.mjs');
  const store = fileStore(folder);
  await store.sweep();
  return { store, close: store.close };
}

/** @param {string} url */
async function inRedis(url) {
  const { createClient } = await import('redis');
  const { redisStore } = await import('./stores/redis.mjs');
  const redis = createClient({ url, disableOfflineQueue: true }); // while Redis is away, requests fail rather than wait
  redis.on('error', ({ message }) => console.error(`Redis: ${message}`)); // the client connects again by itself
  await redis.connect();
  return { store: redisStore(redis), close: () => redis.destroy() };
}
