/**
 * How a body is read:
 * - `json`: one JSON document
 * - `form`: an urlencoded form, as an object of texts
 * - `form-payload`: a form whose field `payload` holds a JSON document, which is the event
 * - `multipart`: multipart/form-data, as an object; a file is its name, type and size
 * - `text`: XML or any other text, as one JSON string
 */
export const bodyFormats = ['json', 'form', 'form-payload', 'multipart', 'text'] as const;

export type BodyFormat = (typeof bodyFormats)[number];

/** The default. Without `text`, because with it any text would be a delivery. */
const defaultFormats: readonly BodyFormat[] = ['json', 'form', 'form-payload', 'multipart'];

interface TakesBodies {
  body?: BodyFormat | readonly BodyFormat[];
}

/** The formats that a stream takes. */
export function formatsOf({ body }: TakesBodies): readonly BodyFormat[] {
  return body === undefined ? defaultFormats : [body].flat();
}

/** Whether it takes only urlencoded forms. */
export function takesFormsAlone(stream: TakesBodies): boolean {
  return formatsOf(stream).every((format) => format === 'form' || format === 'form-payload');
}

/** Whether it takes forms and no JSON. */
export function takesNoJson(stream: TakesBodies): boolean {
  const formats = formatsOf(stream);
  return !formats.includes('json') && formats.some((format) => format.startsWith('form'));
}

/** A body as it was sent, after its Content-Encoding is undone. */
export interface SentBody {
  body: Uint8Array;
  contentType?: string | undefined;
  /** POST if it is not set. The body of a GET is its query: a form, whatever the stream takes. */
  method?: string | undefined;
}

/** A body as JSON text. `problem` continues the sentence "the body is …". */
export type BodyText = { ok: true; text: string } | { ok: false; problem: string };
