/** What an alert is about: what people read, and what they type to find out more. */
interface Condition {
  title: string;
  /** Of the alerts of a stream, or of the relay where there is none. */
  command: (stream?: string) => string;
}

const of = (stream: string | undefined) => (stream === undefined ? '' : ` --stream ${stream}`);

export const conditions = {
  'dead-letters': {
    title: 'new dead letters',
    command: (stream) => `npx tributary dead-letters list${of(stream)}`,
  },
  'table-refused': {
    title: 'BigQuery refuses the table',
    command: () => 'npx tributary doctor',
  },
  freshness: {
    title: 'rows are late',
    command: () => 'npx tributary status',
  },
  silence: {
    title: 'no deliveries',
    command: (stream) => `npx tributary ledger --since 1d${of(stream)}`,
  },
  overflow: {
    title: 'overflow is in use',
    command: (stream) => `npx tributary ledger --since 1h${of(stream)}`,
  },
  unauthorized: {
    title: 'requests are refused with 401',
    command: (stream) => `npx tributary refused${of(stream)}`,
  },
  'bigquery-away': {
    title: 'BigQuery does not answer',
    command: () => 'npx tributary doctor',
  },
} as const satisfies Record<string, Condition>;

export type ConditionName = keyof typeof conditions;

export function isCondition(name: string): name is ConditionName {
  return Object.hasOwn(conditions, name);
}

/** A condition that holds now. */
export interface Finding {
  condition: ConditionName;
  /** Absent: the relay as a whole, or streams that the config does not have. */
  stream?: string;
  /** Completes "<title>: ". Holds nothing of a payload. */
  reason: string;
  count: number;
  /** The id of a delivery. */
  example?: string;
}

/** One alert has one id for ever, so that its state is one row. */
export function alertId({ condition, stream = '' }: Pick<Finding, 'condition' | 'stream'>): string {
  return `${condition}/${stream}`;
}
