// An HTTP server on this machine that says what a test tells it to: for answers that no honest server gives.

import { createServer } from 'node:http';

export const CODES = {
  device_code: 'DC-secret',
  user_code: 'ABCD-EFGH',
  verification_uri: 'https://id.example/device',
};

const defaults = (origin) => ({
  '/.well-known/openid-configuration': () => ({
    json: { issuer: origin, device_authorization_endpoint: `${origin}/device`, token_endpoint: `${origin}/token` },
  }),
  '/device': () => ({ json: CODES }),
  '/token': () => ({ status: 400, json: { error: 'authorization_pending' } }),
});

/**
 * @param {Record<string, (request: { count: number, body: string, headers: object, url: string }, response: import('node:http').ServerResponse)
 *   => { status?: number, headers?: object, json?: unknown, body?: string | Buffer } | undefined>} answers by path; one that returns
 *   nothing has answered by itself, or never does
 */
export async function startScripted(answers = {}) {
  const seen = [];
  const http = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const path = request.url.split('?')[0];
    seen.push({ path, url: request.url, body, headers: request.headers });
    const answer = answers[path] ?? standard[path];
    if (!answer) return response.writeHead(404).end();
    const count = seen.filter((other) => other.path === path).length;
    const said = answer({ count, body, headers: request.headers, url: request.url }, response);
    if (!said) return;
    const text = said.json === undefined ? said.body : JSON.stringify(said.json);
    response.writeHead(said.status ?? 200, { 'content-type': 'application/json', ...said.headers }).end(text);
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${http.address().port}`;
  const standard = defaults(origin);
  return {
    origin,
    /** Every request so far. */
    seen,
    openConnections: () => new Promise((resolve) => http.getConnections((_, count) => resolve(count))),
    close: () =>
      new Promise((resolve) => {
        http.close(resolve);
        http.closeAllConnections();
      }),
  };
}
