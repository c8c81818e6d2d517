// Sign-in from a Worker: each session is a Durable Object, whose alarm polls for as long as the person takes.

import { DurableObject } from 'cloudflare:workers';
import { DurableObjectCachePlugin } from 'doorcode/cache/kv';
import { respond } from './respond.mjs';
import { SignIn } from './sign-in.mjs';

/** How long a session lasts, in milliseconds. */
const LASTS = 8 * 3_600_000;

export class Session extends DurableObject {
  #signIn() {
    const { storage } = this.ctx;
    return new SignIn(storage, new DurableObjectCachePlugin(storage, { key: 'tokens' }), this.env);
  }

  async begin() {
    await this.ctx.storage.put('endsAt', Date.now() + LASTS);
    await this.#next(await this.#signIn().begin());
  }

  /** Called when it is time, whether or not anybody has the page open; again, should it throw or the machine stop. */
  async alarm() {
    const endsAt = await this.ctx.storage.get('endsAt');
    if (!endsAt || Date.now() >= endsAt) await this.ctx.storage.deleteAll();
    else await this.#next(await this.#signIn().poll());
  }

  state() {
    return this.#signIn().state();
  }

  profile() {
    return this.#signIn().profile();
  }

  async end() {
    await this.ctx.storage.deleteAll();
    await this.ctx.storage.setAlarm(Date.now() + 60_000); // for what a request that is under way may still write
  }

  /** Comes back for the next poll, or for the end of the session. */
  async #next(seconds) {
    const endsAt = await this.ctx.storage.get('endsAt');
    if (!endsAt) return this.end(); // the person has signed out meanwhile
    await this.ctx.storage.setAlarm(seconds ? Date.now() + seconds * 1000 : endsAt);
  }
}

export default {
  fetch: (request, env) => respond(request, (id) => env.SESSIONS.get(env.SESSIONS.idFromName(id))),
};
