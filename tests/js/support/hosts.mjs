// A `fetch` that finds servers on this machine under the names of others, and trusts their certificates: undici's own with a dispatcher, for
// how to hand one to Node's built-in `fetch` differs between its versions. Loaded before a program, `--import hosts.mjs`, it is that program's:
// HOSTS has the ports by name, as JSON, and HOSTS_CERTIFICATES the certificates.

import { Agent, buildConnector, fetch as undiciFetch } from 'undici';

/** @param {Record<string, number>} ports by host @param {string} certificates @returns {{ fetch: typeof fetch, close: () => Promise<void> }} */
export function fetchHere(ports, certificates) {
  const connect = buildConnector({ ca: certificates });
  const dispatcher = new Agent({
    connect(target, done) {
      const { hostname } = target;
      const port = ports[hostname];
      connect(port === undefined ? target : { ...target, host: '127.0.0.1', hostname: '127.0.0.1', port, servername: hostname }, done);
    },
  });
  return {
    fetch: (url, init) => undiciFetch(url, { ...init, headers: Object.fromEntries(new Headers(init?.headers)), dispatcher }),
    close: () => dispatcher.close(),
  };
}

/** The environment in which a program in Node does. @param {Record<string, number>} ports @param {string} certificates */
export function environmentHere(ports, certificates) {
  return { NODE_OPTIONS: `--import=${import.meta.url}`, HOSTS: JSON.stringify(ports), HOSTS_CERTIFICATES: certificates };
}

const { HOSTS, HOSTS_CERTIFICATES } = process.env;
if (HOSTS) globalThis.fetch = fetchHere(JSON.parse(HOSTS), HOSTS_CERTIFICATES).fetch;
