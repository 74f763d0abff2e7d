// The parts of a subscription's settings that say how messages are delivered, beside its retry policy.

import type { protos } from '@google-cloud/pubsub';
import { invalid } from '../errors.ts';
import { checkName } from '../resource-names.ts';

type IDeadLetterPolicy = protos.google.pubsub.v1.IDeadLetterPolicy;
type IPushConfig = protos.google.pubsub.v1.IPushConfig;

export interface DeadLetterPolicy {
  readonly deadLetterTopic: string;
  readonly maxDeliveryAttempts: number;
}

export interface PushSettings {
  readonly endpoint: string;
  readonly attributes: Record<string, string>;
  readonly oidc?: { readonly serviceAccountEmail: string; readonly audience: string } | undefined;
  /** The body is the message's data alone. */
  readonly unwrapped?: { readonly writeMetadata: boolean } | undefined;
}

export function parseDeadLetterPolicy(
  policy: IDeadLetterPolicy | null | undefined,
): DeadLetterPolicy | undefined {
  if (!policy?.deadLetterTopic && !policy?.maxDeliveryAttempts) return undefined;
  const maxDeliveryAttempts = policy.maxDeliveryAttempts || 5;
  if (maxDeliveryAttempts < 5 || maxDeliveryAttempts > 100) {
    throw invalid(
      `Invalid dead_letter_policy.max_delivery_attempts (${maxDeliveryAttempts}); it must be 5 to 100.`,
    );
  }
  return { deadLetterTopic: checkName('topics', policy.deadLetterTopic), maxDeliveryAttempts };
}

export function parsePush(config: IPushConfig | null | undefined): PushSettings | undefined {
  if (!config?.pushEndpoint) return undefined;
  const { oidcToken, noWrapper } = config;
  const endpoint = checkEndpoint(config.pushEndpoint);
  return {
    endpoint,
    attributes: { ...config.attributes },
    ...(oidcToken?.serviceAccountEmail && {
      oidc: {
        serviceAccountEmail: oidcToken.serviceAccountEmail,
        audience: oidcToken.audience || endpoint,
      },
    }),
    ...(noWrapper && { unwrapped: { writeMetadata: noWrapper.writeMetadata ?? false } }),
  };
}

export function showPush(push: PushSettings | undefined): IPushConfig {
  if (!push) return {};
  const { endpoint, attributes, oidc, unwrapped } = push;
  return {
    pushEndpoint: endpoint,
    attributes,
    ...(oidc && { oidcToken: oidc }),
    ...(unwrapped && { noWrapper: unwrapped }),
  };
}

/** Google takes https only; locally http is common. */
function checkEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return text;
  throw invalid(
    `Invalid push endpoint given (endpoint=${text}): it is not a URL of http or https.`,
  );
}
