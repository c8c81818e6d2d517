// Sessions in Workers KV.

import { KvCachePlugin } from 'doorcode/cache/kv';

/** How long a session lasts after its tokens were written last, and how long somebody may take to sign in, in seconds. */
const LASTS = 8 * 3600;
const SIGN_IN_LASTS = 600;

/**
 * @param {any} kv a KV namespace
 * @returns {import('../session.mjs').Store}
 */
export function kvStore(kv) {
  const tokens = (/** @type {string} */ id) => `tokens/${id}`;
  const signIn = (/** @type {string} */ id, /** @type {string} */ state) => `sign-in/${id}/${state}`;
  return {
    tokens: async (id) => new KvCachePlugin(kv, { key: tokens(id), expirationTtl: LASTS }),
    keep: (id, state, kept) => kv.put(signIn(id, state), JSON.stringify(kept), { expirationTtl: SIGN_IN_LASTS }),
    async take(id, state) {
      const key = signIn(id, state);
      const kept = await kv.get(key, 'json');
      await kv.delete(key); // KV cannot do both in one step; the server takes a code only once
      return kept ?? undefined;
    },
    remove: (id) => kv.delete(tokens(id)), // sign-ins go by themselves
  };
}
