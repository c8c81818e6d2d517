// `npm run faults`: people sign in and renew their tokens through a network that does everything wrong. Ends with a table, and fails if
// anything hung, was lost or was mixed up.
//   --sign-ins N   (10000)
//   --at-once N    (200)
//   --seed N       the schedule (1)
//   --json         prints the report as JSON instead
//
// The package, `fetch`, the sockets, the proxy and the server are real. Between polls the clock is virtual. The time limit of a request is
// the package's own, but comes at once for whom the proxy lets wait for ever.

import { parseArgs } from 'node:util';
import { PublicClientApplication } from 'doorcode';
import { fastClock } from '../js/support/clock.mjs';
import { dice } from './dice.mjs';
import { anyFault, FAULTS, startProxy } from './proxy.mjs';
import { startServer } from './server.mjs';

/** How likely a fault is at a request for tokens, and at one before that: a sign-in that nobody has seen a code of is soon over. */
const [LIKELY, LIKELY_BEFORE] = [0.3, 0.06];
/** Milliseconds: a request's time limit, and how long a sign-in may take before it counts as hung. */
const [LIMIT, HUNG] = [30_000, 600_000];
/** How many people share an application, and how often each renews their tokens before the network is calm. */
const [SHARED_BY, RENEWALS] = [5, 2];
/** The most requests that one renewal may take: one, and one more if that failed at once. */
const MOST_REQUESTS = 2;

const { values: given } = parseArgs({
  options: { 'sign-ins': { type: 'string' }, 'at-once': { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } },
});
const number = (/** @type {string | undefined} */ text, /** @type {number} */ otherwise) => {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error('the options are whole numbers above 0');
  return value;
};
const [signIns, atOnce, seed] = [number(given['sign-ins'], 10_000), number(given['at-once'], 200), number(given.seed, 1)];

/** Counts by name. */
function tally() {
  /** @type {Record<string, number>} */
  const counts = {};
  return { counts, add: (/** @type {string} */ name) => void (counts[name] = (counts[name] ?? 0) + 1) };
}

/** What went wrong that nobody caught. @type {string[]} */
const uncaught = [];
process.on('uncaughtException', (error) => uncaught.push(`${error.stack}`));
process.on('unhandledRejection', (error) => uncaught.push(`${/** @type {any} */ (error)?.stack ?? error}`));

/** What ends the waiting for a reply, by where it was asked for, and with which form. @type {Map<string, () => void>} */
const limits = new Map();
{
  const { setTimeout, clearTimeout, fetch } = globalThis;
  /** Those that nobody has to wait for any more. @type {WeakSet<object>} */
  const over = new WeakSet();
  /** Of the request that is about to be sent: the package sets its time limit first. */
  let limit = () => {};
  globalThis.setTimeout = /** @type {typeof setTimeout} */ ((/** @type {(...args: any[]) => void} */ callback, /** @type {number} */ milliseconds, ...args) => {
    const timer = setTimeout(callback, milliseconds, ...args);
    if (milliseconds === LIMIT) {
      limit = () => {
        if (over.has(timer)) return;
        globalThis.clearTimeout(timer);
        callback();
      };
    }
    return timer;
  });
  globalThis.clearTimeout = (timer) => {
    if (typeof timer === 'object') over.add(timer);
    clearTimeout(timer);
  };
  globalThis.fetch = (url, init) => {
    limits.set(`${new URL(String(url)).pathname} ${init?.body ?? ''}`, limit);
    return fetch(url, init);
  };
}

/** @typedef {import('./proxy.mjs').Exchange} Exchange */
/** What was exchanged in whose name, in order. @type {Map<string, Exchange[]>} */
const exchanges = new Map();
/** Who has a calm network. @type {Set<string>} */
const calm = new Set();
const dealt = tally();
let requests = 0;

/** In whose name a request is made; in an application's, if it asks for the authority's document. @param {string} request */
const nameOf = (request) => /person-\d+-[0-9a-f]{4}/.exec(request)?.[0] ?? /app-\d+/.exec(request)?.[0] ?? 'nobody';
/** How many exchanges were begun in whose name. @type {Map<string, number>} */
const begun = new Map();

const server = await startServer(seed);
const proxy = await startProxy({
  port: server.port,
  plan(request) {
    const name = nameOf(request);
    const index = begun.get(name) ?? 0;
    begun.set(name, index + 1);
    const roll = dice(seed, name, index);
    const key = `${request.split(' ', 2)[1]} ${request.slice(request.indexOf('\r\n\r\n') + 4)}`;
    const giveUp = limits.get(key) ?? (() => {});
    limits.delete(key);
    const fault = !calm.has(name) && roll() < (/^POST \S+token /.test(request) ? LIKELY : LIKELY_BEFORE) ? anyFault(roll) : undefined;
    requests += 1;
    if (fault) dealt.add(fault);
    return { fault, roll, giveUp };
  },
  onExchange(exchange) {
    const name = nameOf(exchange.request);
    if (name !== 'nobody') exchanges.set(name, [...(exchanges.get(name) ?? []), exchange]);
  },
});
server.issuer = `http://127.0.0.1:${proxy.port}`;

