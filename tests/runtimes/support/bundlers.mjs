// The bundlers, each with as little said to it as will do. Each makes one file of an entry, and says what it is called.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { MODULES } from './runtimes.mjs';

const require = createRequire(import.meta.url);
const NAMES = ['esbuild', 'vite', 'webpack', 'rollup'];

/** @type {Record<string, string>} */
export const versions = Object.fromEntries(
  NAMES.map((name) => [name, JSON.parse(readFileSync(join(MODULES, name, 'package.json'), 'utf8')).version]),
);

/** @type {Record<string, (entry: string, folder: string, options: any) => Promise<string>>} */
export const bundle = {
  async esbuild(entry, folder, options) {
    const file = options.format === 'cjs' ? 'bundle.cjs' : 'bundle.mjs';
    await require('esbuild').build({ entryPoints: [entry], outfile: join(folder, file), bundle: true, logLevel: 'silent', ...options });
    return file;
  },

  async vite(entry, folder, { ssr = false }) {
    const { build } = await import('vite');
    await build({
      configFile: false,
      root: join(entry, '..'),
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: { ssr, outDir: folder, emptyOutDir: false, rollupOptions: { input: entry, output: { entryFileNames: 'bundle.mjs' } } },
    });
    return 'bundle.mjs';
  },

  async webpack(entry, folder, { target }) {
    const options = { mode: 'production', context: join(entry, '..'), entry, target, output: { path: folder, filename: 'bundle.cjs' } };
    const stats = await new Promise((resolve, reject) => {
      require('webpack')(options, (error, stats) => (error ? reject(error) : resolve(stats)));
    });
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    // That a bundle is large is a matter for whoever makes a page of it.
    const problems = [...errors, ...warnings].filter(({ message }) => !/size limit|code splitting|performance/.test(message));
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
    return 'bundle.cjs';
  },

  async rollup(entry, folder, { format, ...options }) {
    const { rollup } = await import('rollup');
    const { nodeResolve } = await import('@rollup/plugin-node-resolve');
    const made = await rollup({
      input: entry,
      plugins: [nodeResolve(options)],
      onwarn: (warning) => {
        throw new Error(warning.message);
      },
    });
    await made.write({ format, file: join(folder, 'bundle.mjs') });
    await made.close();
    return 'bundle.mjs';
  },
};
