// index.js, for every runtime that may compile bytes, and for every bundler: the module travels inside the file, deflated and as base64,
// so there is no file to find and nothing to configure.

import deflated from '../../target/core/core.deflated';
import { provide } from '../core.js';
import { unpack } from './unpack.js';

provide(() => new WebAssembly.Module(unpack(deflated, CORE_LENGTH)));

export * from '../index.js';
