/** What a field may be compared with. A number beyond 2^53 is written as a bigint: `9007199254740993n`. */
export type Scalar = string | number | bigint | boolean | null;

/**
 * Tests of one field of the event. Where several are given, one value must pass them all.
 *
 * - A field that the event lacks passes none but `exists: false`; so `not: { field, equals }` holds for it.
 * - A path with `[]` names many values: one that passes is enough.
 * - `equals` and `in` compare type and value: 5 is not "5", 5 is 5.0, null is null. Numbers are compared
 *   digit by digit, so that 9007199254740993 is not 9007199254740992.
 * - `gt`, `gte`, `lt`, `lte`: with a number, numbers and texts that hold one ("120.13") are compared as
 *   numbers; with a text, texts are compared as texts (ISO times sort so).
 * - `matches`: a regular expression that must match somewhere in a text, or in a number or boolean as it
 *   was sent. A value of more than 4,096 UTF-16 units does not match.
 */
export interface FieldTests {
  equals?: Scalar;
  in?: readonly Scalar[];
  exists?: boolean;
  matches?: string;
  gt?: number | bigint | string;
  gte?: number | bigint | string;
  lt?: number | bigint | string;
  lte?: number | bigint | string;
}

/** A condition on the payload of an event. `field` is a path such as `$.items[].sku`; `$` is the event. */
export type Condition =
  | ({ field: string } & FieldTests)
  | { all: readonly Condition[] }
  | { any: readonly Condition[] }
  | { not: Condition };

/** Only events that pass become rows. All conditions that are given must hold. */
export interface Filter {
  /**
   * A regular expression that must match somewhere in the event's name: what JavaScript and RE2 read alike.
   * @example event: '^(purchase|begin_checkout)$'
   */
  event?: string;
  /**
   * The event's name must be exactly one of these.
   * @example events: ['order.created', 'order.paid']
   */
  events?: readonly string[];
  /**
   * A condition on the event's payload: a `field` with tests, or `all`, `any`, `not`. docs/sources.md lists the tests.
   * @example where: { all: [{ field: '$.livemode', equals: true }, { field: '$.amount', gte: 1000 }] }
   */
  where?: Condition;
  /**
   * The filter may look at what the signature does not cover, such as the topic in a header of Shopify. Whoever has
   * seen one delivery can then send it again under another name: so it passes the filter, or is dropped. Only what the
   * filter decides is at stake; that the sender made the body stays certain.
   * @example unsigned: true, events: ['orders/create', 'orders/paid']
   */
  unsigned?: true;
}

/** What is wrong with a filter: `path` leads to it (`filter.where.all.0.matches`). */
export interface Problem {
  path: string;
  message: string;
  /** What a person should do, where the message and the option's own remedy do not say it. */
  remedy?: string;
}
