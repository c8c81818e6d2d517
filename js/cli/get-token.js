// `doorcode get-token`

import { acquire } from './acquire.js';
import { checkWritable } from './files.js';
import { deliver } from './result.js';

/**
 * @param {import('./application.js').Whom & import('./acquire.js').Asking & Parameters<typeof deliver>[1]} options
 * @param {AbortSignal} signal
 */
export async function getToken(options, signal) {
  if (options.outputFile !== undefined) await checkWritable(options.outputFile);
  const { result } = await acquire(options, signal);
  await deliver(result, options);
}
