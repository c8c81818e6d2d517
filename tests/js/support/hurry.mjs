// Loaded before a program under test: its waits between polls, of about one to ten seconds, take a fiftieth of their time. The time limit of
// a request stays as it is, so that a busy machine fails no test.

const { setTimeout: real } = globalThis;
const isWait = (milliseconds) => milliseconds >= 900 && milliseconds <= 10_000;
globalThis.setTimeout = (callback, milliseconds, ...args) => real(callback, isWait(milliseconds) ? milliseconds / 50 : milliseconds, ...args);
