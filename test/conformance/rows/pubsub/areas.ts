import type { Clients } from '../../../beds/pubsub-clients.ts';
import type { Area } from '../../row.ts';
import { administration } from './administration.ts';
import { delivery } from './delivery.ts';
import { policies } from './policies.ts';
import { publishing } from './publishing.ts';
import { replay } from './replay.ts';
import { rest } from './rest.ts';
import { schemas } from './schemas.ts';
import { streams } from './streams.ts';

const docs = 'https://cloud.google.com/pubsub/docs';

/** The rows of the suite `pubsub`, by what they are about. */
export const pubsubAreas: Record<string, Area<Clients>> = {
  administration: { page: `${docs}/reference/rpc/google.pubsub.v1`, rows: administration },
  publishing: { page: `${docs}/publisher`, rows: publishing },
  delivery: { page: `${docs}/subscription-properties`, rows: delivery },
  streams: {
    page: `${docs}/reference/rpc/google.pubsub.v1#google.pubsub.v1.StreamingPullRequest`,
    rows: streams,
  },
  rest: { page: `${docs}/reference/rest`, rows: rest },
  replay: { page: `${docs}/replay-overview`, rows: replay },
  policies: { page: `${docs}/subscription-properties`, rows: policies },
  schemas: { page: `${docs}/schemas`, rows: schemas },
};
