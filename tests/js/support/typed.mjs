// The command `doorcode` in a pseudo-terminal from its start to its end, with somebody at the keyboard.

import { terminal } from '../../runtimes/support/terminal.mjs';

export { KEYS } from '../../runtimes/support/terminal.mjs';

/**
 * @param {string[]} args
 * @param {object} options
 * @param {import('./command.mjs').Home} options.home
 * @param {Record<string, string>} [options.env] more of the environment
 * @param {number} [options.columns]
 * @param {[RegExp, string][]} [options.keys] what to type once the screen has that, one after the other
 * @returns {Promise<{ code: number, screen: string }>} all that was written to the terminal
 */
export async function typed(args, { keys = [], ...options }) {
  const shown = await terminal(args, { rows: 24, ...options });
  try {
    for (const [pattern, text] of keys) {
      await shown.until(pattern);
      shown.type(text);
    }
    const { code } = await shown.exited;
    return { code, screen: shown.raw() };
  } finally {
    await shown.kill();
  }
}
