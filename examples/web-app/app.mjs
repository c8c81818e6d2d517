// The web app: its addresses and what happens at each. The same in Node and on Workers; what differs is who keeps the sessions.

import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { csrf } from 'hono/csrf';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { callApi } from './call-api.mjs';
import { currentSession, forgetSession, rememberSession } from './cookie.mjs';
import * as pages from './pages.mjs';
import { Session } from './session.mjs';
import { STYLE } from './style.mjs';

/**
 * @typedef {object} Configuration
 * @property {string} clientId
 * @property {string} clientSecret
 * @property {string} authority
 * @property {string} [protocolMode] `OIDC` for an OpenID provider that is not Entra
 * @property {string} [prompt] how a sign-in asks: `consent` where only that brings refresh tokens
 * @property {string} apiUrl
 * @property {string} apiScope what a sign-in asks for: to read
 * @property {string} [apiWriteScope] what is asked for once somebody wants to write
 * @property {string} [appUrl] where people find the app, if a proxy stands in front of it; otherwise each request says it
 *
 * @param {Configuration} configuration
 * @param {import('./session.mjs').Store} store
 */
export function makeApp(configuration, store) {
  const { apiUrl, apiScope, apiWriteScope, appUrl } = configuration;
  const originOf = (c) => new URL(appUrl ?? c.req.url).origin;
  const sessionOf = (c) => new Session(configuration, store, currentSession(c, originOf(c)));

  const app = new Hono();
  app.use(secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      // The form that signs out is answered with the way to the server's page.
      formAction: ["'self'", new URL(configuration.authority).origin],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
    referrerPolicy: 'no-referrer',
    strictTransportSecurity: 'max-age=15552000',
    xFrameOptions: 'DENY',
  }));
  app.use(async (c, next) => {
    c.header('cache-control', 'no-store');
    await next();
  });
  app.use(csrf({ origin: (origin, c) => origin === originOf(c) }), bodyLimit({ maxSize: 10_000 }));
  app.get('/style.css', (c) => c.body(STYLE, 200, { 'content-type': 'text/css; charset=utf-8', 'cache-control': 'max-age=300' }));
  app.get('/favicon.ico', (c) => c.body(null, 204));

  /** Sends the person to the server. @param {import('hono').Context} c @param {object} asked see `begin` of session.mjs */
  async function goToSignIn(c, asked) {
    const { id, url } = await sessionOf(c).begin({ scopes: [apiScope], ...asked, redirectUri: `${originOf(c)}/callback` });
    rememberSession(c, originOf(c), id);
    return c.redirect(url, 303);
  }

  /** Does something with a token for the API; sends the person to sign in first where that takes them. */
  async function withToken(c, work) {
    const session = sessionOf(c);
    const account = await session.account();
    if (!account) return goToSignIn(c, { to: '/notes' });
    let token;
    try {
      token = await session.token([apiScope], account);
    } catch (error) {
      if (!error.needsInteraction) throw error;
      return goToSignIn(c, { to: '/notes', claims: error.claims, account });
    }
    return work(token, account);
  }

  app.get('/', async (c) => c.html(pages.home(await sessionOf(c).account())));

  app.get('/sign-in', (c) => {
    const scopes = c.req.query('also') === 'write' && apiWriteScope ? [apiScope, apiWriteScope] : [apiScope];
    return goToSignIn(c, { to: localPath(c.req.query('to')), scopes });
  });

  app.get('/callback', async (c) => {
    const session = sessionOf(c);
    const { id, to, failure } = await session.finish(c.req.query());
    if (id) {
      rememberSession(c, originOf(c), id);
      return c.redirect(to, 303);
    }
    const account = await session.account();
    if (!failure) return c.html(pages.staleSignIn(account), 400);
    log(failure);
    return c.html(pages.failedSignIn(failure, to, account), failure.retryable ? 503 : 400);
  });

  app.get('/profile', async (c) => {
    const account = await sessionOf(c).account();
    return account ? c.html(pages.profile(account)) : goToSignIn(c, { to: '/profile' });
  });

  app.get('/notes', (c) =>
    withToken(c, async (token, account) => c.html(pages.notes(account, await callApi(`${apiUrl}/notes`, token)))),
  );

  app.post('/notes', (c) =>
    withToken(c, async (token, account) => {
      const { text = '' } = await c.req.parseBody();
      const answer = await callApi(`${apiUrl}/notes`, token, { text: String(text) });
      if (answer.status === 201) return c.redirect('/notes', 303);
      return c.html(pages.notAdded(account, answer, Boolean(apiWriteScope)), answer.status === 403 ? 403 : 502);
    }),
  );

  app.post('/sign-out', async (c) => {
    const url = await sessionOf(c).end(`${originOf(c)}/signed-out`);
    forgetSession(c, originOf(c));
    return c.redirect(url ?? '/signed-out', 303);
  });

  app.get('/signed-out', async (c) => c.html(pages.signedOut(await sessionOf(c).account())));

  app.notFound(async (c) => c.html(pages.notFound(await sessionOf(c).account()), 404));
  app.onError((error, c) => {
    if (error instanceof HTTPException) return c.html(pages.refused(), error.status);
    log(error);
    return c.html(pages.broken(error), error.retryable ? 503 : 500);
  });
  return app;
}

/** Errors of doorcode hold no secret, and no control characters. */
const log = ({ message, correlationId = '' }) => console.error(`${new Date().toISOString()} ${message} ${correlationId}`.trim());

/** Where to go after a sign-in: a path of this app, whatever a link says. @param {string} [to] */
function localPath(to = '/') {
  const here = 'http://app.invalid';
  const url = URL.canParse(to, here) ? new URL(to, here) : undefined;
  // Two slashes at the start of a path would be another site's name.
  return url?.origin === here ? url.pathname.replace(/^\/+/, '/') + url.search : '/';
}
