/** A text with a version. */
export function memory(text = '') {
  const store = { text, version: 0 };
  store.plugin = {
    async readCache(since) {
      const version = `v${store.version}`;
      return since === version ? null : { cache: store.text, version };
    },
    async writeCache(cache, expected) {
      if (expected !== `v${store.version}`) return null;
      store.text = cache;
      store.version += 1;
      return `v${store.version}`;
    },
  };
  return store;
}
