// Silent tokens that were asked for before, as results ready to be copied. The core says from when until when an answer is
// right as long as the cache does not change; to ask it again would cost more than the answer.

import { copyOfResult } from './shapes.js';

/** The most answers that are kept. */
const MOST = 20_000;

/**
 * What was asked.
 * @typedef {object} Question
 * @property {string} [homeAccountId]
 * @property {string} [environment]
 * @property {string} [tenantId]
 * @property {string[]} scopes
 * @property {string} [authority]
 * @property {string} [resource]
 */

/**
 * @typedef {object} Hit
 * @property {Question} question
 * @property {number} from
 * @property {number} until
 * @property {number} generation of the cache, while which the answer is right
 * @property {import('./index.js').AuthenticationResult} result
 */

export class Hits {
  /** @type {Map<string | undefined, Hit[]>} */
  #byAccount = new Map();
  #count = 0;

  /**
   * An answer that is right if the cache is of its generation.
   * @param {import('./index.js').SilentFlowRequest} request not checked yet
   * @param {number} now
   */
  find(request, now) {
    if (!isPlain(request)) return undefined;
    const { account, scopes, authority, resource } = request;
    const { homeAccountId, environment, tenantId } = account;
    const question = { homeAccountId, environment, tenantId, scopes, authority, resource };
    const hit = this.#byAccount.get(homeAccountId)?.find((hit) => isSame(hit.question, question));
    return hit && hit.from <= now && now < hit.until ? hit : undefined;
  }

  /**
   * Keeps an answer to a plain request.
   * @param {Question} asked as it was checked: the request itself may have been changed since
   * @param {{ servesFrom?: number, servesUntil?: number, generation?: number }} served what the core said of the answer
   * @param {import('./index.js').AuthenticationResult} result
   * @returns {import('./index.js').AuthenticationResult} for the caller
   */
  keep(asked, { servesFrom: from, servesUntil: until, generation }, result) {
    if (from === undefined || until === undefined || generation === undefined) return result;
    if (this.#count >= MOST) {
      this.#byAccount.clear();
      this.#count = 0;
    }
    const { homeAccountId, environment, tenantId, scopes, authority, resource } = asked;
    const question = { homeAccountId, environment, tenantId, scopes, authority, resource };
    const known = this.#byAccount.get(homeAccountId) ?? [];
    const hits = known.filter((hit) => !isSame(hit.question, question));
    hits.push({ question, from, until, generation, result });
    this.#byAccount.set(homeAccountId, hits);
    this.#count += hits.length - known.length;
    return copyOfResult(result, result.correlationId);
  }
}

/** Whether a request says nothing that makes it a case of its own. @param {any} request */
export function isPlain(request) {
  for (const name in request) {
    switch (name) {
      case 'account':
      case 'scopes':
      case 'authority':
      case 'resource':
        break;
      case 'correlationId':
        if (typeof request.correlationId !== 'string') return false;
        break;
      case 'forceRefresh':
        if (request.forceRefresh !== false) return false;
        break;
      default:
        return false;
    }
  }
  return typeof request?.account === 'object' && request.account !== null && Array.isArray(request.scopes);
}

/** @param {Question} one @param {Question} other */
function isSame(one, other) {
  return (
    one.homeAccountId === other.homeAccountId &&
    one.tenantId === other.tenantId &&
    one.environment === other.environment &&
    one.authority === other.authority &&
    one.resource === other.resource &&
    one.scopes.length === other.scopes.length &&
    one.scopes.every((scope, index) => scope === other.scopes[index])
  );
}
