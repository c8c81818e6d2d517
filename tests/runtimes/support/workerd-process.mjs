// Runs workerd by miniflare, which wants a newer Node than the tests do: a process of its own, told what to do by messages.

import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions as optionsOf } from 'wrangler';

let miniflare;

const tasks = {
  /** Starts a worker, and says where it listens. */
  async start({ configuration, bindings, ...options }) {
    const { workerOptions } = configuration ? optionsOf(configuration) : { workerOptions: {} };
    const all = { host: '127.0.0.1', port: 0, cf: false, ...workerOptions, ...options, bindings: { ...workerOptions.bindings, ...bindings } };
    miniflare = new Miniflare(convertV4MiniflareOptions(all));
    return (await miniflare.ready).origin;
  },
  /** What cron does. */
  async scheduled() {
    const worker = await miniflare.getWorker();
    return (await worker.scheduled({ cron: '* * * * *' })).outcome;
  },
};

process.on('message', async ({ task, options }) => {
  try {
    process.send({ value: await tasks[task](options) });
  } catch (error) {
    process.send({ error: `${error.stack}` });
  }
});

// Whoever started this is done with it, or gone.
process.on('disconnect', async () => {
  await miniflare?.dispose();
  process.exit();
});
