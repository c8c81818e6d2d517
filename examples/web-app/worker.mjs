// The app as a Worker, with its sessions in Workers KV. See README.md.

import { makeApp } from './app.mjs';
import { kvStore } from './stores/kv.mjs';

export default {
  /** @param {Request} request @param {Record<string, any>} env */
  fetch(request, env) {
    const app = makeApp({
      clientId: env.CLIENT_ID,
      clientSecret: env.CLIENT_SECRET,
      authority: env.AUTHORITY,
      protocolMode: env.PROTOCOL_MODE,
      prompt: env.PROMPT,
      apiUrl: env.API_URL,
      apiScope: env.API_SCOPE,
      apiWriteScope: env.API_WRITE_SCOPE,
    }, kvStore(env.SESSIONS));
    return app.fetch(request);
  },
};
