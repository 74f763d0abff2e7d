import type { Figure } from './figure.ts';
import { measureBigQuery } from './local/bigquery.ts';
import { measurePubsub } from './local/pubsub.ts';
import { measureStack } from './local/stack.ts';

/** Measures the local servers and the commands that use them. */
export async function benchLocal(say: (what: string) => void): Promise<Figure[]> {
  return [
    ...(await measurePubsub(say)),
    ...(await measureBigQuery(say)),
    ...(await measureStack(say)),
  ];
}
