import type { protos } from '@google-cloud/pubsub';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Broker } from '../broker.ts';
import type { Consumer, Subscription } from '../delivery/subscription.ts';
import { asPubsubError, invalid, type PubsubError } from '../errors.ts';
import { checkAckRequest } from '../request-limits.ts';
import { type Delivery, encodeDeliveries } from './encode-deliveries.ts';
import { messageType, type SizedRequest } from './protos.ts';

type Request = protos.google.pubsub.v1.IStreamingPullRequest;
export type PullStream = ServerDuplexStream<SizedRequest<Request>, Buffer>;

const StreamingPullResponse = messageType('StreamingPullResponse');
/** The answer to a client's ping. Version 6 of the client drops a stream that does not send it. */
const KEEPALIVE = Buffer.alloc(0);
/**
 * How long a new stream waits for its first delivery, as on the service: the answer to a publish that was sent
 * beside the stream's opening then arrives before the message.
 */
const OPENING_MS = 50;
/** The most responses in HTTP/2's send buffer; more would only fill memory. */
const MAX_UNSENT = 4;

/** Serves one StreamingPull call until either side ends it. */
export function streamingPull(broker: Broker, call: PullStream): void {
  let stream: Stream | undefined;
  let ended = false;
  const end = (error?: PubsubError) => {
    if (ended) return;
    ended = true;
    stream?.close();
    if (error) call.emit('error', error);
    else call.end();
  };
  call.on('data', ({ request, bytes }: SizedRequest<Request>) => {
    if (ended) return;
    try {
      checkAckRequest(bytes);
      if (!stream) stream = Stream.open(broker, call, request, end);
      else stream.next(request);
    } catch (error) {
      end(asPubsubError(error));
    }
  });
  call.on('end', () => end());
  call.on('cancelled', () => stream?.close());
}

class Stream implements Consumer {
  leaseMs: number;
  readonly #end: (error?: PubsubError) => void;
  readonly #answers: boolean;
  readonly #subscription: Subscription;
  readonly #call: PullStream;
  readonly #keepalives: boolean;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  #messages = 0;
  #bytes = 0;
  #unsent = 0;
  #isOpening = true;

  static open(
    broker: Broker,
    call: PullStream,
    request: Request,
    end: (error?: PubsubError) => void,
  ) {
    const subscription = broker.subscription(request.subscription);
    subscription.checkPulled();
    const { brings, answers } = subscription.openStream();
    const stream = new Stream(subscription, call, request, end, answers);
    // The first response shows the client that it is connected.
    stream.#write(
      StreamingPullResponse.encode({
        subscriptionProperties: {
          exactlyOnceDeliveryEnabled: subscription.settings.exactlyOnce ?? false,
          messageOrderingEnabled: subscription.settings.ordered ?? false,
        },
      }).finish() as Buffer,
    );
    stream.#applyAcks(request);
    if (brings) {
      subscription.attach(stream);
      setTimeout(() => stream.#begin(), OPENING_MS).unref();
    }
    return stream;
  }

  private constructor(
    subscription: Subscription,
    call: PullStream,
    request: Request,
    end: (error?: PubsubError) => void,
    answers: boolean,
  ) {
    this.#subscription = subscription;
    this.#call = call;
    this.#end = end;
    this.#answers = answers;
    this.leaseMs = parseDeadline(request.streamAckDeadlineSeconds ?? 0);
    this.#keepalives = Number(request.protocolVersion ?? 0) >= 1;
    this.#maxMessages = limitOf(request.maxOutstandingMessages);
    this.#maxBytes = limitOf(request.maxOutstandingBytes);
  }

  get capacity(): { messages: number; bytes: number } {
    if (this.#isOpening || this.#unsent >= MAX_UNSENT) return { messages: 0, bytes: 0 };
    return { messages: this.#maxMessages - this.#messages, bytes: this.#maxBytes - this.#bytes };
  }

  #begin(): void {
    this.#isOpening = false;
    this.#subscription.scheduleDelivery();
  }

  deliver(deliveries: readonly Delivery[]): void {
    this.#messages += deliveries.length;
    for (const { payload } of deliveries) this.#bytes += payload.length;
    this.#write(encodeDeliveries(deliveries));
  }

  end(): void {
    this.#end();
  }

  fail(error: PubsubError): void {
    this.#end(error);
  }

  released(bytes: number): void {
    this.#messages--;
    this.#bytes -= bytes;
  }

  close(): void {
    this.#subscription.detach(this);
  }

  /** A request after the first: acks, deadlines, a new stream deadline, or a ping. */
  next(request: Request): void {
    for (const field of FIRST_REQUEST_FIELDS) {
      const value = request[field];
      if (value && String(value) !== '0') {
        throw invalid(`${field} can only be set on the first request of a stream.`);
      }
    }
    const seconds = request.streamAckDeadlineSeconds ?? 0;
    if (seconds !== 0) this.leaseMs = parseDeadline(seconds);
    this.#applyAcks(request);
    if (this.#keepalives && isPing(request)) this.#write(KEEPALIVE);
  }

  #applyAcks({ ackIds, modifyDeadlineAckIds, modifyDeadlineSeconds }: Request): void {
    const ids = modifyDeadlineAckIds ?? [];
    const seconds = modifyDeadlineSeconds ?? [];
    if (ids.length !== seconds.length) {
      throw invalid('modify_deadline_ack_ids and modify_deadline_seconds differ in length.');
    }
    if (ids.length > 0) {
      const refused = this.#subscription.modifyDeadlines(ids, (index) => seconds[index] ?? -1);
      this.#confirm('modifyAckDeadlineConfirmation', ids, refused);
    }
    if (!ackIds?.length) return;
    this.#subscription.acknowledge(ackIds).then(
      (refused) => this.#confirm('acknowledgeConfirmation', ackIds, refused),
      (error) => this.fail(asPubsubError(error)),
    );
  }

  /** Only exactly-once delivery tells what became of acks. */
  #confirm(kind: string, ids: readonly string[], invalidAckIds: readonly string[]): void {
    if (!this.#subscription.settings.exactlyOnce) return;
    const refused = new Set(invalidAckIds);
    const ackIds = ids.filter((id) => !refused.has(id));
    const response = { [kind]: { ackIds, invalidAckIds } };
    this.#write(StreamingPullResponse.encode(response).finish() as Buffer);
  }

  #write(response: Buffer): void {
    if (!this.#answers) return;
    this.#unsent++;
    this.#call.write(response, () => {
      this.#unsent--;
      this.#subscription.scheduleDelivery();
    });
  }
}

const FIRST_REQUEST_FIELDS = [
  'subscription',
  'clientId',
  'maxOutstandingMessages',
  'maxOutstandingBytes',
  'protocolVersion',
] as const satisfies readonly (keyof Request)[];

function isPing({ ackIds, modifyDeadlineAckIds, streamAckDeadlineSeconds }: Request): boolean {
  return !ackIds?.length && !modifyDeadlineAckIds?.length && !streamAckDeadlineSeconds;
}

/** 0 or less means no limit. The value may be a Long. */
function limitOf(value: number | Long | string | null | undefined): number {
  const limit = Number(value ?? 0);
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}

type Long = NonNullable<Extract<Request['maxOutstandingBytes'], object>>;

function parseDeadline(seconds: number): number {
  if (seconds < 10 || seconds > 600) {
    throw invalid(`Invalid stream_ack_deadline_seconds: ${seconds}; it must be 10 to 600.`);
  }
  return seconds * 1000;
}
