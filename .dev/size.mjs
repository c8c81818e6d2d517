// `npm run size`: what ships, in bytes, beside a budget that only goes down. Fails when something grew over it.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { main, ROOT } from './steps.mjs';
import { build } from './build.mjs';
import { leavesOutPanicTexts } from './wasm-std.mjs';

main(async () => {
  const environment = await build();
  const { build: esbuild } = await import('esbuild');
  const wasm = readFileSync(join(ROOT, 'target/core/core.wasm'));
  // What a bundler makes of an `import` of the whole package: JavaScript and the module in one file.
  const bundled = await esbuild({ entryPoints: [join(ROOT, 'pkg/index.js')], bundle: true, minify: true, format: 'esm', write: false });
  const bundle = Buffer.from(bundled.outputFiles[0].contents);
  // The same, with the module beside it as bytes, as workerd has it; that is also how it compresses best.
  const code = Buffer.from(bundle.toString().replace(/"[A-Za-z0-9+/=]{10000,}"/, '""'));
  const parts = readdirSync(join(ROOT, 'pkg/cli'));
  const command = parts.reduce((total, name) => total + statSync(join(ROOT, 'pkg/cli', name)).size, 0);
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json'], { cwd: join(ROOT, 'pkg') });
  const [{ size: packed, unpackedSize: unpacked }] = JSON.parse(stdout);

  const gzip = (/** @type {Buffer} */ bytes) => gzipSync(bytes, { level: 9 }).length;
  const brotli = (/** @type {Buffer} */ bytes) =>
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 } }).length;
  /** @type {Record<string, number>} */
  const sizes = {
    'wasm, raw': wasm.length,
    'wasm, gzip': gzip(wasm),
    'wasm, brotli': brotli(wasm),
    'javascript, minified': code.length,
    'javascript, brotli': brotli(code),
    'wasm and javascript, brotli': brotli(wasm) + brotli(code),
    'bundle, brotli': brotli(bundle),
    'command, with its libraries': command,
    'package, packed': packed,
    'package, unpacked': unpacked,
  };
  const budget = JSON.parse(readFileSync(join(ROOT, '.dev/size-budget.json'), 'utf8'));
  const over = [];
  for (const [name, size] of Object.entries(sizes)) {
    const limit = budget[name];
    const mark = size > limit ? '  OVER' : '';
    if (mark) over.push(name);
    console.log(`${name.padEnd(30)} ${String(size).padStart(9)}  of ${String(limit).padStart(9)}${mark}`);
  }
  if (!leavesOutPanicTexts(environment)) return console.log('Not held to the budget, which is for the standard library of WASM_STD=distro.');
  if (over.length) throw new Error(`over the budget of .dev/size-budget.json: ${over.join('; ')}`);
});
