// MSAL Python, the real one: from PyPI, in a virtual environment that is made here once and kept in .tools/.

import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const MSAL = 'msal==1.39.0';
const environment = fileURLToPath(new URL('../../../.tools/msal-python', import.meta.url));
const python = join(environment, 'bin/python');
const script = fileURLToPath(new URL('../../python/msal_app.py', import.meta.url));

/** Needs Python with `venv`, which set-up sees to on Debian. */
async function install() {
  const stamp = join(environment, 'installed');
  // A link to a Python that is gone does not exist.
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === MSAL) return;
  rmSync(environment, { recursive: true, force: true });
  await exec('python3', ['-m', 'venv', environment]);
  await exec(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', MSAL]);
  writeFileSync(stamp, MSAL);
}

/** @param {{ port: number, cert: string }} server the one that MSAL is led to, whatever the host */
export async function startMsalPython({ port, cert }) {
  await install();
  const child = spawn(python, [script, JSON.stringify({ port, certificate: cert })], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    /**
     * One call, after the one before has been answered. It knows of nothing but the cache that it is given.
     * @param {'sign_in' | 'accounts' | 'silent' | 'sign_out'} call
     * @param {{ client_id: string, authority: string }} app
     * @param {string | undefined} cache
     * @param {object} args
     * @returns {Promise<{ result: any, cache: string }>}
     */
    async call(call, app, cache, args) {
      child.stdin.write(`${JSON.stringify({ call, ...app, cache, arguments: args })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error('MSAL Python is gone');
      const answer = JSON.parse(value);
      if (answer.failure) throw new Error(answer.failure);
      return answer;
    },
    async close() {
      child.stdin.end();
      await new Promise((resolve) => child.on('close', resolve));
    },
  };
}
