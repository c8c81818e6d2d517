// A cache in Deno KV. Each line that comes in is a task, as JSON; each answer is a line. The file of the store is the first argument.

import { AuthError, PublicClientApplication } from 'doorcode';
import { DenoKvCachePlugin } from 'doorcode/cache/kv';
import { cachePluginTests } from 'doorcode/testing';

type Key = Deno.KvKeyPart[] & (string | number)[];

const ISSUER = 'https://id.example';
const scopes = ['api'];
const file = Deno.args[0];
const kv = await Deno.openKv(file);
const KEY: Key = ['tokens', 'race'];

const open = (key = KEY) => new DenoKvCachePlugin(kv, { key });
const base64url = (value: object) => btoa(JSON.stringify(value)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** Signs in whoever a refresh token names. */
const networkClient = {
  sendGetRequestAsync: () => Promise.reject(new Error('nothing is to be asked')),
  async sendPostRequestAsync<T>(_: string, { body = '' } = {}) {
    const person = new URLSearchParams(body).get('refresh_token')!.replace(/^RT-/, '');
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: ISSUER, aud: 'the-client', sub: person, preferred_username: person, iat: now, exp: now + 3600 };
    const id_token = `${base64url({ alg: 'none' })}.${base64url(claims)}.`;
    const secrets = { access_token: `AT-${person}`, refresh_token: `RT-${person}`, id_token };
    return { status: 200, headers: {}, body: { token_type: 'Bearer', expires_in: 3600, scope: 'api', ...secrets } as T };
  },
};
const application = () =>
  new PublicClientApplication({
    auth: { clientId: 'the-client', authority: ISSUER, authorityMetadata: { issuer: ISSUER, token_endpoint: `${ISSUER}/token` } },
    cache: { cachePlugin: open() },
    system: { protocolMode: 'OIDC', networkClient },
  });
const mine = application();

/** Does it again, as the error says, where processes that do nothing else have been first ten times. */
async function insist<T>(task: () => Promise<T>) {
  for (let tries = 1; ; tries++) {
    try {
      return await task();
    } catch (error) {
      if (tries === 10 || (error as AuthError).errorCode !== 'cache_conflict') throw error;
    }
  }
}

const textOf = (letter: string, length: number) =>
  Array.from({ length: Math.ceil(length / 8) }, (_, number) => letter + String(number).padStart(7, '0')).join('').slice(0, length);

// deno-lint-ignore no-explicit-any
const tasks: Record<string, (...args: any[]) => unknown> = {
  async conform(options: object) {
    const problems: Record<string, string> = {};
    const stores = { async create() {
      const memory = file === ':memory:' ? await Deno.openKv(':memory:') : kv;
      const key = ['test', crypto.randomUUID()];
      return { open: () => new DenoKvCachePlugin(memory, { key }), close: () => memory === kv || memory.close() };
    } };
    // deno-lint-ignore no-explicit-any
    for (const { name, run } of cachePluginTests(stores.create as any, options)) {
      problems[name] = await run().then(() => 'passed', ({ stack }) => stack);
    }
    return problems;
  },
  async signIn(person: string) {
    await insist(() => mine.acquireTokenByRefreshToken({ scopes, refreshToken: `RT-${person}`, forceCache: true }));
  },
  async signOut(person: string) {
    const account = (await mine.getAllAccounts()).find(({ username }) => username === person);
    await insist(() => mine.signOut({ account: account! }));
  },
  people: async () => (await application().getAllAccounts()).map(({ username }) => username).sort(),
  async fill(letter: string, length: number, key?: Key) {
    const plugin = open(key);
    return typeof (await plugin.writeCache(textOf(letter, length), (await plugin.readCache(undefined))!.version));
  },
  async look(key?: Key) {
    const { cache } = (await open(key).readCache(undefined))!;
    return cache && cache === textOf(cache[0], cache.length) ? [cache[0], cache.length] : cache;
  },
  async writeMany(letters: string, length: number) {
    for (const letter of letters) await tasks.fill(letter, length);
    return letters.length;
  },
  /** Reads while others write, each time between its look at the head and each of its looks at parts. */
  async readBetween(writes: [string, number][]) {
    const between = {
      get: (key: Key) => kv.get(key),
      async getMany(keys: Key[]) {
        const [letter, length] = writes.shift() ?? [];
        if (letter) await tasks.fill(letter, length);
        return kv.getMany(keys);
      },
      atomic: () => kv.atomic(),
    };
    // deno-lint-ignore no-explicit-any
    const { cache } = (await new DenoKvCachePlugin(between as any, { key: KEY }).readCache(undefined))!;
    return [cache === textOf(cache[0], cache.length), cache[0], cache.length];
  },
  /** The keys and sizes of what is stored; of what is no part, the value. */
  async list() {
    const found = [];
    for await (const { key, value } of kv.list({ prefix: [] })) found.push([key, value instanceof Uint8Array ? value.length : value]);
    return found;
  },
  put: async (key: Key, value: unknown) => (await kv.set(key, value)).ok,
  remove: (key: Key) => kv.delete(key).then(() => true),
  async expiring() {
    const sets: [unknown, unknown][] = [];
    const spied = {
      get: (key: Key) => kv.get(key),
      getMany: (keys: Key[]) => kv.getMany(keys),
      atomic() {
        const operation = kv.atomic();
        const { set } = operation;
        operation.set = (key, value, options) => (sets.push([key.at(-1), options]), set.call(operation, key, value, options));
        return operation;
      },
    };
    // deno-lint-ignore no-explicit-any
    const plugin = new DenoKvCachePlugin(spied as any, { key: ['expiring'], expireIn: 3_600_000 });
    await plugin.writeCache('x', 'none');
    return sets;
  },
  print: () => [Deno.inspect(open()), JSON.stringify(open())],
  async closed() {
    const other = await Deno.openKv(':memory:');
    other.close();
    await new DenoKvCachePlugin(other).readCache(undefined);
  },
};

const answer = async (line: string) => {
  try {
    const [task, ...args] = JSON.parse(line);
    return { value: (await tasks[task](...args)) ?? null };
  } catch (error) {
    const { errorCode, message, remedy, retryable, stack, cause } = error as AuthError;
    return { error: { isAuthError: error instanceof AuthError, errorCode, message, remedy, retryable, cause: `${cause}`, stack } };
  }
};

let rest = '';
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split('\n');
  rest = lines.pop()!;
  for (const line of lines) console.log(JSON.stringify(await answer(line)));
}
kv.close();
