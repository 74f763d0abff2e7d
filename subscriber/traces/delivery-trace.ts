import { hash } from 'node:crypto';
import { replayAttribute, replayedMessageAttribute } from '../../shared/envelope.ts';
import type { PulledMessage } from '../pull/subscription.ts';
import type { Span, SpanPlace } from './span.ts';
import type { EdgeContext } from './trace-context.ts';

export type DeliveryOutcome = 'written' | 'written in part' | 'dead letter' | 'nacked';

/** What all spans of a relay have in common. */
export interface TraceScope {
  /** The names, without the project. */
  topic: string;
  subscription: string;
  /** Takes a span that has ended. */
  write(span: Span): void;
  /** Unix milliseconds. */
  now(): number;
  randomId(digits: number): string;
}

type Attributes = Span['attributes'];

/** Outcomes that need somebody, or a further delivery. */
const errorTypes: Partial<Record<DeliveryOutcome, string>> = {
  'dead letter': 'dead_letter',
  nacked: 'nacked',
};

/**
 * The trace of one message that is handled: edge, `send`, `receive`, `process`, and what is done below it. The spans
 * of the edge are written when the message is acked, so that of several tries only one writes them.
 */
export class DeliveryTrace implements SpanPlace {
  readonly traceId: string;
  /** Of the span `process`. */
  readonly spanId: string;
  readonly #scope: TraceScope;
  readonly #edge: EdgeContext | undefined;
  readonly #message: Pick<PulledMessage, 'id' | 'attributes' | 'publishTime' | 'deliveryAttempt'>;
  readonly #bytes: number;
  readonly #receivedAt: number | undefined;
  readonly #arrivedAt: number;
  #isEnded = false;
  #isEdgeWritten = false;

  /** @param receivedAt when the edge received it, in Unix milliseconds */
  constructor(
    scope: TraceScope,
    message: PulledMessage,
    traceId: string,
    edge: EdgeContext | undefined,
    receivedAt: number | undefined,
  ) {
    // Not the message itself: a trace must not keep a body in memory.
    const { id, attributes, publishTime, deliveryAttempt = 0 } = message;
    this.#scope = scope;
    this.#edge = edge;
    this.#message = { id, attributes, deliveryAttempt, ...(publishTime && { publishTime }) };
    this.#bytes = message.data.length;
    this.#receivedAt = receivedAt;
    this.#arrivedAt = scope.now();
    this.traceId = traceId;
    this.spanId = scope.randomId(16);
  }

  /**
   * Begins a span below `process`.
   *
   * @returns what ends it
   */
  begin(
    name: string,
    attributes: Attributes,
    startMs = this.#scope.now(),
  ): (errorType?: string, more?: Partial<Pick<Span, 'attributes' | 'links'>>) => void {
    const { traceId, spanId: parentId } = this;
    return (errorType, more) => {
      this.#scope.write({
        name,
        kind: 'internal',
        traceId,
        spanId: this.#scope.randomId(16),
        parentId,
        startMs,
        endMs: this.#scope.now(),
        attributes: { ...attributes, ...more?.attributes },
        ...(more?.links && { links: more.links }),
        errorType,
      });
    };
  }

  /** The message is acked or nacked. A nacked one may be written later: then this is called again. */
  end(outcome: DeliveryOutcome): void {
    const { traceId, spanId } = this;
    const sendId = this.#sendId();
    if (outcome !== 'nacked' && !this.#isEdgeWritten) {
      this.#isEdgeWritten = true;
      this.#writeEdge(sendId);
    }
    if (this.#isEnded) return;
    this.#isEnded = true;
    const receiveId = this.#scope.randomId(16);
    const arrivedAt = this.#arrivedAt;
    const operation = (name: string) => ({
      ...this.#attributes(name),
      'messaging.destination.subscription.name': this.#scope.subscription,
      'messaging.gcp_pubsub.message.delivery_attempt': this.#message.deliveryAttempt || undefined,
    });
    this.#scope.write({
      name: `receive ${this.#scope.subscription}`,
      kind: 'consumer',
      traceId,
      spanId: receiveId,
      parentId: sendId,
      startMs: this.#publishedAt ?? arrivedAt,
      endMs: arrivedAt,
      attributes: operation('receive'),
    });
    this.#scope.write({
      name: `process ${this.#scope.subscription}`,
      kind: 'consumer',
      traceId,
      spanId,
      parentId: receiveId,
      startMs: arrivedAt,
      endMs: this.#scope.now(),
      attributes: { ...operation('process'), 'tributary.outcome': outcome },
      errorType: errorTypes[outcome],
    });
  }

  get #publishedAt(): number | undefined {
    return this.#message.publishTime?.getTime();
  }

  get #isReplay(): boolean {
    return this.#message.attributes[replayedMessageAttribute] !== undefined;
  }

  /** The same in every replica, so that a message that two of them settle has one span `send`. */
  #sendId(): string | undefined {
    if (!this.#edge) return undefined;
    // The edge did not send a replay.
    if (this.#isReplay) return this.#edge.spanId;
    return hash('sha256', `send ${this.#edge.spanId} ${this.#message.id}`).slice(0, 16);
  }

  /** The edge runs no OpenTelemetry: its spans are written here, from what the message tells. */
  #writeEdge(sendId: string | undefined): void {
    const { traceId } = this;
    const startMs = this.#receivedAt;
    // The spans of a replay's edge were written with its dead letter.
    if (!this.#edge || !sendId || startMs === undefined || this.#isReplay) return;
    const { spanId, sender } = this.#edge;
    const endMs = Math.max(startMs, this.#publishedAt ?? startMs);
    const { stream, method = 'POST' } = this.#message.attributes as Record<string, string>;
    this.#scope.write({
      name: `${method} /${stream}`,
      kind: 'server',
      traceId,
      spanId,
      parentId: sender?.spanId,
      startMs,
      endMs,
      attributes: {
        'http.request.method': method,
        'http.route': `/${stream}`,
        'http.request.body.size': this.#bytes,
        ...this.#ownAttributes,
      },
    });
    this.#scope.write({
      name: `send ${this.#scope.topic}`,
      kind: 'producer',
      traceId,
      spanId: sendId,
      parentId: spanId,
      startMs,
      endMs,
      attributes: this.#attributes('send'),
    });
  }

  /** https://opentelemetry.io/docs/specs/semconv/messaging/gcp-pubsub/ */
  #attributes(operation: string): Attributes {
    return {
      'messaging.system': 'gcp_pubsub',
      'messaging.operation.name': operation,
      'messaging.operation.type': operation,
      'messaging.destination.name': this.#scope.topic,
      'messaging.message.id': this.#message.id,
      'messaging.message.body.size': this.#bytes,
      ...this.#ownAttributes,
    };
  }

  get #ownAttributes(): Attributes {
    const { attributes } = this.#message;
    return {
      'tributary.stream': attributes['stream'],
      'tributary.delivery_id': attributes['delivery_id'],
      'tributary.replay': this.#isReplay ? Number(attributes[replayAttribute]) : undefined,
    };
  }
}
