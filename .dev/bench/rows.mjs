// The rows, and how many times better than its base each is meant to be. What is said here is printed in docs/performance.md.

import { IDENTITY, MSAL, OPENID } from './libraries.mjs';

/** Another program than a library to compare with: Node that has nothing to do. */
export const NODE = 'node';

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {number} [accounts] in the cache; of pending flows, how many
 * @property {string} operation a way of `sample.mjs`, or an operation of `operations.mjs`
 * @property {string} [field] which of the way's figures; `cpu` if it is not said
 * @property {'time' | 'rate' | 'bytes' | 'count'} unit
 * @property {string} base what the ratio is to
 * @property {string[]} peers all that is measured beside doorcode
 * @property {'fetch'} [over] how the server is reached; if it is not said, by the network that MSAL's users can give it
 * @property {number} [goal]
 * @property {number} [stretch]
 * @property {number} [most] a goal without a base
 * @property {string} note what is measured
 * @property {string} [why] printed where the goal is missed
 *
 * @typedef {{ title: string, text: string, rows: Row[] }} Group
 *
 * @typedef {[goal?: number, stretch?: number]} Goals
 */

/** Of bundles. */
const COMPILED = 'the core is compiled to WebAssembly, which takes more bytes than the JavaScript that does the same, and a bundler can leave out no part of it.';

/** Of requests. What is said of other builds was measured once, by hand. */
const SPREAD_OUT = 'no single thing takes it. In a profile two thirds are in WebAssembly (the form, the reply, the ID token\'s checks, the cache\'s '
  + 'entries), where no function has 5 %, and a third is JavaScript around it. The core is compiled for size: with `opt-level = "s"` the module is '
  + '29 % larger and this takes 0.7 of the time; `3` brings no more. Each start of a worker or of an extension pays for those bytes, '
  + 'and a refresh over a network costs a millisecond in `fetch` alone; so size was chosen.';

/** @param {string} name @param {Partial<Row>} row @returns {Row} */
const row = (name, { peers = [MSAL], ...rest }) =>
  ({ name, operation: '', unit: 'time', note: '', peers, base: peers[0], ...rest });

/**
 * One row for each number of accounts.
 * @param {string} name
 * @param {Record<number, Goals>} goals by number of accounts
 * @param {Partial<Row>} rest
 */
const each = (name, goals, rest) =>
  Object.entries(goals).map(([accounts, [goal, stretch]]) => row(name, { accounts: Number(accounts), goal, stretch, ...rest }));

const WRAPPED = [MSAL, IDENTITY];
const ALL = [MSAL, IDENTITY, OPENID];

