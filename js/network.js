// The program's own network client (MSAL's INetworkModule), as the core calls it.

/** Form fields whose values are secrets. */
const SECRETS = [
  'device_code', 'code_verifier', 'refresh_token', 'client_secret', 'client_assertion', 'assertion', 'authorization', 'code', 'password',
];

/** How deep a chain of causes is followed; what lies deeper is left out. */
const DEEPEST_CAUSE = 5;

/** Where a class says how Node is to print it. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** @param {import('./index.js').INetworkModule} client */
export function networkHook(client) {
  /**
   * @param {boolean} post
   * @param {string} url
   * @param {string} headersJson
   * @param {string} body
   * @param {number} timeout
   */
  return async (post, url, headersJson, body, timeout) => {
    const headers = JSON.parse(headersJson);
    const reply = post
      ? await client.sendPostRequestAsync(url, { headers, body })
      : await client.sendGetRequestAsync(url, { headers }, timeout);
    if (!Number.isInteger(reply?.status) || reply.status < 0 || reply.status > 65535) {
      throw new TypeError('system.networkClient must answer with { status, headers, body }, where status is the HTTP status');
    }
    return { status: reply.status, header: lookUp(reply.headers), body: asText(reply.body) };
  };
}

/** MSAL's clients hand over what JSON.parse made; others the text. @param {unknown} body */
function asText(body) {
  if (typeof body === 'string') return body;
  if (body === undefined || body === null) return '';
  // A function, for one, has no JSON.
  return JSON.stringify(body) ?? '';
}

/** How to find a header by its lower-case name. @param {unknown} headers an object, a Map or a Headers */
function lookUp(headers) {
  const iterable = /** @type {any} */ (headers ?? {});
  const entries = typeof iterable[Symbol.iterator] === 'function' ? iterable : Object.entries(iterable);
  const values = new Map([...entries].map(([name, value]) => [String(name).toLowerCase(), String(value)]));
  return (/** @type {string} */ name) => values.get(name);
}

/**
 * What a network threw, if nothing in it can be a secret; else a copy without. HTTP libraries like to attach the request to their
 * errors, in one place or another, and a parser of JSON quotes what it could not read.
 * @param {unknown} thrown
 * @param {string} form what was sent
 * @returns {Error}
 */
export function harmless(thrown, form) {
  return withoutSecrets(thrown, secretsOf(form), new Set());
}

/**
 * @param {unknown} thrown
 * @param {string[]} secrets
 * @param {Set<unknown>} seen errors on the way here, for a chain of causes may be a ring
 * @returns {Error}
 */
function withoutSecrets(thrown, secrets, seen) {
  const original = /** @type {{ name?: unknown, message?: unknown, stack?: unknown, cause?: unknown, errors?: unknown, [field: PropertyKey]: unknown }} */ (
    thrown !== null && typeof thrown === 'object' ? thrown : { message: thrown }
  );
  const quotesReply = original.name === 'SyntaxError' || /JSON/.test(String(original.message));
  const clean = (/** @type {unknown} */ value) => {
    let text = String(value ?? '');
    for (const secret of secrets) text = text.replaceAll(secret, '[removed]');
    return text;
  };
  const goesOn = original.cause !== undefined && !seen.has(original.cause) && seen.size < DEEPEST_CAUSE;
  const cause = goesOn ? withoutSecrets(original.cause, secrets, seen.add(thrown)) : undefined;
  if (thrown instanceof Error && !quotesReply && cause === original.cause && isPlain(thrown, clean)) return thrown;
  const copy = new Error(quotesReply ? 'the reply could not be parsed' : clean(original.message));
  copy.name = clean(original.name ?? 'Error');
  copy.stack = quotesReply ? `${copy.name}: ${copy.message}` : clean(original.stack ?? copy.stack);
  for (const name of ['code', 'status', 'statusCode']) {
    const value = original[name];
    if (typeof value === 'number') Object.assign(copy, { [name]: value });
    if (typeof value === 'string') Object.assign(copy, { [name]: clean(value) });
  }
  if (cause) Object.defineProperty(copy, 'cause', { value: cause, configurable: true });
  return copy;
}

/**
 * Whether all that an error shows of itself is text without a secret. Its cause is looked at on its own.
 * @param {Error} error
 * @param {(value: unknown) => string} clean
 */
function isPlain(error, clean) {
  if ('toJSON' in error || INSPECT in error) return false;
  return Reflect.ownKeys(error).every((key) => {
    if (key === 'cause') return true;
    const value = /** @type {any} */ (error)[key];
    if ((value !== null && typeof value === 'object') || typeof value === 'function') return false;
    return clean(value) === String(value ?? '') && clean(String(key)) === String(key);
  });
}

/**
 * The secrets of a form, and each way in which they may be written.
 * @param {string} form
 */
function secretsOf(form) {
  const pairs = form.split('&').map((pair) => pair.split('='));
  const sent = pairs.filter(([name]) => SECRETS.includes(name)).map(([, value]) => value).filter(Boolean);
  const ways = sent.flatMap((encoded) => {
    const secret = decodeURIComponent(encoded);
    const json = JSON.stringify(secret).slice(1, -1);
    const ofForm = new URLSearchParams({ '': secret }).toString().slice(1);
    const lower = encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
    return [encoded, lower, ofForm, encodeURIComponent(secret), json.replaceAll('/', '\\/'), json, secret];
  });
  return [form, ...ways].filter(Boolean);
}
