// A server program with many people who are still typing their codes: each has a flow, which waits and polls.
// Takes `{"library":…,"over":"fetch"|undefined,"flows":…,"quick":…}`; prints a figure for each of the rows:
//   start, poll            CPU microseconds each, of the whole process as in `measure.mjs`
//   heap, rss              bytes each: V8's heap and what it holds outside, Wasm's memory among it; and what the system gave
//   lag50, lag99, lagMost  microseconds by which the event loop is late while the polls are spread over those five seconds that a flow waits
//   lagAtOnce              the same at most, while all polls are due in the same millisecond
//
// Each flow waits on a real timer. To begin a round, those are put forward; so nobody waits, but timers cost what they cost.

import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { person } from './blob.mjs';

const { library: name, over, flows, quick } = JSON.parse(process.argv[2]);
/** Milliseconds over which people's polls are spread, who began at different times: all that a flow waits. */
const SPREAD = quick ? 20 : 5_000;
/** Milliseconds that no round takes. */
const FAR = 10_000_000;
/** Rounds that are timed. */
const ROUNDS = quick ? 1 : 2;

const timers = pollTimers();
const [{ load }, { startServer }] = await Promise.all([import('./libraries.mjs'), import('./server.mjs')]);
const library = await load(name);
const server = startServer(1);
server.isPending = true;
const client = library.open({ server, overFetch: over === 'fetch' });

/** Whose flow has ended, which happens to none before the end. @type {any[]} */
const ended = [];

const before = await memory();
const startedAt = process.cpuUsage();
for (let left = flows; left > 0; left -= 1) client.signIn().then((result) => ended.push(result), (error) => ended.push(error));
await allWait();
const start = spent(startedAt) / flows;
const after = await memory();

await round(0);
const polledAt = process.cpuUsage();
for (let left = ROUNDS; left > 0; left -= 1) await round(0);
const poll = spent(polledAt) / flows / ROUNDS;

const spread = await lag(SPREAD);
const atOnce = await lag(0);
await assertEachPolls();
await assertOneSignsIn();
console.log(JSON.stringify({
  start,
  poll,
  heap: (after.heap - before.heap) / flows,
  rss: (after.rss - before.rss) / flows,
  lag50: spread.percentile(50) / 1000,
  lag99: spread.percentile(99) / 1000,
  lagMost: spread.max / 1000,
  lagAtOnce: atOnce.max / 1000,
}));
process.exit();

/** Takes note of the timers that wait for the next poll, whoever sets them. Must be called before a library can keep `setTimeout`. */
function pollTimers() {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  /** @type {Map<any, (...given: any[]) => void>} */
  let due = new Map();
  /** @type {(() => void) | undefined} */
  let whenAll;
  /** @type {any} */
  const remember = (/** @type {any} */ callback, /** @type {number} */ delay, /** @type {any[]} */ ...given) => {
    // Five seconds, and what a library adds on purpose. Requests are given up later, and what is sooner is no wait.
    if (!(delay >= 4_500 && delay < 10_000)) return set(callback, delay, ...given);
    // Far away, so that nobody polls again before everybody else has, however slow the machine is.
    const timer = set(callback, FAR, ...given);
    due.set(timer, callback);
    if (due.size === flows) whenAll?.();
    return timer;
  };
  globalThis.setTimeout = remember;
  globalThis.clearTimeout = (timer) => {
    due.delete(timer);
    clear(timer);
  };
  return {
    /** Resolves once every flow waits. */
    full: () => new Promise((/** @type {(value?: undefined) => void} */ resolve) => (due.size === flows ? resolve() : (whenAll = resolve))),
    /** Puts all forward, into so many milliseconds. @param {number} milliseconds */
    putForward(milliseconds) {
      const all = [...due];
      due = new Map();
      for (const [index, [timer, callback]] of all.entries()) {
        clear(timer);
        set(callback, 1 + Math.floor((index * milliseconds) / flows));
      }
    },
    real: set,
  };
}

async function allWait() {
  await timers.full();
  if (ended.length) throw ended[0];
}

/** Everybody polls once. @param {number} milliseconds over which they do */
async function round(milliseconds) {
  const polls = server.polls;
  timers.putForward(milliseconds);
  await allWait();
  assert.equal(server.polls - polls, flows, 'everybody polled once');
}

/** @param {number} milliseconds over which a round is spread */
async function lag(milliseconds) {
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  monitor.enable();
  await round(milliseconds);
  // The last delay is noted when it is over.
  await new Promise((resolve) => timers.real(resolve, 20));
  monitor.disable();
  return monitor;
}

/** @param {NodeJS.CpuUsage} since */
function spent(since) {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

async function memory() {
  for (let left = 2; left > 0; left -= 1) {
    globalThis.gc?.();
    await new Promise((resolve) => timers.real(resolve, 10));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

/** Each code is asked for, and only once. */
async function assertEachPolls() {
  const seen = new Set();
  server.watch = (form) => seen.add(new URLSearchParams(form).get('device_code'));
  await round(0);
  assert.equal(seen.size, flows, 'everybody polls with a code of their own');
  server.watch = undefined;
}

/** Whoever is granted tokens gets them, and the others go on. */
async function assertOneSignsIn() {
  const { polls } = server;
  server.isPending = false;
  server.watch = () => {
    if (server.polls > polls + 1) server.isPending = true;
  };
  timers.putForward(0);
  for (let left = 500; left > 0 && (ended.length === 0 || server.polls < polls + flows); left -= 1) {
    await new Promise((resolve) => timers.real(resolve, 10));
  }
  assert.equal(ended.length, 1, 'one has signed in');
  assert.equal(server.polls, polls + flows, 'the others polled');
  if (ended[0] instanceof Error) throw ended[0];
  assert.equal(library.token(ended[0]), server.sent);
  assert.ok([undefined, person(0).info.localAccountId].includes(library.person(ended[0])), 'as who they are');
}
