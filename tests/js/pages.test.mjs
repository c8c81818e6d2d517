// Every block of code in every page is compiled, parsed or run, or this fails and names it; and every link leads somewhere. A block says its
// language. What can be done with each:
//
//   ts, js   compiled against the packed types, with AROUND around it; examples in the comments of the types as well
//   json     parsed
//   sh       each command is looked up: the npm script, the package's command and its flags, the file, the target of cargo. Those of README.md
//            and docs/cli.md are run by cli-docs.test.mjs
//   python   run, by cli-docs.test.mjs: in README.md alone
//   diff     applied, by migration.test.mjs: in docs/migration.md alone
//   text     for pictures, and for what a program printed
//
// The pages in docs/api/ are made of the types: reference.test.mjs compares them.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { consumer } from '../runtimes/support/consumer.mjs';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path) => readFileSync(join(root, path), 'utf8');
const listed = (...patterns) =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns], { cwd: root, encoding: 'utf8' })
    .trim().split('\n').filter((path) => existsSync(join(root, path)));

const PAGES = listed('*.md');
const TYPES = listed('js/*.d.ts');
const MADE = 'docs/api/';

/** The blocks of a text, with where they are. */
function blocks(path, text) {
  const found = [];
  let open;
  for (const [number, line] of text.split('\n').entries()) {
    const [, fence, language] = /^\s*(```+|~~~+)\s*(\S*)/.exec(line) ?? [];
    if (open && fence === open.fence && !language) {
      found.push(open);
      open = undefined;
    } else if (open) open.code += `${line}\n`;
    else if (fence) open = { path, line: number + 1, where: `${path}:${number + 1}`, fence, language, code: '' };
  }
  assert.equal(open, undefined, `${open?.where}: the block has no end`);
  return found;
}

const ofPages = PAGES.filter((path) => !path.startsWith(MADE)).flatMap((path) => blocks(path, read(path)));
/** In comments: what stands behind the stars. */
const ofTypes = TYPES.flatMap((path) => blocks(path, read(path).replace(/^ *\*? ?(?=.*$)/gm, (start) => (start.includes('*') ? '' : start))));
const ALL = [...ofPages, ...ofTypes];
const of = (...languages) => ALL.filter(({ language }) => languages.includes(language));

describe('every block of code', () => {
  it('is of a language that something is done with, in a page where it is done', () => {
    const ONLY = { python: 'README.md', diff: 'docs/migration.md' };
    const none = ALL.filter(({ language, path }) =>
      !['ts', 'js', 'json', 'sh', 'text'].includes(language) && ONLY[language] !== path);
    assert.deepEqual(none.map(({ where, language }) => `${where}: ${language || 'no language'}`), []);
    assert.ok(ofPages.length > 70 && ofTypes.length > 7, `${ofPages.length}, ${ofTypes.length}`);
    for (const name of ['cli-docs', 'migration', 'reference']) assert.ok(existsSync(join(root, `tests/js/${name}.test.mjs`)), name);
  });

  it('that is JSON can be parsed', () => {
    for (const { where, code } of of('json')) assert.doesNotThrow(() => JSON.parse(code), where);
  });
});

/** What the documented examples take for granted. */
const AROUND = {
  pca: 'PublicClientApplication', cca: 'ConfidentialClientApplication', cachePlugin: 'ICachePlugin', signal: 'AbortSignal', saved: 'string',
  clientId: 'string', authority: 'string', auth: 'NodeAuthOptions', scopes: 'string[]', account: 'AccountInfo', result: 'AuthenticationResult',
  deviceCodeCallback: "DeviceCodeRequest['deviceCodeCallback']", session: 'string', passphrase: 'string', redirectUri: 'string',
  query: 'Record<string, string>', bearer: 'string', thumbprintSha256: 'string', privateKey: 'string', pending: 'AuthorizationCodeRequest',
  open: '(url: string) => Promise<unknown>', key: 'Uint8Array', newKey: 'Uint8Array', oldKey: 'Uint8Array', keyring: 'Keyring',
  load: '() => Promise<string>', store: '(text: string) => Promise<void>', persistence: '{ load(): Promise<string | null> }',
  get: '() => Promise<{ text: string; etag: string }>', put: '(text: string, condition: { ifMatch: string | undefined }) => Promise<string | null>',
  makePlugin: '() => ICachePlugin', it: '(name: string, run: () => Promise<void>) => void',
  // Of platforms and clients, as far as the plugins' types want them.
  chrome: '{ storage: { session: ExtensionStorageArea } }', ctx: '{ storage: DurableObjectStorage }', env: '{ TOKENS: KvNamespace }',
  kv: 'DenoKvStore', Deno: '{ openKv(): Promise<DenoKvStore> }', client: 'RedisClient',
};
/** What examples may use without an import, by the entry that it is of. */
const IMPORTS = {
  doorcode: ['AccountInfo', 'AuthenticationResult', 'AuthorizationCodeRequest', 'ConfidentialClientApplication', 'CryptoProvider', 'DeviceCodeFlow',
    'DeviceCodeRequest', 'diagnose', 'ICachePlugin', 'INetworkModule', 'IVersionedCachePlugin', 'NetworkRequestOptions', 'NetworkResponse',
    'NodeAuthOptions', 'PublicClientApplication'],
  'doorcode/cache/encrypted': ['EncryptedCachePlugin', 'Keyring'],
  'doorcode/cache/file': ['FileCachePlugin'],
  'doorcode/cache/kv': ['DenoKvCachePlugin', 'DenoKvStore', 'DurableObjectCachePlugin', 'DurableObjectStorage', 'KvCachePlugin', 'KvNamespace'],
  'doorcode/cache/redis': ['RedisClient'],
  'doorcode/cache/web': ['ExtensionStorageArea', 'IndexedDbCachePlugin', 'WebStorageCachePlugin'],
};
const IMPORT = /^import [^;]*;\n/gm;

/** A module with an example in it. */
function module(code) {
  const own = (code.match(IMPORT) ?? []).join('');
  const others = Object.entries(IMPORTS).map(([entry, names]) =>
    `import { ${names.filter((name) => !new RegExp(`\\b${name}\\b`).test(own)).join(', ')} } from '${entry}';\n`).join('');
  const around = Object.entries(AROUND).map(([name, type]) => `${name}: ${type}`).join('; ');
  const names = Object.keys(AROUND).join(', ');
  return `${own}${others}interface Around { ${around} }\nexport async function example(this: any, { ${names} }: Around) {{\n${code.replace(IMPORT, '')}}}\n`;
}

describe('every example in JavaScript or TypeScript', () => {
  let project;
  before(async () => {
    project = await consumer('node');
    for (const name of ['@azure', '@types', 'undici']) symlinkSync(join(root, 'node_modules', name), join(project.folder, 'node_modules', name));
  });
  after(() => project?.remove());

  for (const language of ['ts', 'js']) {
    it(`(${language}) is right by the types of the package`, async () => {
      const examples = of(language);
      assert.ok(examples.length > 5, `${examples.length}`);
      const folder = join(project.folder, language);
      mkdirSync(folder);
      const names = new Map();
      for (const { path, line, code } of examples) {
        const name = `${path.replaceAll(/[/.]/g, '-')}-${line}.mts`;
        names.set(name, `${path}:${line}`);
        writeFileSync(join(folder, name), module(code));
      }
      assert.equal(names.size, examples.length);
      const keyring = 'constructor(service: string, account: string, options?: { linux?: { store?: string } }); getPassword(): Promise<string | null>; setPassword(password: string): Promise<void>;';
      writeFileSync(join(folder, 'keyring.d.ts'), `declare module '@napi-rs/keyring' { export class AsyncEntry { ${keyring} } }`);
      const compilerOptions = {
        // Examples in JavaScript do not say what may be null.
        strict: language === 'ts', exactOptionalPropertyTypes: language === 'ts', noEmit: true, skipLibCheck: true, preserveSymlinks: true,
        target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: ['node'], module: 'nodenext', moduleResolution: 'nodenext',
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [...names.keys(), 'keyring.d.ts'] }));
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      const said = await exec(process.execPath, [tsc, '-p', folder, '--pretty', 'false']).then(() => '', (error) => error.stdout);
      assert.equal(said.replaceAll(/\S*?([\w-]+\.mts)\(\d+,\d+\)/g, (place, name) => names.get(name) ?? place), '');
    });
  }
});

// What a shell has of itself, and what every machine has.
const SHELL = ['cd', 'echo', 'exec', 'exit', 'export', 'fi', 'done', 'set', 'cat', 'chmod', 'cp', 'curl', 'mkdir', 'diff', 'grep', 'openssl', 'python3', 'rm', 'sha256sum', 'tar'];
/** Those of other runtimes, which tests/runtimes runs. */
const RUNTIMES = ['bun', 'deno'];
const readOptional = (path) => (existsSync(join(root, path)) ? JSON.parse(read(path)) : {});

/** The programs that a person is told to run: what is wrong with their arguments, if anything is. */
const PROGRAMS = {
  npm([command, name], path) {
    if (['install', 'ci', 'uninstall', 'audit', 'pack', 'publish', 'sbom'].includes(command)) return '';
    const script = command === 'run' ? name : command;
    const scripts = [join(dirname(path), 'package.json'), 'package.json'].flatMap((manifest) => Object.keys(readOptional(manifest).scripts ?? {}));
    return scripts.includes(script) ? '' : `npm has no script ${script}`;
  },
  npx([name, ...rest]) {
    if (name === 'doorcode') return PROGRAMS.doorcode(rest);
    const isThere = ['', 'tests/runtimes/'].some((folder) => existsSync(join(root, folder, 'node_modules/.bin', name)));
    return isThere || Object.keys(readOptional('tests/runtimes/package.json').devDependencies ?? {}).includes(name) ? '' : `nothing here has a command ${name}`;
  },
  // cli-docs.test.mjs holds docs/cli.md against the command itself.
  doorcode([command, ...rest]) {
    const page = read('docs/cli.md');
    const unknown = [command, ...rest.filter((word) => word.startsWith('--'))].filter((word) => !page.includes(`\`${word.replace(/=.*/, '')}`));
    return unknown.length === 0 ? '' : `docs/cli.md does not know ${unknown}`;
  },
  node(words, path) {
    const file = words.find((word) => /\.m?js$/.test(word));
    return file && [dirname(path), '.'].some((folder) => existsSync(join(root, folder, file))) ? '' : `there is no ${file ?? 'file'}`;
  },
  cargo(words, path) {
    const [command] = words;
    if (!['bench', 'build', 'clippy', 'deny', 'doc', 'fmt', 'fuzz', 'run', 'test'].includes(command)) return `cargo ${command}?`;
    const named = words[words.indexOf('--example') + 1];
    const hasIt = !words.includes('--example') || [`examples/${named}.rs`, `examples/${named}/main.rs`].some((file) => existsSync(join(root, file)));
    return hasIt || read('Cargo.toml').includes(`name = "${named}"`) ? '' : `${path}: there is no example ${named}`;
  },
  git: () => '',
};

