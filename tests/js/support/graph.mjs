// Microsoft Graph on this machine, as far as a program asks it who has signed in.

import { createServer } from 'node:https';
import { generate } from 'selfsigned';
import { CLIENT, PERSON, TENANT } from './entra.mjs';
import { jwt } from './jwt.mjs';

export const GRAPH = 'graph.microsoft.com';
/** As Graph's are: a JWT that is nobody else's business. */
export const GRAPH_TOKEN = jwt({ aud: `https://${GRAPH}`, tid: TENANT, appid: CLIENT, scp: 'User.Read', exp: Math.floor(Date.now() / 1000) + 3600 });

/** Takes GRAPH_TOKEN and no other. */
export async function startGraph() {
  const { private: key, cert } = await generate([{ name: 'commonName', value: GRAPH }], { extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: GRAPH }] }] });
  const server = createServer({ key, cert }, ({ url, headers }, response) => {
    const isMe = url === '/v1.0/me' && headers.authorization === `Bearer ${GRAPH_TOKEN}`;
    response.writeHead(isMe ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isMe ? { displayName: PERSON.name } : { error: { code: 'InvalidAuthenticationToken', message: 'Access token is empty.' } }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, cert, close: () => new Promise((resolve) => server.close(resolve)) };
}
