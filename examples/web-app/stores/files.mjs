// Sessions in files, for an app on one machine: a folder for each, which only this user may enter, with its tokens and the sign-ins under way.

import { mkdir, readdir, readFile, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FileCachePlugin } from 'doorcode/cache/file';

/** How long a session lasts that nobody uses, and how long somebody may take to sign in, in milliseconds. */
const LASTS = 8 * 3_600_000;
const SIGN_IN_LASTS = 600_000;

/** The file with a person's tokens. */
const TOKENS = 'tokens.json';

/** How often to look for sessions that are over. */
const PAUSE = 600_000;

/** Does something to a file that may be gone. @template T @param {Promise<T>} work @returns {Promise<T | undefined>} */
const ifThere = (work) => work.catch((error) => {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
});

/**
 * @param {string} folder
 * @param {() => number} [now] milliseconds since 1970
 * @returns {import('../session.mjs').Store & { sweep: () => Promise<void>, close: () => void }}
 */
export function fileStore(folder, now = Date.now) {
  const home = (/** @type {string} */ id) => join(folder, id);

  /** The time of the folder says when a session was used last. */
  async function isOver(/** @type {string} */ path) {
    const found = await ifThere(stat(path));
    const age = found ? now() - found.mtimeMs : 0;
    if (age <= SIGN_IN_LASTS) return false;
    // Anybody can begin a sign-in, and leave it at that.
    return age > LASTS || (await ifThere(stat(join(path, TOKENS)))) === undefined;
  }
  async function sweep() {
    for (const name of (await ifThere(readdir(folder))) ?? []) {
      if (await isOver(home(name))) await rm(home(name), { recursive: true, force: true });
    }
  }
  const timer = setInterval(() => sweep().catch((error) => console.error(`old sessions were not removed: ${error.code}`)), PAUSE).unref();

  return {
    async tokens(id) {
      if (await isOver(home(id))) await rm(home(id), { recursive: true, force: true });
      const used = now() / 1000;
      await ifThere(utimes(home(id), used, used));
      return new FileCachePlugin({ path: join(home(id), TOKENS) });
    },
    async keep(id, state, signIn) {
      await mkdir(home(id), { recursive: true, mode: 0o700 });
      await writeFile(join(home(id), `${state}.json`), JSON.stringify({ signIn, endsAt: now() + SIGN_IN_LASTS }), { mode: 0o600, flag: 'wx' });
    },
    async take(id, state) {
      const path = join(home(id), `${state}.json`);
      const text = await ifThere(readFile(path, 'utf8'));
      // Of two who come with the same answer, one removes the file.
      if (text === undefined || (await ifThere(unlink(path).then(() => true))) === undefined) return undefined;
      const { signIn, endsAt } = JSON.parse(text);
      return now() < endsAt ? signIn : undefined;
    },
    remove: (id) => rm(home(id), { recursive: true, force: true }),
    sweep,
    close: () => clearInterval(timer),
  };
}
