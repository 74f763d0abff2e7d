/** Options for a sender that can export the events from before its webhook was set up. */
export interface HistorySettings {
  /**
   * The API that `tributary backfill` and `tributary reconcile` read past events from. It answers
   * `GET <url><path>?from=…&to=…` with one event a line (JSONL).
   * @example history: { url: 'https://app.example.com', header: 'X-Api-Key: {key}' }
   */
  history?: HistoryApi;
}

export interface HistoryApi {
  /**
   * The API's origin, https. `<STREAM>_API_URL` in the environment overrides it.
   * @example url: 'https://app.example.com'
   */
  url: string;
  /**
   * The path of the export: `/api/v1/events/export/` by default.
   * @example path: '/v2/export'
   */
  path?: `/${string}`;
  /**
   * The header that carries the key. The value of `<STREAM>_API_KEY` replaces `{key}`. By default
   * `Authorization: Api-Key {key}`.
   * @example header: 'X-Api-Key: {key}'
   */
  header?: `${string}:${string}{key}${string}`;
}
