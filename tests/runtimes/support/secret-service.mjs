// A keyring as a desktop has it: gnome-keyring on a bus of its own, in a home of its own. It ends with whoever started it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { versionOf } from './runtimes.mjs';

export const keyringVersion = () => versionOf('/usr/bin/gnome-keyring-daemon');

/** Ends when its input does. */
const SESSION = `printf a-password | gnome-keyring-daemon $UNLOCK --components=secrets >/dev/null
  && echo "$DBUS_SESSION_BUS_ADDRESS" && exec cat`.replaceAll('\n', '');

/** A home, and the environment of programs in it. No bus is there. */
export function home() {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-home-'));
  const env = { PATH: process.env.PATH, HOME: folder, XDG_RUNTIME_DIR: folder, XDG_DATA_HOME: join(folder, 'data'), NO_COLOR: '1' };
  return { env, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 20 }) };
}

/**
 * Logs in to a home.
 * @param {NodeJS.ProcessEnv} env of the home
 * @param {{ isLocked?: boolean }} [options] `isLocked`: the password is not given, and nobody is there who could be asked
 * @returns {Promise<{ env: NodeJS.ProcessEnv, close: () => Promise<void> }>} the environment of programs in that session
 */
export async function logIn(env, { isLocked = false } = {}) {
  const options = { env: { ...env, UNLOCK: isLocked ? '--start' : '--unlock' }, stdio: ['pipe', 'pipe', 'pipe'] };
  const child = spawn('dbus-run-session', ['--', 'sh', '-c', SESSION], options);
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  const ended = once(child, 'close');
  const first = once(createInterface(child.stdout), 'line');
  const [address] = await Promise.race([first, ended.then(() => Promise.reject(new Error(`no keyring was started: ${said}`)))]);
  return {
    env: { ...env, DBUS_SESSION_BUS_ADDRESS: address },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
