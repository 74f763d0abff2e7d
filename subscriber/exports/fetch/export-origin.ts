import type { Silence } from './idle-timeout.ts';

/** Where announced exports are kept. */
export interface ExportOrigin {
  /** The longest silence, in milliseconds: until the answer begins, and between two pieces of it. */
  timeoutMs: number;
  /**
   * Asks for a file.
   *
   * @param path as the webhook announced it
   * @throws RelayError `export.*`
   */
  open(path: string, silence: Silence): Promise<OpenedExport>;
}

interface OpenedExport {
  /** As the answer declares; absent where it doesn't. */
  bytes?: number;
  /** Fails with whatever broke it off. */
  content: AsyncIterable<Uint8Array>;
}
