#!/usr/bin/env node
// What the shell starts. A version is printed by half of the programs that look for a command, so it loads nothing for that.

import * as util from 'node:util';

const [first, ...more] = process.argv.slice(2);
if ((first === '--version' || first === '-V') && more.length === 0) {
  process.stdout.write(`${DOORCODE_VERSION}\n`);
} else if (util.styleText === undefined) {
  process.stderr.write(`error: The command doorcode needs Node 20.12 or later; this is ${process.version}.\n  Take a later one.\n`);
  process.exitCode = 1;
} else {
  void import('./doorcode.js');
}
