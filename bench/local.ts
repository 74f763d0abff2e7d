import type { Figure } from './figure.ts';
import { measureBigQuery } from './local-bigquery.ts';
import { measurePubsub } from './local-pubsub.ts';
import { measureStack } from './local-stack.ts';

/** The local servers, and the commands that stand on them. */
export async function benchLocal(say: (what: string) => void): Promise<Figure[]> {
  return [
    ...(await measurePubsub(say)),
    ...(await measureBigQuery(say)),
    ...(await measureStack(say)),
  ];
}
