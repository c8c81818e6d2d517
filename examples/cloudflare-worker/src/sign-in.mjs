// One session: a person's sign-in, and their tokens afterwards. No request waits for the person. Everything is in a store with `get` and `put`
// and `delete`, the tokens by a cache plugin, so that it outlives the process: a Durable Object's storage, or a part of a KV namespace.

import { DeviceCodeFlow, PublicClientApplication } from 'doorcode';

const scopes = ['email'];

export class SignIn {
  #store;
  #pca;

  /**
   * Made anew for each request, which takes microseconds: whatever goes wrong with one is nobody else's.
   * @param {{ get(key: string): Promise<any>, put(key: string, value: any): Promise<void>, delete(key: string): Promise<any> }} store private
   * @param {import('doorcode').ICachePlugin} cachePlugin keeps the tokens beside that
   * @param {{ CLIENT_ID: string, AUTHORITY: string }} env
   */
  constructor(store, cachePlugin, { CLIENT_ID: clientId, AUTHORITY: authority }) {
    this.#store = store;
    this.#pca = new PublicClientApplication({ auth: { clientId, authority }, cache: { cachePlugin } });
  }

  /** Gets a code. Returns the seconds until the first poll; nothing if there is no code. */
  async begin() {
    const flow = new DeviceCodeFlow(this.#pca, { scopes });
    try {
      const { message, userCode, verificationUri, expiresIn, interval } = await flow.initiateDeviceCodeFlow();
      const expiresAt = Date.now() + expiresIn * 1000;
      await this.#wait(flow, { shown: { message, userCode, verificationUri }, expiresAt }, interval);
      return interval;
    } catch (error) {
      await this.#store.put('failed', failure(error));
    }
  }

  /** Polls once, if that is due. Returns the seconds until the next poll; nothing once it is over. May be called twice for the same poll. */
  async poll() {
    const waiting = await this.#store.get('waiting');
    if (!waiting) return;
    const early = waiting.pollAt - Date.now();
    if (early > 0) return early / 1000;

    const flow = DeviceCodeFlow.resume(this.#pca, waiting.flow);
    try {
      const polled = await flow.poll();
      if (polled.status === 'pending' && Date.now() < waiting.expiresAt) {
        await this.#wait(flow, waiting, polled.retryAfter);
        return polled.retryAfter;
      }
      if (polled.status === 'pending') await this.#store.put('failed', { status: 'failed', reason: 'The code has expired.', remedy: 'Start again.' });
    } catch (error) {
      // A code is good for one sign-in: this may be the second try of a poll that had already brought the tokens.
      if (!(await this.#account())) await this.#store.put('failed', failure(error));
    }
    await this.#store.delete('waiting');
  }

  /** What the person may see. */
  async state() {
    const account = await this.#account();
    if (account) return { status: 'signed in', username: account.username };
    const waiting = await this.#store.get('waiting');
    if (waiting) return { status: 'waiting', ...waiting.shown };
    return (await this.#store.get('failed')) ?? { status: 'signed out' };
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

  async #account() {
    const [account] = await this.#pca.getAllAccounts();
    return account;
  }

  /** Keeps the flow, which holds the device code: after each poll, for how long to wait may have changed. */
  async #wait(flow, { shown, expiresAt }, seconds) {
    await this.#store.put('waiting', { flow: JSON.stringify(flow), shown, expiresAt, pollAt: Date.now() + seconds * 1000 });
  }
}

/** An error as people can understand it. doorcode's hold no secret. */
function failure({ message, remedy, remedyUrl }) {
  return { status: 'failed', reason: message, remedy, remedyUrl };
}
