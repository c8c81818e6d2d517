// What people see. `html` escapes whatever is put into it.

import { html } from 'hono/html';

/** @typedef {import('doorcode').AccountInfo} Account */

const NAME = 'Notes';
const PAGES = [['/', 'Home'], ['/profile', 'Profile'], ['/notes', 'Notes']];

const nameOf = (/** @type {Account} */ account) => account.name || account.username || 'somebody without a name';

/** @param {{ title: string, path?: string, account?: Account }} about @param {unknown} content */
const page = ({ title, path, account }, content) => html`<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${title} – ${NAME}</title>
  <link rel="stylesheet" href="/style.css">
</head>
<body>
  ${account && html`<header>
    <nav aria-label="Pages"><ul>${PAGES.map(([to, name]) => html`
      <li>${to === path ? html`<a href="${to}" aria-current="page">${name}</a>` : html`<a href="${to}">${name}</a>`}</li>`)}
    </ul></nav>
    <form method="post" action="/sign-out"><button class="plain">Sign out</button></form>
  </header>`}
  <main>
    <h1>${title}</h1>
    ${content}
  </main>
</body>
</html>`;

const signInLink = (text = 'Sign in', to = '/') => html`<p><a class="button" href="/sign-in?${new URLSearchParams({ to })}">${text}</a></p>`;

/** @param {Account} [account] */
export function home(account) {
  if (!account) return page({ title: 'Your notes' }, html`<p>Sign in to read your notes. You do that on another site, and come back here.</p>
    ${signInLink()}`);
  return page({ title: `Hello, ${nameOf(account)}`, path: '/', account }, html`<p>You are signed in. You can
    <a href="/profile">see what this app knows about you</a>, and <a href="/notes">read your notes</a>.</p>`);
}

/** Claims that are moments. */
const MOMENTS = new Set(['auth_time', 'exp', 'iat', 'nbf']);

/** @param {Account} account */
export function profile(account) {
  const claims = Object.entries(account.idTokenClaims ?? {});
  return page({ title: 'Profile', path: '/profile', account }, html`<p>You are signed in as <strong>${nameOf(account)}</strong>.</p>
    <table>
      <caption>What the server says about you: the claims of the ID token</caption>
      <thead><tr><th scope="col">Claim</th><th scope="col">Value</th></tr></thead>
      <tbody>${claims.map(([claim, value]) => html`
        <tr><th scope="row">${claim}</th><td>${shown(claim, value)}</td></tr>`)}
      </tbody>
    </table>`);
}

