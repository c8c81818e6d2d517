// Finds or makes a Rust toolchain that can compile to wasm32-unknown-unknown.
//
// Three ways, in this order: the installed toolchain already has the target; rustup can add it; or Debian's rustc-web
// (a rustc that comes with its library sources) builds the standard library once into .tools/wasm-toolchain.
// WASM_STD=distro goes straight to the third, so that the path open to everybody is the one that is tested.

import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { aptInstall, ask, CRATES, ROOT, run, say, TOOLS } from './steps.mjs';

/** The oldest Rust that can compile this crate. */
export const MINIMUM_RUST = /^rust-version = "([^"]+)"/m.exec(readFileSync(join(ROOT, 'Cargo.toml'), 'utf8'))?.[1] ?? '';
/** Of flags: a space may be part of a path. */
export const SEPARATOR = '\x1f';
const TARGET = 'wasm32-unknown-unknown';
const TOOLCHAIN = join(TOOLS, 'wasm-toolchain');
const DISTRO_RUSTC = '/usr/bin/rustc';
const DISTRO_LIBRARY = '/usr/lib/rustlib';
const DISTRO_SOURCES = join(DISTRO_LIBRARY, 'src');
const APT_PACKAGES = ['rustc-web', 'rust-web-src'];
/**
 * A panic ends the instance, and WebAssembly has nowhere to print why: so nothing of its texts and their formatting is compiled. With a
 * standard library that others have built this cannot be had, and the module is some percent larger.
 */
const NO_PANIC_TEXTS = ['-Zunstable-options', '-Cpanic=immediate-abort'];
const OTHERWISE = `add the target with "rustup target add ${TARGET}"`;

/**
 * The environment in which `cargo build --target wasm32-unknown-unknown` works.
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function wasmToolchain() {
  if (process.env.WASM_STD !== 'distro') {
    if (await hasTarget()) return process.env;
    if ((await ask('rustup', ['--version'])) && (await added())) return process.env;
    say('  rustup cannot add the wasm32 target here: building it from Debian\'s packages instead');
  }
  await buildFromDistro();
  // First on PATH: wasm-pack and cargo then find this rustc by its plain name, with or without rustup.
  return {
    ...process.env,
    PATH: `${join(TOOLCHAIN, 'bin')}${delimiter}${process.env.PATH}`,
    RUSTUP_TOOLCHAIN: undefined,
    RUSTC_BOOTSTRAP: '1', // for the flags alone: a stable compiler refuses them otherwise
    CARGO_ENCODED_RUSTFLAGS: NO_PANIC_TEXTS.join(SEPARATOR),
  };
}

/** Whether a core that is compiled so is as small as can be. @param {NodeJS.ProcessEnv} environment */
export function leavesOutPanicTexts({ CARGO_ENCODED_RUSTFLAGS: flags }) {
  return flags?.includes(NO_PANIC_TEXTS.join(SEPARATOR)) ?? false;
}

async function hasTarget() {
  const folder = await ask('rustc', ['--print', 'target-libdir', '--target', TARGET]);
  return folder !== undefined && existsSync(folder);
}

/** Whether `rustc --version` or `cargo --version` printed a version that can compile this crate. @param {string | undefined} printed */
export function isRecent(printed) {
  const [, major, minor] = /(\d+)\.(\d+)\./.exec(printed ?? '') ?? [];
  const [needMajor, needMinor] = MINIMUM_RUST.split('.');
  return Number(major) > Number(needMajor) || (major === needMajor && Number(minor) >= Number(needMinor));
}

async function added() {
  try {
    await run(`rustup target add ${TARGET}`, 'rustup', ['target', 'add', TARGET]);
    return await hasTarget();
  } catch {
    return false;
  }
}

