// examples/web-app and examples/web-api as they stand, with the packed tarball: people in Chromium go through the whole scenario, with each sort of
// store, in Node and in workerd.

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as serverPages from '../../examples/authorization-server/pages.mjs';
import * as pages from '../../examples/web-app/pages.mjs';
import { STYLE } from '../../examples/web-app/style.mjs';
import { chromiumVersion } from './support/chromium.mjs';
import { consumer } from './support/consumer.mjs';
import { CLIENTS, redisVersion, startLine, startRedis } from './support/redis.mjs';
import { exec, HERE, node, ROOT, versionOf } from './support/runtimes.mjs';
import { startPeople } from './support/web-people.mjs';
import { startParts, startProgram } from './support/web-parts.mjs';
import { webScenario } from './support/web-scenario.mjs';
import { bundledByWrangler, VERSION, workerd } from './support/workerd.mjs';

describe('examples/web-app', async () => {
  let project;
  before(async () => {
    project = await consumer('web-app');
    for (const name of ['web-app', 'web-api']) cpSync(join(ROOT, 'examples', name), join(project.folder, name), { recursive: true });
    const libraries = { hono: ROOT, '@hono/node-server': ROOT, jose: ROOT, redis: HERE };
    for (const [name, from] of Object.entries(libraries)) {
      const link = join(project.folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(from, 'node_modules', name), link);
    }
  });
  after(() => project?.remove());

  const program = node(24);
  /** Starts all, with the app in Node. */
  const inNode = (env) => {
    const startApp = (given) => startProgram(program, join(project.folder, 'web-app/node.mjs'), { ...given, ...env });
    return startParts({ examples: project.folder, program, startApp });
  };
  /** Goes through the scenario, until a step fails: those behind it build on it. */
  async function play(test, parts, options) {
    const { steps, close } = await webScenario(parts, options);
    try {
      for (const { title, run } of steps) {
        let failure;
        await test.test(title, () => run().catch((error) => {
          failure = error;
          throw error;
        }));
        if (failure) throw failure;
      }
    } finally {
      await close();
    }
  }

  const name = `Chromium ${await chromiumVersion()} and Node ${await versionOf(program)}, the web app with its sessions in`;

  it(`runs in ${name} files`, async (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'doorcode-sessions-'));
    const parts = await inNode({ SESSIONS_FOLDER: folder });
    try {
      await play(test, parts);
      const lines = parts.app.complaints().trim().split('\n');
      assert.deepEqual(lines.map((line) => line.split(' ')[1]), ['nonce_mismatch:', 'issuer_mismatch:', 'invalid_grant:', 'access_denied:']);
      assert.doesNotMatch(parts.app.complaints() + parts.api.complaints(), /eyJ|\n {4}at /);
    } finally {
      await parts.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it(`runs in ${name} Redis ${await redisVersion()}`, async (test) => {
    const redis = await startRedis();
    const line = await startLine(redis.path);
    const { client, close } = await CLIENTS[0].connect({ path: redis.path });
    const parts = await inNode({ REDIS_URL: `redis://127.0.0.1:${line.port}` });
    try {
      await play(test, parts, { checksPages: false });
      // Grace is signed in; sign-ins that nobody ended go by themselves.
      const keys = await client.keys('*');
      assert.ok(keys.some((key) => key.startsWith('tokens:')));
      for (const key of keys) assert.ok((await client.ttl(key)) > 0, key);

      const session = { headers: { cookie: `session=${crypto.randomUUID()}` } };
      assert.equal((await fetch(`${parts.app.origin}/`, session)).status, 200);
      await line.close();
      for (let looks = 0; looks < 2; looks += 1) {
        const response = await fetch(`${parts.app.origin}/`, session);
        assert.equal(response.status, 503);
        assert.match(await response.text(), /<h1>Something went wrong<\/h1>[^]*cache_store_failed/);
      }
      assert.doesNotMatch(parts.app.complaints(), /eyJ|\n {4}at /);
    } finally {
      await parts.close();
      close();
      await line.close().catch(() => {}); // it may have been closed before
      await redis.close();
    }
  });

  it(`runs in workerd ${VERSION}, the web app with its sessions in Workers KV`, async (test) => {
    const configuration = join(project.folder, 'web-app/wrangler.jsonc');
    const modules = await bundledByWrangler(project.folder, ['--config', configuration]);
    const host = workerd();
    let output = () => '';
    try {
      const parts = await startParts({
        examples: project.folder,
        program,
        async startApp(bindings) {
          const worker = await host.start({ configuration, modules, bindings });
          output = worker.output;
          return { origin: worker.origin, close: () => host.close() };
        },
      });
      try {
        await play(test, parts, { checksPages: false });
        assert.doesNotMatch(output(), /eyJ|\n {4}at /);
      } finally {
        await parts.close();
      }
    } finally {
      await host.close();
    }
  });

  describe('a session in files', () => {
    let folder;
    let parts;
    let people;
    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'doorcode-sessions-'));
      parts = await inNode({ SESSIONS_FOLDER: folder });
      people = await startPeople({ checksPages: false });
    });
    after(async () => {
      await people?.close();
      await parts?.close();
      rmSync(folder, { recursive: true, force: true });
    });
    const at = (path) => `${parts.app.origin}${path}`;
    async function signedIn() {
      const person = await people.meet();
      await person.open(at('/notes'));
      await person.press('button', 'Sign in');
      assert.equal((await person.press('button', 'Agree')).heading, 'Notes');
      const { value } = (await person.cookies()).find(({ name }) => name === 'session');
      return { person, session: join(folder, value) };
    }

    it('can be read by its owner alone, and is gone after the sign-out', async () => {
      const { person, session } = await signedIn();
      assert.deepEqual(readdirSync(session), ['tokens.json']);
      assert.deepEqual([session, join(session, 'tokens.json')].map((path) => (statSync(path).mode & 0o777).toString(8)), ['700', '600']);
      await person.press('button', 'Sign out');
      assert.equal(existsSync(session), false);
    });

    it('has a new id after each sign-in', async () => {
      const { person, session } = await signedIn();
      await person.open(at('/sign-in'));
      const [{ value }] = (await person.cookies()).filter(({ name }) => name === 'session');
      assert.notEqual(join(folder, value), session);
      assert.equal(existsSync(session), false);
    });

    it('sends the person to sign in again where no token can be had, and back to where they were', async () => {
      const { person, session } = await signedIn();
      const file = join(session, 'tokens.json');
      writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), AccessToken: {}, RefreshToken: {} }));
      const way = new URL(await person.caught(`${parts.server.issuer}/auth`, { from: at('/notes') }));
      assert.equal(way.searchParams.get('scope').split(' ')[0], 'Notes.Read');
      const { heading, url } = await person.open(way.href);
      assert.deepEqual([heading, url], ['Notes', at('/notes')]);
    });

    it('renews the token by itself where there is a refresh token', async () => {
      const own = mkdtempSync(join(tmpdir(), 'doorcode-sessions-'));
      const asking = await inNode({ SESSIONS_FOLDER: own, PROMPT: 'consent' });
      try {
        const person = await people.meet();
        await person.open(`${asking.app.origin}/notes`);
        await person.press('button', 'Sign in');
        assert.equal((await person.press('button', 'Agree')).heading, 'Notes');
        const file = join(own, readdirSync(own)[0], 'tokens.json');
        const before = JSON.parse(readFileSync(file, 'utf8'));
        writeFileSync(file, JSON.stringify({ ...before, AccessToken: {} }));
        const { heading, url } = await person.open(`${asking.app.origin}/notes`);
        assert.deepEqual([heading, url], ['Notes', `${asking.app.origin}/notes`]);
        const [{ secret }] = Object.values(JSON.parse(readFileSync(file, 'utf8')).AccessToken);
        assert.notEqual(secret, Object.values(before.AccessToken)[0].secret);
        await person.leave();
      } finally {
        await asking.close();
        rmSync(own, { recursive: true, force: true });
      }
    });

    it('shows nothing to cookies that are made up', async () => {
      for (const value of ['', 'x', '../..', crypto.randomUUID(), '.'.repeat(36)]) {
        const response = await fetch(at('/'), { headers: { cookie: `session=${value}` } });
        assert.match(await response.text(), /Sign in to read your notes/);
      }
    });
  });

  it('has pages that everybody can use, whatever is on them', async () => {
    const word = 'x'.repeat(300);
    const hostile = '<script>document.title = "ran"</script><b title="x';
    const idTokenClaims = { sub: word, [hostile]: hostile, groups: [word, { a: 1 }], exp: 1e9 };
    const [nobody, ada, long] = [undefined, { name: 'Ada' }, { name: word, idTokenClaims }];
    const answer = (status, more) => ({ method: 'GET', url: `https://api.example/${word}`, status, ...more });
    const error = { remedy: word, remedyUrl: 'https://docs.example', errorCode: word, errorMessage: hostile, correlationId: word };
    const declined = { errorCode: 'access_denied' };
    const refusal = answer(403, { challenge: word, body: { error: hostile } });
    const shown = [
      ...[nobody, ada, long].flatMap((account) => [pages.home, pages.staleSignIn, pages.signedOut, pages.notFound].map((page) => page(account))),
      ...[nobody, ada].flatMap((account) => [error, {}, declined].map((failure) => pages.failedSignIn(failure, '/notes', account))),
      ...[0, 401, 403, 500, 503].map((status) => pages.notes(ada, answer(status, { challenge: word }))),
      pages.notes(long, answer(200, { body: { notes: [word, hostile] } })), pages.notes(ada, answer(200, { body: { notes: [] } })),
      ...[true, false].map((canAsk) => pages.notAdded(ada, refusal, canAsk)), pages.notAdded(ada, answer(400, { body: { error: word } }), true),
      pages.profile(long), pages.profile(ada), pages.broken(error), pages.broken({}), pages.refused(),
      serverPages.messagePage(hostile, word), serverPages.confirmPage('<form id="op.deviceConfirmForm"></form>', word, 'ABCD-EFGH'),
      serverPages.inputPage('<form id="op.deviceInputForm"><input type="text" name="user_code" placeholder="Enter code"></form>', word),
      serverPages.interactionPage('login', word, [], { [hostile]: { name: word } }),
      serverPages.interactionPage('consent', hostile, ['openid', word], {}),
      serverPages.signOutPage('<form id="op.logoutForm"></form>', word), serverPages.signOutPage('<form id="op.logoutForm"></form>'),
    ].map(String);
    const server = createHttpServer((request, response) => {
      const [type, body] = request.url === '/style.css' ? ['text/css', STYLE] : ['text/html; charset=utf-8', shown[request.url.slice(1)]];
      const ownTitle = body?.replace('</title>', ` (${request.url})</title>`); // or it would count as seen before
      response.writeHead(body ? 200 : 404, { 'content-type': type }).end(ownTitle);
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const people = await startPeople();
    try {
      const person = await people.meet();
      for (const number of shown.keys()) {
        const { title } = await person.open(`http://127.0.0.1:${server.address().port}/${number}`);
        assert.ok(title.endsWith(`(/${number})`), `a script ran: ${title}`);
      }
    } finally {
      await people.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('says in one line that somebody else has the port', async () => {
    const holder = createServer();
    await new Promise((resolve) => holder.listen(0, '127.0.0.1', resolve));
    try {
      const env = { ISSUER: 'https://id.example', AUDIENCE: 'x', PORT: String(holder.address().port) };
      const error = await exec(program, [join(project.folder, 'web-api/node.mjs')], { env }).catch((error) => error);
      assert.equal(error.code, 1);
      assert.match(error.stderr, /^listen EADDRINUSE[^\n]*\n$/);
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  it('says what is missing when it is not told enough', async () => {
    const complaints = { 'web-app': /^Set CLIENT_ID, CLIENT_SECRET, AUTHORITY, API_URL, API_SCOPE\./, 'web-api': /^Set ISSUER and AUDIENCE/ };
    for (const [file, expected] of Object.entries(complaints)) {
      const error = await exec(program, [join(project.folder, file, 'node.mjs')], { env: {} }).catch((error) => error);
      assert.equal(error.code, 2);
      assert.match(error.stderr, expected);
    }
  });

  it('says which address is none, before anybody is sent there', async () => {
    const good = { CLIENT_ID: 'x', CLIENT_SECRET: 'x', AUTHORITY: 'https://id.example', API_URL: 'http://127.0.0.1:1', API_SCOPE: 'x', PORT: '0' };
    for (const odd of [{ AUTHORITY: 'id.example' }, { API_URL: '127.0.0.1:1' }, { APP_URL: 'localhost:8080' }]) {
      const env = { ...good, SESSIONS_FOLDER: join(project.folder, 'sessions'), ...odd };
      const error = await exec(program, [join(project.folder, 'web-app/node.mjs')], { env, timeout: 20_000 }).catch((error) => error);
      assert.deepEqual([error.code, error.stderr], [2, `${Object.keys(odd)[0]} must be a whole address, such as https://login.example.\n`]);
    }
  });
});
