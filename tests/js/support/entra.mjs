// A server that speaks as Entra ID does, over TLS on this machine, under Entra's own host name: what only Entra says cannot
// be had from another server. Written from Microsoft's documentation of the device code flow and its error codes.
//
// `fetch` is undici's own while it runs, with a dispatcher that connects login.microsoftonline.com to loopback and trusts the
// test's certificate: how to hand a dispatcher to Node's built-in one differs between its versions.

import { createServer } from 'node:https';
import { randomUUID } from 'node:crypto';
import { generate } from 'selfsigned';
import { Agent, buildConnector, fetch as undiciFetch } from 'undici';
import { jwt } from './jwt.mjs';

const HOST = 'login.microsoftonline.com';
export const TENANT = '11111111-2222-4333-8444-555555555555';
export const CLIENT = '00000000-aaaa-4bbb-8ccc-dddddddddddd';
export const PERSON = {
  oid: '99999999-8888-4777-8666-555555555555',
  name: 'Ada Lovelace',
  preferred_username: 'ada@contoso.example',
};

/** Entra's error body. */
function refusal(error, code, text, more = {}) {
  const [traceId, correlationId, timestamp] = [randomUUID(), randomUUID(), '2026-01-01 00:00:00Z'];
  return {
    error,
    error_description: `AADSTS${code}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://${HOST}/error?code=${code}`,
    ...more,
  };
}

/**
 * @param {object} [options]
 * @param {(poll: number) => object | undefined} [options.onPoll] the answer to each poll, counted from 1: nothing for "pending",
 *   `{ status?, body }` for an answer, `{ done: true }` for tokens
 */
export async function startEntra({ onPoll = (poll) => (poll > 2 ? { done: true } : undefined) } = {}) {
  const { private: key, cert } = await generate([{ name: 'commonName', value: HOST }], {
    keySize: 2048,
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: HOST }] }],
  });
  const seen = [];
  const codes = new Map();
  const https = createServer({ key, cert }, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url, `https://${HOST}`);
    const form = new URLSearchParams(body);
    seen.push({ url, form, headers: request.headers });
    const [status, answer] = respond(request, url, form);
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'x-ms-request-id': randomUUID() });
    response.end(JSON.stringify(answer));
  });

  function respond(request, url, form) {
    const [, tenant, path] = /^\/([^/]+)\/oauth2\/v2\.0\/(devicecode|token)$/.exec(url.pathname) ?? [];
    if (request.method !== 'POST' || !path) return [404, {}];
    if (!['common', 'organizations', 'consumers', TENANT, 'contoso.example'].includes(tenant)) {
      return [400, refusal('invalid_request', 90002, `Tenant '${tenant}' not found.`)];
    }
    if (!form.get('client_id')) return [400, refusal('invalid_request', 900144, "The request body must contain: 'client_id'.")];
    return path === 'devicecode' ? deviceCode(form) : token(form);
  }

  function deviceCode(form) {
    // Entra sends these with status 200.
    if (form.get('client_id') !== CLIENT) {
      return [200, refusal('unauthorized_client', 700016, 'Application was not found in the directory.')];
    }
    const code = { polls: 0, scope: form.get('scope') };
    const deviceCode = `DC-${randomUUID()}`;
    codes.set(deviceCode, code);
    return [
      200,
      {
        user_code: 'ABCD-EFGH',
        device_code: deviceCode,
        verification_uri: 'https://microsoft.com/devicelogin',
        expires_in: 900,
        interval: 5,
        message: 'To sign in, use a web browser to open the page https://microsoft.com/devicelogin and enter the code ABCD-EFGH.',
      },
    ];
  }

  function token(form) {
    if (!['urn:ietf:params:oauth:grant-type:device_code', 'device_code'].includes(form.get('grant_type'))) {
      return [400, refusal('unsupported_grant_type', 70003, 'The grant type is not supported.')];
    }
    const code = codes.get(form.get('device_code'));
    if (!code) return [400, refusal('bad_verification_code', 70018, 'The verification code is not recognised.')];
    code.polls += 1;
    const said = onPoll(code.polls);
    if (!said) return [400, refusal('authorization_pending', 70016, 'The person has not finished yet.')];
    if (!said.done) return [said.status ?? 400, said.body];
    codes.delete(form.get('device_code'));
    const now = Math.floor(Date.now() / 1000);
    return [
      200,
      {
        token_type: 'Bearer',
        scope: 'User.Read profile openid email',
        expires_in: 4000,
        ext_expires_in: 4000,
        access_token: 'AT-secret',
        refresh_token: 'RT-secret',
        id_token: jwt({
          aud: form.get('client_id'),
          iss: `https://${HOST}/${TENANT}/v2.0`,
          iat: now,
          nbf: now,
          exp: now + 3600,
          sub: 'subject',
          tid: TENANT,
          ver: '2.0',
          ...PERSON,
        }),
        ...(form.get('client_info') === '1' && {
          client_info: Buffer.from(JSON.stringify({ uid: PERSON.oid, utid: TENANT })).toString('base64url'),
        }),
      },
    ];
  }

  await new Promise((resolve) => https.listen(0, '127.0.0.1', resolve));
  const { port } = https.address();
  const connect = buildConnector({ ca: cert });
  const dispatcher = new Agent({
    connect: (options, done) =>
      connect(options.hostname === HOST ? { ...options, host: '127.0.0.1', hostname: '127.0.0.1', port, servername: HOST } : options, done),
  });
  const { fetch } = globalThis;
  globalThis.fetch = (url, options) => undiciFetch(url, { ...options, headers: Object.fromEntries(new Headers(options?.headers)), dispatcher });
  return {
    /** Every request so far. */
    seen,
    refusal,
    async close() {
      globalThis.fetch = fetch;
      await dispatcher.close();
      https.closeAllConnections();
      await new Promise((resolve) => https.close(resolve));
    },
  };
}
