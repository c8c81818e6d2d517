// The table's rows, and how many times better than MSAL Node each is meant to be.

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {number} [accounts] in the cache
 * @property {string} operation see `operations.mjs`; `start` is `first-hit.mjs`, `command` is `doorcode --version`
 * @property {'time' | 'rate' | 'memory'} unit
 * @property {number} [goal]
 * @property {boolean} [hit] of `start`: whether a token is fetched as well
 */

/**
 * One row for each number of accounts.
 * @param {string} name
 * @param {string} operation
 * @param {Record<number, number | undefined>} goals by number of accounts
 * @param {'time' | 'rate'} [unit]
 * @returns {Row[]}
 */
const each = (name, operation, goals, unit = 'time') =>
  Object.entries(goals).map(([accounts, goal]) => ({ name, accounts: Number(accounts), operation, unit, goal }));

/** @type {Row[]} */
export const rows = [
  { name: 'import, CPU above bare Node', operation: 'start', unit: 'time', goal: 10 },
  { name: 'import and first hit, CPU above bare Node', operation: 'start', unit: 'time', goal: 10, hit: true },
  { name: 'import and first hit, peak RSS above bare Node', operation: 'start', unit: 'memory', goal: 4, hit: true },
  { name: '`doorcode --version` (theirs: `node -e 0`)', operation: 'command', unit: 'time', goal: 1 / 1.5 },
  ...each('silent hit, memory', 'silentHit', { 1: 20, 100: 80, 1_000: 1_000, 10_000: 10_000 }),
  ...each('silent hit, memory, the same account', 'silentHitSameAccount', { 1_000: undefined, 10_000: undefined }),
  ...each('silent hit, in-memory plugin', 'silentHitMemoryPlugin', { 1_000: 1_000 }),
  ...each('silent hit, file plugin', 'silentHitFilePlugin', { 1: 2.5, 1_000: 4, 10_000: 8 }),
  ...each('silent hit, FileCachePlugin (theirs: a sample)', 'silentHitBestFilePlugin', { 1: undefined, 1_000: undefined, 10_000: undefined }),
  ...each('refresh and save, in-memory plugin', 'refreshAndSave', { 1: 10, 1_000: 14 }),
  ...each('refresh and save, FileCachePlugin (theirs: …)', 'refreshAndSaveBestFile', { 1: undefined, 1_000: undefined }),
  ...each('deserialize', 'deserialize', { 1: 1, 1_000: 3, 10_000: 3 }, 'rate'),
  ...each('serialize after one change', 'serialize', { 1_000: 10 }, 'rate'),
  ...each('getAllAccounts', 'getAllAccounts', { 1: 5, 100: 60, 1_000: 1_500 }),
  ...each('getAccountByHomeId', 'getAccountByHomeId', { 1_000: 100_000 }),
  ...each('removeAccount', 'removeAccount', { 1_000: 1_000, 10_000: 10_000 }),
  ...each('sign-in, in-process network', 'signIn', { 0: 3.5, 1_000: 300 }),
  ...each('refresh, in-process network', 'refresh', { 1: 7, 1_000: 400 }),
];
