import { type PubSub, type protos, v1 } from '@google-cloud/pubsub';
import {
  type Client,
  type ClientDuplexStream,
  Metadata,
  type ServiceDefinition,
} from '@grpc/grpc-js';

type Request = protos.google.pubsub.v1.IStreamingPullRequest;
export type PullRequest = Omit<Request, 'maxOutstandingMessages' | 'maxOutstandingBytes'> & {
  maxOutstandingMessages?: number;
  maxOutstandingBytes?: number;
};
/** One StreamingPull call of gRPC. Its responses are encoded: decode-response.ts reads them. */
export type PullCall = ClientDuplexStream<PullRequest, Buffer>;

/** The calls of one subscription. A call that fails rejects with the error of gRPC. */
export interface PullClient {
  open(): PullCall;
  acknowledge(ackIds: string[]): Promise<void>;
  /** 0 seconds nack. */
  modifyAckDeadline(ackIds: string[], seconds: number): Promise<void>;
  close(): Promise<void>;
}

/** How long a call may stay unanswered. */
const callTimeoutMs = 10_000;

const channelOptions = {
  // A dead peer is noticed within 40 s.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // Connect soon after an outage; by default it may take two minutes.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 5000,
  // A connection of its own: see `openPullClient`.
  'grpc.use_local_subchannel_pool': 1,
};

/** The default window of 64 kB allows 6 MB/s at a round trip of 10 ms. */
const streamWindowBytes = 1024 * 1024;

/**
 * The generated clients. Streams and calls have a connection each: while the streams are paused, what they have
 * not read fills HTTP/2's window of their connection, and no answer to an ack could pass.
 *
 * @param subscription the full name: `projects/…/subscriptions/…`
 */
export async function openPullClient(pubsub: PubSub, subscription: string): Promise<PullClient> {
  // The credentials, or the endpoint of an emulator.
  const config = await pubsub.getClientConfig();
  const calls = new v1.SubscriberClient({ ...config, ...channelOptions });
  const streams = new v1.SubscriberClient({
    ...config,
    ...channelOptions,
    'grpc-node.flow_control_window': streamWindowBytes,
  });
  await calls.initialize();
  // The method of the client would decode each response, and wrap the stream in another, which buffers more.
  const stub = (await streams.initialize()) as unknown as Client;
  const { service } = stub.constructor as unknown as { service: ServiceDefinition };
  const method = service['StreamingPull'];
  if (!method) throw new Error('the client of Pub/Sub has no StreamingPull');
  const options = { timeout: callTimeoutMs, retry: null };
  return {
    open() {
      const metadata = new Metadata();
      // The service routes by this header: https://google.aip.dev/client-libraries/4222
      metadata.set('x-goog-request-params', `subscription=${encodeURIComponent(subscription)}`);
      const { path, requestSerialize } = method;
      return stub.makeBidiStreamRequest<PullRequest, Buffer>(
        path,
        requestSerialize,
        (bytes) => bytes,
        metadata,
        {},
      );
    },
    async acknowledge(ackIds) {
      await calls.acknowledge({ subscription, ackIds }, options);
    },
    async modifyAckDeadline(ackIds, ackDeadlineSeconds) {
      await calls.modifyAckDeadline({ subscription, ackIds, ackDeadlineSeconds }, options);
    },
    async close() {
      await Promise.all([calls.close(), streams.close()]);
    },
  };
}
