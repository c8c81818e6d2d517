#!/usr/bin/env node
// A service that signs in many people, on as many machines as it takes: nothing is kept here, all is in Redis. A browser holds its session by
// an id that nobody can guess, in a cookie that no script can read; no token is ever sent to it. See README.md.

import { createServer } from 'node:http';
import { createClient } from 'redis';
import { page } from './pages.mjs';
import { SignIn } from './sign-in.mjs';

const { CLIENT_ID: clientId, AUTHORITY: authority, REDIS_URL: url = 'redis://127.0.0.1:6379', HOST = '127.0.0.1', PORT = '8080' } = process.env;

const COOKIE = '__Host-session';
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';
const SECURITY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'";

/** How long a browser waits at most, in milliseconds. */
const PATIENCE = 20_000;

const redis = createClient({ url, disableOfflineQueue: true }); // while Redis is away, requests fail rather than wait
redis.on('error', ({ message }) => console.error(`Redis: ${message}`)); // the client connects again by itself
await redis.connect();

const sessionOf = (id) => new SignIn(redis, id, { clientId, authority });

/** @returns {Promise<{ state?: object, cookie?: string, status?: number }>} what to show, or what to set and go home */
async function respond({ method, url, headers }) {
  const id = new RegExp(`(?:^|; )${COOKIE}=([0-9a-f-]{36})(?:;|$)`).exec(headers.cookie ?? '')?.[1];
  const session = id && sessionOf(id);
  // No page of somebody else's may sign people in or out here, and none of another host of this domain.
  if (method === 'POST' && ['cross-site', 'same-site'].includes(headers['sec-fetch-site'])) return { status: 403 };
  switch (`${method} ${url.split('?')[0]}`) {
    case 'GET /':
      return { state: session ? await session.state() : { status: 'signed out' } };
    case 'GET /profile':
      return { state: session ? await session.profile() : { status: 'signed out' } };
    case 'POST /sign-in': {
      await session?.end();
      const fresh = crypto.randomUUID(); // never an id that somebody may have planted
      await sessionOf(fresh).begin();
      return { cookie: `${COOKIE}=${fresh}; ${ATTRIBUTES}` };
    }
    case 'POST /sign-out':
      await session?.end();
      return { cookie: `${COOKIE}=; Max-Age=0; ${ATTRIBUTES}` };
    default:
      return { status: 404 };
  }
}

/** Redis or the authorization server may say nothing at all, and node-redis waits for ever for what it has sent. */
const patience = () =>
  new Promise((resolve, reject) => void setTimeout(reject, PATIENCE, new Error('a request took too long')).unref());

const server = createServer(async (request, response) => {
  const answer = await Promise.race([respond(request), patience()]).catch((error) => {
    console.error(error.message);
    return { status: 503 };
  });
  response.setHeader('cache-control', 'no-store');
  if (answer.status) return response.writeHead(answer.status).end();
  if (answer.cookie) return response.writeHead(303, { location: '/', 'set-cookie': answer.cookie }).end();
  if (request.headers.accept === 'application/json') return response.setHeader('content-type', 'application/json').end(JSON.stringify(answer.state));
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': SECURITY }).end(page(answer.state));
});
server.listen(Number(PORT), HOST, () => console.log(`http://${HOST}:${server.address().port}`));
process.once('SIGTERM', () => server.close(() => redis.destroy()));
