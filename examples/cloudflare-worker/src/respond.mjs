// What a browser sees, whatever keeps the sessions. It holds a session by an id that nobody can guess, in a cookie that no script can read; no
// token is ever sent to it.

const COOKIE = '__Host-session';
const SECURITY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'";
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

/**
 * @param {Request} request
 * @param {(id: string) => { begin(): Promise<void>, state(): Promise<any>, profile(): Promise<any>, end(): Promise<any> }} sessionOf
 */
export async function respond(request, sessionOf) {
  const id = new RegExp(`(?:^|; )${COOKIE}=([0-9a-f-]{36})(?:;|$)`).exec(request.headers.get('cookie') ?? '')?.[1];
  const session = id && sessionOf(id);
  // No page of somebody else's may sign people in or out here, and none of another host of this domain.
  if (request.method === 'POST' && ['cross-site', 'same-site'].includes(request.headers.get('sec-fetch-site'))) {
    return new Response('Forbidden', { status: 403 });
  }
  switch (`${request.method} ${new URL(request.url).pathname}`) {
    case 'GET /':
      return show(request, session ? await session.state() : { status: 'signed out' });
    case 'GET /profile':
      return show(request, session ? await session.profile() : { status: 'signed out' });
    case 'POST /sign-in': {
      await session?.end();
      const fresh = crypto.randomUUID(); // never an id that somebody may have planted
      await sessionOf(fresh).begin();
      return home(`${COOKIE}=${fresh}; ${ATTRIBUTES}`);
    }
    case 'POST /sign-out':
      await session?.end();
      return home(`${COOKIE}=; Max-Age=0; ${ATTRIBUTES}`);
    default:
      return new Response('Not found', { status: 404 });
  }
}

const home = (cookie) => new Response(null, { status: 303, headers: { location: '/', 'set-cookie': cookie } });

/** As JSON for a program, as a page for a person. */
function show(request, state) {
  const headers = { 'cache-control': 'no-store' };
  if (request.headers.get('accept') === 'application/json') return Response.json(state, { headers });
  return new Response(page(state), { headers: { ...headers, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': SECURITY } });
}

const escape = (text) => String(text ?? '').replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const button = (action, text) => `<form method="post" action="${action}"><button>${text}</button></form>`;

const PAGES = {
  'signed out': () => button('/sign-in', 'Sign in'),
  waiting: ({ userCode, verificationUri }) =>
    `<p>Open <a href="${escape(verificationUri)}" target="_blank" rel="noreferrer">${escape(verificationUri)}</a>, on any device, and enter</p>
     <h1>${escape(userCode)}</h1>`,
  'signed in': ({ username, userinfo }) =>
    `<p>Signed in${username ? ` as ${escape(username)}` : ''}. <a href="/profile">Who is that?</a></p>
     <pre>${userinfo ? escape(JSON.stringify(userinfo, null, 2)) : ''}</pre>${button('/sign-out', 'Sign out')}`,
  failed: ({ reason, remedy, remedyUrl }) =>
    `<p>${escape(reason)}</p><p>${escape(remedy)}</p>${remedyUrl ? `<p><a href="${escape(remedyUrl)}">More</a></p>` : ''}${button('/sign-in', 'Sign in')}`,
};

function page(state) {
  const again = state.status === 'waiting' ? '<meta http-equiv="refresh" content="5">' : '';
  return `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">${again}<title>${escape(state.status)}</title>
<main>${PAGES[state.status](state)}</main></html>`;
}