let applications = 0;
/** @type {{ left: number, pca: PublicClientApplication } | undefined} */
let shared;
function application() {
  if (!shared || shared.left === 0) {
    applications += 1;
    const pca = new PublicClientApplication({
      auth: { clientId: 'client', authority: `${server.issuer}/app-${applications}` },
      system: { protocolMode: 'OIDC', clock: fastClock(), loggerOptions: { loggerCallback() {} } },
    });
    shared = { left: SHARED_BY, pca };
  }
  shared.left -= 1;
  return shared.pca;
}

const ended = tally();
const errors = tally();
const spentOn = tally();
const spentTold = tally();
const renewals = tally();
/** What must not be. @type {string[]} */
const wrong = [];

/** Waits, but not for ever. @template T @param {Promise<T>} promise @returns {Promise<T>} */
async function inTime(promise) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('hung'), { errorCode: 'hung' })), HUNG);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What an operation resolves to, or what it rejects with. @param {Promise<any>} promise @returns {Promise<{ result?: any, error?: any }>} */
const outcome = (promise) => inTime(promise).then((result) => ({ result }), (error) => ({ error }));

/** Whether a text is another but for one character. @param {string} text @param {string} other */
const isAlmost = (text, other) => text.length === other.length && [...text].filter((character, at) => character !== other[at]).length === 1;

/** Whether a reply brings these tokens. @param {string} reply */
const bringsTokens = (reply) => reply.includes('"access_token":"AT-');

/**
 * Why a sign-in ended with an error; nothing if there is no good reason.
 * @param {string} name @param {string} nameOfApplication @param {any} error @param {boolean} wasShown whether the person was shown a code
 */
function reason(name, nameOfApplication, error, wasShown) {
  const all = exchanges.get(name) ?? [];
  const last = all.at(-1);
  const spending = all.find(({ replies }) => replies.some(bringsTokens));
  if (spending) {
    const arrived = spending.arrived && !error.message.includes('no complete reply');
    if (arrived) return undefined;
    spentOn.add(spending.fault ?? 'a busy machine');
    spentTold.add(`${error.errorCode}${error.status ? ` (${error.status})` : ''}`);
    return 'spent on a lost answer';
  }
  if (!wasShown) return 'ended before a code was shown';
  if (error.errorCode === 'access_denied' && last?.replies.some((reply) => reply.includes('access_denied'))) return 'declined';
  if (error.errorCode === 'device_code_expired' && last?.replies.some((reply) => reply.includes('expired_token'))) return 'expired';
  // An address in the authority's document may have been corrupted as well.
  const ofApplication = exchanges.get(nameOfApplication) ?? [];
  return [...all, ...ofApplication].some(({ fault }) => fault?.includes('corrupted')) ? 'misled by corruption' : undefined;
}

