// One session: a person's sign-in, and their tokens afterwards. All of it is in Redis, so that any instance of the service can go on with it,
// and no request waits for the person.

import { DeviceCodeFlow, PublicClientApplication } from 'doorcode';
import { RedisCachePlugin } from 'doorcode/cache/redis';

const scopes = ['email'];

/** How long a session lasts that nobody uses, in seconds. */
const LASTS = 8 * 3600;

export class SignIn {
  #redis;
  #pca;
  #tokens;
  #waiting;
  #pause;

  /**
   * Made anew for each request, which takes microseconds.
   * @param {import('redis').RedisClientType} redis
   * @param {string} id of the session: nobody can guess it
   * @param {{ clientId: string, authority: string }} auth
   */
  constructor(redis, id, auth) {
    const cachePlugin = new RedisCachePlugin(redis, { prefix: 'tokens:', partition: id, ttl: LASTS });
    this.#redis = redis;
    this.#pca = new PublicClientApplication({ auth, cache: { cachePlugin } });
    this.#tokens = `tokens:${id}`;
    this.#waiting = `waiting:${id}`;
    this.#pause = `pause:${id}`;
  }

  /** Gets a code. */
  async begin() {
    const flow = new DeviceCodeFlow(this.#pca, { scopes });
    try {
      const { message, userCode, verificationUri, expiresIn, interval } = await flow.initiateDeviceCodeFlow();
      await this.#pauseFor(interval);
      // The saved flow holds the device code. It stays a little longer than that, so that the person can be told that it has expired.
      await this.#redis.set(this.#waiting, JSON.stringify({ flow, shown: { message, userCode, verificationUri } }), { EX: expiresIn + 300 });
    } catch (error) {
      await this.#redis.set(this.#waiting, JSON.stringify({ failed: failure(error) }), { EX: 300 });
    }
  }

  /** What the person may see. */
  async state() {
    const account = await this.#account();
    if (account) return { status: 'signed in', username: account.username };
    const waiting = JSON.parse((await this.#redis.get(this.#waiting)) ?? '{}');
    if (waiting.failed) return waiting.failed;
    if (!waiting.flow) return { status: 'signed out' };
    // One request at a time polls, whichever instance has it, and not before the server wants to be asked.
    const isDue = await this.#redis.set(this.#pause, 'polling', { NX: true, EX: 60 });
    if (isDue && (await this.#poll(waiting))) return this.state();
    return { status: 'waiting', ...waiting.shown };
  }

  /** Who the person is, as the server tells those who have a token. The token stays here. */
  async profile() {
    const account = await this.#account();
    if (!account) return this.state();
    try {
      const { accessToken, fromCache, authority } = await this.#pca.acquireTokenSilent({ scopes, account });
      const discovery = await (await fetch(`${authority}.well-known/openid-configuration`)).json();
      const userinfo = await fetch(discovery.userinfo_endpoint, { headers: { authorization: `Bearer ${accessToken}` } });
      return { status: 'signed in', token: fromCache ? 'was at hand' : 'is new', userinfo: await userinfo.json() };
    } catch (error) {
      return failure(error);
    }
  }

  async end() {
    for (const key of [this.#waiting, this.#pause, this.#tokens]) await this.#redis.del(key);
  }

  /** Whether it is over: the person has signed in, or has not and will not. */
  async #poll({ flow: saved, shown }) {
    const flow = DeviceCodeFlow.resume(this.#pca, saved);
    try {
      const polled = await flow.poll();
      if (polled.status === 'pending') {
        await this.#pauseFor(polled.retryAfter);
        await this.#replace({ flow, shown }); // for how long to wait may have changed
        return false;
      }
      if ((await this.#redis.del(this.#waiting)) === 0) await this.end(); // the person has signed out meanwhile
    } catch (error) {
      if (error.retryable) {
        await this.#pauseFor(5);
        return false;
      }
      await this.#replace({ failed: failure(error) });
    }
    return true;
  }

  /** Writes what is waited for, if it still is. */
  async #replace(waiting) {
    await this.#redis.set(this.#waiting, JSON.stringify(waiting), { XX: true, KEEPTTL: true });
  }

  async #pauseFor(seconds) {
    await this.#redis.set(this.#pause, 'waiting', { PX: Math.ceil(seconds * 1000) });
  }

  async #account() {
    const [account] = await this.#pca.getAllAccounts();
    return account;
  }
}

/** An error as people can understand it. doorcode's hold no secret. */
function failure({ message, remedy, remedyUrl }) {
  return { status: 'failed', reason: message, remedy, remedyUrl };
}