/** @type {Group[]} */
export const groups = [
  {
    title: 'Start and size',
    text: 'CPU time and memory of a whole process, less those of a process of Node that does nothing. openid-client has no cache to hit. '
      + 'MSAL Node and `@azure/identity` sign in by device code in Node alone, so they are bundled for Node, and the others for browsers.',
    rows: [
      row('import, CPU above bare Node', {
        operation: 'start', peers: ALL, goal: 10, stretch: 16,
        note: '`import` of the package.',
      }),
      row('import and first hit, CPU above bare Node', {
        operation: 'hit', peers: WRAPPED, goal: 10, stretch: 16,
        note: '`import`, one account from a blob, one token from the cache. `@azure/identity` reads the blob by a cache plugin, its only way.',
        why: 'V8 takes 6 ms to validate the module, 2 ms to make its instance, and some 25 µs for each of nearly 500 functions and wrappers at its first call. '
          + 'Newer ones are quicker: on Node 24 making the application takes half as long.',
      }),
      row('import and first hit, peak RSS above bare Node', {
        operation: 'hit', field: 'memory', unit: 'bytes', peers: WRAPPED, goal: 4, stretch: 6,
        note: 'The most memory that the same process held (`VmHWM`).',
        why: 'the linear memory has 1.2 MB and the module 0.3 MB, which V8 keeps beside the code that it makes of it.',
      }),
      row('`doorcode --version` (beside `node -e 0`)', {
        operation: 'command', peers: [NODE], goal: 1 / 1.5,
        note: 'Time on the clock, waiting included. No library of the others has a command.',
      }),
      row('npm packages installed', {
        operation: 'install', field: 'packages', unit: 'count', peers: ALL, most: 1,
        note: '`npm install` of the one package into an empty folder, and how many packages npm then lists there.',
      }),
      row('installed, unpacked', {
        operation: 'install', field: 'bytes', unit: 'bytes', peers: ALL, goal: 12, stretch: 15,
        note: 'Bytes of all files of that folder\'s `node_modules`. doorcode\'s holds the command and every runtime\'s loader.',
        why: 'the module is in it twice, as a file for Node and workers, and deflated for what can read no file; the rest are the command with its libraries, and the types.',
      }),
      row('bundle of a sign-in, brotli', {
        operation: 'bundle', field: 'inlined', unit: 'bytes', peers: ALL, goal: 1.2, stretch: 2,
        note: 'A program that signs in by device code, by esbuild, minified, brotli 11. doorcode\'s has its module inside as base64.',
        why: COMPILED,
      }),
      row('bundle of a sign-in, the module as a file, brotli', {
        operation: 'bundle', field: 'apart', unit: 'bytes', peers: ALL, goal: 1.2, stretch: 2,
        note: 'The same for workers and bundlers that ship a `.wasm` file beside the JavaScript: brotli of both, added.',
        why: COMPILED,
      }),
    ],
  },
  {
    title: 'Cache',
    text: 'CPU time an operation. `@azure/identity` holds one person in a credential: it has one for each account, and no methods for the cache. '
      + 'openid-client keeps nothing.',
    rows: [
      ...each('silent hit, memory', { 1: [20, 40] }, {
        operation: 'silentHit', peers: WRAPPED,
        note: '`acquireTokenSilent` (`getToken`) for accounts in an order without a pattern.',
      }),
      ...each('silent hit, memory', { 100: [80, 200], 1_000: [1_000, 2_500], 10_000: [10_000, 25_000] }, { operation: 'silentHit' }),
      ...each('silent hit, memory, the same account', { 1_000: [], 10_000: [] }, {
        operation: 'silentHitSameAccount',
        note: 'As a command-line tool asks, always for one of them.',
      }),
      ...each('silent hit, in-memory plugin', { 1_000: [1_000, 10_000] }, {
        operation: 'silentHitMemoryPlugin', peers: WRAPPED,
        note: 'A cache plugin that hands over a string.',
      }),
      ...each('silent hit, file plugin', { 1: [2.5, 3], 1_000: [4, 5], 10_000: [8, 13] }, {
        operation: 'silentHitFilePlugin', peers: WRAPPED,
        note: 'The plugin of MSAL\'s documentation, which reads the whole file each time.',
        why: 'most of it is reading the file and making a string of it, which is the same for all.',
      }),
      ...each('silent hit, FileCachePlugin (theirs: a sample)', { 1: [], 1_000: [], 10_000: [] }, {
        operation: 'silentHitBestFilePlugin',
        note: 'doorcode\'s own plugin beside the one of MSAL\'s documentation.',
      }),
      ...each('refresh and save, in-memory plugin', { 1: [10, 20], 1_000: [14, 40] }, {
        operation: 'refreshAndSave', peers: WRAPPED,
        note: 'Refresh in an in-process network, and the blob handed to the plugin as one flat string.',
        why: SPREAD_OUT,
      }),
      ...each('refresh and save, FileCachePlugin (theirs: a sample)', { 1: [], 1_000: [] }, {
        operation: 'refreshAndSaveBestFile',
        note: 'doorcode\'s writes a new file under a lock and renames it; the sample writes over the old one.',
      }),
      ...each('deserialize', { 1: [1, 1.2], 1_000: [3, 5], 10_000: [3, 5] }, {
        operation: 'deserialize', unit: 'rate',
        note: 'A blob into a new cache.',
        why: 'of one account there are 6 KB to read, and as much again is what each new cache takes: memory that is touched for the first time, and the collector.',
      }),
      ...each('serialize after one change', { 1_000: [10, 20] }, {
        operation: 'serialize', unit: 'rate',
        note: 'One account was refreshed since the last time.',
        why: 'six tenths are V8\'s: `TextDecoder` makes the string of the bytes (39 % of a profile), it is made flat (10 %), and collected (9 %).',
      }),
      ...each('getAllAccounts', { 1: [5, 20], 100: [60, 500], 1_000: [1_500, 5_000] }, {
        operation: 'getAllAccounts',
        note: 'An array of all accounts with their claims.',
      }),
      ...each('getAccountByHomeId', { 1_000: [100_000, 500_000] }, {
        operation: 'getAccountByHomeId',
        note: 'Accounts in an order without a pattern.',
      }),
      ...each('removeAccount', { 1_000: [1_000, 3_000], 10_000: [10_000, 30_000] }, {
        operation: 'removeAccount',
        note: 'One account after another, until a fifth is gone.',
      }),
    ],
  },
  {
    title: 'Network',
    text: 'CPU time an operation, with a server in the same process that answers at once. MSAL Node and doorcode speak to it by a `networkClient`, '
      + '`@azure/identity` by an `httpClient`, openid-client by `fetch`; so it is compared with doorcode over `fetch`, where both make and read a `Response`.',
    rows: [
      ...each('sign-in, in-process network', { 0: [3.5, 5] }, {
        operation: 'signIn', peers: WRAPPED,
        note: 'A new application, a device code and a poll that is answered with tokens. Nobody waits.',
        why: SPREAD_OUT,
      }),
      ...each('sign-in, in-process network', { 1_000: [300, 500] }, {
        operation: 'signIn',
        note: 'The application holds 1,000 accounts.',
        why: 'as without accounts: what they add is gone, and what is left is the sign-in.',
      }),
      ...each('refresh, in-process network', { 1: [7, 10] }, {
        operation: 'refresh', peers: WRAPPED,
        note: '`forceRefresh`; `@azure/identity` refreshes only for claims that a resource sent.',
        why: SPREAD_OUT,
      }),
      ...each('refresh, in-process network', { 1_000: [400, 600] }, {
        operation: 'refresh',
        why: 'as of one account: what the others add is gone, and what is left is the refresh.',
      }),
      ...each('sign-in, in-process fetch', { 0: [] }, {
        operation: 'signIn', over: 'fetch', peers: [OPENID],
        note: 'openid-client keeps no account and no token; doorcode does.',
      }),
      ...each('refresh, in-process fetch', { 1: [] }, {
        operation: 'refresh', over: 'fetch', peers: [OPENID],
        note: '`refreshTokenGrant` beside `acquireTokenSilent` with `forceRefresh`.',
      }),
    ],
  },
  {
    title: 'Pending flows',
    text: '10,000 people in one process are still typing their codes. CPU time and memory for each; lag is how late the event loop is, on the clock '
      + '(`perf_hooks.monitorEventLoopDelay`, resolution 1 ms: about 1 ms is none). '
      + '`@azure/identity` has a credential for each person. Rows over `fetch` are the same, where both make and read a `Response`.',
    rows: [...pendingRows('', WRAPPED, undefined, [6, 8], [2.3, 2.7], [2.3, 3]), ...pendingRows(' over fetch', [OPENID], 'fetch')],
  },
];

