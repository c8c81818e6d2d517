#!/usr/bin/env node
// What the shell starts. A version is printed by half of the programs that look for a command, so it loads nothing for that.

const [first, ...more] = process.argv.slice(2);
if ((first === '--version' || first === '-V') && more.length === 0) {
  process.stdout.write(`${DOORCODE_VERSION}\n`);
} else {
  void import('./doorcode.js');
}
