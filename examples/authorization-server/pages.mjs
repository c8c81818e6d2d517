// The server's pages: plain, readable on a phone, usable with a keyboard and a screen reader.

const escape = (text) => String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

function page(title, body) {
  return `<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>${escape(title)}</title>
  <style>
    body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 3rem auto; padding: 0 1rem; color: #1b1b1f; background: #fff; }
    h1 { font-size: 1.5rem; }
    code { font-size: 1.8rem; letter-spacing: .1em; }
    input[type=text], select { font: inherit; width: 100%; padding: .6rem; box-sizing: border-box; border: 1px solid #777; border-radius: .4rem; }
    input[name=user_code] { font-size: 1.6rem; letter-spacing: .1em; text-align: center; text-transform: uppercase; }
    button { font: inherit; padding: .6rem 1.2rem; margin: 1rem .5rem 0 0; border: 1px solid #0b57d0; border-radius: .4rem; background: #0b57d0; color: #fff; }
    button.plain { background: #fff; color: #0b57d0; }
    :focus-visible { outline: 3px solid #f9ab00; outline-offset: 2px; }
    .problem { color: #b3261e; }
    @media (prefers-color-scheme: dark) { body { color: #eee; background: #1b1b1f; } button.plain { background: #1b1b1f; color: #a8c7fa; } .problem { color: #f2b8b5; } }
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

export function interactionPage(prompt, client, scopes, people) {
  if (prompt === 'login') {
    const options = people.map((id) => `<option>${escape(id)}</option>`).join('');
    return page(
      'Sign in',
      `<form method="post"><p><label for="login">Who are you?</label></p><select id="login" name="login" autofocus>${options}</select>
       <button name="decision" value="go">Sign in</button><button class="plain" name="decision" value="cancel">Cancel</button></form>`,
    );
  }
  const items = scopes.map((scope) => `<li>${escape(scope)}</li>`).join('');
  return page(
    'Do you agree?',
    `<p><strong>${escape(client)}</strong> would like to use:</p><ul>${items}</ul>
     <form method="post"><button name="decision" value="go" autofocus>Agree</button>
     <button class="plain" name="decision" value="cancel">Decline</button></form>`,
  );
}
