import { fileURLToPath } from 'node:url';

/**
 * Where Node keeps compiled code, so that a command and each part of the stack starts sooner from its second
 * time on. Not below /tmp, where others could put code.
 */
export const compileCache =
  process.env['NODE_COMPILE_CACHE'] ??
  fileURLToPath(new URL('../../node_modules/.cache/tributary', import.meta.url));
