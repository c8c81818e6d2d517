// A store in Redis: one string a partition, read and written by two scripts, so that to compare and to swap is one step.

import { Input, requireMethods, storeFailed, VersionedCachePlugin, wrongOption } from './plugin.js';

/** The version of a text is its hash, so that nothing is kept beside it, and what others have stored has a version as well. */
const VERSION = `local stored = redis.call('GET', KEYS[1])
local version = stored and redis.sha1hex(stored) or 'none'
`;

/** Given a version, and a time to live or nothing. False if what is stored has that version. */
const READ = `${VERSION}if stored and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if version == ARGV[1] then return false end
return { version, stored or '' }`;

/**
 * Given a version, a time to live or nothing, and a text to store. False if what is stored has another version, unless it is that very
 * text: who has lost the answer to a write sends it again.
 */
const WRITE = `${VERSION}if version ~= ARGV[1] and stored ~= ARGV[3] then return false end
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[2])
else redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL') end
return redis.sha1hex(ARGV[3])`;

/** The longest that a timer waits, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/**
 * What Redis refuses, by a word of its answer, which is the first one only if no script is around it. What is not here may do later.
 * @type {[word: RegExp, remedy: string, retryable?: boolean][]}
 */
const REFUSALS = [
  [/\bWRONGTYPE\b/, 'Something that is not a string is stored under this key: choose another prefix.'],
  [/\bREADONLY\b/, 'Connect to the primary: a replica cannot be written. After a failover, try again.', true],
  [/\bOOM\b/, 'Give Redis more memory (maxmemory), or entries an end (ttl).', true],
  [/\bMISCONF\b/, 'Redis cannot write to its disk: look into its log.', true],
  [/\bNO(AUTH|PERM)\b|\bACL\b|can't run this command/, 'Give the client a user who may EVAL, GET, SET and PEXPIRE on keys with this prefix.'],
  [/^MOVED\b/, 'This is a Redis Cluster: pass a client for clusters.'],
  [/^ERR\b/, 'Use Redis 6 or later, or a server that does the same on EVAL, GET, SET and PEXPIRE.'],
  [/^eval gave no promise/, 'Pass a client whose methods return promises, not what its legacy() gives.'],
  [/^[A-Z]{3,}\b/, 'Try again: Redis cannot do it now.', true],
];

/**
 * @import { RedisCachePlugin as Contract } from './redis.js'
 * @implements {Contract}
 */
export class RedisCachePlugin extends VersionedCachePlugin {
  #client;
  #key;
  #timeToLive;
  #timeout;

  /**
   * @param {import('./redis.js').RedisClient} client
   * @param {import('./redis.js').RedisCachePluginOptions} [options]
   */
  constructor(client, options = {}) {
    super();
    requireMethods('client', client, ['eval', 'sendCommand']);
    this.#client = /** @type {any} */ (client);
    if (this.#client.options?.legacyMode) throw wrongOption('client', 'it is in legacyMode, where methods return no promises; pass client.v4');
    const input = Input.configuration(options);
    // One that is there but undefined is a mistake: people without a session would share a cache.
    const partition = 'partition' in input.value ? input.value.partition : 'default';
    if (typeof partition !== 'string' || !partition) {
      throw wrongOption('partition', 'it must be a string that is not empty; make a plugin and an application for each person, which costs microseconds');
    }
    this.#key = `${input.text('prefix') ?? 'doorcode:'}${partition}`;
    const ttl = input.positive('ttl', 'seconds');
    this.#timeToLive = ttl ? String(Math.min(Math.ceil(ttl * 1000), Number.MAX_SAFE_INTEGER)) : '';
    this.#timeout = Math.min(input.positive('timeout', 'milliseconds') ?? 5000, LONGEST);
  }

  /** @override @param {string | undefined} since */
  async readCache(since) {
    const reply = await this.#run('read', READ, since);
    return reply && { version: String(reply[0]), cache: String(reply[1]) };
  }

  /** @override @param {string} cache @param {string | undefined} expected */
  async writeCache(cache, expected) {
    const reply = await this.#run('written', WRITE, expected, cache);
    return reply && String(reply);
  }

  /**
   * Runs a script, for as long as the time limit allows. What it would have done afterwards it does late, or never, and harms nobody: it
   * compares first.
   * @param {string} done what the script does, in the past
   * @param {string} script
   * @param {string | undefined} version
   * @param {string[]} text
   */
  #run(done, script, version = '', ...text) {
    const giveUp = new AbortController();
    const evaluate = () => this.#evaluate(script, [version, this.#timeToLive, ...text], giveUp.signal);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        giveUp.abort();
        reject(storeFailed(`Redis did not answer for ${this.#timeout} ms: whether the token cache was ${done} is not known.`, {
          remedy: 'Check that Redis can be reached, then try again.',
          retryable: true,
        }));
      }, this.#timeout);
      evaluate()
        // ioredis sends again what was under way when the connection was lost; node-redis leaves that to its callers.
        .catch((error) => (isLost(error) && !giveUp.signal.aborted ? evaluate() : Promise.reject(error)))
        .then(resolve, (error) => reject(explained(done, error, this.#key)))
        .finally(() => clearTimeout(timer));
    });
  }

  /** @param {string} script @param {string[]} args @param {AbortSignal} abortSignal */
  async #evaluate(script, args, abortSignal) {
    const client = this.#client;
    const isOfIoredis = 'defineCommand' in client;
    // node-redis 5 and later take back what they have not sent yet. Replies are to be strings, whatever the program wants elsewhere.
    const reply = isOfIoredis
      ? await client.eval(script, 1, this.#key, ...args)
      : await (client.withCommandOptions?.({ abortSignal, typeMapping: {} }) ?? client).eval(script, { keys: [this.#key], arguments: args });
    if (reply === undefined) throw new Error('eval gave no promise');
    return reply;
  }
}

/** Whether the connection was lost while node-redis waited for the answer. @param {any} error */
const isLost = (error) => /^Socket closed unexpectedly/.test(error?.message) || /^(ECONNRESET|EPIPE)$/.test(error?.code);

/** @param {string} done @param {any} error @param {string} key */
function explained(done, error, key) {
  // Servers quote what they do not understand, and that may be a token. Nothing is kept from the first quotation mark, or the key, on.
  const [said = ''] = String(error?.message).split(key);
  const [message = ''] = said.split(/["`{]|(?<!\w)'| script:/);
  const [, remedy, retryable = false] = REFUSALS.find(([word]) => word.test(message)) ?? [
    0, 'Check that the client is connected, as its connect does, and that Redis can be reached; then try again.', true,
  ];
  return storeFailed(`The token cache could not be ${done}: ${message.trim() || error?.code}`, {
    remedy, retryable, cause: { name: error?.name, code: error?.code, message },
  });
}
