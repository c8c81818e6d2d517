// The parts of the web scenario as a person starts them: the embedded server, examples/web-api and examples/web-app. Only Node's own modules:
// `npm run web-demo` starts them this way as well, before the tests' packages are there.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { API, startAuthorizationServer, WEB_APP } from '../../../examples/authorization-server/server.mjs';

/** What is granted at a sign-in, and what once somebody wants to write. */
export const [API_SCOPE, API_WRITE_SCOPE] = API.scopes;

/**
 * Runs a program of ours that prints where it listens.
 * @param {string} program of Node's
 * @param {string} file
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ origin: string, complaints: () => string, close: () => Promise<void> }>}
 */
export async function startProgram(program, file, env) {
  const child = spawn(program, [file], { env: { PATH: process.env.PATH, PORT: '0', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk) => (complaints += chunk));
  const ended = once(child, 'close');
  const failed = ended.then(() => Promise.reject(new Error(`${file} ended: ${complaints}`)));
  failed.catch(() => {}); // it ends in any case, at the end
  const [origin] = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), failed]);
  return {
    origin,
    complaints: () => complaints,
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** What the app is told, wherever it runs. @param {string} issuer @param {string} apiUrl */
const environmentOf = (issuer, apiUrl) => ({
  CLIENT_ID: WEB_APP.clientId, CLIENT_SECRET: WEB_APP.clientSecret, AUTHORITY: issuer, API_URL: apiUrl, API_SCOPE, API_WRITE_SCOPE,
});

/**
 * Starts all three.
 * @param {object} given
 * @param {string} given.examples the folder with `web-api` and `web-app`
 * @param {(environment: Record<string, string>) => Promise<{ origin: string, complaints?: () => string, close: () => Promise<void> }>} given.startApp
 * @param {string} [given.program] of Node's
 */
export async function startParts({ examples, startApp, program = process.execPath }) {
  const started = [];
  const close = async () => {
    for (const part of started.reverse()) await part.close();
  };
  try {
    let api;
    let app;
    const server = await startAuthorizationServer({
      async webApp(issuer) {
        started.push((api = await startProgram(program, join(examples, 'web-api/node.mjs'), { ISSUER: issuer, AUDIENCE: API.audience })));
        started.push((app = await startApp(environmentOf(issuer, api.origin))));
        return app.origin;
      },
    });
    started.push(server);
    return { api, app, server, close };
  } catch (error) {
    await close();
    throw error;
  }
}
