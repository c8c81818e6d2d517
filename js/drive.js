// Drives an operation of the core in the asynchronous context of whoever began it (see src/wasm/task.rs). A callback of a
// promise runs in the context in which it was registered: the first is registered by the caller, and each registers the next.

import { keepAlive } from './alive.js';

/**
 * @param {import('doorcode-core').Task} task
 * @param {unknown} kept what must not be collected before the task is done
 * @param {object} circle of those who may have to wait for it
 * @returns {Promise<any>}
 */
export function drive(task, kept, circle) {
  return new Promise((resolve, reject) => {
    /** @type {() => void} */
    let wake;
    const arm = () => {
      new Promise((/** @type {(value?: undefined) => void} */ woken) => (wake = woken)).then(step);
    };
    let isDone = false;
    /** @type {() => void} */
    let rest;
    const end = () => {
      isDone = true;
      kept = undefined;
      rest();
    };
    const step = () => {
      if (isDone) return; // woken in its last poll
      arm(); // before the poll, for what is waited for may be there before it ends
      try {
        if (!task.poll(resolve, reject)) return;
        end();
        task.free();
      } catch (error) {
        end();
        reject(error); // a trap: nothing can be done with the instance any more, but nobody shall wait for it
      }
    };
    arm();
    task.onWake(() => wake());
    rest = keepAlive({
      circle,
      drop: () => {
        isDone = true;
        kept = undefined;
        task.free();
      },
      lost: reject,
    });
    // @ts-expect-error TypeScript does not see that `arm` sets it.
    wake();
  });
}
