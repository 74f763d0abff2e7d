import { fileURLToPath } from 'node:url';

/**
 * The folder of Node's compile cache, which makes the second start of a command or a part faster. It is not
 * below /tmp, where other users could put code.
 */
export const compileCache =
  process.env['NODE_COMPILE_CACHE'] ??
  fileURLToPath(new URL('../../node_modules/.cache/tributary', import.meta.url));
