// `npm run build`: leaves the package that is published in pkg/. Does nothing when nothing changed.
//
// Rust -> wasm-pack (wasm-bindgen) -> wasm-opt -> esbuild, which puts the JavaScript, the glue and the module into one file
// for each module system. Nothing that wasm-bindgen generates is edited.

import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { compiler, contents, inside } from './inside.mjs';
import { licences } from './licences.mjs';
import { SBOM, sbom } from './sbom.mjs';
import { setup } from './setup.mjs';
import { ask, CRATES, main, ROOT, run, TOOLS } from './steps.mjs';
import { SEPARATOR } from './wasm-std.mjs';

const OUT = join(ROOT, 'pkg');
const CORE = join(ROOT, 'target/core');
const STAMP = join(TOOLS, 'build.stamp');
const CORE_STAMP = join(TOOLS, 'core.stamp');
/** The entries beside the main one, as they are imported: `doorcode/cache/file`. */
const SUBPATHS = Object.keys(JSON.parse(readFileSync(join(ROOT, 'pkg-template/package.json'), 'utf8')).exports)
  .filter((path) => path !== '.' && path !== './package.json').map((path) => path.slice('./'.length));
/** These, and what the stores share. */
const BESIDE = [...SUBPATHS, 'cache/plugin'];
const CORE_SOURCES = ['Cargo.toml', 'Cargo.lock', 'package-lock.json', 'src', '.dev/build.mjs', '.dev/setup.mjs', '.dev/wasm-std.mjs'];
const SOURCES = [...CORE_SOURCES, '.dev/inside.mjs', '.dev/licences.mjs', '.dev/sbom.mjs', 'js', 'pkg-template', 'README.md', 'CHANGELOG.md', 'LICENSE'];

/** Builds the package if any source is newer than it. @returns {Promise<NodeJS.ProcessEnv>} in which the core is compiled */
export async function build() {
  const environment = await setup();
  const compiler = `${await ask('rustc', ['-vV'], environment)}\n${flags(environment)}`;
  await unlessMade(STAMP, digest(SOURCES, compiler), [...published().map((name) => join(OUT, name)), SBOM], async () => {
    const made = ['core.wasm', 'core.d.ts', 'core.deflated'].map((name) => join(CORE, name));
    await unlessMade(CORE_STAMP, digest(CORE_SOURCES, compiler), made, () => compile(environment));
    await bundle(environment);
  });
  return environment;
}

/**
 * @param {string} path of the file that says from what it was made last
 * @param {string} stamp
 * @param {string[]} made
 * @param {() => Promise<void>} make
 */
async function unlessMade(path, stamp, made, make) {
  if (made.every(existsSync) && existsSync(path) && readFileSync(path, 'utf8') === stamp) return;
  rmSync(path, { force: true });
  await make();
  writeFileSync(path, stamp);
}

/** Leaves the module and its glue in target/core. @param {NodeJS.ProcessEnv} environment */
async function compile(environment) {
  await run('crates', 'cargo', ['fetch', '--locked']);
  await run('Rust core to WebAssembly', 'wasm-pack', [
    'build', moduleCrate(), '--release', '--target', 'web', '--mode', 'no-install', '--no-pack', '--out-dir', CORE, '--out-name', 'core',
  ], { env: { ...environment, CARGO_TARGET_DIR: join(ROOT, 'target/wasm'), CARGO_ENCODED_RUSTFLAGS: flags(environment) } });
  await run('wasm-opt', process.execPath, [
    join(ROOT, 'node_modules/binaryen/bin/wasm-opt'), '--flatten', '--rereloop', '-Oz', '-Oz', '--converge', '--strip-producers', '--strip-target-features',
    join(CORE, 'core_bg.wasm'), '-o', join(CORE, 'core.wasm'),
  ]);
  const core = readFileSync(join(CORE, 'core.wasm'));
  // Deflated by a slower way than zlib's, which any inflater can read: 5 % smaller.
  const { default: zopfli } = await import('@gfx/zopfli');
  const deflated = await zopfli.deflateAsync(core, { numiterations: 15 });
  if (!core.equals((await import('fflate')).inflateSync(deflated))) throw new Error('fflate does not read what zopfli wrote');
  writeFileSync(join(CORE, 'core.deflated'), deflated);
}

