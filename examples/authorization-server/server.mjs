// A real authorization server on this machine, for the demos and the tests: `oidc-provider` with the device flow on, an
// in-memory store, a few people who can sign in, and tokens for one API. Not for production: anybody may sign in as anybody.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { confirmPage, inputPage, interactionPage, messagePage, signOutPage } from './pages.mjs';

/** Who can sign in. */
export const PEOPLE = {
  ada: { name: 'Ada Lovelace', preferred_username: 'ada@example.com', email: 'ada@example.com' },
  grace: { name: 'Grace Hopper', preferred_username: 'grace@example.com', email: 'grace@example.com' },
};

export const CLIENT_ID = 'doorcode-demo';

/** The web app of ../web-app, which has a secret. */
export const WEB_APP = { clientId: 'doorcode-web-app', clientSecret: randomBytes(24).toString('base64url') };

/** The API of ../web-api: whom its tokens are for, and what they may allow. */
export const API = { audience: 'https://notes.example', scopes: ['Notes.Read', 'Notes.Write'] };

/** The library greets every start with advice for production; it would drown what the demo has to say. */
async function quietly(work) {
  const { warn, info } = console;
  const filtered = (write) => (...args) => String(args[0]).includes('oidc-provider') || write(...args);
  console.warn = filtered(warn);
  console.info = filtered(info);
  try {
    return await work();
  } finally {
    Object.assign(console, { warn, info });
  }
}

/**
 * Starts the server on a free port of 127.0.0.1.
 *
 * @param {object} [options]
 * @param {number} [options.interval] seconds between polls, as told to the device; left out, the device has to assume 5
 * @param {number} [options.lifetime] seconds until a code expires
 * @param {(poll: { count: number, userCode: string }) => void | Promise<void>} [options.onPoll] is called when a poll was
 *   answered with `authorization_pending`, after the answer was made
 * @param {(issuer: string) => Promise<string>} [options.webApp] starts the web app, and resolves to its origin; each of the two has to know
 *   where the other is
 * @param {number} [options.port]
 * @param {object} [options.configuration] more of oidc-provider's own
 * @returns the issuer, the provider, the private key that it signs with, and `close`
 */
export async function startAuthorizationServer({ interval, lifetime = 600, onPoll, webApp, port = 0, configuration = {} } = {}) {
  const http = createServer();
  await new Promise((resolve, reject) => http.once('error', reject).listen(port, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${http.address().port}`;
  const close = () =>
    new Promise((resolve) => {
      http.close(resolve);
      http.closeAllConnections();
    });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  let provider;
  try {
    const clients = [...(webApp ? [webClient(await webApp(issuer))] : []), ...(configuration.clients ?? [])];
    provider = await quietly(() => makeProvider(issuer, lifetime, privateKey, { ...configuration, clients }));
  } catch (error) {
    await close();
    throw error;
  }

  const polls = new Map();
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === '/device/auth' && ctx.body?.device_code && interval) ctx.body = { ...ctx.body, interval };
    if (ctx.path === '/token' && ctx.body?.error === 'authorization_pending') {
      const code = ctx.oidc.entities.DeviceCode ?? (await provider.DeviceCode.find(ctx.oidc.params.device_code));
      const count = (polls.get(code.jti) ?? 0) + 1;
      polls.set(code.jti, count);
      await onPoll?.({ count, userCode: code.userCode });
    }
  });

  const handle = provider.callback();
  http.on('request', (request, response) => {
    if (!request.url.startsWith('/interaction/')) return handle(request, response);
    interact(provider, request, response).catch((error) => {
      response.statusCode = 500;
      response.end(messagePage('Something went wrong', error.message));
    });
  });
  return { issuer, provider, privateKey, close };
}

const webClient = (origin) => ({
  client_id: WEB_APP.clientId,
  client_secret: WEB_APP.clientSecret,
  client_name: 'The notes web app',
  redirect_uris: [`${origin}/callback`],
  post_logout_redirect_uris: [`${origin}/signed-out`],
  grant_types: ['authorization_code', 'refresh_token'],
  token_endpoint_auth_method: 'client_secret_post',
});

async function makeProvider(issuer, lifetime, privateKey, { features, clients, ...configuration }) {
  const { errors, Provider } = await import('oidc-provider');
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_name: 'The doorcode demo',
        token_endpoint_auth_method: 'none',
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
        response_types: [],
        redirect_uris: [],
      },
      ...clients,
    ],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
    conformIdTokenClaims: false, // the name in the ID token, so that a program need not ask for it
    cookies: { keys: [randomBytes(32).toString('hex')] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' }] },
    ttl: { AccessToken: 3600, ClientCredentials: 3600, DeviceCode: lifetime, Grant: 3600, IdToken: 3600, Interaction: 600, RefreshToken: 86_400, Session: 3600 },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, id) => PEOPLE[id] && { accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) },
    renderError: (ctx, { error, error_description }) => {
      ctx.type = 'html';
      ctx.body = messagePage('Something went wrong', `${error}: ${error_description}`);
    },
    features: {
      devInteractions: { enabled: false },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: (ctx, form, _, error) => {
          ctx.body = inputPage(form, error && 'That code is unknown, used or expired. Look at your device again.');
        },
        userCodeConfirmSource: (ctx, form, client, _, userCode) => {
          ctx.body = confirmPage(form, client.clientName, userCode);
        },
        successSource: (ctx) => {
          ctx.body = messagePage('You are signed in', 'You can close this page and go back to your device.');
        },
      },
      resourceIndicators: {
        enabled: true,
        // As at Entra, scopes tell which API is meant.
        defaultResource: (ctx, _, oneOf) => oneOf ?? (API.scopes.some((scope) => ctx.oidc.requestParamScopes.has(scope)) ? API.audience : undefined),
        useGrantedResource: () => true,
        getResourceServerInfo: async (_, resource) => {
          if (resource !== API.audience) throw new errors.InvalidTarget();
          return { audience: resource, scope: API.scopes.join(' '), accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } };
        },
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = signOutPage(form, ctx.oidc.client?.clientName);
        },
        postLogoutSuccessSource: (ctx) => {
          ctx.body = messagePage('You are signed out', 'You can close this page.');
        },
      },
      ...features,
    },
    ...configuration,
  });
}

/** The two questions of a sign-in: who are you, and may the program act for you? One page asks both. */
async function interact(provider, request, response) {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (request.method === 'GET') {
    const client = await provider.Client.find(params.client_id);
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.setHeader('cache-control', 'no-store');
    response.end(interactionPage(prompt.name, client.clientName, params.scope.split(' '), PEOPLE));
    return;
  }
  const form = await readForm(request);
  const finish = (result) => provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  if (form.get('decision') === 'cancel') {
    return finish({ error: 'access_denied', error_description: 'The person said no' });
  }
  if (prompt.name === 'login') return finish({ login: { accountId: form.get('login') } });
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const ofApi = params.scope.split(' ').filter((scope) => API.scopes.includes(scope));
  if (ofApi.length > 0) grant.addResourceScope(API.audience, ofApi.join(' '));
  return finish({ consent: { grantId: await grant.save() } });
}

async function readForm(request) {
  let body = '';
  for await (const chunk of request) {
    body += chunk;
    if (body.length > 10_000) throw new Error('the form is too long');
  }
  return new URLSearchParams(body);
}