/** @param {number} index */
async function person(index) {
  const name = `person-${index}-${Math.floor(dice(seed, 'name', index)() * 65_536).toString(16).padStart(4, '0')}`;
  const pca = application();
  const nameOfApplication = `app-${applications}`;
  let wasShown = false;
  const { result, error } = await outcome(pca.acquireTokenByDeviceCode({ scopes: [name], deviceCodeCallback: () => void (wasShown = true) }));
  if (error) {
    // The proxy may hear a little later what its last write came to.
    for (let tries = 0; tries < 1_000 && exchanges.get(name)?.some(({ isOver }) => !isOver); tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
    errors.add(error.errorCode ?? error.name);
    const why = error.errorCode === 'hung' ? 'hung' : reason(name, nameOfApplication, error, wasShown);
    ended.add(why ?? 'lost');
    if (!why || why === 'hung') wrong.push(`${name} ${why ?? 'lost'}: ${error.errorCode} ${error.message}\n${story(name)}`);
    return;
  }
  const verdict = tokenOf(name, result.accessToken);
  ended.add(verdict);
  if (verdict === 'tokens') await renew(name, pca, result.account);
}

/** Whose token it is that somebody got. @param {string} name @param {string} token */
function tokenOf(name, token) {
  const mine = server.people.get(name)?.accessTokens ?? [];
  if (mine.includes(token)) return 'tokens';
  if (mine.some((own) => isAlmost(own, token))) return 'tokens, altered on the way';
  wrong.push(`${name} got a token that is ${server.owners.has(token) ? 'somebody else\'s' : 'nobody\'s'}\n${story(name)}`);
  return 'mixed up';
}

/** Renews under faults, and then without. @param {string} name @param {any} pca @param {any} account */
async function renew(name, pca, account) {
  const refreshing = () => (exchanges.get(name) ?? []).filter(({ request }) => request.includes('grant_type=refresh_token'));
  const isAltered = () => (exchanges.get(name) ?? []).some(({ fault }) => fault?.includes('corrupted'));
  for (let times = 0; times <= RENEWALS; times += 1) {
    const isLast = times === RENEWALS;
    if (isLast) calm.add(name);
    const before = refreshing().length;
    const { result, error } = await outcome(pca.acquireTokenSilent({ scopes: [name], account, forceRefresh: true }));
    const asked = refreshing();
    if (asked.length - before > MOST_REQUESTS) wrong.push(`${name} made ${asked.length - before} requests for one renewal\n${story(name)}`);
    if (error?.errorCode === 'hung') wrong.push(`${name} hung in a renewal\n${story(name)}`);
    if (result && tokenOf(name, result.accessToken) === 'mixed up') renewals.add('mixed up');
    if (!isLast) {
      renewals.add(result ? 'renewed under faults' : error.needsInteraction ? 'the person is asked' : `put off: ${error.errorCode}`);
      continue;
    }
    if (result) {
      renewals.add('in the end: renewed');
      continue;
    }
    if (asked.length === 0 && isAltered()) {
      // The ID token was, and with it the account: nobody of that name is known.
      renewals.add('in the end: altered on the way, the account is not known');
      continue;
    }
    if (error.errorCode === 'invalid_id_token' && isAltered()) {
      // The subject in the first ID token was, so each renewed one is somebody else's.
      renewals.add('in the end: altered on the way, the account is another');
      continue;
    }
    const used = new URLSearchParams(asked.at(-1)?.request.split('\r\n\r\n')[1]).get('refresh_token') ?? '';
    const works = server.people.get(name)?.refreshTokens.has(used);
    if (works) wrong.push(`${name} has a refresh token that works, and got ${error.errorCode} ${error.message}\n${story(name)}`);
    else if (!error.needsInteraction) wrong.push(`${name} has a refresh token that was spent, and is not told to sign in: ${error.errorCode}\n${story(name)}`);
    if (server.owners.has(used)) renewals.add('in the end: spent on a lost answer, the person is asked');
    else if (isAltered()) renewals.add('in the end: altered on the way, the person is asked');
    else wrong.push(`${name} showed a refresh token that nobody gave\n${story(name)}`);
  }
}

/** What was exchanged in somebody's name. @param {string} name */
function story(name) {
  const line = ({ fault, request, replies, arrived }) =>
    `  ${request.split(' ', 2).join(' ')} [${fault ?? 'no fault'}] ${replies.map((reply) => reply.split('\r\n\r\n')[1]?.slice(0, 90)).join(' | ')}${arrived ? '' : ' (lost)'}`;
  return (exchanges.get(name) ?? []).map(line).join('\n');
}

const started = Date.now();
let next = 0;
const workers = Array.from({ length: Math.min(atOnce, signIns) }, async () => {
  while (next < signIns) {
    const index = next;
    next += 1;
    await person(index);
  }
});
await Promise.all(workers);
shared = undefined;
await proxy.close();
await server.close();
const seconds = (Date.now() - started) / 1000;

// What nobody waits for has until here to be gone.
for (let times = 0; times < 10; times += 1) await new Promise(setImmediate);
const left = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout' || kind.startsWith('TCP'));
if (left.length) wrong.push(`left at the end: ${left.join(', ')}`);
for (const text of uncaught) wrong.unshift(`nobody caught: ${text}`);

const report = {
  signIns, atOnce, seed, requests, seconds,
  ended: { 'hung': 0, 'lost': 0, 'mixed up': 0, ...ended.counts },
  errors: errors.counts, spentOn: spentOn.counts, spentTold: spentTold.counts, renewals: renewals.counts, dealt: dealt.counts, wrong,
};
if (given.json) {
  console.log(JSON.stringify(report));
} else {
  const faults = Object.values(report.dealt).reduce((total, count) => total + count, 0);
  console.log(`\n${signIns} sign-ins, ${atOnce} at once, seed ${seed}: ${requests} requests, ${faults} faults, ${seconds.toFixed(0)} s`);
  table('how they ended', report.ended);
  table('spent on a lost answer: what had happened to it', report.spentOn);
  table('and what the program was told', report.spentTold);
  table('error codes', report.errors);
  table('renewals', report.renewals);
  table('faults dealt', { ...Object.fromEntries(Object.keys(FAULTS).map((name) => [name, 0])), ...report.dealt });
  console.log(`\nuncaught: ${uncaught.length}; left at the end: ${left.length}; wrong: ${wrong.length}`);
}
for (const text of wrong.slice(0, 5)) console.error(text);
process.exitCode = wrong.length ? 1 : 0;

/** @param {string} title @param {Record<string, number>} counts */
function table(title, counts) {
  console.log(`\n${title}`);
  for (const [name, count] of Object.entries(counts).sort(([, one], [, other]) => other - one)) console.log(`  ${String(count).padStart(7)}  ${name}`);
}
