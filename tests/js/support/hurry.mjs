// Loaded before a program under test: its waits of a second and more take a fiftieth of their time.

const { setTimeout: real } = globalThis;
globalThis.setTimeout = (callback, milliseconds, ...args) => real(callback, milliseconds >= 1000 ? milliseconds / 50 : milliseconds, ...args);
