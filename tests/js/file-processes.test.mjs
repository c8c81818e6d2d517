// Processes that share a token cache in a file, and are killed at random moments.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('support/file-worker.mjs', import.meta.url));
const WORKERS = 8;
const OPERATIONS = 1000;
const KILL_EACH = 25;
const ACTS = ['signIn', 'signIn', 'renew', 'renew', 'silent', 'silent', 'silent', 'signOut', 'list', 'list'];

let folder;
before(() => (folder = mkdtempSync(join(tmpdir(), 'doorcode-file-'))));
after(() => rmSync(folder, { recursive: true, force: true }));
const random = (limit) => Math.floor(Math.random() * limit);

/** A process of the test's. */
async function start(file) {
  const child = fork(WORKER, [file], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit');
  await Promise.race([once(child, 'message'), ended]);
  return {
    pid: child.pid,
    /** Does something; resolves to undefined if the process was killed before it reported. @param {Promise<void>} [killed] when to kill it */
    async act(act, person, killed) {
      const answer = once(child, 'message').then(([answer]) => answer);
      child.send({ act, person });
      killed?.then(() => child.kill('SIGKILL'));
      const first = await Promise.race([answer, ended.then(() => undefined)]);
      if (killed) await ended;
      if (first?.error) throw new Error(first.error);
      return first;
    },
    async end() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/**
 * What is known of a person: who made them what they are, and when. A change that was not reported may have been made or not.
 * @typedef {{ token: string | undefined, from: number, to: number, isDone: boolean }} Change
 */
class History {
  /** @type {Change[]} */
  changes = [{ token: undefined, from: -2, to: -1, isDone: true }];

  /** Whether a token, or none, may have been there at some moment of a while. */
  allows(token, from, to) {
    const isOver = (change) => this.changes.some((later) => later.isDone && later.from > change.to && later.to < from);
    // The token of a change that was not reported is not known.
    return this.changes.some((change) => change.from <= to && !isOver(change) && (change.token === token || (change.token === null && token !== undefined)));
  }
}

describe('eight processes with one file', () => {
  it('lose nothing and bring nobody back in 1,000 operations, though some are killed', { timeout: 120_000 }, async () => {
    const file = join(folder, 'token-cache.json');
    const counts = { operations: 0, kills: 0, unreported: 0, broken: 0, conflicts: 0, most: 0, reads: 0 };
    /** @type {Map<string, History>} */
    const histories = new Map();
    const of = (person) => histories.get(person) ?? histories.set(person, new History()).get(person);
    let time = 0;

    /** Asks a worker for something, and notes it. */
    async function operate(worker, act, person, killed) {
      const from = (time += 1);
      const history = of(person);
      const change = { token: undefined, from, to: Infinity, isDone: false };
      // From now on it may happen. A renewal may find nobody.
      const isChange = ['signIn', 'renew', 'signOut'].includes(act);
      if (isChange) history.changes.push(Object.assign(change, { token: act === 'signOut' ? undefined : null }));
      const answer = await worker.act(act, person, killed);
      const to = (time += 1);
      change.to = to;
      if (!answer) return void (counts.unreported += 1);
      counts.broken += answer.broken;
      counts.conflicts += answer.conflicts;
      counts.most = Math.max(counts.most, answer.conflicts);
      const { value } = answer;
      if (act === 'signIn' || (act === 'renew' && value !== undefined)) Object.assign(change, { token: value, isDone: true });
      else if (act === 'signOut') change.isDone = true;
      else if (act === 'renew') history.changes.splice(history.changes.indexOf(change), 1);
      if (act === 'silent' || (act === 'renew' && value === undefined)) {
        assert.ok(history.allows(value, from, to), `${act} of ${person}: ${value} of ${JSON.stringify(history.changes.slice(-5))}`);
      }
      if (act === 'list') {
        for (const [name, { changes }] of histories) {
          const states = new Set(changes.map(({ token }) => token));
          const isThere = value.includes(name);
          const may = [...states].some((token) => (token === undefined) !== isThere && of(name).allows(token ?? (isThere ? 'any' : undefined), from, to));
          assert.ok(may, `${name} is ${isThere ? '' : 'not '}listed`);
        }
      }
    }

    /** The files of a process in the folder of the lock. */
    const locks = async ({ pid }) => (await readdir(`${file}.lock`).catch(() => [])).filter((name) => name.includes(`-${pid}-`));

    /** A moment to kill a process at: any, or while it has the lock or wants it. */
    async function moment(worker) {
      if (random(2) === 0) return void (await new Promise((resolve) => setTimeout(resolve, random(12))));
      for (const end = Date.now() + 20; Date.now() < end && (await locks(worker)).length === 0; );
    }

    /** One of the eight; it is followed by another when it is killed. */
    async function live(number) {
      let worker = await start(file);
      try {
        while (counts.operations < OPERATIONS) {
          counts.operations += 1;
          const isShared = random(4) === 0;
          const person = isShared ? `shared${random(3)}` : `person${number}x${random(4)}`;
          const killed = counts.operations % KILL_EACH === 0 ? moment(worker) : undefined;
          await operate(worker, killed ? 'signIn' : ACTS[random(ACTS.length)], person, killed);
          if (!killed) continue;
          counts.kills += 1;
          worker = await start(file);
        }
      } finally {
        await worker.end();
      }
    }

    let isOver = false;
    const watch = async () => {
      while (!isOver) {
        try {
          JSON.parse(readFileSync(file, 'utf8'));
          assert.equal(statSync(file).mode & 0o777, 0o600);
          counts.reads += 1;
        } catch (error) {
          if (error.code !== 'ENOENT' || counts.reads > 0) throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const watching = watch();
    watching.catch(() => {});
    try {
      const lives = Array.from({ length: WORKERS }, (_, number) => live(number));
      for (const one of lives) one.catch(() => (counts.operations = OPERATIONS)); // the others end soon
      await Promise.allSettled(lives);
      await Promise.all(lives);
    } finally {
      isOver = true;
    }
    await watching;

    const last = await start(file);
    try {
      await operate(last, 'signIn', 'the-last');
      for (const person of histories.keys()) await operate(last, 'silent', person);
      await operate(last, 'list', 'the-last');
    } finally {
      await last.end();
    }
    assert.deepEqual(readdirSync(folder), ['token-cache.json']);
    assert.ok(counts.kills === OPERATIONS / KILL_EACH && counts.unreported > 5 && counts.broken > 0 && counts.reads > 100, JSON.stringify(counts));
    assert.ok(counts.conflicts > 0 && counts.most <= 3, `nobody is always late: ${JSON.stringify(counts)}`);
  });
});
