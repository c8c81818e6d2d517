// The whole web scenario, step by step: people sign in to the app, the app calls the API for them, and whoever tampers gets nowhere. The tests
// run it against the app in each of its forms, and `npm run web-demo -- --check` shows it.

import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { API, WEB_APP } from '../../../examples/authorization-server/server.mjs';
import { startPeople } from './web-people.mjs';
import { API_SCOPE, API_WRITE_SCOPE } from './web-parts.mjs';

/**
 * @param {Awaited<ReturnType<import('./web-parts.mjs').startParts>>} parts
 * @param {Parameters<typeof startPeople>[0]} [options]
 * @returns {Promise<{ steps: { title: string, run: () => Promise<void> }[], close: () => Promise<void> }>} each step builds on those before it
 */
export async function webScenario({ app, api, server }, options) {
  const people = await startPeople(options);
  const at = (path) => `${app.origin}${path}`;
  let ada;
  let grace;
  /** The address at the app that Ada has come back to with a code. */
  let spent;

  /** Follows the server's pages, from the question who it is. */
  async function identify(person, name) {
    await person.fill('combobox', 'Who are you?', name.toLowerCase().split(' ')[0]);
    return person.press('button', 'Sign in');
  }
  async function signIn(person, name) {
    await person.open(at('/sign-in'));
    const asked = await identify(person, name);
    return asked.heading === 'Do you agree?' ? person.press('button', 'Agree') : asked;
  }
  /** The app's answer to a sign-in, which has not reached it yet. @returns {Promise<URL>} */
  const answerOf = async (person, from = at('/sign-in?to=/profile')) => new URL(await person.caught(at('/callback'), { from }));
  const changed = (url, name, change) => {
    const other = new URL(url);
    other.searchParams.set(name, change(other.searchParams.get(name)));
    return other.href;
  };
  /** A text of the same kind that is another. */
  const tampered = (text) => text.slice(0, -1) + (text.endsWith('0') ? '1' : '0');

  const now = () => Math.floor(Date.now() / 1000);
  const claims = (more) => ({
    iss: server.issuer, aud: API.audience, sub: 'ada', client_id: WEB_APP.clientId, scope: API_SCOPE, iat: now(), exp: now() + 600, ...more,
  });
  const signed = (more, key = server.privateKey) => new SignJWT(claims(more)).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' }).sign(key);
  const callApi = async (token, method = 'GET') => {
    const headers = { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' };
    const response = await fetch(`${api.origin}/notes`, { method, headers, ...(method === 'POST' && { body: '{"text":"x"}' }) });
    return [response.status, /error="(\w+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1]];
  };

  const steps = {
    'somebody who is not signed in is asked to, whatever they open': async () => {
      ada = await people.meet();
      const home = await ada.open(at('/'));
      assert.equal(home.heading, 'Your notes');
      for (const path of ['/profile', '/notes']) {
        const { heading, url } = await ada.open(at(path));
        assert.equal(heading, 'Sign in');
        assert.ok(url.startsWith(`${server.issuer}/interaction/`), url);
      }
      await ada.open(at('/'));
    },
    'Ada signs in, reads in words what the app asks for, and agrees': async () => {
      assert.equal((await ada.press('link', 'Sign in')).heading, 'Sign in');
      const consent = await identify(ada, 'Ada Lovelace');
      assert.equal(consent.heading, 'Do you agree?');
      assert.match(consent.text, /The notes web app would like to:\s*read your notes\s*see your name and your user name/);
      spent = await ada.caught(at('/callback'), { press: { role: 'button', label: 'Agree' } });
      const home = await ada.open(spent);
      assert.deepEqual([home.heading, home.url], ['Hello, Ada Lovelace', at('/')]);
    },
    'the profile shows the claims of the ID token': async () => {
      const { text } = await ada.press('link', 'Profile');
      for (const claim of [/preferred_username\s+ada@example\.com/, /name\s+Ada Lovelace/, /sub\s+ada/]) assert.match(text, claim);
      assert.ok(text.includes(server.issuer));
    },
    'the app calls the API for Ada: 200': async () => {
      const { heading, text } = await ada.press('link', 'Notes');
      assert.equal(heading, 'Notes');
      assert.match(text, /The first note of ada\./);
      assert.match(text, /GET http.*\/notes[^]*status 200/);
    },
    'a token without the scope to write gets 403, and the page says why': async () => {
      await ada.fill('textbox', 'New note', 'Call Charles');
      const { heading, text } = await ada.press('button', 'Add');
      assert.equal(heading, 'The note was not added');
      assert.match(text, /status 403[^]*error="insufficient_scope", scope="Notes\.Write"/);
    },
    'Ada allows writing too, comes back to her notes, and adds one': async () => {
      const { heading, text } = await ada.press('link', 'Allow writing');
      assert.equal(heading, 'Do you agree?');
      assert.match(text, /write notes for you/);
      const back = await ada.press('button', 'Agree');
      assert.equal(back.url, at('/notes'));
      await ada.fill('textbox', 'New note', 'Call Charles <b>soon</b>');
      assert.match((await ada.press('button', 'Add')).text, /^Call Charles <b>soon<\/b>$/m);
    },
    'the API takes a good token, and answers 401 without one': async () => {
      assert.deepEqual(await callApi(await signed()), [200, undefined]);
      assert.deepEqual(await callApi(), [401, undefined]);
    },
    'the API answers 401 to a token that a stranger has signed': async () => {
      const { privateKey } = await generateKeyPair('RS256');
      assert.deepEqual(await callApi(await signed({}, privateKey)), [401, 'invalid_token']);
      const [header, , signature] = (await signed()).split('.');
      const other = Buffer.from(JSON.stringify(claims({ sub: 'grace' }))).toString('base64url');
      assert.deepEqual(await callApi([header, other, signature].join('.')), [401, 'invalid_token']);
    },
    'the API answers 401 to a token that nobody has signed (alg none)': async () => {
      assert.deepEqual(await callApi(new UnsecuredJWT(claims()).encode()), [401, 'invalid_token']);
    },
    'the API answers 401 to a token signed with the public key as a secret': async () => {
      const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(createPublicKey(server.privateKey))));
      assert.deepEqual(await callApi(await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256' }).sign(secret)), [401, 'invalid_token']);
    },
    'the API answers 401 to a token that has expired': async () => {
      assert.deepEqual(await callApi(await signed({ exp: now() - 60 })), [401, 'invalid_token']);
    },
    'the API answers 401 to a token for another audience': async () => {
      assert.deepEqual(await callApi(await signed({ aud: 'https://other.example' })), [401, 'invalid_token']);
    },
    'the API answers 401 to a token of another issuer': async () => {
      assert.deepEqual(await callApi(await signed({ iss: 'https://other.example' })), [401, 'invalid_token']);
    },
    'the API answers 403 to a token for reading that is used for writing': async () => {
      assert.deepEqual(await callApi(await signed(), 'POST'), [403, 'insufficient_scope']);
      assert.deepEqual(await callApi(await signed({ scope: API_WRITE_SCOPE }), 'POST'), [201, undefined]);
    },
    'no token has reached the browser': async () => {
      const received = await ada.received();
      assert.ok(received.length > 50);
      for (const text of received) assert.doesNotMatch(text, /eyJ[\w-]{10,}\.|refresh_token|access_token"?[:=]/);
    },
    'the address that Ada came back to does nothing the second time': async () => {
      const { heading } = await ada.open(spent);
      assert.equal(heading, 'You are signed in already');
      assert.equal((await ada.press('link', 'Continue')).heading, 'Hello, Ada Lovelace');
      await ada.open(at('/notes'));
      assert.equal((await ada.goBack()).heading, 'Hello, Ada Lovelace');
    },
    'a second browser never sees what is of the first, and signs in with the keyboard alone': async () => {
      grace = await people.meet();
      assert.equal((await grace.open(at('/'))).heading, 'Your notes');
      const asked = await grace.keys('Tab', 'Enter');
      assert.deepEqual([asked.focus.name, asked.focus.outline, asked.heading], ['Sign in', 'solid', 'Sign in']);
      const consent = await grace.keys('ArrowDown', 'Tab', 'Enter');
      assert.equal(consent.heading, 'Do you agree?');
      assert.equal((await grace.keys('Enter')).heading, 'Hello, Grace Hopper');
      assert.match((await grace.press('link', 'Profile')).text, /sub\s+grace/);
      assert.match((await grace.press('link', 'Notes')).text, /The first note of grace\./);
      // The server names everybody who can sign in.
      const received = (await grace.received()).map((text) => text.replaceAll('ada">Ada Lovelace</option>', ''));
      for (const text of received) assert.doesNotMatch(text, /Ada Lovelace|ada@|of ada|Charles/);
    },
    'a state that was tampered with is refused': async () => {
      const person = await people.meet();
      await signIn(person, 'Ada Lovelace');
      const answer = await answerOf(person);
      assert.equal((await person.open(changed(answer, 'state', tampered))).heading, 'You are signed in already');
      const stranger = await people.meet();
      assert.equal((await stranger.open(changed(answer, 'state', tampered))).heading, 'That sign-in is over');
      assert.equal((await stranger.open(at('/callback'))).heading, 'That sign-in is over');
      await stranger.leave();
      await person.leave();
    },
    'a nonce that was tampered with is refused': async () => {
      const person = await people.meet();
      const way = await person.caught(`${server.issuer}/auth`, { from: at('/sign-in') });
      await person.open(changed(way, 'nonce', tampered));
      await identify(person, 'Ada Lovelace');
      const { heading, text } = await person.press('button', 'Agree');
      assert.equal(heading, 'That did not work');
      assert.match(text, /nonce_mismatch/);
      assert.equal((await person.open(at('/'))).heading, 'Your notes');
      await person.leave();
    },
    'an answer that comes from another server is refused': async () => {
      const answer = await answerOf(grace);
      const { heading, text } = await grace.open(changed(answer, 'iss', () => 'https://other.example'));
      assert.equal(heading, 'That did not work');
      assert.match(text, /issuer_mismatch/);
    },
    "another browser's answer signs nobody in": async () => {
      const answer = await answerOf(ada);
      const victim = await people.meet();
      assert.equal((await victim.open(answer.href)).heading, 'That sign-in is over');
      // Nor while the victim has a sign-in of their own under way.
      await victim.open(at('/sign-in'));
      assert.equal((await victim.open(answer.href)).heading, 'That sign-in is over');
      assert.equal((await victim.open(at('/'))).heading, 'Your notes');
      await victim.leave();
      assert.equal((await ada.open(answer.href)).url, at('/profile'));
    },
    'a sign-in in a second tab does no harm': async () => {
      const [one, other] = [await answerOf(grace), await answerOf(grace)];
      assert.equal((await grace.open(one.href)).heading, 'Profile');
      assert.equal((await grace.open(other.href)).heading, 'You are signed in already');
    },
    'a code that was used is refused': async () => {
      const code = new URL(spent).searchParams.get('code');
      const { heading, text } = await grace.open(changed(await answerOf(grace), 'code', () => code));
      assert.equal(heading, 'That did not work');
      assert.match(text, /invalid_grant/);
      assert.equal((await grace.open(at('/profile'))).heading, 'Profile');
    },
    'who declines is told that nothing has happened; without any script, and with the keyboard alone': async () => {
      const person = await people.meet({ withoutScript: true });
      await person.open(at('/sign-in?to=/notes'));
      await person.keys('ArrowDown', 'Tab', 'Enter'); // Grace, signs in
      const { heading, text } = await person.keys('Tab', 'Enter');
      assert.equal(heading, 'You said no');
      assert.match(text, /has learned nothing about you/);
      assert.equal((await person.keys('Tab', 'Enter')).heading, 'Do you agree?');
      const notes = await person.keys('Enter');
      assert.deepEqual([notes.heading, notes.url], ['Notes', at('/notes')]);
      await person.leave();
    },
    'no other site can write or sign out for Grace': async () => {
      const [{ value }] = (await grace.cookies()).filter(({ name }) => name === 'session');
      for (const path of ['/notes', '/sign-out']) {
        for (const from of ['cross-site', 'same-site']) {
          const headers = { cookie: `session=${value}`, 'sec-fetch-site': from, origin: 'https://other.example' };
          const { status } = await fetch(at(path), { method: 'POST', headers, body: new URLSearchParams({ text: 'x' }), redirect: 'manual' });
          assert.equal(status, 403, `${path} ${from}`);
        }
      }
      assert.equal((await grace.open(at('/profile'))).heading, 'Profile');
    },
    'after a sign-in links lead nowhere but into the app': async () => {
      for (const to of ['//other.example/', 'https://other.example/', '/\\other.example', 'javascript:alert(1)']) {
        assert.equal((await grace.open(at(`/sign-in?${new URLSearchParams({ to })}`))).url, at('/'), to);
      }
    },
    'Ada signs out, here and at the server, and has to say who she is again': async () => {
      const kept = await ada.cookies();
      await ada.open(at('/'));
      const asked = await ada.press('button', 'Sign out');
      assert.equal(asked.heading, 'Sign out here as well?');
      assert.match(asked.text, /You have signed out of The notes web app/);
      const { heading, url } = await ada.press('button', 'Yes, sign me out');
      assert.deepEqual([heading, url], ['You are signed out', at('/signed-out')]);
      assert.equal((await ada.open(at('/profile'))).heading, 'Sign in');
      // Somebody has kept the cookie of her session.
      await ada.setCookies(kept.filter(({ name }) => name === 'session'));
      assert.equal((await ada.open(at('/'))).heading, 'Your notes');
    },
    'Grace is signed in still': async () => {
      assert.equal((await grace.open(at('/'))).heading, 'Hello, Grace Hopper');
    },
    'a page that is not there says so': async () => {
      assert.equal((await grace.open(at('/nowhere'))).heading, 'There is no such page');
    },
  };
  return { steps: Object.entries(steps).map(([title, run]) => ({ title, run })), close: people.close };
}
