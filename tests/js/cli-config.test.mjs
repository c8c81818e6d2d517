// `doorcode config`: profiles, made and changed by flags, without a terminal.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { doorcode, Home } from './support/command.mjs';

/** What somebody else could put into a profile to act upon a terminal. */
const HOSTILE = '\u001b[31mred\u202e';

describe('doorcode config', () => {
  /** @type {Home} */
  let home;
  beforeEach(() => (home = new Home()));
  afterEach(() => home.remove());

  const run = (args, options = {}) => doorcode(args, { home, ...options });
  /** Runs a command that has to succeed; returns what it printed. */
  async function done(args, options) {
    const { code, stdout, stderr } = await run(args, options);
    assert.equal(code, 0, stderr);
    return stdout;
  }
  /** Runs a command that has to fail with two lines: what happened, and what to do. */
  async function fails(args, what, remedy, { exit = 2, ...options } = {}) {
    const { code, stdout, lines } = await run(args, options);
    assert.deepEqual({ code, stdout, lines: lines.length }, { code: exit, stdout: '', lines: 2 }, lines.join('\n'));
    assert.match(lines[0], what);
    assert.match(lines[1], remedy);
  }
  const create = (name, ...flags) => done(['config', 'create', name, '--client-id', 'an-app', ...flags]);
  const shown = async (name) => JSON.parse(await done(['config', 'show', name, '--json']));
  const file = (name) => home.path('.config/doorcode/profiles', `${name}.json`);
  const tokens = (name) => home.path('.local/state/doorcode/profiles', name);

  describe('create', () => {
    it('makes a profile that its owner alone may read, and says how to sign in with it', async () => {
      const { code, stdout, stderr } = await run(['config', 'create', 'work', '--client-id', 'an-app', '--tenant', 'contoso.com', '-s', 'User.Read', '-s', 'Mail.Read', '--store', 'memory']);
      assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
      assert.match(stderr, /There is a profile work now; it is the default one\.\n.*doorcode get-token\n/);
      assert.deepEqual(await shown('work'), { name: 'work', clientId: 'an-app', tenant: 'contoso.com', scopes: ['User.Read', 'Mail.Read'], store: 'memory' });
      assert.equal(statSync(file('work')).mode & 0o777, 0o600);
      assert.equal(statSync(home.path('.config/doorcode/profiles')).mode & 0o777, 0o700);
      assert.deepEqual(readdirSync(home.path('.config/doorcode/profiles')), ['work.json'], 'nothing else is left');
    });

    it('has the first profile be the default one, and a later one only with --default', async () => {
      await create('first');
      await create('second');
      assert.equal(JSON.parse(await done(['config', 'show', '--json'])).name, 'first');
      await create('third', '--default');
      assert.equal(JSON.parse(await done(['config', 'show', '--json'])).name, 'third');
    });

    it('goes by another name as well', async () => {
      await done(['create-profile', 'work', '--client-id', 'an-app']);
      assert.match(await done(['list-profiles']), /\* +work +an-app/);
    });

    it('leaves a profile as it is that has the name already', async () => {
      await create('work', '--tenant', 'contoso.com');
      await fails(['config', 'create', 'work', '--client-id', 'another'], /There is a profile work already/, /config edit work.*config delete work/);
      assert.equal((await shown('work')).tenant, 'contoso.com');
    });

    it('names the flag that is missing where nobody can be asked', async () => {
      await fails(['config', 'create'], /needs a name/, /config create work --client-id/);
      await fails(['config', 'create', 'work'], /needs the app/, /--client-id/);
      assert.ok(!existsSync(file('work')));
    });

    for (const [flags, what] of [
      [['--tenant', 'a tenant'], /--tenant: it must be the id or the domain/],
      [['--authority', 'contoso.com'], /--authority: it must be a URL/],
      [['--authority', 'http://id.example'], /--authority: it must be a URL that begins with https/],
      [['--authority', 'https://ada:secret@id.example'], /--authority: it must be a URL without a user/],
      [['--authority', 'https://id.example', '--oidc', '--tenant', 'contoso.com'], /has no tenants/],
      [['--oidc'], /there is no authority/],
      [['--device-endpoint', 'https://id.example/device'], /needs both its endpoints/],
      [['--account', HOSTILE], /--account: it must be without control characters/],
      [['--store', 'cloud'], /'cloud' is invalid.*file, encrypted, memory/],
    ]) {
      it(`tells at once what cannot be: ${flags.map((flag) => JSON.stringify(flag)).join(' ')}`, async () => {
        await fails(['config', 'create', 'work', '--client-id', 'an-app', ...flags], what, /./);
        assert.ok(!existsSync(file('work')));
      });
    }

    for (const name of ['../x', 'a/b', '..', '.hidden', '-x', '', 'con', 'a b', '$(id)', '`id`', HOSTILE, 'x'.repeat(101)]) {
      it(`does not take ${JSON.stringify(name).slice(0, 20)} for a name`, async () => {
        await fails(['config', 'create', '--client-id', 'an-app', '--', name], /cannot be called/, /letters from a to z/);
        assert.ok(!existsSync(home.path('.config')));
      });
    }

    it('has both of two profiles that are made at once', async () => {
      await Promise.all([create('one'), create('two')]);
      assert.deepEqual(JSON.parse(await done(['config', 'list', '--json'])).map(({ name }) => name), ['one', 'two']);
      assert.match(JSON.parse(await done(['config', 'show', '--json'])).name, /^(one|two)$/);
    });

    it('has one of several that are made at once under one name, whole, and tells the others', async () => {
      const tenants = ['a.example', 'b.example', 'c.example', 'd.example'];
      const ran = await Promise.all(tenants.map((tenant) => run(['config', 'create', 'work', '--client-id', tenant, '--tenant', tenant])));
      assert.deepEqual(ran.map(({ code }) => code).sort(), [0, 2, 2, 2]);
      const winner = tenants[ran.findIndex(({ code }) => code === 0)];
      assert.deepEqual(await shown('work'), { name: 'work', clientId: winner, tenant: winner });
      for (const { code, lines } of ran) if (code === 2) assert.match(lines[0], /There is a profile work already/);
    });
  });

  it('takes plain http for what the library takes it for: this machine, by any of its addresses', async () => {
    for (const [number, authority] of ['http://localhost:1/a', 'http://127.0.0.1', 'http://127.1.2.3:8080', 'http://[::1]'].entries()) {
      await done(['config', 'create', `here-${number}`, '--client-id', 'an-app', '--authority', authority]);
    }
    await fails(['config', 'create', 'there', '--client-id', 'an-app', '--authority', 'http://127.0.0.1.example'], /--authority: it must be a URL/, /--authority/);
  });

  describe('where profiles are', () => {
    it('is where DOORCODE_CONFIG_DIR says, or XDG_CONFIG_HOME', async () => {
      await done(['config', 'create', 'work', '--client-id', 'an-app'], { env: { DOORCODE_CONFIG_DIR: home.path('elsewhere') } });
      assert.ok(existsSync(home.path('elsewhere/profiles/work.json')));
      await done(['config', 'create', 'work', '--client-id', 'an-app'], { env: { XDG_CONFIG_HOME: home.path('xdg') } });
      assert.ok(existsSync(home.path('xdg/doorcode/profiles/work.json')));
      assert.ok(!existsSync(home.path('.config')));
    });

    it('is never where one happens to be', async () => {
      mkdirSync(home.path('cwd'));
      const create = ['config', 'create', 'planted', '--client-id', 'an-app'];
      for (const args of [create, ['config', 'list'], ['get-token', '--silent', '--client-id', 'an-app'], ['accounts']]) {
        await fails(args, /No home folder is known/, /DOORCODE_CONFIG_DIR/, { exit: 1, env: { HOME: '' }, cwd: home.path('cwd') });
      }
      await fails(create, /No home folder is known/, /XDG_CONFIG_HOME/, { exit: 1, env: { XDG_CONFIG_HOME: 'relative' }, cwd: home.path('cwd') });
      assert.deepEqual(readdirSync(home.path('cwd')), []);
      await done(['config', 'list'], { env: { HOME: '', DOORCODE_CONFIG_DIR: home.path('elsewhere') } });
    });

    it('is where DOORCODE_CONFIG_DIR says also for somebody who has no home, as in some containers', async () => {
      const unknown = "import os from 'node:os'; import { syncBuiltinESMExports } from 'node:module'; delete process.env.HOME; const real = os.homedir; "
        + "os.homedir = () => { if (process.env.HOME === undefined) throw new Error('no such user'); return real(); }; syncBuiltinESMExports();";
      const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(unknown)}` };
      await done(['config', 'create', 'work', '--client-id', 'an-app'], { env: { ...env, DOORCODE_CONFIG_DIR: home.path('elsewhere') } });
      await fails(['config', 'list'], /No home folder is known/, /DOORCODE_CONFIG_DIR/, { exit: 1, env });
    });

    it('is told with what to do if nothing can be written there', async () => {
      writeFileSync(home.path('.config'), 'a file');
      await fails(['config', 'create', 'work', '--client-id', 'an-app'], /cannot be written to ~\/\.config\/doorcode: a file is in the place/, /DOORCODE_CONFIG_DIR/, { exit: 1 });
    });

    it('is told also if it is one of those that never take a folder', async () => {
      await fails(['config', 'create', 'work', '--client-id', 'an-app'], /cannot be written to \/proc\/doorcode: /, /DOORCODE_CONFIG_DIR/, { exit: 1, env: { DOORCODE_CONFIG_DIR: '/proc/doorcode' } });
    });

    it('has nothing but profiles in it that are looked at', async () => {
      await create('work');
      for (const name of ['$(id).json', '.hidden.json', 'notes.txt', 'work.json.1234']) writeFileSync(home.path('.config/doorcode/profiles', name), '{}');
      assert.deepEqual(JSON.parse(await done(['config', 'list', '--json'])).map(({ name }) => name), ['work']);
    });
  });

  describe('list and show', () => {
    it('align what there is, on stdout', async () => {
      await create('work', '--tenant', 'contoso.com', '--scope', 'User.Read Mail.Read');
      await create('github', '--device-endpoint', 'https://github.example/device', '--token-endpoint', 'https://github.example/token', '--store', 'memory');
      assert.equal(await done(['config', 'list']), [
        '   NAME    CLIENT ID  SIGN IN AT              SCOPES               STORE',
        '   github  an-app     https://github.example                       memory',
        '*  work    an-app     contoso.com             User.Read Mail.Read  file',
        '',
      ].join('\n'));
      assert.equal(await done(['config', 'show', 'github']), [
        'name             github',
        'client-id        an-app',
        'device-endpoint  https://github.example/device',
        'token-endpoint   https://github.example/token',
        'store            memory',
        '',
      ].join('\n'));
    });

    it('are JSON for programs', async () => {
      await create('work', '--scope', 'User.Read');
      await create('id', '--authority', 'https://id.example', '--oidc');
      assert.deepEqual(JSON.parse(await done(['config', 'list', '--json'])), [
        { name: 'id', default: false, clientId: 'an-app', authority: 'https://id.example', oidc: true },
        { name: 'work', default: true, clientId: 'an-app', scopes: ['User.Read'] },
      ]);
    });

    it('say on stderr that there is none, and what to do', async () => {
      const { code, stdout, lines } = await run(['config', 'list']);
      assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
      assert.match(lines[1], /doorcode config create/);
      assert.equal(await done(['config', 'list', '--json']), '[]\n');
      await fails(['config', 'show'], /No profile is named/, /config list/);
      await fails(['config', 'show', 'work'], /There is no profile work\./, /none yet.*config create work/);
    });

    it('say who names a profile that there is not', async () => {
      await create('work');
      await fails(['config', 'show'], /no profile gone, which DOORCODE_PROFILE names/, /There is work\./, { env: { DOORCODE_PROFILE: 'gone' } });
      await fails(['get-token', '--silent'], /no profile gone, which DOORCODE_PROFILE names/, /There is work\./, { env: { DOORCODE_PROFILE: 'gone' } });
      await fails(['get-token', '--silent', '--profile', ''], /cannot be called ""/, /letters/);
      assert.equal(JSON.parse(await done(['config', 'show', '--json'], { env: { DOORCODE_PROFILE: '' } })).name, 'work');
      writeFileSync(home.path('.config/doorcode/default-profile'), 'lost\n');
      await fails(['config', 'show'], /no profile lost, which is the default one/, /There is work\./);
      assert.equal(JSON.parse(await done(['config', 'show', '--json'], { env: { DOORCODE_PROFILE: 'work' } })).name, 'work');
    });
  });

  describe('a damaged profile', () => {
    const DAMAGED = '{"clientId": "an-app"';
    beforeEach(async () => {
      await create('work');
      await create('other');
      writeFileSync(file('work'), DAMAGED);
    });

    it('is listed as one, beside the others', async () => {
      const { code, stdout, stderr } = await run(['config', 'list']);
      assert.equal(code, 0);
      assert.match(stdout, /^ +other +an-app/m);
      assert.match(stdout, /^\* +work +\(damaged\)$/m);
      assert.match(stderr, /The profile work is no JSON.*\n.*doorcode config delete work/);
      assert.match(JSON.parse(await done(['config', 'list', '--json']))[1].error, /no JSON/);
    });

    it('is never written over', async () => {
      await fails(['config', 'edit', 'work', '--tenant', 'contoso.com'], /work is no JSON/, /config delete work/);
      await fails(['config', 'import', '--replace'], /work is no JSON/, /config delete work/, { input: '{"name":"work","clientId":"b"}' });
      await fails(['config', 'create', 'work', '--client-id', 'b'], /There is a profile work already/, /config delete work/);
      await fails(['config', 'set-default', 'work'], /work is no JSON/, /config delete work/);
      assert.equal(readFileSync(file('work'), 'utf8'), DAMAGED);
    });

    it('can be deleted', async () => {
      await done(['config', 'delete', 'work', '--yes']);
      assert.ok(!existsSync(file('work')));
    });
  });

  describe('edit', () => {
    it('changes what flags say, and nothing else', async () => {
      await create('work', '--tenant', 'contoso.com', '--scope', 'User.Read', '--account', 'ada@contoso.com');
      await done(['config', 'edit', 'work', '--scope', 'Mail.Read', '--unset', 'account']);
      assert.deepEqual(await shown('work'), { name: 'work', clientId: 'an-app', tenant: 'contoso.com', scopes: ['Mail.Read'] });
      await done(['config', 'edit', '--unset', '--scope', '--unset', 'knownAuthorities,tenant', '--authority', 'https://id.example', '--oidc']);
      assert.deepEqual(await shown('work'), { name: 'work', clientId: 'an-app', authority: 'https://id.example', oidc: true });
      assert.equal(statSync(file('work')).mode & 0o777, 0o600);
    });

    it('refuses what cannot be, and says how to take something out', async () => {
      await create('work', '--tenant', 'contoso.com');
      const before = readFileSync(file('work'), 'utf8');
      await fails(['config', 'edit', 'work'], /not said what to change/, /--unset/);
      await fails(['config', 'edit', 'work', '--unset', 'color'], /no field color/, /client-id, tenant.*scope/);
      await fails(['config', 'edit', 'work', '--unset', '__proto__'], /no field __proto__/, /client-id/);
      await fails(['config', 'edit', 'work', '--unset', 'tenant', '--tenant', 'x'], /--tenant sets what --unset removes/, /one of them/);
      await fails(['config', 'edit', 'work', '--unset', 'client-id'], /needs the app/, /--client-id/);
      await fails(['config', 'edit', 'work', '--authority', 'https://id.example', '--oidc'], /has no tenants/, /--unset tenant/);
      await fails(['config', 'edit', 'gone', '--tenant', 'x'], /no profile gone/, /There is work\./);
      assert.equal(readFileSync(file('work'), 'utf8'), before);
    });

    it('leaves no tokens of a former tenant, which would be taken for those of the new one', async () => {
      await create('work', '--tenant', 'contoso.com');
      const cache = `${tokens('work')}/token-cache.json`;
      mkdirSync(tokens('work'), { recursive: true });
      writeFileSync(cache, '{}');
      await done(['config', 'edit', 'work', '--scope', 'User.Read']);
      await done(['config', 'edit', 'work', '--unset', 'tenant', '--authority', 'https://login.microsoftonline.com/contoso.com']);
      assert.ok(existsSync(cache), 'it is the same tenant');
      const { stderr } = await run(['config', 'edit', 'work', '--unset', 'authority', '--tenant', 'fabrikam.com']);
      assert.match(stderr, /^note: Its tokens were those of another tenant or server, and are deleted: sign in again\.\n/);
      assert.ok(!existsSync(cache));
      mkdirSync(tokens('work'), { recursive: true });
      writeFileSync(cache, '{}');
      await done(['config', 'import', '--replace'], { input: JSON.stringify({ name: 'work', clientId: 'x', tenant: 'contoso.com' }) });
      assert.ok(!existsSync(cache));
    });
  });

  describe('set-default', () => {
    it('has another profile used where none is named', async () => {
      await create('one');
      await create('two');
      await done(['config', 'set-default', 'two']);
      assert.equal(JSON.parse(await done(['config', 'export'])).name, 'two');
      await fails(['config', 'set-default', 'gone'], /no profile gone/, /There are one, two\./);
    });
  });

  describe('delete', () => {
    it('deletes a profile with its tokens, says so, and leaves those of others', async () => {
      await create('work');
      await create('other');
      for (const name of ['work', 'other']) {
        mkdirSync(tokens(name), { recursive: true });
        for (const kind of ['json', 'jwe']) writeFileSync(`${tokens(name)}/token-cache.${kind}`, '{}');
      }
      const { code, stdout, stderr } = await run(['config', 'delete', 'work', '--yes']);
      assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
      assert.match(stderr, /profile work is deleted\.\n.*tokens.*~\/\.local\/state\/doorcode\/profiles\/work\n.*set-default/);
      assert.deepEqual([file('work'), tokens('work'), file('other'), tokens('other')].map(existsSync), [false, false, true, true]);
      await fails(['config', 'show'], /there is no default one/, /config list/);
    });

    it('finds them where DOORCODE_CONFIG_DIR has them', async () => {
      const env = { DOORCODE_CONFIG_DIR: home.path('all') };
      await done(['config', 'create', 'work', '--client-id', 'an-app'], { env });
      mkdirSync(home.path('all/tokens/profiles/work'), { recursive: true });
      await done(['config', 'delete', 'work', '-y'], { env });
      assert.deepEqual(readdirSync(home.path('all/tokens/profiles')), []);
    });

    it('wants --yes where nobody can be asked', async () => {
      await create('work');
      await fails(['config', 'delete', 'work'], /Nobody can be asked/, /config delete work --yes/);
      assert.ok(existsSync(file('work')));
      await fails(['config', 'delete', 'gone', '--yes'], /no profile gone/, /There is work\./);
      await fails(['config', 'delete', '../profiles/work', '--yes'], /cannot be called/, /letters/);
      assert.ok(existsSync(file('work')));
    });
  });

  describe('export and import', () => {
    it('pass a profile on, by a pipe or a file', async () => {
      const flags = ['--authority', 'https://login.contoso.com/t', '--known-authority', 'login.contoso.com', '--scope', 'api', '--account', 'Ada Lovelace'];
      await create('work', ...flags);
      const exported = await done(['config', 'export', 'work']);
      await done(['config', 'import', '--name', 'piped'], { input: exported });
      const { stdout, code } = await run(['config', 'export', 'work', '--output-file', home.path('work.json')]);
      assert.deepEqual({ code, stdout, mode: statSync(home.path('work.json')).mode & 0o777 }, { code: 0, stdout: '', mode: 0o600 });
      assert.equal(readFileSync(home.path('work.json'), 'utf8'), exported);
      await done(['config', 'delete', 'work', '--yes']);
      await done(['config', 'import', 'work.json']);
      assert.deepEqual(await shown('work'), JSON.parse(exported));
      assert.deepEqual({ ...(await shown('piped')), name: 'work' }, JSON.parse(exported));
    });

    it('replace a profile if told so, and take a mark of the order of bytes', async () => {
      await create('work', '--tenant', 'contoso.com');
      const input = '\ufeff{"name":"work","clientId":"new"}';
      await fails(['config', 'import'], /There is a profile work already/, /--name.*--replace/, { input });
      assert.equal((await shown('work')).clientId, 'an-app');
      await done(['config', 'import', '-', '--replace'], { input });
      assert.deepEqual(await shown('work'), { name: 'work', clientId: 'new' });
    });

    for (const [what, input, message, remedy] of [
      ['no JSON', 'clientId: x', /Standard input is no JSON/, /config export/],
      ['nothing', '', /is no JSON/, /config export/],
      ['bytes', Buffer.from([0xff, 0xfe, 0x7b, 0]), /no text in UTF-8/, /--output-file/],
      ['a list', '[{"name":"work","clientId":"x"}]', /is a list/, /one profile at a time/],
      ['a text', '"work"', /is no profile/, /config export/],
      ['null', 'null', /is no profile/, /config export/],
      ['no name', '{"clientId":"x"}', /name: there is none/, /--name/],
      ['a name that is none', '{"name":{},"clientId":"x"}', /name: there is none/, /--name/],
      ['a name that leads elsewhere', '{"name":"../../x","clientId":"x"}', /"\.\.\/\.\.\/x"/, /letters/],
      ['a name that a shell would run', '{"name":"$(id)","clientId":"x"}', /cannot be called/, /letters/],
      ['no app', '{"name":"work","tenant":"x"}', /clientId: there is none/, /add clientId/],
      ['a secret', '{"name":"work","clientId":"x","clientSecret":"s3cret"}', /clientSecret: there is no such field/, /holds no secrets/],
      ['an unknown field', '{"name":"work","clientId":"x","colour":1}', /colour: there is no such field/, /clientId, tenant/],
      ['a prototype', '{"name":"work","clientId":"x","__proto__":{"tenant":"y"}}', /__proto__: there is no such field/, /clientId, tenant/],
      ['a field of every object', '{"name":"work","clientId":"x","constructor":1}', /constructor: there is no such field/, /clientId, tenant/],
      ['a field of another type', '{"name":"work","clientId":"x","scopes":"User.Read"}', /scopes: it must be a list/, /--scope/],
      ['control characters', JSON.stringify({ name: 'work', clientId: HOSTILE }), /clientId: it must be without control characters/, /--client-id/],
      ['a field that acts upon terminals', JSON.stringify({ name: 'work', clientId: 'x', [HOSTILE]: 1 }), /red : there is no such field/, /Remove it/],
      ['what does not go together', '{"name":"work","clientId":"x","oidc":true}', /there is no authority/, /issuer/],
      ['too much', `{"name":"work","clientId":"${'x'.repeat(70_000)}"}`, /too long to be a profile/, /config export/],
    ]) {
      it(`tell what is wrong with ${what}, and make nothing of it`, async () => {
        await fails(['config', 'import'], message, remedy, { input });
        const { stderr } = await run(['config', 'import'], { input });
        assert.doesNotMatch(stderr, /[\u001b\u202e]|s3cret/);
        assert.ok(!existsSync(home.path('.config')));
      });
    }

    it('read no file without an end', async () => {
      await fails(['config', 'import', '/dev/zero'], /\/dev\/zero is too long/, /config export/);
      await fails(['config', 'import', 'gone.json'], /^error: gone\.json cannot be read: there is no such file\./, /Check the path/, { exit: 1 });
    });
  });
});
