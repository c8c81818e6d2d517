// An application made where the module is loaded, as many people write it; workerd allows no I/O and no randomness there.

import { PublicClientApplication } from 'doorcode';

const pca = new PublicClientApplication({ auth: { clientId: 'a-client', authority: 'https://id.example' } });

export default {
  async fetch() {
    return Response.json(await pca.getAllAccounts());
  },
};