/**
 * Makes a crate of the same sources that is a module alone. Cargo skips link-time optimisation for a library that is to be an rlib as well,
 * which the tests need, and the module would be a tenth larger.
 */
function moduleCrate() {
  const folder = join(ROOT, 'target/module');
  mkdirSync(folder, { recursive: true });
  const manifest = readFileSync(join(ROOT, 'Cargo.toml'), 'utf8')
    .replace('crate-type = ["cdylib", "rlib"]', 'path = "../../src/lib.rs"\ncrate-type = ["cdylib"]')
    .replace(/^\[\[(test|example)\]\]\n(.+\n)+/gm, '');
  if (!manifest.includes('src/lib.rs') || manifest.includes('[[')) throw new Error('Cargo.toml is not as moduleCrate() in .dev/build.mjs expects it');
  writeFileSync(join(folder, 'Cargo.toml'), `${manifest}\n[workspace]\n`);
  copyFileSync(join(ROOT, 'Cargo.lock'), join(folder, 'Cargo.lock'));
  return folder;
}

/** Keeps the folders of this machine out of the module: the same sources make the same bytes anywhere. @param {NodeJS.ProcessEnv} environment */
function flags({ CARGO_ENCODED_RUSTFLAGS: given }) {
  const folders = existsSync(CRATES) ? readdirSync(CRATES) : []; // none where crates are vendored
  const crates = folders.map((name) => `--remap-path-prefix=${join(CRATES, name)}=crates`);
  return [...(given ? [given] : []), ...crates, `--remap-path-prefix=${ROOT}=doorcode`].join(SEPARATOR);
}

