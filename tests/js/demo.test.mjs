// `npm run demo`, as a person runs it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const demo = fileURLToPath(new URL('../../.dev/demo.mjs', import.meta.url));
const hurry = new URL('support/hurry.mjs', import.meta.url).href;

/** Runs the demo; `onText` sees what it has printed so far and may send it a signal. */
function run(onText = () => {}) {
  return new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: `--import ${hurry}` };
    // A process group of its own, as a terminal gives to what it runs.
    const child = spawn(process.execPath, [demo, '--approve'], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk;
        onText(text, child);
      });
    }
    child.on('close', (code) => resolve({ code, text }));
  });
}

describe('the demo', () => {
  it('shows the code and the page, then a run that asks nobody, then a sign-out, and ends with who signed in', async () => {
    const { code, text } = await run();
    assert.equal(code, 0, text);
    assert.match(text, /To sign in, open http:\/\/127\.0\.0\.1:\d+\/device in a browser and enter the code [A-Z]{4}-[A-Z]{4}\./);
    assert.match(text, /poll 2: pending/);
    assert.match(text, /The access token is new/);
    const [, second, third] = text.split(/^— .* —$/m).slice(1);
    assert.match(second, /The access token was at hand/);
    assert.doesNotMatch(second, /enter the code/);
    assert.match(third, /signed out\n/);
    assert.equal(text.trim().split('\n').at(-1), 'signed in as ada@example.com, remembered, and signed out');
  });

  for (const [how, send] of [
    ['with Ctrl-C, which a terminal sends to the whole group', (child) => process.kill(-child.pid, 'SIGINT')],
    ['with a signal to itself alone', (child) => child.kill('SIGINT')],
  ]) it(`ends cleanly ${how}`, async () => {
    let sent = false;
    const { code, text } = await run((text, child) => {
      if (sent || !text.includes('enter the code')) return;
      sent = true;
      send(child);
    });
    assert.equal(code, 130, text);
    assert.match(text, /device_code_polling_cancelled/);
    assert.doesNotMatch(text, /signed in as|\n {4}at /, 'no stack trace');
    const [, origin] = /server: (http:\/\/\S+)/.exec(text);
    await assert.rejects(fetch(origin), 'the server is gone');
  });
});