/**
 * @param {string} network what the rows' names say of it
 * @param {string[]} peers
 * @param {'fetch'} [over]
 * @param {Goals} [start]
 * @param {Goals} [heap]
 * @param {Goals} [poll]
 */
function pendingRows(network, peers, over, start = [], heap = [], poll = []) {
  const pending = (/** @type {string} */ what, /** @type {string} */ field, /** @type {Goals} */ [goal, stretch], /** @type {Partial<Row>} */ rest) =>
    row(`${what}${network}`, { accounts: 10_000, operation: 'pending', field, goal, stretch, peers, over, ...rest, ...(over && { note: '' }) });
  return [
    pending('pending flow: start', 'start', start, {
      note: 'Until it waits for a poll. MSAL Node and `@azure/identity` poll once before that.',
      why: 'as of the sign-in.',
    }),
    pending('pending flow: heap', 'heap', heap, { unit: 'bytes', note: 'V8\'s heap and what it holds outside, Wasm\'s memory too, after a collection.',
      why: 'a flow is a future in WebAssembly, with the codes and the endpoints, and in JavaScript an `AbortController`, promises and a timer, by which it can be stopped at once.',
    }),
    pending('pending flow: RSS', 'rss', [], { unit: 'bytes', note: 'The same as the system sees it.' }),
    pending('pending flow: a poll', 'poll', poll, { note: 'Answered `authorization_pending`, the timer included.',
      why: 'as of the refresh. A poll makes its form anew and has a time limit of its own, and the reply is searched for echoes of the device code.',
    }),
    pending('lag, polls spread, median', 'lag50', [], { note: 'Everybody polls once in five seconds, one after another: 2,000 polls a second.' }),
    pending('lag, polls spread, 99 %', 'lag99', [], { note: 'As the median.' }),
    pending('lag, polls spread, most', 'lagMost', [], { note: 'As the median.' }),
    pending('lag, polls at once, most', 'lagAtOnce', [], { note: 'All flows are due in one millisecond, as after an outage or a deployment.' }),
  ];
}

export const rows = groups.flatMap((group) => group.rows);
