// One browser's session: its sign-ins that are under way, and the person's tokens afterwards. All of it is in a store, under the session's id, so
// that any instance of the app can go on with it. No token leaves this file but for the API.

import { ConfidentialClientApplication, CryptoProvider } from 'doorcode';
import { isId } from './cookie.mjs';

/**
 * Who keeps the sessions.
 * @typedef {object} Store
 * @property {(id: string) => Promise<import('doorcode').ICachePlugin>} tokens keeps the tokens of a session; marks the session as in use
 * @property {(id: string, state: string, signIn: SignIn) => Promise<void>} keep keeps a sign-in that is under way, for ten minutes
 * @property {(id: string, state: string) => Promise<SignIn | undefined>} take hands it out, once
 * @property {(id: string) => Promise<void>} remove forgets all of a session
 *
 * What has to be known when the person comes back.
 * @typedef {{ scopes: string[], redirectUri: string, nonce: string, codeVerifier: string, to: string }} SignIn
 */

const random = new CryptoProvider();

export class Session {
  #configuration;
  #store;
  #id;

  /**
   * @param {import('./app.mjs').Configuration} configuration
   * @param {Store} store
   * @param {string} [id] what the browser has, if it has a session
   */
  constructor(configuration, store, id) {
    this.#configuration = configuration;
    this.#store = store;
    this.#id = id;
  }

  /** Who has signed in. */
  async account() {
    if (!this.#id) return undefined;
    const [account] = await (await this.#application(this.#id)).getAllAccounts();
    return account;
  }

  /**
   * Begins a sign-in. `state`, `nonce` and the verifier are good for this one, and for the browser that has this session.
   * @param {{ scopes: string[], redirectUri: string, to: string, claims?: string, account?: import('doorcode').AccountInfo }} asked
   * @returns {Promise<{ id: string, url: string }>} the session, which may be new, and where to send the browser
   */
  async begin({ scopes, redirectUri, to, claims, account }) {
    const id = this.#id ?? crypto.randomUUID();
    const { verifier, challenge } = await random.generatePkceCodes();
    const [state, nonce] = [random.createNewGuid(), random.createNewGuid()];
    const url = await this.#withoutTokens().getAuthCodeUrl({
      scopes, redirectUri, state, nonce, codeChallenge: challenge, codeChallengeMethod: 'S256', responseMode: 'query', claims, account,
      prompt: this.#configuration.prompt,
    });
    await this.#store.keep(id, state, { scopes, redirectUri, nonce, codeVerifier: verifier, to });
    return { id, url };
  }

  /**
   * Ends a sign-in.
   * @param {Record<string, string>} query what the server has sent the browser back with
   * @returns {Promise<{ id?: string, to?: string, failure?: Error }>} the id of a new session, where nobody else can have planted it; or why
   *   there is none; or nothing if there is no such sign-in: it was done before, is too old, or is another browser's
   */
  async finish(query) {
    const signIn = this.#id && isId(query.state) ? await this.#store.take(this.#id, query.state) : undefined;
    if (!signIn) return {};
    const { to, ...request } = signIn;
    const id = crypto.randomUUID();
    try {
      const application = await this.#application(id);
      const { account } = await application.acquireTokenByCode({ ...request, code: query.code ?? '', state: query.state }, query);
      // Or the person would be sent to sign in again, and again, where the server leaves out what was asked for.
      await application.acquireTokenSilent({ scopes: signIn.scopes, account });
    } catch (failure) {
      await this.#store.remove(id);
      return { failure, to };
    }
    await this.#store.remove(this.#id);
    return { id, to };
  }

  /** An access token: the one at hand while it lasts, then a new one. @param {string[]} scopes @param {import('doorcode').AccountInfo} account */
  async token(scopes, account) {
    const { accessToken } = await (await this.#application(this.#id)).acquireTokenSilent({ scopes, account });
    return accessToken;
  }

  /**
   * Ends the session, here first.
   * @param {string} postLogoutRedirectUri
   * @returns {Promise<string | undefined>} where to send the browser so that the server ends its own, if it can
   */
  async end(postLogoutRedirectUri) {
    const account = await this.account();
    if (this.#id) await this.#store.remove(this.#id);
    if (!account) return undefined;
    // The ID token stays here: it has no business in the browser's history.
    return this.#withoutTokens().getLogoutUri({ logoutHint: account.loginHint, postLogoutRedirectUri }).catch(() => undefined);
  }

  /** An application for one request: that takes microseconds, and what goes wrong with one is nobody else's. @param {string} id */
  async #application(id) {
    return this.#withoutTokens(await this.#store.tokens(id));
  }

  /** @param {import('doorcode').ICachePlugin} [cachePlugin] */
  #withoutTokens(cachePlugin) {
    const { clientId, clientSecret, authority, protocolMode } = this.#configuration;
    return new ConfidentialClientApplication({ auth: { clientId, clientSecret, authority }, cache: { cachePlugin }, system: { protocolMode } });
  }
}
