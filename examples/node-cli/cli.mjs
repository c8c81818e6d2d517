#!/usr/bin/env node
// Signs a person in and greets them. CLIENT_ID and AUTHORITY say to whom; Ctrl-C gives up.

import { PublicClientApplication } from 'doorcode';

const { CLIENT_ID: clientId, AUTHORITY: authority } = process.env;
const pca = new PublicClientApplication({ auth: { clientId, authority } });
const giveUp = new AbortController();
process.on('SIGINT', () => giveUp.abort());

try {
  const result = await pca.acquireTokenByDeviceCode({
    scopes: ['email'],
    signal: giveUp.signal,
    deviceCodeCallback: ({ message, verificationUriComplete }) => {
      console.log(message);
      if (verificationUriComplete) console.log(`Or open it with the code in it: ${verificationUriComplete}`);
    },
    progressCallback: ({ status, secondsLeft, polls }) => console.log(`  poll ${polls}: ${status}, ${secondsLeft} s left`),
  });
  const minutes = Math.round((result.expiresOn - Date.now()) / 60_000);
  console.log(`Hello ${result.account.name}. The access token lives for ${minutes} minutes.`);

  const discovery = await (await fetch(`${result.authority}.well-known/openid-configuration`)).json();
  const userinfo = await fetch(discovery.userinfo_endpoint, { headers: { authorization: `Bearer ${result.accessToken}` } });
  console.log(`userinfo (status ${userinfo.status}): ${JSON.stringify(await userinfo.json())}`);
  console.log(`signed in as ${result.account.username}`);
} catch (error) {
  console.error(error.message);
  if (error.remedy) console.error(error.remedy);
  process.exitCode = giveUp.signal.aborted ? 130 : 1;
}
