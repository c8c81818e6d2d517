// What a session looks like to a person.

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

export function page(state) {
  const again = state.status === 'waiting' ? '<meta http-equiv="refresh" content="5">' : ''; // each time it is asked whether the person is done
  return `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">${again}<title>${escape(state.status)}</title>
<main>${PAGES[state.status](state)}</main></html>`;
}
