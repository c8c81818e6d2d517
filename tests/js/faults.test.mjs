// Sign-ins and renewals through the network of ../faults, which does everything wrong. `npm run faults` has ten thousand of them.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const SIGN_INS = 300;

describe('through a network that delays, cuts, duplicates, reorders and corrupts', () => {
  /** @type {any} */
  let report;
  before(async () => {
    const script = fileURLToPath(new URL('../faults/faults.mjs', import.meta.url));
    const args = [script, '--sign-ins', String(SIGN_INS), '--at-once', '100', '--seed', '2', '--json'];
    // It ends by itself, and so shows that nothing is left; the limit is for the day when it does not.
    report = await new Promise((resolve, reject) => {
      execFile(process.execPath, args, { timeout: 600_000, maxBuffer: 1 << 26 }, (error, stdout) => {
        try {
          resolve(JSON.parse(stdout));
        } catch {
          reject(error ?? new Error(`no report: ${stdout}`));
        }
      });
    });
  });

  it('every sign-in ends, none that the server granted is lost, and nobody gets a token of somebody else', () => {
    assert.deepEqual(report.wrong, []);
    const { hung, lost, 'mixed up': mixedUp } = report.ended;
    assert.deepEqual({ hung, lost, mixedUp }, { hung: 0, lost: 0, mixedUp: 0 });
    assert.equal(Object.values(report.ended).reduce((total, count) => total + count, 0), SIGN_INS);
    assert.ok(report.ended.tokens > SIGN_INS / 2, `most got their tokens: ${JSON.stringify(report.ended)}`);
  });

  it('a renewal never loses a refresh token that works, and never asks more than twice', () => {
    assert.deepEqual(report.wrong, []);
    assert.ok(report.renewals['in the end: renewed'] > SIGN_INS / 2, JSON.stringify(report.renewals));
    assert.ok(report.renewals['in the end: spent on a lost answer, the person is asked'] > 0, JSON.stringify(report.renewals));
  });

  it('every kind of fault was dealt', () => {
    const kinds = ['delay', 'cut', 'duplicated', 'reordered', 'corrupted'];
    for (const kind of kinds) assert.ok(Object.keys(report.dealt).some((name) => name.includes(kind)), `${kind}: ${JSON.stringify(report.dealt)}`);
    assert.ok(Object.values(report.dealt).reduce((total, count) => total + count, 0) > SIGN_INS / 2);
  });
});
