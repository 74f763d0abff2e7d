import { createRequire } from 'node:module';

const manifest = createRequire(import.meta.url)('tributary-relay/package.json') as {
  version: string;
};

/** The version of Tributary that runs. */
export const { version } = manifest;
