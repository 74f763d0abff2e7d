import type { RelayOptions } from './config.ts';

/** What the Worker has in the place of config-check.ts: wrangler.toml asks Node before it bundles. */
export function checkConfig(_options: RelayOptions): void {}
