// The loader for every runtime that may compile bytes: the module travels inside this file as base64, so there is no file
// to find, no top-level await, and nothing for a bundler to configure.

import { initSync } from 'doorcode-core';
import base64 from '../../target/core/core.wasm';
import { decode } from './decode.js';

initSync({ module: new WebAssembly.Module(decode(base64)) });

export * from '../index.js';
