// doorcode/cache/redis with Debian's redis-server, by node-redis and by ioredis.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import * as msal from '@azure/msal-node';
import { RedisCachePlugin } from '../../pkg/cache/redis.js';
import { AuthError, DistributedCachePlugin } from '../../pkg/node.js';
import { cachePluginTests } from '../../pkg/testing.js';
import { accountOf, application, people, scopes, signIn, tokenOf } from './support/people.mjs';
import { CLIENTS, startLine, startRedis, timeLimit } from './support/redis.mjs';

const LIMIT = 54_321;

let redis;
/** A client of the test's own, which sees what is stored. */
let admin;
before(async () => {
  redis = await startRedis();
  admin = await CLIENTS[0].connect({ path: redis.path });
});
after(async () => {
  admin?.close();
  await redis?.close();
});

/** What an operation rejects with. */
const failure = (promise) => promise.then(() => assert.fail('it was to fail'), (error) => error);
let partitions = 0;
const newPartition = () => `p${(partitions += 1)}`;
const command = (...args) => admin.client.sendCommand(args);

/** @param {AuthError} error @param {Partial<AuthError>} expected */
function isStoreFailure(error, { retryable, message, remedy }) {
  assert.ok(error instanceof AuthError, inspect(error));
  assert.deepEqual([error.errorCode, error.retryable], ['cache_store_failed', retryable], inspect(error));
  assert.match(error.message, message);
  assert.match(error.remedy, remedy);
}

