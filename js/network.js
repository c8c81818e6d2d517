// The program's own network client (MSAL's INetworkModule), as the core calls it.

/** Form fields whose values are secrets. */
const SECRETS = ['device_code', 'refresh_token', 'client_secret', 'client_assertion', 'code', 'password'];

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
    let reply;
    try {
      reply = post
        ? await client.sendPostRequestAsync(url, { headers, body })
        : await client.sendGetRequestAsync(url, { headers }, timeout);
    } catch (error) {
      throw withoutSecrets(error, secretsOf(body));
    }
    if (!Number.isInteger(reply?.status) || reply.status < 0 || reply.status > 65535) {
      throw new TypeError('system.networkClient must answer with { status, headers, body }, where status is the HTTP status');
    }
    return { status: reply.status, header: lookUp(reply.headers), body: asText(reply.body) };
  };
}

/** MSAL's clients hand over what JSON.parse made; others the text. @param {unknown} body */
function asText(body) {
  if (typeof body === 'string') return body;
  return body === undefined || body === null ? '' : JSON.stringify(body);
}

/** How to find a header by its lower-case name. @param {unknown} headers an object, a Map or a Headers */
function lookUp(headers) {
  const iterable = /** @type {any} */ (headers ?? {});
  const entries = typeof iterable[Symbol.iterator] === 'function' ? iterable : Object.entries(iterable);
  const values = new Map([...entries].map(([name, value]) => [String(name).toLowerCase(), String(value)]));
  return (/** @type {string} */ name) => values.get(name);
}

/** @param {string} form */
function secretsOf(form) {
  const fields = new URLSearchParams(form);
  return SECRETS.flatMap((name) => fields.getAll(name)).filter((value) => value !== '');
}

/**
 * A copy of what the client threw, without what it was sent: HTTP libraries like to attach the request to their errors.
 * @param {unknown} thrown
 * @param {string[]} secrets
 * @param {number} [depth]
 * @returns {Error}
 */
function withoutSecrets(thrown, secrets, depth = 0) {
  const clean = (/** @type {unknown} */ text) => {
    let out = String(text ?? '');
    for (const secret of secrets) out = out.replaceAll(secret, '[removed]').replaceAll(encodeURIComponent(secret), '[removed]');
    return out;
  };
  const original = /** @type {{ name?: unknown, message?: unknown, stack?: unknown, code?: unknown, cause?: unknown }} */ (
    thrown !== null && typeof thrown === 'object' ? thrown : { message: thrown }
  );
  const copy = new Error(clean(original.message));
  copy.name = clean(original.name ?? 'Error');
  copy.stack = clean(original.stack ?? copy.stack);
  if (original.code !== undefined) Object.assign(copy, { code: clean(original.code) });
  if (original.cause !== undefined && depth < DEEPEST_CAUSE) {
    Object.defineProperty(copy, 'cause', { value: withoutSecrets(original.cause, secrets, depth + 1), configurable: true });
  }
  return copy;
}
