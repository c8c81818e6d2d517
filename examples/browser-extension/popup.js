// The popup shows what the service worker has put into storage, and tells it what the person wants. It knows no secret.

const find = (id) => document.getElementById(id);
const send = (action) => chrome.runtime.sendMessage(action);

let view;

const show = {
  signedOut: () => 'You are signed out',

  waiting({ userCode, verificationUri }) {
    find('code').value = userCode;
    find('copy').textContent = 'Copy';
    find('page').href = verificationUri;
    find('address').textContent = verificationUri.replace('https://', '');
    return 'Waiting for you to sign in …';
  },

  signedIn({ name, username, expiresAt, fromCache }) {
    find('username').textContent = username;
    const time = new Date(expiresAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
    find('token').textContent = `${fromCache ? 'The access token was at hand' : 'The access token is new'}. It is good until ${time}.`;
    return `Signed in as ${name}`;
  },

  failed({ message, remedy, remedyUrl, again }) {
    find('remedy').textContent = remedy ?? '';
    find('message').textContent = message;
    find('more').hidden = !remedyUrl;
    find('remedy-page').href = remedyUrl ?? '';
    find('again').dataset.action = again;
    return 'That did not work';
  },
};

async function update() {
  ({ view = { state: 'signedOut' } } = await chrome.storage.session.get('view'));
  find('status').textContent = show[view.state](view);
  for (const section of document.querySelectorAll('section')) section.hidden = section.dataset.state !== view.state;
  tick();
}

/** Each second: how long there is left, and a poll, if it is time for one. */
function tick() {
  if (view.state !== 'waiting') return;
  const seconds = Math.max(0, Math.round((view.expiresAt - Date.now()) / 1000));
  find('left').textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`;
  send('poll');
}

document.addEventListener('click', async ({ target }) => {
  const { action } = target.dataset;
  if (!action) return;
  target.disabled = true;
  await send(action);
  target.disabled = false;
  await update();
  // The button may be gone; a keyboard is to go on from what came in its place.
  (target.checkVisibility() ? target : document.querySelector('section:not([hidden]) :is(button, a)')).focus();
});

find('copy').addEventListener('click', async () => {
  await navigator.clipboard.writeText(view.userCode);
  find('copy').textContent = 'Copied';
});

chrome.storage.session.onChanged.addListener((changes) => changes.view && update());
await update();
setInterval(tick, 1000);
if (view.state === 'signedOut') send('getToken'); // there may be tokens of an earlier session, if they are kept longer than one
