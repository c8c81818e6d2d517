// `npm run demo`: builds what is missing, starts the embedded authorization server, and runs the example CLI against it.
// With --approve, or without a terminal, a simulated person approves after two polls.

import { spawn } from 'node:child_process';
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
  say(simulated ? 'a simulated person will approve after two polls\n' : 'open the page below and approve; Ctrl-C ends the demo\n');

  const child = spawn(process.execPath, [join(ROOT, 'examples/node-cli/cli.mjs')], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, CLIENT_ID, AUTHORITY: server.issuer },
  });
  // A terminal sends Ctrl-C to the child as well; other senders only to us.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill('SIGINT'));
  process.exitCode = await new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
  await server.close();
});