/** The commands of a script, as far as they begin a line, a part of one, or stand in `$(…)`. */
function commands(code) {
  const lines = code.replaceAll(/\\\n/g, ' ').replaceAll(/<[^<>\n]+>/g, '_').split('\n').map((line) => line.replace(/(^|\s)#.*/, '')).filter((line) => line.trim());
  return lines.flatMap((line) => line.split(/&&|\|\||[|;]|\$\(/)).map((part) => {
    const words = part.replaceAll(/["')(]/g, ' ').trim().split(/\s+/);
    while (/^(\w+=.*|if|then|else|do|while|!|time|nice|-n|\d+|sudo)$/.test(words[0] ?? '')) words.shift();
    return words.filter(Boolean);
  }).filter((words) => words.length > 0);
}

describe('every command of a page', () => {
  it('is there', () => {
    const wrong = of('sh').flatMap(({ where, path, code }) => commands(code).flatMap(([program, ...words]) => {
      if (SHELL.includes(program) || RUNTIMES.includes(program)) return [];
      if (/^[.\w-]*\/[\w./-]+$/.test(program)) return existsSync(join(root, program)) ? [] : [`${where}: there is no ${program}`];
      const fault = PROGRAMS[program] ? PROGRAMS[program](words, path) : `nothing is known of ${program}: see PROGRAMS in tests/js/pages.test.mjs`;
      return fault ? [`${where}: ${fault}`] : [];
    }));
    assert.deepEqual(wrong, []);
    assert.ok(of('sh').length > 20);
  });

  it('that a page names in its text is there', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts);
    const wrong = PAGES.flatMap((path) => [...read(path).matchAll(/`npm run (?:-s )?([\w-]+)/g)].filter(([, name]) => !scripts.includes(name)).map(([text]) => `${path}: ${text}`));
    assert.deepEqual(wrong, []);
  });
});

/** What a page can be entered at: its headings, as GitHub names them, and the anchors in it. */
function anchors(text) {
  const count = new Map();
  const prose = text.replaceAll(/^\s*```[^]*?^\s*```/gm, '');
  const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/\\(.)/g, '$1').toLowerCase();
    const name = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-');
    const number = count.get(name) ?? 0;
    count.set(name, number + 1);
    return number === 0 ? name : `${name}-${number}`;
  });
  return new Set([...headings, ...[...text.matchAll(/<a id="([^"]+)"/g)].map(([, id]) => id)]);
}

describe('every link of a page', () => {
  it('leads to a file that is there, and to a place in it', () => {
    const dead = [];
    let links = 0;
    for (const path of PAGES) {
      const text = read(path).replaceAll(/^\s*```[^]*?^\s*```/gm, '').replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]]/g, ' '));
      for (const [, address] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(address)) continue;
        links += 1;
        const [file, anchor] = address.split('#');
        const target = file ? join(dirname(path), decodeURI(file)) : path;
        if (!existsSync(join(root, target))) dead.push(`${path}: ${address}`);
        else if (anchor !== undefined && !(target.endsWith('.md') && anchors(read(target)).has(anchor))) dead.push(`${path}: ${address} has no such place`);
      }
    }
    assert.deepEqual(dead, []);
    assert.ok(links > 400, `${links}`);
  });

  it('is in the list of pages, which the README has', () => {
    const readme = read('README.md');
    const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`);
    assert.deepEqual([...pages, 'docs/api/README.md'].filter((path) => !readme.includes(`](${path.replace(/\/README\.md$/, '')})`)), []);
  });
});
