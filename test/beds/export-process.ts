import { defineRelay } from '../../shared/config/define-relay.ts';
import { absmartly } from '../../shared/sources/absmartly.ts';
import { startSubscriber } from '../../subscriber/main.ts';
import { runMode } from '../../subscriber/service/modes.ts';

/** A relay with only one stream, of exports. */
export const relay = defineRelay({
  project: 'test-project',
  streams: { ab: absmartly({ table: 'ab.exports', apiUrl: 'http://127.0.0.1' }) },
});

if (import.meta.main) {
  const { argv, env } = process;
  const start = (onFailure: () => void) => startSubscriber(env, onFailure, { relay });
  process.exit(await runMode(argv.slice(2), env, start));
}
