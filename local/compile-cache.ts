import { fileURLToPath } from 'node:url';

/**
 * Where Node keeps compiled code: from its second start on, a command and each part of the stack is ready in half
 * the time. Not below /tmp, where others could put code.
 */
export const compileCache =
  process.env['NODE_COMPILE_CACHE'] ??
  fileURLToPath(new URL('../node_modules/.cache/tributary', import.meta.url));
