#!/usr/bin/env node
// Signs a person in at an OpenID provider, and prints who it is. ISSUER and CLIENT_ID say where and as what; Ctrl-C gives up.
// Tokens are kept in memory; ../node-cli keeps them in a file.

import { PublicClientApplication } from 'doorcode';

const { ISSUER: authority = '', CLIENT_ID: clientId = '' } = process.env;
const giveUp = new AbortController();
process.once('SIGINT', () => giveUp.abort());
const { signal } = giveUp;

try {
  const pca = new PublicClientApplication({ auth: { clientId, authority }, system: { protocolMode: 'OIDC' } });
  const result = await pca.acquireToken({
    scopes: ['email'],
    signal,
    deviceCodeCallback: ({ message, verificationUriComplete }) => {
      console.log(message);
      if (verificationUriComplete) console.log(`Or open it with the code in it: ${verificationUriComplete}`);
    },
  });
  const discovery = await (await fetch(`${result.authority}.well-known/openid-configuration`, { signal })).json();
  const headers = { authorization: `Bearer ${result.accessToken}` };
  const userinfo = await fetch(discovery.userinfo_endpoint, { headers, signal });
  console.log(`userinfo (status ${userinfo.status}): ${await userinfo.text()}`);
  console.log(`signed in as ${result.account.username || result.account.homeAccountId}`);
} catch (error) {
  console.error(error.message);
  if (error.remedy) console.error(error.remedy);
  if (error.remedyUrl) console.error(error.remedyUrl);
  process.exitCode = signal.aborted ? 130 : 1;
}
