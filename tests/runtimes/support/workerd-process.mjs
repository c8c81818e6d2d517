// Runs workerd by miniflare, which wants a newer Node than the tests do: a process of its own, told what to do by messages.

import { convertV4MiniflareOptions, Miniflare } from 'miniflare';

let miniflare;

const tasks = {
  /** Ends the worker before, starts one, and says where it listens. */
  async start({ configuration, bindings, ...options }) {
    await stop();
    const workerOptions = configuration ? await optionsOf(configuration) : {};
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

/** Ends what runs. A worker that did not start says so once more here, which helps nobody. */
async function stop() {
  await miniflare?.dispose().catch(() => {});
  miniflare = undefined;
}

/** The options of a wrangler.jsonc. Wrangler takes a second to load, and most do without. */
async function optionsOf(configuration) {
  const { unstable_getMiniflareWorkerOptions } = await import('wrangler');
  return unstable_getMiniflareWorkerOptions(configuration).workerOptions;
}

process.on('message', async ({ task, options }) => {
  try {
    process.send({ value: await tasks[task](options) });
  } catch (error) {
    process.send({ error: `${error.stack}` });
  }
});

// Whoever started this is done with it, or gone.
process.on('disconnect', async () => {
  await stop();
  process.exit();
});
