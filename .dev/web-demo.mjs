// `npm run web-demo`: builds what is missing, and starts the embedded authorization server, the example API and the example web app, for you to
// open. With --check, people in a real Chromium go through the whole scenario instead, a line for each step.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, ROOT, say } from './steps.mjs';
import { build } from './build.mjs';
import { runtimes } from './setup.mjs';

const isCheck = process.argv.includes('--check');

main(async () => {
  await build();
  if (isCheck) await runtimes();
  const { startParts, startProgram } = await import('../tests/runtimes/support/web-parts.mjs');
  const examples = join(ROOT, 'examples');
  const sessions = mkdtempSync(join(tmpdir(), 'doorcode-web-demo-'));
  const stopped = new Promise((resolve) => ['SIGINT', 'SIGTERM'].forEach((signal) => process.once(signal, resolve)));
  /** @type {{ close: () => Promise<void> } | undefined} */
  let parts;
  try {
    const started = await startParts({
      examples,
      startApp: (environment) => startProgram(process.execPath, join(examples, 'web-app/node.mjs'), {
        ...environment, SESSIONS_FOLDER: sessions, ...(process.env.PORT && !isCheck && { PORT: process.env.PORT }),
      }),
    });
    parts = started;
    say(`authorization server: ${started.server.issuer} (oidc-provider, in memory)`);
    say(`API: ${started.api.origin}`);
    if (isCheck) await check(started);
    else {
      console.log(`\nOpen ${started.app.origin} and sign in as Ada Lovelace or as Grace Hopper; there are no passwords. Ctrl-C ends all.`);
      await stopped;
    }
  } finally {
    await parts?.close();
    rmSync(sessions, { recursive: true, force: true });
  }

  /** @param {any} parts */
  async function check(parts) {
    const { webScenario } = await import('../tests/runtimes/support/web-scenario.mjs');
    const { steps, close } = await webScenario(parts);
    let done = 0;
    let isStopped = false;
    stopped.then(() => (isStopped = true));
    try {
      for (const { title, run } of steps) {
        if (isStopped) throw new Error('stopped');
        await run().catch((/** @type {Error} */ error) => {
          throw new Error(`${title}\n${error.message}`);
        });
        done += 1;
        console.log(`✓ ${title}`);
      }
    } catch (error) {
      console.log(`✗ ${/** @type {Error} */ (error).message}`);
      process.exitCode = 1;
    } finally {
      await close();
      console.log(`web-app scenario: ${done} of ${steps.length} steps`);
    }
  }
});
