// The server's pages: plain, readable on a phone, usable with a keyboard and a screen reader, in light and in dark.

const escape = (text) => String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

const STYLE = `
    :root {
      color-scheme: light dark;
      --text: #1b1b1f; --page: #fff; --line: #74777f; --accent: #0b57d0; --on-accent: #fff; --problem: #b3261e; --focus: #0b57d0;
    }
    @media (prefers-color-scheme: dark) {
      :root { --text: #e6e6ea; --page: #1b1b1f; --line: #9a9ca5; --accent: #a8c7fa; --on-accent: #062e6f; --problem: #f2b8b5; --focus: #a8c7fa; }
    }
    body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 2.5rem auto; padding: 0 1rem;
      color: var(--text); background: var(--page); overflow-wrap: break-word; }
    h1 { font-size: 1.5rem; line-height: 1.25; }
    code { font-size: 1.8rem; letter-spacing: .1em; }
    input[type=text], select { font: inherit; width: 100%; padding: .6rem; box-sizing: border-box;
      border: 1px solid var(--line); border-radius: .4rem; color: inherit; background: var(--page); }
    input[name=user_code] { font-size: 1.6rem; letter-spacing: .1em; text-align: center; text-transform: uppercase; }
    button { font: inherit; padding: .6rem 1.2rem; margin: 1rem .5rem 0 0; cursor: pointer;
      border: 1px solid var(--accent); border-radius: .4rem; background: var(--accent); color: var(--on-accent); }
    button.plain { background: var(--page); color: var(--accent); }
    :focus-visible { outline: 3px solid var(--focus); outline-offset: 3px; }
    .problem { color: var(--problem); }`;

function page(title, body) {
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${escape(title)}</title>
  <style>${STYLE}
  </style>
</head>
<body><main><h1>${escape(title)}</h1>${body}</main></body>
</html>`;
}

export const messagePage = (title, text) => page(title, `<p>${escape(text)}</p>`);

export function inputPage(form, problem) {
  const note = problem ? `<p class="problem" role="alert">${escape(problem)}</p>` : '';
  return page('Enter the code', `${note}<p>Your device shows a code.</p>${form}<button form="op.deviceInputForm">Continue</button>`);
}

export function confirmPage(form, client, userCode) {
  return page(
    'Is this your device?',
    `<p><strong>${escape(client)}</strong> should be showing this code now:</p><p><code>${escape(userCode)}</code></p>${form}
     <button form="op.deviceConfirmForm" autofocus>Yes, continue</button>
     <button form="op.deviceConfirmForm" class="plain" name="abort" value="yes">No, stop</button>`,
  );
}

/** What a scope means to a person; `openid` is in each request and says nothing to them. */
const MEANING = {
  openid: '',
  profile: 'see your name and your user name',
  email: 'see your email address',
  offline_access: 'go on doing this while you are away',
  'Notes.Read': 'read your notes',
  'Notes.Write': 'write notes for you',
};

export function interactionPage(prompt, client, scopes, people) {
  if (prompt === 'login') {
    const options = Object.entries(people).map(([id, { name }]) => `<option value="${escape(id)}">${escape(name)}</option>`).join('');
    return page(
      'Sign in',
      `<p>to continue to <strong>${escape(client)}</strong></p>
       <form method="post"><p><label for="login">Who are you?</label></p><select id="login" name="login" autofocus>${options}</select>
       <button name="decision" value="go">Sign in</button><button class="plain" name="decision" value="cancel">Cancel</button></form>`,
    );
  }
  const items = scopes.map((scope) => MEANING[scope] ?? scope).filter(Boolean).map((text) => `<li>${escape(text)}</li>`).join('');
  return page(
    'Do you agree?',
    `<p><strong>${escape(client)}</strong> would like to${items ? ':' : ' know that it is you.'}</p>${items && `<ul>${items}</ul>`}
     <form method="post"><button name="decision" value="go" autofocus>Agree</button>
     <button class="plain" name="decision" value="cancel">Decline</button></form>`,
  );
}

/** Asks whether to sign out here as well. @param {string} form the server's own @param {string} [client] that has sent the person */
export function signOutPage(form, client) {
  const from = client ? `<p>You have signed out of <strong>${escape(client)}</strong>.</p>` : '';
  return page(
    'Sign out here as well?',
    `${from}<p>While you are signed in here, apps can sign you in without asking who you are.</p>${form}
     <button form="op.logoutForm" name="logout" value="yes" autofocus>Yes, sign me out</button>
     <button form="op.logoutForm" class="plain">No, stay signed in</button>`,
  );
}
