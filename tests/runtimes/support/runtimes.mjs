// Where the runtimes are, and what version of each.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const exec = promisify(execFile);
export const HERE = fileURLToPath(new URL('..', import.meta.url));
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
export const MODULES = join(HERE, 'node_modules');

function binary(...paths) {
  const found = paths.map((path) => join(MODULES, path)).find(existsSync);
  if (!found) throw new Error(`none of ${paths.join(', ')} is installed: run "npm ci" in tests/runtimes`);
  return found;
}

/** @param {20 | 22 | 24 | 26} major */
export const node = (major) => binary(`node-${major}-x64/bin/node`, `node-${major}-arm64/bin/node`);
export const deno = () => binary('@deno/linux-x64-glibc/deno', '@deno/linux-arm64-glibc/deno');
export const bun = () => binary('@oven/bun-linux-x64-baseline/bin/bun', '@oven/bun-linux-aarch64/bin/bun');

/** The first version number that a program prints. */
export async function versionOf(program, ...args) {
  const { stdout } = await exec(program, [...args, '--version']);
  return /\d+(\.\d+)+/.exec(stdout)[0];
}
