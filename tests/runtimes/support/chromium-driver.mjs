// Holds Chromium, and does in it what chromium.mjs sends, until that disconnects.

import puppeteer from 'puppeteer-core';

const [executablePath, ...more] = process.argv.slice(2);
const launched = puppeteer.launch({
  executablePath,
  pipe: true,
  enableExtensions: true,
  // Root, whom containers run as, cannot have the sandbox.
  args: ['--no-sandbox', '--disable-component-update', ...more],
});
launched.catch(() => {}); // who asks for work hears of it
const kept = {};

process.on('message', async ({ id, work, argument }) => {
  try {
    const browser = await launched;
    const value = await (0, eval)(`(${work})`)({ browser, kept }, argument);
    process.send({ id, value });
  } catch (error) {
    if (process.connected) process.send({ id, error: error.stack });
  }
});

process.on('disconnect', async () => {
  await launched.then((browser) => browser.close(), () => {});
  process.exit();
});
