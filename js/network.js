// The program's own network client (MSAL's INetworkModule), as the core calls it.

/** Form fields whose values are secrets. */
const SECRETS = ['device_code', 'code_verifier', 'refresh_token', 'client_secret', 'client_assertion', 'code', 'password'];

/** How deep a chain of causes is followed. */
const DEEPEST_CAUSE = 5;

/** @param {import('./index.js').INetworkModule} client */
export function networkHook(client) {
  /**
   * @param {boolean} post
   * @param {string} url
   * @param {Record<string, string>} headers
   * @param {string} body
   * @param {number} timeout
   */
  return async (post, url, headers, body, timeout) => {
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
 * errors, and a parser of JSON quotes what it could not read.
 * @param {unknown} thrown
 * @param {string} form what was sent
 * @param {number} [depth]
 * @returns {Error}
 */
export function harmless(thrown, form, depth = 0) {
  const secrets = secretsOf(form);
  const original = /** @type {{ name?: unknown, message?: unknown, stack?: unknown, cause?: unknown, [field: string]: unknown }} */ (
    thrown !== null && typeof thrown === 'object' ? thrown : { message: thrown }
  );
  const quotesReply = original.name === 'SyntaxError';
  const clean = (/** @type {unknown} */ value) => {
    let text = String(value ?? '');
    for (const secret of secrets) text = text.replaceAll(secret, '[removed]');
    return text;
  };
  const cause = original.cause === undefined || depth >= DEEPEST_CAUSE ? undefined : harmless(original.cause, form, depth + 1);
  if (
    thrown instanceof Error &&
    !quotesReply &&
    cause === (depth >= DEEPEST_CAUSE ? undefined : original.cause) &&
    clean(original.message) === original.message &&
    clean(original.stack) === original.stack &&
    Object.values(original).every((value) => value === null || typeof value !== 'object') &&
    Object.values(original).every((value) => clean(value) === String(value ?? ''))
  ) {
    return thrown;
  }
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
 * The secrets of a form, and each way in which they may be written.
 * @param {string} form
 */
function secretsOf(form) {
  const pairs = form.split('&').map((pair) => pair.split('='));
  const sent = pairs.filter(([name]) => SECRETS.includes(name)).map(([, value]) => value).filter(Boolean);
  const decoded = sent.map((value) => decodeURIComponent(value));
  const lower = sent.map((value) => value.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()));
  return [form, ...sent, ...lower, ...decoded, ...decoded.map(encodeURIComponent)].filter(Boolean);
}
