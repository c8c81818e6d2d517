// Calls the API for the person, and keeps what was asked and answered, so that a page can show it.

/** How long to wait for the API, in milliseconds. */
const PATIENCE = 10_000;

/**
 * @typedef {{ method: string, url: string, status: number, challenge?: string, body?: any }} Answer `status` 0: there was none. `challenge` is what
 *   WWW-Authenticate says; `body` is what was in the JSON
 *
 * @param {string} url
 * @param {string} token
 * @param {object} [sent] makes it a POST
 * @returns {Promise<Answer>}
 */
export async function callApi(url, token, sent) {
  const method = sent ? 'POST' : 'GET';
  const headers = { authorization: `Bearer ${token}`, ...(sent && { 'content-type': 'application/json' }) };
  try {
    // A redirect is not followed: the token is for this address.
    const body = sent && JSON.stringify(sent);
    const response = await fetch(url, { method, headers, body, redirect: 'manual', signal: AbortSignal.timeout(PATIENCE) });
    const challenge = response.headers.get('www-authenticate') ?? undefined;
    return { method, url, status: response.status, challenge, body: await response.json().catch(() => undefined) };
  } catch (error) {
    console.error(`the API did not answer: ${error.cause?.code ?? error.name}`);
    return { method, url, status: 0 };
  }
}
