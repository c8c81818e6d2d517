// Durable Objects that each begin a sign-in, and may be kept from their timers for two seconds.

import { DurableObject } from 'cloudflare:workers';
import { DeviceCodeFlow, PublicClientApplication } from 'doorcode';

export class Starts extends DurableObject {
  async start(auth) {
    return (await new DeviceCodeFlow(new PublicClientApplication({ auth }), { scopes: [] }).initiateDeviceCodeFlow()).userCode;
  }

  block() {
    return this.ctx.blockConcurrencyWhile(() => new Promise((resolve) => setTimeout(resolve, 2000, true)));
  }
}

export default {
  async fetch(request, { AUTH, OBJECTS }) {
    const [, task, name] = new URL(request.url).pathname.split('/');
    return Response.json(await OBJECTS.get(OBJECTS.idFromName(name))[task](AUTH));
  },
};
