// The service worker signs people in. The browser ends it when it has been idle for half a minute, so it keeps nothing in variables that
// it could not do without. In storage are: `view`, what the popup shows; `flow`, a sign-in that waits for the person; `tokens`.

import { WebStorageCachePlugin } from './node_modules/doorcode/cache/web.js';
import { DeviceCodeFlow, PublicClientApplication } from './node_modules/doorcode/index.js';
import { auth, scopes } from './config.js';

const session = chrome.storage.session; // in memory, until the browser is closed; no page and no content script can read it
const tokenStore = session; // README.md tells of chrome.storage.local

const cachePlugin = new WebStorageCachePlugin(tokenStore, { key: 'tokens' });
const application = () => new PublicClientApplication({ auth, cache: { cachePlugin } });

let giveUp = new AbortController();
let polling;

const actions = { signIn, poll, getToken, signOut };

chrome.runtime.onMessage.addListener((action, sender, done) => {
  actions[action]().catch((error) => fail(error, action)).finally(done);
  return true; // `done` will be called
});

// While the popup is open, it asks for polls. The alarm is for when it is closed; half a minute is the shortest that there is.
chrome.alarms.onAlarm.addListener(() => poll().catch(fail));

async function signIn() {
  giveUp = new AbortController();
  await stripOrigin();
  const flow = new DeviceCodeFlow(application(), { scopes });
  const { userCode, verificationUri, expiresIn, interval } = await flow.initiateDeviceCodeFlow({ signal: giveUp.signal });
  await keep(flow, interval);
  await chrome.alarms.create('poll', { periodInMinutes: 0.5 });
  await show({ state: 'waiting', userCode, verificationUri, expiresAt: Date.now() + expiresIn * 1000 });
}

/** Polls, if it is time and nobody else does. */
function poll() {
  polling ??= pollOnce().finally(() => (polling = undefined));
  return polling;
}

async function pollOnce() {
  const { flow: kept } = await session.get('flow');
  if (!kept || Date.now() < kept.nextPoll) return;
  const flow = DeviceCodeFlow.resume(application(), kept.saved);
  const polled = await flow.poll({ signal: giveUp.signal });
  if (polled.status === 'pending') return keep(flow, polled.retryAfter);
  await endFlow();
  await showAccount(polled.result);
}

/** Gets an access token without the person, as the extension would before it calls an API. */
async function getToken() {
  const pca = application();
  const [account] = await pca.getAllAccounts();
  if (account) await showAccount(await pca.acquireTokenSilent({ scopes, account, signal: giveUp.signal }));
}

/** Ends what is under way, and forgets everything. */
async function signOut() {
  giveUp.abort();
  await polling?.catch(() => {});
  await endFlow();
  await tokenStore.remove('tokens');
  await session.clear();
  await chrome.action.setBadgeText({ text: '' });
}

/** Keeps the flow for the next poll. It holds the device code, which is as good as a password. */
async function keep(flow, seconds) {
  await session.set({ flow: { saved: JSON.stringify(flow), nextPoll: Date.now() + seconds * 1000 } });
}

async function endFlow() {
  await chrome.alarms.clear('poll');
  await session.remove('flow');
}

async function showAccount({ account, expiresOn, fromCache }) {
  const { name, username } = account;
  await show({ state: 'signedIn', name: name || username, username, expiresAt: expiresOn.getTime(), fromCache });
}

async function fail(error, action) {
  if (giveUp.signal.aborted) return; // that is no failure
  await endFlow();
  const again = action === 'getToken' && !error.needsInteraction ? 'getToken' : 'signIn';
  const { message, remedy, remedyUrl } = error;
  await show({ state: 'failed', message, remedy, remedyUrl, again });
}

async function show(view) {
  await session.set({ view });
  await chrome.action.setBadgeText({ text: { waiting: '…', failed: '!' }[view.state] ?? '' });
}

/**
 * Has the browser leave out the `Origin` header, of this extension's requests to the authority only. Entra takes requests that have one for
 * a web page's, and refuses them (AADSTS9002326).
 */
async function stripOrigin() {
  const rule = {
    id: 1,
    action: { type: 'modifyHeaders', requestHeaders: [{ header: 'origin', operation: 'remove' }] },
    condition: {
      initiatorDomains: [chrome.runtime.id],
      requestDomains: [new URL(auth.authority).hostname],
      resourceTypes: ['xmlhttprequest', 'other'],
    },
  };
  await chrome.declarativeNetRequest.updateDynamicRules({ removeRuleIds: [rule.id], addRules: [rule] });
}