for (const { name, kind, connect } of CLIENTS) describe(`RedisCachePlugin by ${name}`, () => {
  /** What a test has to close. */
  let open;
  let client;
  before(async () => {
    client = await connect({ path: redis.path });
  });
  after(() => client?.close());
  beforeEach(() => (open = []));
  afterEach(async () => {
    for (const close of open.reverse()) await close();
  });
  const plugin = (options) => new RedisCachePlugin(client.client, options);
  const closeLater = (thing) => {
    open.push(() => thing.close());
    return thing;
  };
  /** A client with a line that can be held or cut; time limits end when the test says so. */
  async function lined(server = redis, options) {
    const line = closeLater(await startLine(server.path));
    const there = closeLater(await connect({ port: line.port }, options));
    const limit = timeLimit(LIMIT);
    open.push(limit.restore);
    return { line, limit, client: there.client, plugin: (partition) => new RedisCachePlugin(there.client, { partition, timeout: LIMIT }) };
  }
  const ownServer = async (...options) => closeLater(await startRedis(...options));

  describe('as any cache plugin', () => {
    const tests = cachePluginTests(() => {
      const partition = newPartition();
      return { open: () => plugin({ partition }) };
    });
    for (const test of tests) it(test.name, test.run);
  });

  it('stores the text alone, one string a partition', async () => {
    const partition = newPartition();
    const pca = application(plugin({ partition, prefix: 'other:' }));
    await signIn(pca, 'ada');
    assert.deepEqual(await command('KEYS', `*${partition}*`), [`other:${partition}`]);
    assert.equal(await command('GET', `other:${partition}`), pca.getTokenCache().serialize());
    await signIn(application(plugin()), 'grace');
    assert.equal(await command('EXISTS', 'doorcode:default'), 1);
    await command('DEL', 'doorcode:default');
  });

  it('asks once for what is at hand, and is sent nothing that it has', async () => {
    const { line, plugin } = await lined();
    const partition = newPartition();
    const pca = application(plugin(partition));
    await signIn(pca, 'ada');
    const account = await accountOf(pca, 'ada');
    const counts = async () => Object.fromEntries([...(await command('INFO', 'commandstats')).matchAll(/cmdstat_(eval|get|set|pexpire):calls=(\d+)/g)]
      .map(([, name, calls]) => [name, Number(calls)]));
    const [first, { received }] = [await counts(), line];
    for (let times = 0; times < 10; times += 1) await pca.acquireTokenSilent({ scopes, account });
    const second = await counts();
    assert.deepEqual([second.eval - first.eval, second.get - first.get, second.set - first.set], [10, 10, 0]);
    assert.equal(second.pexpire, first.pexpire);
    assert.ok(line.received - received <= 50, `${line.received - received} bytes came`);
  });

  it('keeps a thousand people apart', async () => {
    const server = await ownServer();
    const { client } = closeLater(await connect({ path: server.path }));
    const names = Array.from({ length: 1000 }, (_, number) => `person${number}`);
    const pcaOf = (partition) => application(new RedisCachePlugin(client, { partition }));
    for (let at = 0; at < names.length; at += 50) await Promise.all(names.slice(at, at + 50).map((person) => signIn(pcaOf(person), person)));
    assert.equal(Number(await client[kind === 'redis' ? 'dbSize' : 'dbsize']()), 1000);
    for (const person of names) assert.deepEqual(await people(pcaOf(person)), [person]);
  });

  it('lets Redis forget who has not been there for long', async () => {
    const partition = newPartition();
    const key = `doorcode:${partition}`;
    const left = () => command('PTTL', key);
    const isFull = async () => {
      const milliseconds = await left();
      assert.ok(milliseconds > 3_000_000 && milliseconds <= 3_600_000, `${milliseconds} ms are left`);
    };
    const pca = application(plugin({ partition, ttl: 3600 }));
    assert.deepEqual(await people(pca), []);
    assert.equal(await left(), -2, 'nothing was made by reading');
    await signIn(pca, 'ada');
    await isFull();
    for (const touch of [() => people(pca), () => people(application(plugin({ partition, ttl: 3600 }))), () => signIn(pca, 'grace')]) {
      await command('PEXPIRE', key, '1000000');
      await touch();
      await isFull();
    }
    await command('PEXPIREAT', key, '1');
    assert.deepEqual(await people(pca), []);
    await signIn(pca, 'linus');
    assert.deepEqual(await people(application(plugin({ partition }))), ['linus']);
  });

  it('takes parts of a second, and any length of time', async () => {
    for (const [ttl, least, most] of [[1000.0001, 900_001, 1_000_001], [1e300, 9e15, 2 ** 53]]) {
      const partition = newPartition();
      await signIn(application(plugin({ partition, ttl, timeout: 1e300 })), 'ada');
      const milliseconds = await command('PTTL', `doorcode:${partition}`);
      assert.ok(milliseconds >= least && milliseconds <= most, `${milliseconds} ms`);
    }
  });

  it('leaves the end of an entry to others, if it is given none', async () => {
    const partition = newPartition();
    const key = `doorcode:${partition}`;
    const pca = application(plugin({ partition }));
    await signIn(pca, 'ada');
    assert.equal(await command('PTTL', key), -1);
    await command('PEXPIRE', key, '1000000');
    await signIn(pca, 'grace');
    const milliseconds = await command('PTTL', key);
    assert.ok(milliseconds > 0 && milliseconds <= 1_000_000);
  });

  describe('when Redis is slow', () => {
    it('gives up reading after the time limit, and goes on once it answers', async () => {
      const { line, limit, plugin } = await lined();
      const pca = application(plugin(newPartition()));
      await signIn(pca, 'ada');
      const held = line.hold('PEXPIRE');
      const failed = failure(people(pca));
      await held;
      assert.equal(limit.pending, 1);
      limit.end();
      isStoreFailure(await failed, { retryable: true, message: /did not answer for 54321 ms.* read is not known/, remedy: /try again/ });
      line.release();
      assert.deepEqual(await people(pca), ['ada']);
      assert.equal(limit.pending, 0, 'timers are cleared');
    });

    it('does not know what came of a write, and sees it next', async () => {
      const { line, limit, plugin } = await lined();
      const partition = newPartition();
      const pca = application(plugin(partition));
      await signIn(pca, 'ada');
      const held = line.hold('KEEPTTL');
      const failed = failure(signIn(pca, 'grace'));
      await held;
      limit.end();
      isStoreFailure(await failed, { retryable: true, message: /did not answer for 54321 ms.* written is not known/, remedy: /try again/ });
      line.release();
      assert.deepEqual(await people(application(plugin(partition))), ['ada', 'grace']);
      await pca.signOut({ account: await accountOf(pca, 'ada') });
      assert.deepEqual(await people(application(plugin(partition))), ['grace']);
    });

    it('harms nothing by a write that it had given up, if that is done late', async () => {
      const server = await ownServer();
      const { limit, plugin } = await lined(server);
      const partition = newPartition();
      const pca = application(plugin(partition));
      await signIn(pca, 'ada');
      await people(pca);
      server.kill('SIGSTOP');
      const failed = failure(signIn(pca, 'grace'));
      while (limit.pending === 0) await new Promise(setImmediate);
      limit.end();
      isStoreFailure(await failed, { retryable: true, message: /did not answer/, remedy: /try again/ });
      server.kill('SIGCONT');
      const theirs = new RedisCachePlugin(closeLater(await connect({ path: server.path })).client, { partition });
      await signIn(application(theirs), 'linus');
      await signIn(pca, 'grace');
      assert.deepEqual(await people(application(theirs)), ['ada', 'grace', 'linus']);
    });
  });

  describe('when an answer is lost with the connection', () => {
    it('asks again, and does not take its own write for another\'s', async () => {
      const { line, plugin } = await lined();
      const partition = newPartition();
      const pca = application(plugin(partition));
      await signIn(pca, 'ada');
      let writes = 0;
      line.onSend = (text) => void (writes += text.split('KEEPTTL').length - 1);
      line.cuts = { times: 1, text: 'KEEPTTL' };
      const { accessToken } = await signIn(pca, 'grace');
      assert.deepEqual([line.cuts.times, writes], [0, 2]);
      assert.equal(await tokenOf(application(plugin(partition)), 'grace'), accessToken);
      line.cuts = { times: 1, text: 'PEXPIRE' };
      assert.deepEqual(await people(pca), ['ada', 'grace']);
      assert.equal(line.cuts.times, 0);
    });

    it('loses nothing if that happens again and again', async () => {
      const { line, limit, plugin } = await lined();
      const partition = newPartition();
      const pca = application(plugin(partition));
      await signIn(pca, 'ada');
      line.cuts = { times: 1000, text: 'KEEPTTL' };
      const failed = failure(signIn(pca, 'grace'));
      while (line.cuts.times > 998) await new Promise(setImmediate);
      if (kind === 'ioredis') limit.end(); // it would go on for long
      line.cuts.times = 0;
      isStoreFailure(await failed, { retryable: true, message: /could not be written: \S|written is not known/, remedy: /can be reached/ });
      assert.deepEqual(await people(pca), ['ada', 'grace']);
      await signIn(pca, 'linus');
      assert.deepEqual(await people(application(plugin(partition))), ['ada', 'grace', 'linus']);
    });
  });

  describe('when Redis is gone', () => {
    it('waits no longer than the time limit, and does nothing later', async () => {
      const server = await ownServer();
      const { limit, client, plugin } = await lined(server, kind === 'ioredis' ? { maxRetriesPerRequest: null } : {});
      const partition = newPartition();
      await server.stop();
      while (client.isReady ?? client.status === 'ready') await new Promise(setImmediate);
      const [read, written] = [failure(plugin(partition).readCache()), failure(plugin(partition).writeCache('{"late":1}', 'none'))];
      while (limit.pending < 2) await new Promise(setImmediate);
      limit.end();
      for (const error of await Promise.all([read, written])) isStoreFailure(error, { retryable: true, message: /did not answer/, remedy: /can be reached/ });
      await server.start();
      await client.ping();
      const later = await plugin(partition).readCache();
      // ioredis cannot take back what it has not sent.
      assert.equal(later.cache, kind === 'redis' ? '' : '{"late":1}');
    });

    it('says so, if the client does not wait', async () => {
      const server = await ownServer();
      const { client } = closeLater(await connect({ path: server.path }, { retryStrategy: null, socket: { reconnectStrategy: false } }));
      const here = new RedisCachePlugin(client);
      const pca = application(here);
      await signIn(pca, 'ada');
      await server.stop();
      for (const work of [() => people(pca), () => here.readCache(), () => here.writeCache('{}', 'none'), () => signIn(pca, 'grace')]) {
        isStoreFailure(await failure(work()), { retryable: true, message: /could not be (read|written): \S/, remedy: /client is connected/ });
      }
    });

    it('says that the client was closed', async () => {
      const there = await connect({ path: redis.path });
      there.close();
      const error = await failure(people(application(new RedisCachePlugin(there.client))));
      isStoreFailure(error, { retryable: true, message: /closed/i, remedy: /client is connected/ });
    });
  });

  describe('when Redis refuses', () => {
    /** What the plugin says to a write that the server refuses, and the client's options for that. */
    async function refused({ options, set = [], partition = newPartition(), server } = {}) {
      const at = server ?? (await ownServer());
      const root = closeLater(await CLIENTS[0].connect({ path: at.path })).client;
      for (const args of set) await root.sendCommand(args);
      const { client } = closeLater(await connect({ path: at.path }, options));
      const here = new RedisCachePlugin(client, { partition });
      const stored = await root.sendCommand(['DUMP', `doorcode:${partition}`]);
      const error = await failure(here.writeCache('{"AT-secret":1}', 'none'));
      assert.deepEqual(await root.sendCommand(['DUMP', `doorcode:${partition}`]), stored);
      return error;
    }
    /** How a user logs in, by either client. ioredis asks at first how the server is. */
    const as = (username) => ({ username, password: 'x', enableReadyCheck: false });

    it('says that the key is another program\'s', async () => {
      const error = await refused({ partition: 'list', set: [['LPUSH', 'doorcode:list', 'x']] });
      isStoreFailure(error, { retryable: false, message: /WRONGTYPE/, remedy: /another prefix/ });
    });

    it('says that it is full', async () => {
      const error = await refused({ set: [['CONFIG', 'SET', 'maxmemory', '1']] });
      isStoreFailure(error, { retryable: true, message: /OOM/, remedy: /maxmemory/ });
    });

    it('says that it is a replica', async () => {
      const error = await refused({ set: [['REPLICAOF', '127.0.0.1', '1']], options: { enableReadyCheck: false } });
      isStoreFailure(error, { retryable: true, message: /READONLY/, remedy: /primary/ });
    });

    it('says what the user may not do, and that user needs no more than is said', async () => {
      const users = [['-eval'], ['-get', '-set'], ['resetkeys', '~other:*']];
      for (const rules of users) {
        const set = [['ACL', 'SETUSER', 'ada', 'on', 'nopass', '~*', '+@all', ...rules]];
        isStoreFailure(await refused({ set, options: as('ada') }), { retryable: false, message: /NOPERM|can't run/, remedy: /EVAL, GET, SET and PEXPIRE/ });
      }
      const least = '~doorcode:* resetchannels -@all +eval +get +set +pexpire'.split(' ');
      await command('ACL', 'SETUSER', 'least', 'on', 'nopass', ...least);
      // What the clients ask for themselves. Neither minds if it may not.
      await command('ACL', 'SETUSER', 'least', '+ping');
      const { client } = closeLater(await connect({ path: redis.path }, as('least')));
      const pca = application(new RedisCachePlugin(client, { partition: newPartition(), ttl: 60 }));
      await signIn(pca, 'ada');
      assert.deepEqual(await people(pca), ['ada']);
    });

    it('says that nobody has logged in', async () => {
      const { line, plugin } = await lined();
      line.onSend = () => '-NOAUTH Authentication required.\r\n';
      const error = await failure(plugin('x').readCache());
      isStoreFailure(error, { retryable: false, message: /NOAUTH/, remedy: /Give the client a user/ });
    });

    it('says what else the server may say', async () => {
      const { line, plugin } = await lined();
      for (const [answer, retryable, remedy] of [
        ['-LOADING Redis is loading the dataset in memory', true, /Try again/],
        ['-MISCONF Redis is configured to save RDB snapshots', true, /disk/],
        ['-MOVED 3999 127.0.0.1:6381', false, /client for clusters/],
        // As Redis 6 has it.
        ['-ERR Error running script (call to f_x): @user_script:1: WRONGTYPE Operation against a key', false, /another prefix/],
        ['-ERR ACL failure in script', false, /EVAL, GET, SET/],
      ]) {
        line.onSend = () => `${answer}\r\n`;
        isStoreFailure(await failure(plugin('x').readCache()), { retryable, message: new RegExp(answer.slice(1, 8)), remedy });
      }
    });

    it('shows nothing of what was sent, though the server repeats it', async () => {
      const { line, plugin } = await lined();
      const secrets = ['AT-secret', 'session-id', 'KEYS', 'redis.call'];
      const said = [];
      const check = (error) => {
        isStoreFailure(error, { retryable: false, message: /unknown command/, remedy: /Redis 6/ });
        said.push(error);
      };
      check(await refused({ partition: 'session-id', server: await ownServer('--rename-command', 'EVAL', '') }));
      const [cache, script] = ['{"AccessToken":{"AT-secret":1}}', `local stored = redis.call('GET', KEYS[1])`];
      for (const quote of ['\'', '`', '"']) {
        const quoted = [script, '1', 'doorcode:session-id', cache].map((text) => `${quote}${text}${quote}`).join(' ');
        line.onSend = () => `-ERR unknown command ${quote}EVAL${quote}, with args beginning with: ${quoted}\r\n`;
        check(await failure(plugin('session-id').writeCache(cache, 'none')));
      }
      line.onSend = () => `-ERR unknown command with ${cache}\r\n`;
      check(await failure(plugin('session-id').writeCache(cache, 'none')));
      line.onSend = () => '-ERR unknown command on doorcode:session-id\r\n';
      check(await failure(plugin('session-id').readCache()));
      for (const error of said) {
        const shown = [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), error.stack, error.cause.stack].join();
        for (const secret of secrets) assert.ok(!shown.includes(secret), shown);
      }
    });
  });

  it('shows nothing of itself', async () => {
    const here = plugin({ partition: 'session-id', prefix: 'some-prefix' });
    await signIn(application(here), 'ada');
    assert.equal(inspect(here, { depth: 9, showHidden: true }).replaceAll(/\s/g, ''), 'RedisCachePlugin{}');
    assert.equal(JSON.stringify(here), '{}');
    await command('DEL', 'some-prefixsession-id');
  });

  describe('beside MSAL Node', () => {
    /** What MSAL's sample has: a get and a set. */
    const getAndSet = { get: (key) => command('GET', key), set: (key, value) => command('SET', key, value) };
    const distributed = (Plugin, partition) => {
      const getKey = async () => `doorcode:${partition}`;
      return new Plugin(getAndSet, { getKey, extractKey: getKey });
    };
    const ways = [['doorcode\'s', DistributedCachePlugin], ['msal-node\'s', msal.DistributedCachePlugin]];
    for (const [whose, Plugin] of ways) {
      it(`finds what ${whose} DistributedCachePlugin has stored, and the other way round`, async () => {
        const partition = newPartition();
        const [ours, theirs] = [application(plugin({ partition })), application(distributed(Plugin, partition))];
        await signIn(theirs, 'ada');
        assert.deepEqual(await people(ours), ['ada']);
        await signIn(ours, 'grace');
        assert.deepEqual(await people(theirs), ['ada', 'grace']);
        await theirs.signOut({ account: await accountOf(theirs, 'ada') });
        assert.deepEqual(await people(ours), ['grace']);
        await ours.signOut({ account: await accountOf(ours, 'grace') });
        assert.deepEqual(await people(theirs), []);
      });
    }

    it('keeps MSAL Node\'s own cache, and tells it of a conflict', async () => {
      const partition = newPartition();
      const ada = application(plugin({ partition }));
      await signIn(ada, 'ada');
      const start = (cachePlugin) => new msal.PublicClientApplication({
        auth: { clientId: 'the-client', authority: 'https://id.example', knownAuthorities: ['id.example'] }, cache: { cachePlugin },
        system: { protocolMode: 'OIDC' },
      });
      const pca = start(plugin({ partition }));
      const [account] = await pca.getTokenCache().getAllAccounts();
      assert.equal(account.username, 'ada');
      await pca.getTokenCache().removeAccount(account);
      assert.deepEqual(await people(ada), []);
      assert.deepEqual(await start(plugin({ partition })).getTokenCache().getAllAccounts(), []);

      await signIn(ada, 'grace');
      const slow = plugin({ partition });
      const { writeCache } = slow;
      slow.writeCache = async (...args) => {
        slow.writeCache = writeCache;
        await signIn(ada, 'linus');
        return slow.writeCache(...args);
      };
      const other = start(slow);
      const [grace] = await other.getTokenCache().getAllAccounts();
      const error = await failure(other.getTokenCache().removeAccount(grace));
      assert.deepEqual([error.errorCode, error.retryable], ['cache_conflict', true]);
      assert.deepEqual(await people(ada), ['grace', 'linus']);
      await other.getTokenCache().removeAccount(grace);
      assert.deepEqual(await people(ada), ['linus']);
    });
  });
});

describe('two processes with one Redis', () => {
  const RACER = fileURLToPath(new URL('support/redis-racer.mjs', import.meta.url));

  /** What may be stored of each person: one token or none, or several of these while a change is under way. */
  class Truth {
    #may = new Map();
    counts = { confirmed: 0, seen: 0, repeated: 0, kills: 0 };

    #of(partition, person) {
      const key = `${partition}/${person}`;
      if (!this.#may.has(key)) this.#may.set(key, new Set([null]));
      return this.#may.get(key);
    }

    hear({ may, is, found, seen, repeated }) {
      if (may) this.#of(may[0], may[1]).add(may[2]);
      if (found) this.check(...found);
      if (is) this.#settle(...is);
      if (is) this.counts.confirmed += 1;
      if (seen) this.counts.seen += 1;
      if (repeated) this.counts.repeated += 1;
    }

    #settle(partition, person, token) {
      this.#of(partition, person).clear();
      this.#of(partition, person).add(token);
    }

    /** What is stored is what was confirmed last, or what was under way then. */
    check(partition, person, token) {
      const may = this.#of(partition, person);
      assert.ok(may.has(token), `${person} in ${partition}: ${token} is stored in place of ${[...may].join(' or ')}`);
      this.#settle(partition, person, token);
    }

    get all() {
      return [...this.#may.keys()].map((key) => key.split('/'));
    }
  }

  /**
   * Lets a process do its steps; it is killed after so many lines, and another goes on.
   * @param {number[]} lives
   */
  async function lane({ path, kind, name, seed, steps, lives = [], onLine = () => {} }, truth, children) {
    for (const [life, lines] of [...lives, Infinity].entries()) {
      const child = spawn(process.execPath, [RACER, path, kind, name, `${seed + life}`, `${steps}`], { stdio: ['ignore', 'pipe', 'pipe'] });
      children.add(child);
      const ended = once(child, 'close');
      let complaints = '';
      child.stderr.on('data', (chunk) => (complaints += chunk));
      let count = 0;
      let isDone = false;
      for await (const text of createInterface({ input: child.stdout })) {
        const line = JSON.parse(text);
        truth.hear(line);
        onLine(line);
        isDone ||= line.end === true;
        count += 1;
        if (count === lines) truth.counts.kills += Number(child.kill('SIGKILL'));
      }
      const [code, signal] = await ended;
      children.delete(child);
      assert.equal(complaints, '');
      if (lines === Infinity) assert.ok(code === 0 && isDone, `ended with ${code ?? signal}`);
    }
  }

  async function race(test, server, lanes) {
    const truth = new Truth();
    const children = new Set();
    try {
      await Promise.all(lanes.map((options) => lane({ path: server.path, ...options }, truth, children)));
      const { client, close } = await CLIENTS[0].connect({ path: server.path });
      try {
        for (const [partition, person] of truth.all) {
          truth.check(partition, person, await tokenOf(application(new RedisCachePlugin(client, { partition })), person));
        }
      } finally {
        close();
      }
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
    test.diagnostic(JSON.stringify(truth.counts));
    return truth.counts;
  }

  it('lose nothing, and bring nobody back, though some are killed', async (test) => {
    const { confirmed, seen, kills } = await race(test, redis, [
      { kind: 'redis', name: 'ada', seed: 1, steps: 120, lives: [31, 74, 52, 97] },
      { kind: 'ioredis', name: 'bob', seed: 2, steps: 120, lives: [45, 63, 88, 29] },
    ]);
    assert.ok(kills === 8 && confirmed + seen > 300, `${kills} ${confirmed} ${seen}`);
  });

  it('lose nothing that was confirmed, though Redis is killed and started again', async (test) => {
    const server = await startRedis('--appendonly', 'yes', '--appendfsync', 'always');
    try {
      let changes = 0;
      let restarts = Promise.resolve();
      let restarted = 0;
      const onLine = ({ is }) => {
        changes += is ? 1 : 0;
        if (!is || changes % 40 !== 0) return;
        restarts = restarts.then(server.stop).then(server.start);
        restarted += 1;
      };
      const { confirmed } = await race(test, server, [
        { kind: 'redis', name: 'ada', seed: 3, steps: 120, onLine },
        { kind: 'ioredis', name: 'bob', seed: 4, steps: 120, onLine },
      ]);
      await restarts;
      test.diagnostic(`${restarted} restarts`);
      assert.ok(restarted >= 2 && confirmed > 80, `${restarted} ${confirmed}`);
    } finally {
      await server.close();
    }
  });
});

describe('RedisCachePlugin', () => {
  it('says what is wrong with what it is given', () => {
    const client = { eval: async () => null, sendCommand: async () => null };
    for (const [args, field, fix] of [
      [[], 'client', /must be an object/],
      [['redis://localhost'], 'client', /must be an object/],
      [[{}], 'client.eval', /missing/],
      [[{ eval() {} }], 'client.sendCommand', /missing/],
      [[{ ...client, options: { legacyMode: true } }], 'client', /pass client\.v4/],
      [[client, 'ada'], 'the argument', /must be an object/],
      [[client, { partition: '' }], 'partition', /not empty/],
      [[client, { partition: undefined }], 'partition', /string/],
      [[client, { partition: null }], 'partition', /string/],
      [[client, { partition: 7 }], 'partition', /string/],
      [[client, { partition: () => 'ada' }], 'partition', /a plugin and an application for each person/],
      [[client, { prefix: 7 }], 'prefix', /string/],
      [[client, { ttl: -1 }], 'ttl', /seconds/],
      [[client, { ttl: '60' }], 'ttl', /seconds/],
      [[client, { ttl: Infinity }], 'ttl', /seconds/],
      [[client, { timeout: NaN }], 'timeout', /milliseconds/],
    ]) {
      assert.throws(() => new RedisCachePlugin(...args), (error) => {
        assert.deepEqual([error.name, error.errorCode, error.field], ['ClientConfigurationError', 'invalid_configuration', field]);
        assert.match(error.message, fix);
        return error instanceof AuthError;
      });
    }
    for (const options of [undefined, {}, { prefix: null, ttl: 0, timeout: 0 }, { prefix: '' }]) new RedisCachePlugin(client, options);
  });

  it('says that a client gives no promises', async () => {
    const client = { eval() {}, sendCommand() {} };
    isStoreFailure(await failure(new RedisCachePlugin(client).readCache()), { retryable: false, message: /no promise/, remedy: /return promises/ });
  });

  it('says what a client throws, whatever that is', async () => {
    for (const thrown of [undefined, null, 'no route', new Error('no route'), Object.assign(new Error(), { code: 'EHOSTUNREACH' })]) {
      const client = { eval: () => Promise.reject(thrown), sendCommand() {} };
      isStoreFailure(await failure(new RedisCachePlugin(client).readCache()), { retryable: true, message: /could not be read: \w/, remedy: /can be reached/ });
    }
  });
});
