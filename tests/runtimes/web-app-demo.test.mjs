// `npm run web-demo`, as a person runs it. What it shows with --check is in web-app.test.mjs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from './support/runtimes.mjs';

describe('the web demo', () => {
  for (const [how, send] of [
    ['with Ctrl-C, which a terminal sends to the whole group', (child) => process.kill(-child.pid, 'SIGINT')],
    ['with a signal to itself alone', (child) => child.kill('SIGTERM')],
  ]) it(`says what to open, and ends all of it ${how}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'doorcode-demo-'));
    const env = { ...process.env, TMPDIR: folder };
    const child = spawn(process.execPath, [join(ROOT, '.dev/web-demo.mjs')], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const ended = once(child, 'close');
    try {
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
      while (!text.includes('Ctrl-C ends all')) await Promise.race([once(child.stdout, 'data'), ended.then(() => assert.fail(text))]);
      const origins = [...text.matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([origin]) => origin);
      assert.equal(origins.length, 3, text);
      assert.match(await (await fetch(origins[2])).text(), /<h1>Your notes<\/h1>/);
      assert.equal((await fetch(`${origins[1]}/notes`)).status, 401);
      send(child);
      assert.deepEqual(await ended, [0, null], text);
      for (const origin of origins) await assert.rejects(fetch(origin), `${origin} is gone`);
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
