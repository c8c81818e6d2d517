// A process that signs people in and out at random, and says of each change first that it may happen, then that it did. The people are its own;
// one of its two partitions it shares with another process.

import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisCachePlugin } from '../../../pkg/cache/redis.js';
import { accountOf, application, people, scopes, signIn, tokenOf } from './people.mjs';
import { CLIENTS } from './redis.mjs';

const [path, kind, lane, seed, steps] = process.argv.slice(2);

const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
let state = Number(seed);
const random = (limit) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state >>> 8) % limit;
};

/** Does it again for as long as that may help. */
async function persistently(work) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!error.retryable || tries === 300) throw error;
      say({ repeated: error.errorCode });
      await sleep(10);
    }
  }
}

const { client, close } = await CLIENTS.find((one) => one.kind === kind).connect({ path });
const names = [0, 1, 2].map((number) => `${lane}${number}`);
const places = ['shared', `own-${lane}`].map((partition) => ({
  partition,
  tokens: new Map(),
  pca: application(new RedisCachePlugin(client, { partition }), (person, token) => say({ may: [partition, person, token] })),
}));
for (const { partition, pca, tokens } of places) {
  for (const person of names) {
    tokens.set(person, await persistently(() => tokenOf(pca, person)));
    say({ found: [partition, person, tokens.get(person)] });
  }
}
for (let step = 0; step < Number(steps); step += 1) {
  const { partition, pca, tokens } = places[random(2)];
  const person = names[random(3)];
  const before = tokens.get(person);
  const done = (token) => {
    tokens.set(person, token);
    say({ is: [partition, person, token] });
  };
  const account = before && (await persistently(() => accountOf(pca, person)));
  if (!account) {
    if (before) throw new Error(`${person} is lost`);
    done((await persistently(() => signIn(pca, person))).accessToken);
    continue;
  }
  switch (random(4)) {
    case 0:
      say({ may: [partition, person, null] });
      await persistently(() => pca.signOut({ account }));
      done(null);
      break;
    case 1:
      done((await persistently(() => pca.acquireTokenSilent({ scopes, account, forceRefresh: true }))).accessToken);
      break;
    case 2:
      if ((await persistently(() => pca.acquireTokenSilent({ scopes, account }))).accessToken !== before) throw new Error(`${person} has an old token`);
      say({ seen: person });
      break;
    default: {
      const mine = (await persistently(() => people(pca))).filter((name) => names.includes(name));
      const expected = names.filter((name) => tokens.get(name));
      if (`${mine}` !== `${expected}`) throw new Error(`${mine} are there in place of ${expected}`);
      say({ seen: person });
    }
  }
}
close();
say({ end: true });
