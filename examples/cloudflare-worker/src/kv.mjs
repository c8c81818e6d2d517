// Sign-in from a Worker without Durable Objects: sessions are in Workers KV, and cron polls for all of them once a minute.

import { KvCachePlugin } from 'doorcode/cache/kv';
import { respond } from './respond.mjs';
import { SignIn } from './sign-in.mjs';

/** How long a session lasts, in seconds. */
const LASTS = 8 * 3600;

/** A session's part of the namespace. */
const storeOf = (kv, id) => ({
  get: (key) => kv.get(`${key}/${id}`, 'json'),
  put: (key, value) => kv.put(`${key}/${id}`, JSON.stringify(value), { expirationTtl: LASTS }),
  delete: (key) => kv.delete(`${key}/${id}`),
});

function signInOf(env, id) {
  const cachePlugin = new KvCachePlugin(env.SESSIONS, { key: `tokens/${id}`, expirationTtl: LASTS });
  return new SignIn(storeOf(env.SESSIONS, id), cachePlugin, env);
}

function sessionOf(env, id) {
  const store = storeOf(env.SESSIONS, id);
  const signIn = signInOf(env, id);
  return {
    begin: () => signIn.begin(),
    state: () => signIn.state(),
    profile: () => signIn.profile(),
    end: () => Promise.all(['tokens', 'waiting', 'failed'].map((key) => store.delete(key))),
  };
}

async function pollAll(env) {
  let page = { list_complete: false };
  while (!page.list_complete) {
    page = await env.SESSIONS.list({ prefix: 'waiting/', cursor: page.cursor });
    const polls = page.keys.map(({ name }) => signInOf(env, name.slice('waiting/'.length)).poll());
    for (const { reason } of await Promise.allSettled(polls)) {
      if (reason) console.error(reason.message); // the others are polled all the same, and this one in the next minute
    }
  }
}

export default {
  fetch: (request, env) => respond(request, (id) => sessionOf(env, id)),
  scheduled: (_, env) => pollAll(env),
};
