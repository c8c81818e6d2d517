const worker = new Worker(new URL('in-worker.mjs', import.meta.url));
worker.onerror = ({ message }) => {
  console.error(message);
  process.exit(1);
};
worker.onmessage = ({ data }) => {
  console.log(JSON.stringify(data));
  worker.terminate();
};
