import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of Node's compile cache, which makes the second start of a command or a part faster. It is in the
 * node_modules of the clone or of the project, not below /tmp, where other users could put code.
 */
export const compileCache =
  process.env['NODE_COMPILE_CACHE'] ?? join(modulesFolder(), '.cache', 'tributary');

function modulesFolder(): string {
  const own = fileURLToPath(import.meta.url);
  const installed = own.lastIndexOf(`${sep}node_modules${sep}`);
  if (installed >= 0) return join(own.slice(0, installed), 'node_modules');
  return fileURLToPath(new URL('../../node_modules', import.meta.url));
}
