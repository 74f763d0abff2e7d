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

/** What a stream takes that says nothing of it: any text would be a delivery if it took `text`. */
const defaultFormats: readonly BodyFormat[] = ['json', 'form', 'form-payload', 'multipart'];

interface TakesBodies {
  body?: BodyFormat | readonly BodyFormat[];
}

/** The formats that a stream takes. */
export function formatsOf({ body }: TakesBodies): readonly BodyFormat[] {
  return body === undefined ? defaultFormats : [body].flat();
}

/** Is what it takes an urlencoded form, and nothing else? */
export function takesFormsAlone(stream: TakesBodies): boolean {
  return formatsOf(stream).every((format) => format === 'form' || format === 'form-payload');
}

/** Does it take forms and no JSON? Then a body that is made for it is one. */
export function takesNoJson(stream: TakesBodies): boolean {
  const formats = formatsOf(stream);
  return !formats.includes('json') && formats.some((format) => format.startsWith('form'));
}

/** A body as it came, what its Content-Encoding says undone. */
export interface SentBody {
  body: Uint8Array;
  contentType?: string | undefined;
  /** A GET has its query as its body: a form, whatever the stream takes. POST where it is not set. */
  method?: string | undefined;
}

/** What a body says, as JSON text; `problem` goes on where "the body is" has begun. */
export type BodyText = { ok: true; text: string } | { ok: false; problem: string };
