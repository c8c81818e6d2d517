// The browser's side of a session: an id that nobody can guess, in a cookie that no script can read. Nothing else is in there.

import { deleteCookie, getCookie, setCookie } from 'hono/cookie';

/** Whether it can be an id of this app's. What browsers send becomes a part of keys and paths. @param {string} [text] */
export const isId = (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text ?? '');

/** Over https the browser vouches that this host itself has set the cookie (`__Host-`). @param {string} origin */
function kind(origin) {
  const isSecure = origin.startsWith('https:');
  return { name: 'session', prefix: isSecure ? 'host' : undefined, options: { path: '/', httpOnly: true, sameSite: 'Lax', secure: isSecure } };
}

/** @returns {string | undefined} */
export function currentSession(c, origin) {
  const { name, prefix } = kind(origin);
  const id = getCookie(c, name, prefix);
  return isId(id) ? id : undefined;
}

export function rememberSession(c, origin, id) {
  const { name, prefix, options } = kind(origin);
  setCookie(c, name, id, { ...options, prefix });
}

export function forgetSession(c, origin) {
  const { name, prefix, options } = kind(origin);
  deleteCookie(c, name, { ...options, prefix });
}
