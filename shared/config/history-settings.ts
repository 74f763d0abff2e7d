import * as v from 'valibot';
import { ApiUrl } from './check/api-url.ts';

/** What a stream may set about the sender's export of events from before the webhook was on. */
export interface HistorySettings {
  history?: HistoryApi;
}

/** An API that answers `GET <url><path>?from=…&to=…` with one event a line (JSONL). */
export interface HistoryApi {
  /** `https://app.example.com`; `<STREAM>_API_URL` in the environment goes over it. */
  url: string;
  /** `/api/v1/events/export/` by default. */
  path?: string;
  /**
   * The header that carries the key (`<STREAM>_API_KEY`), which stands for `{key}`:
   * `Authorization: Api-Key {key}` by default.
   */
  header?: string;
}

export const historyEntries = {
  history: v.optional(
    v.strictObject({
      url: ApiUrl,
      path: v.optional(
        v.pipe(
          v.string(),
          v.regex(/^\/(?!\/)[^?#\\\s]*$/, 'must begin with one /, without a query'),
        ),
      ),
      header: v.optional(
        v.pipe(
          v.string(),
          v.regex(
            /^[!#$%&'*+.^_`|~\da-z-]+: ?[\x21-\x7e ]*\{key\}[\x21-\x7e ]*$/i,
            'must be a header that holds {key}, such as X-Api-Key: {key}',
          ),
        ),
      ),
    }),
  ),
};
