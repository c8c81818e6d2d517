// What comes with a library: packages and bytes that npm installs, and bytes of a bundle that signs somebody in.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, constants } from 'node:zlib';
import { ROOT, TOOLS } from '../steps.mjs';
import { auth } from './blob.mjs';
import { IDENTITY, MSAL, OPENID, OURS } from './libraries.mjs';

const exec = promisify(execFile);
const LIKE_MSAL = (/** @type {string} */ from) => `
  import { PublicClientApplication } from '${from}';
  const app = new PublicClientApplication({ auth: ${JSON.stringify(auth)} });
  const { accessToken } = await app.acquireTokenByDeviceCode({ scopes: ['User.Read'], deviceCodeCallback: ({ message }) => console.log(message) });
  console.log(accessToken.length);`;

/** A program that signs in, and where its bundle is to run. @type {Record<string, { program: string, platform: 'node' | 'browser' }>} */
const bundles = {
  [OURS]: { program: LIKE_MSAL('./pkg/index.js'), platform: 'browser' },
  [MSAL]: { program: LIKE_MSAL(MSAL), platform: 'node' },
  [IDENTITY]: {
    program: `
      import { DeviceCodeCredential } from '${IDENTITY}';
      const credential = new DeviceCodeCredential({ clientId: '${auth.clientId}', userPromptCallback: ({ message }) => console.log(message) });
      console.log((await credential.getToken('User.Read')).token.length);`,
    platform: 'node',
  },
  [OPENID]: {
    program: `
      import { discovery, initiateDeviceAuthorization, None, pollDeviceAuthorizationGrant } from '${OPENID}';
      const config = await discovery(new URL('${auth.authority}/v2.0'), '${auth.clientId}', undefined, None());
      const codes = await initiateDeviceAuthorization(config, { scope: 'openid User.Read' });
      console.log(codes.user_code);
      console.log((await pollDeviceAuthorizationGrant(config, codes)).access_token.length);`,
    platform: 'browser',
  },
};

const brotli = (/** @type {Uint8Array} */ bytes) =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 } }).length;

/** @param {string} program @param {'node' | 'browser'} platform */
async function bundle(program, platform) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: 'esm',
    platform,
    target: 'es2022',
    external: ['*.wasm'],
    legalComments: 'none',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0].contents;
}

/** Bytes, compressed. @param {string} library */
export async function bundled(library) {
  const { program, platform } = bundles[library];
  const inlined = brotli(await bundle(program, platform));
  if (library !== OURS) return { inlined, apart: inlined };
  const code = await bundle(program.replace('index.js', 'workerd.js'), platform);
  return { inlined, apart: brotli(code) + brotli(readFileSync(join(ROOT, 'pkg/core.wasm'))) };
}

/** Packages, and bytes of their files. What a version once installed is kept. @param {string} library */
export async function installed(library) {
  if (library === OURS) return ours();
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', library, 'package.json'), 'utf8'));
  const known = join(TOOLS, 'bench', `${library.replace('/', '-')}-${version}.json`);
  if (!existsSync(known)) {
    const counted = await install(`${library}@${version}`);
    mkdirSync(join(TOOLS, 'bench'), { recursive: true });
    writeFileSync(known, JSON.stringify(counted));
  }
  return JSON.parse(readFileSync(known, 'utf8'));
}

async function ours() {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-bench-pack-'));
  try {
    const { stdout } = await exec('npm', ['pack', '--json', '--pack-destination', folder], { cwd: join(ROOT, 'pkg') });
    return await install(join(folder, JSON.parse(stdout)[0].filename));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} what */
async function install(what) {
  const folder = mkdtempSync(join(tmpdir(), 'doorcode-bench-install-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    await exec('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', what], { cwd: folder });
    return count(join(folder, 'node_modules'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder a `node_modules` */
function count(folder) {
  const { packages } = JSON.parse(readFileSync(join(folder, '.package-lock.json'), 'utf8'));
  // npm's own books and the links to commands are no package's.
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.package-lock.json');
  const bytes = files.reduce((total, { parentPath, path, name }) => total + statSync(join(parentPath ?? path, name)).size, 0);
  return { packages: Object.keys(packages).length, bytes };
}
