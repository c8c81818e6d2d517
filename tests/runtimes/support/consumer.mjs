// Projects that use the packed package, and a server for them to sign in at.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { approve } from '../../../examples/authorization-server/person.mjs';
import { CLIENT_ID, startAuthorizationServer } from '../../../examples/authorization-server/server.mjs';
import { exec, HERE, ROOT } from './runtimes.mjs';

/**
 * Packs pkg/ and installs the tarball into a copy of a folder of consumers/, as a user would.
 * @param {string} name of the folder; more of its kind may be put in with `cpSync`
 * @returns {Promise<{ folder: string, tarball: string, remove: () => void }>}
 */
export async function consumer(name) {
  const folder = mkdtempSync(join(tmpdir(), `doorcode-${name}-`));
  cpSync(join(HERE, 'consumers', name), folder, { recursive: true });
  cpSync(join(HERE, 'job.mjs'), join(folder, 'job.mjs'));
  const { stdout } = await exec('npm', ['pack', '--json', '--pack-destination', folder], { cwd: join(ROOT, 'pkg') });
  const [{ filename }] = JSON.parse(stdout);
  await exec('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', `./${filename}`], { cwd: folder });
  return { folder, tarball: join(folder, filename), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * The real authorization server, with a person who approves each code that is polled for a second time.
 * @param {object} [configuration] more of oidc-provider's own
 * @returns {Promise<{ issuer: string, auth: { clientId: string, authority: string }, close: () => Promise<void> }>}
 */
export async function authorizationServer(configuration) {
  const server = await startAuthorizationServer({
    interval: 1,
    onPoll: async ({ count, userCode }) => {
      if (count === 2) await approve(`${server.issuer}/device`, userCode);
    },
    configuration,
  });
  return { issuer: server.issuer, auth: { clientId: CLIENT_ID, authority: server.issuer }, close: server.close };
}
