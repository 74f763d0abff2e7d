import type { RelayOptions } from './config.ts';

/** What the Worker has instead of check/check-config.ts: wrangler.toml runs the checks in Node before it bundles. */
export function checkConfig(_options: RelayOptions): void {}
