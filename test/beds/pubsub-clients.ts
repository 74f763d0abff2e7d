// The server of the conformance suite, and the clients of its tests.

import { PubSub, type protos, type Subscription, type Topic, v1 } from '@google-cloud/pubsub';
import { credentials, type ServiceError } from '@grpc/grpc-js';

// Without this, Google's clients look for a metadata server.
process.env['METADATA_SERVER_DETECTION'] = 'none';

/** A server that speaks Pub/Sub. */
export interface Endpoint {
  readonly port: number;
  stop(): Promise<void>;
}

/** A real one only where test/conformance/main.ts was told to use it. */
export const PROJECT = process.env['TRIBUTARY_CONFORMANCE_TARGET'] || 'conformance';

/** The names of one run begin with it, so that what is left over can be found. */
export const RUN = `conformance-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;

/** A documented behaviour by its name, with a run that throws if the server behaves differently. */
export type Behaviours<Target = Clients> = Record<string, (target: Target) => Promise<void>>;

/** The clients of one suite, closed together. */
export class Clients {
  readonly pubsub: PubSub;
  readonly publisher: InstanceType<typeof v1.PublisherClient>;
  readonly subscriber: InstanceType<typeof v1.SubscriberClient>;
  readonly schemas: InstanceType<typeof v1.SchemaServiceClient>;
  readonly #base: string;
  readonly #token: () => Promise<string | null | undefined>;

  /** @param port of a server on this machine; without it, Google itself */
  constructor(port?: number) {
    if (port === undefined) {
      this.pubsub = new PubSub({ projectId: PROJECT });
      this.publisher = new v1.PublisherClient({ projectId: PROJECT });
      this.subscriber = new v1.SubscriberClient({ projectId: PROJECT });
      this.schemas = new v1.SchemaServiceClient({ projectId: PROJECT });
      this.#base = `https://pubsub.googleapis.com/v1/projects/${PROJECT}`;
      this.#token = () => this.pubsub.auth.getAccessToken();
      return;
    }
    this.#token = async () => undefined;
    this.pubsub = new PubSub({ projectId: PROJECT, apiEndpoint: `127.0.0.1:${port}` });
    const raw = { servicePath: '127.0.0.1', port, sslCreds: credentials.createInsecure() };
    this.publisher = new v1.PublisherClient({ projectId: PROJECT, ...raw });
    this.subscriber = new v1.SubscriberClient({ projectId: PROJECT, ...raw });
    this.schemas = new v1.SchemaServiceClient({ projectId: PROJECT, ...raw });
    this.#base = `http://127.0.0.1:${port}/v1/projects/${PROJECT}`;
  }

  /** A new topic with a subscription. */
  async queue(): Promise<{ topic: Topic; subscription: Subscription }> {
    const [topic] = await this.pubsub.createTopic(freshName());
    const [subscription] = await topic.createSubscription(freshName());
    return { topic, subscription };
  }

  /** Pulls until there are `count` messages; acks none of them. */
  async pull(subscription: string, count: number) {
    const received: protos.google.pubsub.v1.IReceivedMessage[] = [];
    while (received.length < count) {
      const request = { subscription, maxMessages: count - received.length };
      const [response] = await this.subscriber.pull(request);
      received.push(...(response.receivedMessages ?? []));
    }
    return received;
  }

  /** Whether a pull without waiting returns nothing. */
  async isEmpty(subscription: string): Promise<boolean> {
    const request = { subscription, maxMessages: 1, returnImmediately: true };
    const [{ receivedMessages }] = await this.subscriber.pull(request);
    return receivedMessages?.length === 0;
  }

  /** A REST call. Returns the status and the JSON, or `{}` without JSON. */
  async rest(method: string, path: string, body?: unknown) {
    const token = await this.#token();
    const response = await fetch(this.#base + path, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    const json: Record<string, unknown> = isJson ? JSON.parse(text) : {};
    return { status: response.status, json };
  }

  async close(): Promise<void> {
    const { pubsub, publisher, subscriber, schemas } = this;
    await Promise.all([pubsub, publisher, subscriber, schemas].map((client) => client.close()));
  }
}

export function freshName(): string {
  return `${RUN}-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}

/** The gRPC code of a call's error; null if the call succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<number | null> {
  try {
    await call;
    return null;
  } catch (error) {
    return (error as ServiceError).code;
  }
}

/** Resolves once the condition holds; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
