// Whether memory stays flat. `npm run memory` looks for longer.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SIGN_INS = 2_000;
/** Much less than a sign-in takes that leaves anything behind: one of its tokens alone has more bytes. */
const BOUNDS = { pages: 2, heapBytes: 1 << 20 };

describe(`after ${SIGN_INS} sign-ins`, () => {
  it('memory is as large as after the first tenth: of the same few people', () => assertFlat('again and again'));

  it('memory is as large as after the first tenth: with an application of its own for each', () => assertFlat('a new application each'));

  it('memory is as large as after the first tenth: that were cancelled, or failed', () => assertFlat('cancelled or failed'));
});

/** @param {string} kind as `.dev/memory.mjs` names it */
async function assertFlat(kind) {
  const script = fileURLToPath(new URL('../../.dev/memory.mjs', import.meta.url));
  const args = [script, '--points', '--kind', kind, '--sign-ins', String(SIGN_INS)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  /** @type {{ signIns: number, pages: number, heap: number, handles: number }[]} */
  const points = JSON.parse(stdout);
  const [first, ...later] = points;
  assert.deepEqual([points.length, points.at(-1)?.signIns], [10, SIGN_INS]);
  const most = (/** @type {'pages' | 'heap'} */ what) => Math.max(...later.map((point) => point[what])) - first[what];
  assert.ok(most('pages') <= BOUNDS.pages, `WebAssembly's memory: ${points.map(({ pages }) => pages)} pages`);
  assert.ok(most('heap') <= BOUNDS.heapBytes, `JavaScript's heap: ${points.map(({ heap }) => heap)} bytes`);
  assert.deepEqual(points.filter(({ handles }) => handles > 0), [], 'nothing is left that keeps the process alive');
}
