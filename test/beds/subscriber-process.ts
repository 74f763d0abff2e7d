import { defineRelay } from '../../shared/config/define-relay.ts';
import { datanostro } from '../../shared/sources/datanostro.ts';
import { segmentstream } from '../../shared/sources/segmentstream.ts';
import { startSubscriber } from '../../subscriber/main.ts';
import { runMode } from '../../subscriber/service/modes.ts';

/** A relay whose tables show what was written twice, and one that cannot hold it. */
export const relay = defineRelay({
  project: 'test-project',
  streams: {
    plain: segmentstream({ table: 'shop.plain' }),
    keyed: datanostro({ table: 'shop.keyed', key: ['delivery_id'] }),
  },
});

if (import.meta.main) {
  const { argv, env } = process;
  const start = (onFailure: () => void) => startSubscriber(env, onFailure, { relay });
  process.exit(await runMode(argv.slice(2), env, start));
}
