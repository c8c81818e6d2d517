// `npm run demo`: builds what is missing, starts the embedded authorization server, and runs the example CLI against it three
// times: a sign-in, a second run that finds its tokens in a cache file, and a sign-out.
// With --approve, or without a terminal, a simulated person approves after two polls.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, ROOT, say } from './steps.mjs';
import { build } from './build.mjs';

main(async () => {
  await build();
  const { CLIENT_ID, startAuthorizationServer } = await import('../examples/authorization-server/server.mjs');
  const { approve } = await import('../examples/authorization-server/person.mjs');
  const simulated = process.argv.includes('--approve') || !process.stdin.isTTY;

  const server = await startAuthorizationServer({
    interval: 1,
    onPoll: async ({ count, userCode }) => {
      if (!simulated || count !== 2) return;
      // Not awaited: the answer to the poll must not wait for the person.
      approve(`${server.issuer}/device`, userCode).then(
        (page) => console.log(`  (the simulated person opened the page and approved: "${page}")`),
        (error) => console.error(`  (the simulated person failed: ${error.message})`),
      );
    },
  });
  say(`authorization server: ${server.issuer} (oidc-provider, in memory)`);
  say(simulated ? 'a simulated person will approve after two polls' : 'open the page below and approve; Ctrl-C ends the demo');

  const folder = mkdtempSync(join(tmpdir(), 'doorcode-demo-'));
  const env = { ...process.env, CLIENT_ID, AUTHORITY: server.issuer, CACHE_FILE: join(folder, 'token-cache.json') };
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let child;
  // A terminal sends Ctrl-C to the child as well; other senders only to us.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child?.kill('SIGINT'));
  let text = '';
  /** Runs the example once; returns its exit code. */
  const cli = (/** @type {string} */ title, /** @type {string[]} */ args) => {
    console.log(`\n— ${title} —`);
    const run = spawn(process.execPath, [join(ROOT, 'examples/node-cli/cli.mjs'), ...args], { stdio: ['ignore', 'pipe', 'inherit'], env });
    child = run;
    run.stdout.on('data', (chunk) => {
      text += chunk;
      process.stdout.write(chunk);
    });
    return new Promise((resolve) => run.on('close', (code) => resolve(code ?? 1)));
  };
  try {
    process.exitCode =
      (await cli('the first run: a person signs in', [])) ||
      (await cli('the second run: nobody is asked, the tokens are in the cache file', [])) ||
      (await cli('the third run: they sign out', ['sign-out']));
    if (process.exitCode === 0) console.log(`\n${/^signed in as .*/m.exec(text)}, remembered, and signed out`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await server.close();
  }
});
