// Start-up: imports a library, and if `hit` is set gets one token from its cache. Without a library it shows what Node itself takes.
// Takes `{"library":…,"hit":…,"blob":…,"auth":…,"account":…}`; prints `{"cpu":<the process's microseconds>,"memory":<its peak>}`.

import { readFileSync } from 'node:fs';

const { library: name, hit, blob, auth, account } = JSON.parse(process.argv[2]);
const saved = readFileSync(blob, 'utf8');
const library = name && (await import(name));
let result;
if (library && hit) {
  const app = new library.PublicClientApplication({ auth });
  app.getTokenCache().deserialize(saved);
  result = await app.acquireTokenSilent({ account, scopes: ['User.Read'] });
}
const { user, system } = process.cpuUsage();
const memory = mostMemory();
if (library && hit && result.fromCache !== true) throw new Error('the token did not come from the cache');
console.log(JSON.stringify({ cpu: user + system, memory }));

/** In bytes. Linux lets a child's `maxRSS` begin at its parent's. */
function mostMemory() {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
