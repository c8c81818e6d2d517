// Sessions in Redis, for an app on many machines.

import { RedisCachePlugin } from 'doorcode/cache/redis';

/** How long a session lasts that nobody uses, and how long somebody may take to sign in, in seconds. */
const LASTS = 8 * 3600;
const SIGN_IN_LASTS = 600;

/**
 * @param {import('redis').RedisClientType} redis
 * @returns {import('../session.mjs').Store}
 */
export function redisStore(redis) {
  const signIns = (/** @type {string} */ id) => `sign-ins:${id}`;
  return {
    tokens: async (id) => new RedisCachePlugin(redis, { prefix: 'tokens:', partition: id, ttl: LASTS }),
    async keep(id, state, signIn) {
      const text = JSON.stringify({ signIn, endsAt: Date.now() + SIGN_IN_LASTS * 1000 });
      await redis.multi().hSet(signIns(id), state, text).expire(signIns(id), SIGN_IN_LASTS).exec();
    },
    async take(id, state) {
      // In one step: of two who come with the same answer, one gets it.
      const [text] = await redis.multi().hGet(signIns(id), state).hDel(signIns(id), state).exec();
      if (!text) return undefined;
      const { signIn, endsAt } = JSON.parse(String(text));
      return Date.now() < endsAt ? signIn : undefined;
    },
    async remove(id) {
      await redis.del([signIns(id), `tokens:${id}`]);
    },
  };
}