async function buildFromDistro() {
  // Debian's plain rustc may be there and be years old.
  if (!existsSync(DISTRO_SOURCES) || !isRecent(await ask(DISTRO_RUSTC, ['--version']))) await aptInstall(APT_PACKAGES, OTHERWISE);
  const script = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url))).digest('hex');
  const stamp = `${await ask(DISTRO_RUSTC, ['-vV'])}\n${script}\n`;
  const stampFile = join(TOOLCHAIN, 'stamp');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;

  const host = /^host: (.+)$/m.exec(stamp)?.[1];
  if (!host) throw new Error(`${DISTRO_RUSTC} does not run: install Debian's packages ${APT_PACKAGES.join(' and ')}`);
  const cargo = (await ask('rustup', ['which', 'cargo'])) ?? (await ask('sh', ['-c', 'command -v cargo']));
  if (!cargo) throw new Error('no cargo found: install Rust (https://rustup.rs, or Debian\'s package cargo-web)');

  rmSync(TOOLCHAIN, { recursive: true, force: true });
  const hostFolder = join(TOOLCHAIN, 'lib/rustlib', host);
  const wasmFolder = join(TOOLCHAIN, 'lib/rustlib', TARGET, 'lib');
  for (const folder of [join(TOOLCHAIN, 'bin'), join(hostFolder, 'bin'), wasmFolder]) mkdirSync(folder, { recursive: true });
  for (const tool of ['rustc', 'rustdoc']) {
    // A link would be resolved to /usr and find Debian's own sysroot again, so name ours.
    const wrapper = join(TOOLCHAIN, 'bin', tool);
    writeFileSync(wrapper, `#!/bin/sh\nexec /usr/bin/${tool} --sysroot '${TOOLCHAIN.replaceAll("'", "'\\''")}' "$@"\n`);
    chmodSync(wrapper, 0o755);
  }
  symlinkSync(cargo, join(TOOLCHAIN, 'bin/cargo'));
  symlinkSync(join(DISTRO_LIBRARY, host, 'lib'), join(hostFolder, 'lib'));
  symlinkSync(DISTRO_SOURCES, join(TOOLCHAIN, 'lib/rustlib/src'));
  symlinkSync(await linker(host), join(hostFolder, 'bin/rust-lld'));

  const work = mkdtempSync(join(tmpdir(), 'doorcode-std-'));
  try {
    mkdirSync(join(work, 'src'));
    writeFileSync(join(work, 'src/lib.rs'), '#![no_std]\n');
    writeFileSync(
      join(work, 'Cargo.toml'),
      '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2021"\n[profile.release]\nopt-level = "z"\ndebug = 0\ncodegen-units = 1\n',
    );
    await run('standard library for wasm32', cargo, [
      'build', '--release', '--target', TARGET, '-Zbuild-std=std,panic_abort,proc_macro,test', '-Zbuild-std-features=optimize_for_size',
    ], {
      cwd: work,
      env: {
        ...process.env,
        RUSTUP_TOOLCHAIN: undefined,
        RUSTC_BOOTSTRAP: '1', // -Zbuild-std on a stable compiler
        RUSTC: join(TOOLCHAIN, 'bin/rustc'),
        // Bitcode, so that our release build can use link-time optimisation across std; and no folder of this machine.
        CARGO_ENCODED_RUSTFLAGS: [
          '-Cembed-bitcode=yes',
          `--remap-path-prefix=${TOOLCHAIN}/lib/rustlib/src/rust=/rustc`,
          `--remap-path-prefix=${CRATES}=crates`,
          ...NO_PANIC_TEXTS,
        ].join(SEPARATOR),
        CARGO_TARGET_DIR: join(work, 'target'),
      },
    });
    const built = join(work, 'target', TARGET, 'release/deps');
    for (const file of readdirSync(built)) {
      if (/^lib(?!empty).*\.(rlib|rmeta)$/.test(file)) copyFileSync(join(built, file), join(wasmFolder, file));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  // Cargo does not see that a library under its feet has changed.
  rmSync(join(ROOT, 'target/wasm'), { recursive: true, force: true });
  writeFileSync(stampFile, stamp);
}

/** rustup's rust-lld if there is one, else Debian's wasm-ld. */
async function linker(/** @type {string} */ host) {
  const sysroot = await ask('rustc', ['--print', 'sysroot']);
  const rustLld = sysroot && join(sysroot, 'lib/rustlib', host, 'bin/rust-lld');
  if (rustLld && existsSync(rustLld)) return rustLld;
  const find = () => readdirSync('/usr/bin').filter((name) => /^wasm-ld(-\d+)?$/.test(name)).sort().pop();
  if (!find()) await aptInstall(['lld'], OTHERWISE);
  const wasmLld = find();
  if (!wasmLld) throw new Error('no WebAssembly linker found: install Debian\'s package lld');
  return join('/usr/bin', wasmLld);
}
