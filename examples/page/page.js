// Signs a person in at an OpenID provider, and knows them from then on, in every tab of this site. See README.md.

import { PublicClientApplication } from 'doorcode';
import { IndexedDbCachePlugin } from 'doorcode/cache/web';
import { auth, scopes } from './config.js';

const pca = new PublicClientApplication({
  auth,
  cache: { cachePlugin: new IndexedDbCachePlugin() },
  system: { protocolMode: 'OIDC' },
});

const find = (id) => document.getElementById(id);
let giveUp = new AbortController();

/** Shows how things are, and the buttons that make sense then. */
function show(status, { note = '', buttons = [], isWaiting = false }) {
  find('status').textContent = status;
  find('note').textContent = note;
  find('waiting').hidden = !isWaiting;
  for (const button of document.querySelectorAll('button')) button.hidden = !buttons.includes(button.id);
}

/** Does what a button says; what goes wrong is said with what to do about it. */
async function run(action) {
  giveUp = new AbortController();
  try {
    await action();
  } catch (error) {
    if (giveUp.signal.aborted) return showAccount();
    show('That did not work', { note: [error.message, error.remedy].join(' '), buttons: ['sign-in', 'sign-out'] });
  }
}

async function showAccount() {
  const [account] = await pca.getAllAccounts();
  if (!account) return show('You are signed out', { buttons: ['sign-in'] });
  show(`Signed in as ${account.username}`, { buttons: ['get-token', 'sign-out'] });
}

async function signIn() {
  show('One moment …', { buttons: ['cancel'] });
  await pca.acquireTokenByDeviceCode({
    scopes,
    signal: giveUp.signal,
    deviceCodeCallback({ userCode, verificationUri, verificationUriComplete = verificationUri }) {
      find('code').value = userCode;
      find('link').textContent = verificationUri;
      find('link').href = verificationUriComplete;
      const note = 'Open the page, here or on your phone, and enter the code:';
      show('Waiting for you to sign in …', { note, buttons: ['cancel'], isWaiting: true });
    },
  });
  await showAccount();
}

/** Gets an access token without the person, as the page would before it calls an API. */
async function getToken() {
  const [account] = await pca.getAllAccounts();
  if (!account) return showAccount(); // another tab has signed out
  const { fromCache, expiresOn } = await pca.acquireTokenSilent({ scopes, account });
  await showAccount();
  find('note').textContent = `The access token ${fromCache ? 'was at hand' : 'is new'}, and good until ${expiresOn.toLocaleTimeString()}.`;
}

async function signOut() {
  for (const account of await pca.getAllAccounts()) await pca.signOut({ account });
  await showAccount();
}

find('sign-in').onclick = () => run(signIn);
find('cancel').onclick = () => giveUp.abort();
find('get-token').onclick = () => run(getToken);
find('sign-out').onclick = () => run(signOut);
run(showAccount);
