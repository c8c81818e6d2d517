// `npm run memory`: whether memory stays flat over very many sign-ins. Each kind of life has a process of its own, and a network and a
// clock within it. Fails if one grows after its first tenth.
//   --sign-ins N   of each kind (100000)
//   --kind NAME    one kind alone, as in --kind 'again and again'
//   --json         prints the figures as JSON instead
// `node .dev/memory.mjs` alone measures what is in pkg/ without building it.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { PublicClientApplication } from 'doorcode';
import { jwt } from '../tests/js/support/jwt.mjs';
import { collect, linearMemory } from '../tests/js/support/linear-memory.mjs';

const PAGE = 65_536;
const MB = 1 << 20;
const POINTS = 10;
const ISSUER = 'https://id.example';
/** Of different people so many sign in: what is kept of them is data, and grows. */
const PEOPLE_SHARE = 0.1;

/** Sign-ins between two collections. V8 feels no need of one: it does not see what an application that nobody holds has in WebAssembly. */
const COLLECT_EVERY = 1_000;
/**
 * How much may be added after the first tenth, and be called flat: bytes of WebAssembly's memory, for each sign-in, and of the heap and the
 * whole process, which V8 gives back late. WebAssembly's memory never shrinks: it is as large as it had to be once. But what every sign-in
 * left behind would be a block at least, and the smallest block has 16 bytes.
 */
const BOUNDS = { pages: 16, heap: 1.5 * MB, rss: 48 * MB };

const METADATA = { issuer: ISSUER, device_authorization_endpoint: `${ISSUER}/device`, token_endpoint: `${ISSUER}/token` };
const CODES = { device_code: 'd'.repeat(200), user_code: 'ABCD-EFGH', verification_uri: `${ISSUER}/activate`, expires_in: 900, interval: 5 };
const reply = (/** @type {unknown} */ body, status = 200) => ({ status, headers: {}, body: /** @type {any} */ (body) });
const scopes = ['Files.Read'];

/** On which waiting takes no time. It keeps nothing, unlike the one of the tests. */
function fastClock() {
  let ahead = 0;
  return { now: () => Date.now() + ahead, sleep: async (/** @type {number} */ milliseconds) => void (ahead += milliseconds) };
}

let issued = 0;
/** Tokens, as long as Entra's. @param {string} sub */
function tokens(sub) {
  issued += 1;
  const idToken = jwt({ iss: ISSUER, aud: 'client', sub, exp: 4_000_000_000, name: `Person ${sub}`, filler: 'f'.repeat(300) });
  return { access_token: `AT-${issued}-${'a'.repeat(1_500)}`, refresh_token: `RT-${issued}-${'r'.repeat(1_000)}`, id_token: idToken, expires_in: 3_600 };
}

/** @param {() => any} [token] what a request for tokens is answered with @param {() => string} [who] */
function application(who = () => 'ada', token = () => reply(tokens(who()))) {
  const networkClient = {
    sendGetRequestAsync: async () => reply(METADATA),
    sendPostRequestAsync: async (/** @type {string} */ url) => (url.endsWith('/device') ? reply(CODES) : token()),
  };
  return new PublicClientApplication({
    auth: { clientId: 'client', authority: ISSUER },
    system: { protocolMode: 'OIDC', clock: fastClock(), networkClient, loggerOptions: { loggerCallback() {} } },
  });
}

const signIn = (/** @type {any} */ pca, /** @type {object} */ more = {}) => pca.acquireTokenByDeviceCode({ scopes, deviceCodeCallback() {}, ...more });

/**
 * Kinds of lives; each returns one sign-in, by its number.
 * @type {Record<string, () => (index: number) => Promise<unknown>>}
 */
const kinds = {
  'again and again': () => {
    let who = '';
    const pca = application(() => who);
    return async (index) => {
      who = `person ${index % 5}`;
      const { account } = await signIn(pca);
      if (index % 4 === 1) await pca.acquireTokenSilent({ scopes, account, forceRefresh: true });
      if (index % 10 === 2) await pca.signOut({ account });
    };
  },
  'a new application each': () => () => signIn(application()),
  'cancelled or failed': () => {
    /** @type {() => any} */
    let token = () => undefined;
    const pca = application(() => 'ada', () => token());
    const pending = () => reply({ error: 'authorization_pending' }, 400);
    const ends = [
      async () => {
        const controller = new AbortController();
        token = () => (controller.abort(), pending());
        await signIn(pca, { signal: controller.signal });
      },
      async () => {
        token = pending;
        await signIn(pca, { timeout: 12 });
      },
      async () => {
        token = pending;
        await signIn(pca, { deviceCodeCallback: () => { throw new Error('no screen'); } });
      },
      async () => {
        token = () => reply({ error: 'access_denied' }, 400);
        await signIn(pca);
      },
      async () => {
        token = () => reply(`{"access_token":"${'a'.repeat(1_500)}"`);
        await signIn(pca);
      },
      async () => {
        token = () => { throw Object.assign(new Error('socket hang up'), { status: 200 }); };
        await signIn(pca);
      },
      async () => {
        token = () => reply({ ...tokens('ada'), id_token: jwt({ iss: 'https://evil.example' }) });
        await signIn(pca);
      },
    ];
    return (index) => ends[index % ends.length]().then(() => { throw new Error('it was to fail'); }, (error) => {
      if (error.message === 'it was to fail') throw error;
    });
  },
  'different people': () => {
    let who = '';
    const pca = application(() => who);
    return (index) => {
      who = `person ${index}`;
      return signIn(pca);
    };
  },
};

