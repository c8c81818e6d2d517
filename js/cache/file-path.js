// Where a program's token cache is, unless it says so.

import { posix, win32 } from 'node:path';

/**
 * The path of the token cache, in the folder that the platform has for what programs keep of a user.
 * @param {string} name of the program
 * @param {{ platform: string, env: Record<string, string | undefined>, home: () => string }} system
 * @returns {string | undefined} undefined if the user has no home
 */
export function defaultPath(name, { platform, env, home }) {
  const { join, isAbsolute } = platform === 'win32' ? win32 : posix;
  // What is not absolute is to be ignored, as the XDG Base Directory Specification says.
  const given = platform === 'win32' ? env.LOCALAPPDATA : platform === 'darwin' ? undefined : env.XDG_STATE_HOME;
  if (given && isAbsolute(given)) return join(given, name, 'token-cache.json');
  const user = (platform === 'win32' ? env.USERPROFILE : env.HOME) || home();
  const state = platform === 'win32' ? ['AppData', 'Local'] : platform === 'darwin' ? ['Library', 'Application Support'] : ['.local', 'state'];
  return isAbsolute(user) ? join(user, ...state, name, 'token-cache.json') : undefined;
}

/** Whether a name can be that of a folder, on every platform. @param {string} name */
export function isSegment(name) {
  return /^[^\\/:*?"<>|\u0000-\u001f]{1,100}$/.test(name) && !/^\.{1,2}$|^ |[. ]$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(name);
}
