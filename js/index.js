// The package's face: what a program imports.

import { Input } from './check.js';
import { coreOf } from './core.js';
import { ClientConfigurationError } from './errors.js';
import { PublicClientApplication } from './public-application.js';
import { deviceCodeRequest } from './shapes.js';
import { stoppable } from './stop.js';

export {
  AuthError,
  AuthErrorCodes,
  ClientAuthError,
  ClientAuthErrorCodes,
  ClientConfigurationError,
  ClientConfigurationErrorCodes,
  InteractionRequiredAuthError,
  InteractionRequiredAuthErrorCodes,
  ServerError,
  ServerErrorCodes,
} from './errors.js';
export { Logger, LogLevel } from './logger.js';
export { AzureCloudInstance, PromptValue, ResponseMode } from './shapes.js';
export { ProtocolMode } from './application.js';
export { ConfidentialClientApplication } from './confidential-application.js';
export { PublicClientApplication };
export { CryptoProvider } from './crypto-provider.js';
export { DeviceCodeFlow } from './device-code-flow.js';
export { DistributedCachePlugin } from './distributed-cache.js';
export { TokenCache, TokenCacheContext } from './token-cache.js';

export const version = DOORCODE_VERSION;

/**
 * @param {import('./index.js').Configuration} configuration
 * @param {import('./index.js').DiagnoseOptions} [options]
 * @returns {Promise<import('./index.js').Finding[]>}
 */
export async function diagnose(configuration, options = {}) {
  const input = Input.request({ scopes: [], ...options });
  const fields = JSON.stringify(deviceCodeRequest(input));
  const given = { signal: input.signal('signal') };
  try {
    const core = coreOf(new PublicClientApplication(configuration));
    return JSON.parse(await stoppable(given, (signal) => core.diagnose(fields, signal)));
  } catch (error) {
    if (!(error instanceof ClientConfigurationError)) throw error;
    const { field, message, remedy } = /** @type {import('./index.js').ClientConfigurationError} */ (error);
    return [{ check: field ?? 'configuration', severity: 'error', message, remedy: remedy ?? '' }];
  }
}