/** @typedef {{ signIns: number, pages: number, heap: number, rss: number, handles: number }} Point */

/** Lives one kind of life. @param {string} kind @param {number} signIns @returns {Promise<Point[]>} */
async function live(kind, signIns) {
  const one = kinds[kind]();
  /** @type {Point[]} */
  const points = [];
  for (let index = 0; index < signIns; index += 1) {
    await one(index);
    if (index % COLLECT_EVERY === 0) await collect();
    if ((index + 1) % Math.ceil(signIns / POINTS) && index + 1 < signIns) continue;
    await collect();
    const { heapUsed: heap, rss } = process.memoryUsage();
    points.push({ signIns: index + 1, pages: linearMemory().length / PAGE, heap, rss, handles: process.getActiveResourcesInfo().length });
  }
  return points;
}

/** What grew more than it may, after the first point. @param {Point[]} points */
function grown([first, ...later]) {
  const most = (/** @type {keyof typeof BOUNDS} */ what) => Math.max(...later.map((point) => point[what])) - first[what];
  const each = (most('pages') * PAGE) / (/** @type {Point} */ (later.at(-1)).signIns - first.signIns);
  return [each < BOUNDS.pages ? [] : ['pages'], most('heap') <= BOUNDS.heap ? [] : ['heap'], most('rss') <= BOUNDS.rss ? [] : ['rss']].flat();
}

const { values: given } = parseArgs({
  options: { 'sign-ins': { type: 'string', default: '100000' }, kind: { type: 'string' }, json: { type: 'boolean' }, points: { type: 'boolean' } },
});
const signIns = Number(given['sign-ins']);
if (!Number.isInteger(signIns) || signIns < POINTS) throw new Error(`--sign-ins must be a whole number from ${POINTS}`);
if (given.kind && !kinds[given.kind]) throw new Error(`--kind must be one of: ${Object.keys(kinds).join(', ')}`);
if (given.points) {
  console.log(JSON.stringify(await live(/** @type {string} */ (given.kind), signIns)));
} else {
  const report = [];
  for (const kind of given.kind ? [given.kind] : Object.keys(kinds)) {
    const isData = kind === 'different people';
    const count = isData ? Math.max(POINTS, signIns * PEOPLE_SHARE) : signIns;
    const args = [fileURLToPath(import.meta.url), '--points', '--kind', kind, '--sign-ins', String(count)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    /** @type {Point[]} */
    const points = JSON.parse(stdout);
    const [first, last] = [points[0], /** @type {Point} */ (points.at(-1))];
    const bytesEach = ((last.pages - first.pages) * PAGE + last.heap - first.heap) / (last.signIns - first.signIns);
    const growth = isData ? [] : grown(points);
    report.push({ kind, isData, points, bytesEach, growth });
    if (growth.length) process.exitCode = 1;
    if (!given.json) print(/** @type {typeof report[number]} */ (report.at(-1)));
  }
  if (given.json) console.log(JSON.stringify(report));
}

/** @param {{ kind: string, isData: boolean, points: Point[], bytesEach: number, growth: string[] }} life */
function print({ kind, isData, points, bytesEach, growth }) {
  console.log(`\n${kind}\n   sign-ins   Wasm pages   JS heap, MB   RSS, MB   handles`);
  for (const { signIns: count, pages, heap, rss, handles } of points) {
    const cells = [String(count).padStart(11), String(pages).padStart(13), (heap / MB).toFixed(2).padStart(14), (rss / MB).toFixed(0).padStart(10), String(handles).padStart(10)];
    console.log(cells.join(''));
  }
  const bounds = `${BOUNDS.pages} bytes of pages a sign-in, ${BOUNDS.heap / MB} MB of heap, ${BOUNDS.rss / MB} MB of RSS`;
  if (isData) console.log(`what is kept of each: ${bytesEach.toFixed(0)} bytes, in WebAssembly's memory and the heap`);
  else console.log(growth.length ? `GROWS: ${growth.join(', ')} by more than ${bounds}` : `flat: less than ${bounds} after the first tenth`);
}
