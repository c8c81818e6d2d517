// The page in a browser and the code on the clipboard, where there are such things.

import { mark, say } from './terminal.js';

/** @param {import('doorcode').DeviceCodeResponse} response */
export async function openAndCopy({ verificationUri, verificationUriComplete, userCode }) {
  const [opened, copied] = await Promise.all([openPage(verificationUriComplete ?? verificationUri), copy(userCode)]);
  const told = [opened && 'The page is open in your browser.', copied].filter(Boolean);
  if (told.length > 0) say(`${mark('done')} ${told.join(' ')}`);
  if (!opened) say(`${mark('warning')} There is no browser here: open the page on another device.`);
}

/** @param {string} url @returns {Promise<boolean>} whether there is something to open it with */
export async function openPage(url) {
  const { DISPLAY, WAYLAND_DISPLAY, BROWSER, WSL_DISTRO_NAME } = process.env;
  // There, what opens pages is started and fails, and nobody hears of it.
  if (process.platform === 'linux' && !DISPLAY && !WAYLAND_DISPLAY && !BROWSER && !WSL_DISTRO_NAME) return false;
  const { default: open } = await import('open');
  return open(url).then(() => true, () => false);
}

/** @param {string} text @returns {Promise<string>} what became of it */
async function copy(text) {
  const { writeText } = await import('tinyclip');
  if (!process.env.SSH_CONNECTION) {
    const isCopied = await writeText(text).then(() => true, () => false);
    if (isCopied) return 'The code is on the clipboard.';
  }
  if (!process.stderr.isTTY || process.env.TERM === 'dumb') return '';
  // OSC 52: the terminal itself has a clipboard, also at the other end of SSH. It does not say whether it took it.
  process.stderr.write(`\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`);
  return 'The code was handed to the clipboard of your terminal.';
}
