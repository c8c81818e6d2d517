#!/usr/bin/env node
// Signs a person in at GitHub: a plain OAuth server, which is described here, for it cannot be discovered and has no ID tokens. CLIENT_ID
// names the app; GITHUB and GITHUB_API lead to a GitHub Enterprise. Ctrl-C gives up. Tokens are kept in memory; ../node-cli keeps them in a
// file.

import { PublicClientApplication } from 'doorcode';

const { CLIENT_ID: clientId = '', GITHUB: authority = 'https://github.com', GITHUB_API: api = 'https://api.github.com' } = process.env;
const giveUp = new AbortController();
process.once('SIGINT', () => giveUp.abort());
const { signal } = giveUp;

try {
  const authorityMetadata = {
    device_authorization_endpoint: `${authority}/login/device/code`,
    token_endpoint: `${authority}/login/oauth/access_token`,
  };
  const pca = new PublicClientApplication({ auth: { clientId, authority, authorityMetadata } });
  const request = { scopes: ['read:user'], signal, deviceCodeCallback: ({ message }) => console.log(message) };
  const { accessToken, scopes } = await pca.acquireToken(request);
  console.log(`GitHub granted: ${scopes.join(', ')}`);

  const { fromCache } = await pca.acquireToken(request);
  console.log(`asked again, the token ${fromCache ? 'was at hand' : 'is new'}`);

  const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/vnd.github+json' };
  const answer = await fetch(`${api}/user`, { headers, signal });
  if (!answer.ok) throw new Error(`${api}/user answered with status ${answer.status}`);
  console.log(`signed in as ${(await answer.json()).login}`);
} catch (error) {
  console.error(error.message);
  if (error.remedy) console.error(error.remedy);
  if (error.remedyUrl) console.error(error.remedyUrl);
  process.exitCode = signal.aborted ? 130 : 1;
}