/** @param {string} claim @param {unknown} value */
function shown(claim, value) {
  if (MOMENTS.has(claim) && typeof value === 'number') return `${new Date(value * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What was asked of the API, and what came back. @param {import('./call-api.mjs').Answer} answer */
const exchange = ({ method, url, status, challenge, body }) => html`<h2>What went over the wire</h2>
    <dl>
      <dt>Asked</dt><dd><code>${method} ${url}</code>, with the access token in <code>Authorization: Bearer</code>. It stays on the server.</dd>
      <dt>Answered</dt><dd>${status ? html`status <code>${status}</code>` : 'nothing'}</dd>
      ${challenge && html`<dt>WWW-Authenticate</dt><dd><code>${challenge}</code></dd>`}
      ${body !== undefined && html`<dt>Body</dt><dd><pre>${JSON.stringify(body, null, 2)}</pre></dd>`}
    </dl>`;

/** @param {Account} account @param {import('./call-api.mjs').Answer} answer */
export function notes(account, answer) {
  const about = { title: 'Notes', path: '/notes', account };
  if (answer.status !== 200) return page(about, html`
    <p role="alert">${REFUSALS[answer.status] ?? 'The API has no notes to show. Try again later.'}</p>
    ${answer.status === 401 && signInLink('Sign in again', '/notes')}${exchange(answer)}`);
  const { notes = [] } = answer.body ?? {};
  return page(about, html`<ul class="notes">${notes.map((text) => html`
      <li>${text}</li>`)}
    </ul>
    <form method="post" action="/notes">
      <label for="text">New note</label>
      <input id="text" name="text" required maxlength="500" autocomplete="off">
      <button>Add</button>
    </form>
    ${exchange(answer)}`);
}

const REFUSALS = {
  0: 'The API does not answer. Try again in a moment.',
  401: 'The API did not take the token of this app.',
  403: 'The API says that this app may not do that for you.',
  503: 'The API cannot check who you are just now. Try again in a moment.',
};

/** @param {Account} account @param {import('./call-api.mjs').Answer} answer @param {boolean} canAsk whether more can be asked for */
export function notAdded(account, answer, canAsk) {
  const about = { title: 'The note was not added', account };
  if (answer.status === 403) return page(about, html`<p>The API says that this app may not write notes for you. It was allowed reading only.</p>
    ${canAsk && html`<p><a class="button" href="/sign-in?also=write&amp;to=/notes">Allow writing</a></p>`}
    <p><a href="/notes">Back to your notes</a></p>${exchange(answer)}`);
  return page(about, html`<p role="alert">${REFUSALS[answer.status] ?? answer.body?.error ?? 'The API says no more than that.'}</p>
    <p><a href="/notes">Back to your notes</a></p>${exchange(answer)}`);
}

/** @param {Account} [account] */
export function staleSignIn(account) {
  if (account) return page({ title: 'You are signed in already', account }, html`<p>That sign-in was done before. There is nothing left to do.</p>
    <p><a class="button" href="/">Continue</a></p>`);
  return page({ title: 'That sign-in is over' }, html`<p>It was done before, took longer than ten minutes, or was begun in another
    browser. Nobody was signed in.</p>${signInLink('Start again')}`);
}

/** @param {Partial<import('doorcode').AuthError>} failure @param {string} to @param {Account} [account] */
export function failedSignIn(failure, to, account) {
  if (failure.errorCode === 'access_denied') {
    const kept = account ? 'All is as it was before.' : 'You are not signed in, and this app has learned nothing about you.';
    return page({ title: 'You said no', account }, html`<p>You cancelled, or did not agree to what this app asks for. ${kept}</p>
      <p>If that was a mistake, start again and choose <em>Agree</em>.</p>${signInLink('Start again', to)}`);
  }
  return page({ title: 'That did not work', account }, html`<p>You could not be signed in.</p>
    ${advice(failure)}${signInLink('Start again', to)}${forSupport(failure)}`);
}

/** @param {Partial<import('doorcode').AuthError>} error */
export const broken = (error) => page({ title: 'Something went wrong' }, html`<p>That is not your fault.</p>
    ${advice(error)}<p><a href="/">Back to the start</a></p>${forSupport(error)}`);

/** For what no form of this app sends. */
export const refused = () => page({ title: 'That was refused' }, html`<p>What was sent did not come from a page of this app, or was too
    long. Nothing was changed.</p>
    <p><a href="/">Back to the start</a></p>`);

/** What to do. @param {Partial<import('doorcode').AuthError>} error */
const advice = ({ remedy, remedyUrl }) =>
  html`<p>${remedy || 'Try again in a moment.'}${remedyUrl && html` <a href="${remedyUrl}">More about that</a>`}</p>`;

/** What helps whoever is asked for help. @param {Partial<import('doorcode').AuthError>} error */
const forSupport = ({ errorCode, errorMessage, correlationId }) => errorCode && html`<h2>For support</h2>
    <dl>
      <dt>Error</dt><dd><code>${errorCode}</code></dd>
      ${errorMessage && html`<dt>Said</dt><dd>${errorMessage}</dd>`}
      ${correlationId && html`<dt>Correlation id</dt><dd><code>${correlationId}</code></dd>`}
    </dl>`;

/** @param {Account} [account] */
export const signedOut = (account) => account
  ? page({ title: 'You are signed in', account }, html`<p>You have signed in again since.</p>`)
  : page({ title: 'You are signed out' }, html`<p>This app has forgotten you, and can do nothing for you until you sign in
    again.</p>${signInLink('Sign in again')}`);

/** @param {Account} [account] */
export const notFound = (account) => page({ title: 'There is no such page', account }, html`<p><a href="/">Back to the start</a></p>`);
