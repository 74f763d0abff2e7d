import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The path of a module beside another one: TypeScript in a clone, JavaScript in the package.
 *
 * @param name without its extension, such as `./part`
 * @param from `import.meta.url` of the caller
 */
export function modulePath(name: string, from: string): string {
  const own = fileURLToPath(from);
  return fileURLToPath(new URL(`${name}${extname(own)}`, from));
}
