/** A body as it came, what its Content-Encoding says undone. */
export interface SentBody {
  body: Uint8Array;
  contentType?: string | undefined;
  /** A GET has its query as its body: a form, whatever the stream takes. POST where it is not set. */
  method?: string | undefined;
}

/**
 * What a body says, as JSON text; `problem` goes on where "the body is" has begun. `isReplaced`: U+FFFD stands in it
 * for bytes that are no text.
 */
export type BodyText =
  | { ok: true; text: string; isReplaced?: boolean }
  | { ok: false; problem: string };
