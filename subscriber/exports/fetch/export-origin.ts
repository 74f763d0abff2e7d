import type { Readable } from 'node:stream';
import type { IdleTimeout } from './idle-timeout.ts';

/** Where announced exports are stored: the sender's API, or a bucket. */
export interface ExportOrigin {
  /** In milliseconds, until the response begins and between two chunks of it. */
  idleTimeoutMs: number;
  /**
   * Requests a file.
   *
   * @param path as the webhook announced it
   * @throws RelayError `export.*`
   */
  open(path: string, idle: IdleTimeout): Promise<OpenedExport>;
}

interface OpenedExport {
  /** As the response declares it; absent where it doesn't. */
  bytes?: number;
  /** Fails when the connection does. */
  content: AsyncIterable<Uint8Array>;
}

/** A bucket, read by its vendor's client. */
export interface Bucket {
  /** Resolves when the response begins. It rejects with the client's own error, and so does the content. */
  get(key: string, signal: AbortSignal): Promise<{ bytes?: number; content: Readable }>;
  /** The HTTP status of an error of the client; undefined where there was no response. */
  statusOf(error: unknown): number | undefined;
}