/** @param {NodeJS.ProcessEnv} environment in which the core was compiled */
async function bundle(environment) {
  const { build: esbuild } = await import('esbuild');
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(OUT);
  const { version } = manifest();
  const load = join(ROOT, 'js/load');
  // Nobody reads the generated names; ours stay, for stack traces.
  const glue = join(CORE, 'core.min.js');
  await esbuild({ entryPoints: [join(CORE, 'core.js')], outfile: glue, format: 'esm', target: 'es2022', minify: true });
  /** @type {import('esbuild').BuildOptions} */
  const common = {
    bundle: true,
    outdir: OUT,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    alias: { 'doorcode-core': glue },
    loader: { '.deflated': 'base64' },
    external: ['./core.wasm'],
    define: { DOORCODE_VERSION: JSON.stringify(version), CORE_LENGTH: String(statSync(join(CORE, 'core.wasm')).size) },
    minifySyntax: true,
    minifyWhitespace: true,
    lineLimit: 160,
    legalComments: 'none',
    logLevel: 'warning',
  };
  // What the two loaders share is in one file beside them.
  const entryPoints = { index: join(load, 'inline.js'), node: join(load, 'node.js'), workerd: join(load, 'workerd.js') };
  const { metafile } = await esbuild({ ...common, format: 'esm', entryPoints, splitting: true, chunkNames: 'doorcode', metafile: true });
  await esbuild({ ...common, outExtension: { '.js': '.cjs' }, format: 'cjs', platform: 'node', entryPoints: { index: join(load, 'file.js') } });
  // What is beside the main entry takes its classes from there, so that `instanceof` holds; and the stores what they share from one file. ES
  // modules by their path: there are no import maps in service workers.
  for (const [format, end, main] of /** @type {const} */ ([['esm', '.js', '../doorcode.js'], ['cjs', '.cjs', 'doorcode']])) {
    /** @type {import('esbuild').Plugin} */
    const elsewhere = {
      name: 'elsewhere',
      setup({ onResolve }) {
        onResolve({ filter: /\/(distributed-cache|errors)\.js$/ }, () => ({ path: main, external: true }));
        onResolve({ filter: /^\.\/plugin\.js$/ }, () => ({ path: `./plugin${end}`, external: true }));
      },
    };
    const entryPoints = Object.fromEntries(BESIDE.map((name) => [name, join(ROOT, 'js', `${name}.js`)]));
    await esbuild({ ...common, format, outExtension: { '.js': end }, entryPoints, external: ['doorcode', 'node:*'], plugins: [elsewhere] });
  }
  // The names of functions and classes stay, for stack traces. Lines stay short: when a program dies of an uncaught error, Node prints
  // the one that threw.
  const { minify } = await import('terser');
  for (const name of ['doorcode.js', 'index.cjs', ...BESIDE.flatMap((name) => [`${name}.js`, `${name}.cjs`])]) {
    const path = join(OUT, name);
    const { code } = await minify(readFileSync(path, 'utf8'), { compress: false, mangle: { toplevel: false }, format: { max_line_len: 160 } });
    writeFileSync(path, code ?? '');
  }
  const tools = await compiler(environment);
  const parts = await inside({ 'doorcode.js': contents(metafile), cli: contents(await bundleCommand(version)) }, tools.rustc);
  writeFileSync(join(OUT, 'THIRD-PARTY-LICENSES.txt'), licences(parts));
  writeFileSync(SBOM, `${JSON.stringify(sbom(manifest(), parts, tools), null, 2)}\n`);
  copyFileSync(join(CORE, 'core.wasm'), join(OUT, 'core.wasm'));
  for (const file of ['CHANGELOG.md', 'LICENSE']) copyFileSync(join(ROOT, file), join(OUT, file));
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  writeFileSync(join(OUT, 'README.md'), readme.replaceAll(/<!-- of the repository -->[^]*?<!-- of both -->\n\n?/g, ''));
  // One text for both module systems: what is declared twice would be two types.
  for (const name of ['index', ...SUBPATHS]) {
    copyFileSync(join(ROOT, 'js', `${name}.d.ts`), join(OUT, `${name}.d.cts`));
    writeFileSync(join(OUT, `${name}.d.ts`), `export * from './${basename(name)}.cjs';\n`);
  }
  writeFileSync(join(OUT, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
}

/**
 * Makes the command of js/cli, with the libraries that it uses inside, so that the package has no dependencies. What a command needs is in
 * files of its own, which are loaded when it runs.
 * @param {string} version
 */
async function bundleCommand(version) {
  const { build: esbuild } = await import('esbuild');
  const { metafile } = await esbuild({
    bundle: true,
    entryPoints: { doorcode: join(ROOT, 'js/cli/bin.js') },
    outdir: join(OUT, 'cli'),
    chunkNames: '[name]-[hash]',
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: ['doorcode', '@napi-rs/keyring'],
    define: { DOORCODE_VERSION: JSON.stringify(version) },
    // Some of the libraries are CommonJS, which asks for Node's modules by `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
  });
  chmodSync(join(OUT, 'cli/doorcode.js'), 0o755);
  return metafile;
}

/** The files that the published package.json names. */
function published() {
  return ['package.json', 'cli/doorcode.js', ...JSON.stringify(manifest().exports).match(/(?<="\.\/)[^"]+\.(c?js|d\.c?ts)(?=")/g) ?? []];
}

/** The published package.json: the template, with the crate's version, so that there is one place to change it. */
function manifest() {
  const version = /^version = "([^"]+)"/m.exec(readFileSync(join(ROOT, 'Cargo.toml'), 'utf8'))?.[1];
  if (!version) throw new Error('Cargo.toml names no version');
  const { name, ...rest } = JSON.parse(readFileSync(join(ROOT, 'pkg-template/package.json'), 'utf8'));
  return { name, version, ...rest };
}

/** A hash of what something is made from, and of the compiler. @param {string[]} sources @param {string} compiler */
function digest(sources, compiler) {
  const hash = createHash('sha256').update(compiler);
  const visit = (/** @type {string} */ path) => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) visit(join(path, name));
    } else {
      hash.update(relative(ROOT, path)).update('\0').update(readFileSync(path)).update('\0');
    }
  };
  for (const source of sources) visit(join(ROOT, source));
  return hash.digest('hex');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main(async () => {
    await build();
    process.stderr.write('the package is in pkg/\n');
  });
}
