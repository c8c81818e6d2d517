// A keyring as a desktop has it: gnome-keyring on a bus of its own, in a home of its own. It ends with whoever started it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { versionOf } from './runtimes.mjs';

export const keyringVersion = () => versionOf('/usr/bin/gnome-keyring-daemon');

/**
 * Says where the bus is, and ends when its input does. The keyring goes into the background once it is ready, and does not always notice that
 * its bus has ended: the bus is asked for its process.
 */
const SESSION = `
  printf a-password | gnome-keyring-daemon $UNLOCK --components=secrets >/dev/null || exit 1
  bus=org.freedesktop.DBus
  keyring=$(dbus-send --session --print-reply=literal --dest=$bus / $bus.GetConnectionUnixProcessID string:org.freedesktop.secrets)
  keyring=\${keyring##* }
  echo "$DBUS_SESSION_BUS_ADDRESS"
  cat
  kill $keyring
  for try in 1 2 3 4 5 6 7 8 9 10; do kill -0 $keyring 2>/dev/null || exit 0; sleep 0.05; done
  kill -9 $keyring`;

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
