// Another process: goes on with the flow in SAVED, and prints who signed in.

import { DeviceCodeFlow, PublicClientApplication } from 'doorcode';
import { fastClock } from './clock.mjs';

const { CLIENT_ID: clientId, AUTHORITY: authority, SAVED } = process.env;
const pca = new PublicClientApplication({ auth: { clientId, authority }, system: { clock: fastClock() } });
const flow = DeviceCodeFlow.resume(pca, JSON.parse(SAVED));
const { account } = await flow.acquireTokenByDeviceCode();
console.log(account.username);
