// `doorcode config` at a terminal, where it asks for what is missing.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { doorcode, Home } from '../js/support/command.mjs';
import { terminal } from './support/terminal.mjs';

const [ENTER, DOWN, CTRL_C, CTRL_D, CTRL_U, ESCAPE] = ['\r', '\u001b[B', '\u0003', '\u0004', '\u0015', '\u001b'];

describe('doorcode config at a terminal', () => {
  /** @type {Home} */
  let home;
  let started;
  beforeEach(() => {
    home = new Home();
    started = [];
  });
  afterEach(async () => {
    await Promise.all(started.map((one) => one.kill()));
    home.remove();
  });

  const file = (name) => home.path('.config/doorcode/profiles', `${name}.json`);
  const read = (name) => JSON.parse(readFileSync(file(name), 'utf8'));
  const create = (name, ...flags) => doorcode(['config', 'create', name, '--client-id', 'an-app', ...flags], { home });

  async function start(args, options) {
    const one = await terminal(args, { home, ...options });
    started.push(one);
    return one;
  }

  /** Answers one question after the other; each has to be there before it is answered. */
  async function answer(one, ...answers) {
    for (const [question, keys] of answers) {
      // The last question on the screen: those before it, answered, are above.
      await one.until(new RegExp(`[◆▲] +${question}[^◆▲]*$`));
      one.type(keys);
    }
  }

  const ended = async (one, code) => {
    assert.equal((await one.exited).code, code, one.screen());
    return one.screen();
  };

  for (const columns of [80, 40]) {
    it(`asks for all of a profile, on ${columns} columns`, async () => {
      const one = await start(['config', 'create'], { columns });
      await answer(one,
        ['What is the profile', `work${ENTER}`],
        ['Which app', `an-app${ENTER}`],
        ['Where do they', ENTER],
        ['In which tenant', `contoso.com${ENTER}`],
        ['Which scopes', `User.Read, Mail.Read${ENTER}`],
        ['Where are the tokens', DOWN + ENTER]);
      const screen = await ended(one, 0);
      assert.match(screen, /✓ There is a profile work now; it is the/);
      assert.deepEqual(read('work'), { clientId: 'an-app', tenant: 'contoso.com', scopes: ['User.Read', 'Mail.Read'], store: 'encrypted' });
    });
  }

  for (const [what, keys, questions, expected] of [
    ['another authority of Entra\'s', DOWN, [['What is its URL', 'https://login.microsoftonline.us/t']], { authority: 'https://login.microsoftonline.us/t' }],
    ['an OpenID provider', DOWN.repeat(2), [['What is its issuer', 'https://id.example']], { authority: 'https://id.example', oidc: true }],
    ['a plain OAuth server', DOWN.repeat(3), [['Where does it give device codes', 'https://id.example/d'], ['Where does it give tokens', 'https://id.example/t']],
      { deviceEndpoint: 'https://id.example/d', tokenEndpoint: 'https://id.example/t' }],
    ['any tenant', '', [['In which tenant', '']], { tenant: 'common' }],
  ]) {
    it(`asks what ${what} needs, and takes Enter for the usual`, async () => {
      const one = await start(['config', 'create', 'work']);
      await answer(one, ['Which app', `an-app${ENTER}`], ['Where do they', keys + ENTER], ...questions.map(([question, text]) => [question, text + ENTER]),
        ['Which scopes', ENTER], ['Where are the tokens', ENTER]);
      await ended(one, 0);
      assert.deepEqual(read('work'), { clientId: 'an-app', ...expected });
    });
  }

  it('does not ask for what flags say', async () => {
    const one = await start(['config', 'create', '--tenant', 'contoso.com', '--scope', 'User.Read', '--store', 'memory']);
    await answer(one, ['What is the profile', `work${ENTER}`], ['Which app', `an-app${ENTER}`]);
    await ended(one, 0);
    assert.deepEqual(read('work'), { clientId: 'an-app', tenant: 'contoso.com', scopes: ['User.Read'], store: 'memory' });
  });

  it('says while one types what cannot be', async () => {
    await create('taken');
    const one = await start(['config', 'create']);
    for (const [typed, told] of [['../x', 'letters from a to z'], ['taken', 'There is one of that name']]) {
      await answer(one, ['What is the profile', CTRL_U + typed + ENTER]);
      await one.until(told);
    }
    await answer(one, ['What is the profile', `${CTRL_U}work${ENTER}`], ['Which app', ENTER]);
    await one.until('it must be a text that is not empty');
    await answer(one, ['Which app', `an-app${ENTER}`], ['Where do they', DOWN.repeat(2) + ENTER], ['What is its issuer', `http://id.example${ENTER}`]);
    await one.until('it must be a URL that begins with https');
    await answer(one, ['What is its issuer', CTRL_C]);
    await ended(one, 130);
    assert.ok(!existsSync(file('work')));
  });

  for (const [name, key] of Object.entries({ 'Ctrl-C': CTRL_C, 'Ctrl-D': CTRL_D, Escape: ESCAPE })) {
    it(`changes nothing at ${name}, and leaves the terminal as it was`, async () => {
      const one = await start(['config', 'create', 'work']);
      await answer(one, ['Which app', `an-app${ENTER}`], ['Where do they', key]);
      const screen = await ended(one, 130);
      assert.match(screen, /Cancelled\. Nothing was changed\.$/);
      assert.ok(one.isCursorShown());
      assert.ok(!existsSync(home.path('.config')));
    });
  }

  it('changes nothing if it is told to end, and leaves the terminal as it was', async () => {
    const one = await start(['config', 'create', 'work']);
    await one.until('Which app');
    process.kill(one.pid, 'SIGTERM');
    assert.match(await ended(one, 143), /Cancelled\. Nothing was changed\.$/);
    assert.ok(one.isCursorShown());
  });

  it('edits what there is, which Enter keeps', async () => {
    await create('work', '--authority', 'https://id.example', '--oidc', '--scope', 'openid', '--resource', 'api://x');
    const before = read('work');
    const one = await start(['config', 'edit', 'work']);
    await answer(one, ['Which app', ENTER], ['Where do they', ENTER], ['What is its issuer', ENTER], ['Which scopes', ENTER], ['Where are the tokens', ENTER]);
    assert.match(await ended(one, 0), /The profile work is changed/);
    assert.deepEqual(read('work'), before);

    const other = await start(['config', 'edit']);
    await answer(other, ['Which app', `-2${ENTER}`], ['Where do they', `${DOWN}${DOWN}${ENTER}`], ['In which tenant', `contoso.com${ENTER}`],
      ['Which scopes', CTRL_U + ENTER], ['Where are the tokens', ENTER]);
    await ended(other, 0);
    assert.deepEqual(read('work'), { clientId: 'an-app-2', tenant: 'contoso.com', resource: 'api://x' });
  });

  it('asks before it deletes, and does if told so', async () => {
    await create('work');
    const tokens = home.path('.local/state/doorcode/profiles/work');
    mkdirSync(tokens, { recursive: true });
    writeFileSync(`${tokens}/token-cache.json`, '{}');
    const no = await start(['config', 'delete', 'work']);
    await answer(no, ['Delete the profile work and its tokens\\?', ENTER]);
    assert.match(await ended(no, 130), /Nothing was changed/);
    assert.ok(existsSync(file('work')) && existsSync(tokens));
    const yes = await start(['config', 'delete', 'work']);
    await answer(yes, ['Delete the profile work', 'y']);
    assert.match(await ended(yes, 0), /The profile work is deleted/);
    assert.ok(!existsSync(file('work')) && !existsSync(tokens));
  });

  it('says what import waits for, and stops waiting at Ctrl-C', async () => {
    const one = await start(['config', 'import']);
    await one.until('Paste what `doorcode config export` printed');
    one.type(`{"name":"work","clientId":"an-app"}${ENTER}${CTRL_D}`);
    assert.match(await ended(one, 0), /There is a profile work now/);
    const other = await start(['config', 'import']);
    await other.until('Paste what');
    other.type(CTRL_C);
    assert.match(await ended(other, 130), /Cancelled\. Nothing was changed\.$/);
  });

  it('asks nobody where nothing can be drawn anew', async () => {
    for (const env of [{ TERM: 'dumb' }, { CI: '1' }]) {
      const one = await start(['config', 'create'], { env });
      assert.match(await ended(one, 2), /A profile needs a name/);
    }
  });
});
