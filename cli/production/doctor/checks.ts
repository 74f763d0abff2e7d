import { appendCheck, datasetsCheck, tablesCheck } from './bigquery-checks.ts';
import type { Check } from './check.ts';
import { edgeSecretsCheck } from './cloudflare-checks.ts';
import { edgeCheck, unsignedCheck } from './edge-checks.ts';
import { credentialsCheck, projectCheck } from './google-checks.ts';
import {
  alertsCheck,
  configCheck,
  keyCheck,
  nodeCheck,
  placeCheck,
  secretsCheck,
} from './machine-checks.ts';
import {
  bigqueryReachCheck,
  clockCheck,
  pubsubReachCheck,
  storageWriteReachCheck,
} from './network-checks.ts';
import { probeCheck } from './probe-check.ts';
import { publishCheck, subscribeCheck, subscriptionCheck, topicCheck } from './pubsub-checks.ts';

/** In the order in which trouble comes: what is here, the way to Google, what is there, and a delivery's way. */
export const checks: readonly Check[] = [
  nodeCheck,
  configCheck,
  placeCheck,
  secretsCheck,
  alertsCheck,
  keyCheck,
  credentialsCheck,
  pubsubReachCheck,
  bigqueryReachCheck,
  storageWriteReachCheck,
  clockCheck,
  projectCheck,
  edgeSecretsCheck,
  topicCheck,
  publishCheck,
  subscriptionCheck,
  subscribeCheck,
  datasetsCheck,
  tablesCheck,
  appendCheck,
  edgeCheck,
  unsignedCheck,
  probeCheck,
];
