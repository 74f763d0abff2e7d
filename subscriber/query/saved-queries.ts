import type { Relay, RelayStream, SourceName } from '../../shared/config/config.ts';
import { type ErrorCode, RelayError } from '../../shared/errors.ts';
import { suggestion } from '../../shared/nearest-name.ts';
import { censusTable } from '../../shared/report/census.ts';

interface Parameter {
  type: 'INT64' | 'STRING';
  /** Absent where no value would be right for everybody: a result with another's is plausible, and wrong. */
  default?: string;
}

/** A query of the vendors' guides, for the tables of this relay. */
export interface SavedQuery {
  about: string;
  /** The source of the streams whose tables it reads, or the census of what the filters dropped. */
  reads: SourceName | 'census';
  parameters: Record<string, Parameter>;
  /**
   * @param table `project.dataset.table`, without backticks
   * @param isOwn the table has only one experiment, and may lack the column with its id
   */
  sql(table: string, isOwn: boolean): string;
}

const experiment = { type: 'INT64' } as const;

/** The rows that show who saw the experiment. */
function exposures(isOwn: boolean): string {
  return isOwn
    ? "event_type = 'exposure'"
    : "event_type = 'exposure' AND experiment_id = @experiment_id";
}

/** By name, as `tributary query --saved` takes it. */
export const savedQueries: Record<string, SavedQuery> = {
  dropped: {
    about: 'events that the filters dropped, by name: does a filter drop too much?',
    reads: 'census',
    parameters: { days: { type: 'INT64', default: '7' } },
    sql: (
      table,
    ) => `SELECT stream, event_name, cause, SUM(dropped) AS dropped, MAX(last_at) AS last_at
FROM \`${table}\`
WHERE last_at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL @days DAY)
GROUP BY stream, event_name, cause
ORDER BY dropped DESC, stream, event_name`,
  },
  'recent-events': {
    about: 'number of events in the last minutes, by name',
    reads: 'datanostro',
    parameters: { minutes: { type: 'INT64', default: '5' } },
    sql: (table) => `SELECT event_name, COUNT(*) AS n
FROM \`${table}\`
WHERE event_time > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL @minutes MINUTE)
GROUP BY event_name
ORDER BY n DESC, event_name`,
  },
  'participants-per-variant': {
    about: 'units of an experiment, by the variant that they saw first',
    reads: 'absmartly',
    parameters: { experiment_id: experiment },
    sql: (table, isOwn) => `SELECT variant, COUNT(*) AS unique_participants
FROM (
  SELECT unit_uid, variant, ROW_NUMBER() OVER (PARTITION BY unit_uid ORDER BY event_at) AS nth
  FROM \`${table}\`
  WHERE ${exposures(isOwn)}
)
WHERE nth = 1
GROUP BY variant
ORDER BY variant`,
  },
  'conversion-rate': {
    about: 'share of the units of each variant that reached a goal after they saw it',
    reads: 'absmartly',
    parameters: { experiment_id: experiment, goal_name: { type: 'STRING' } },
    sql: (table, isOwn) => `WITH exposures AS (
  SELECT unit_uid, variant, MIN(event_at) AS first_exposed_at
  FROM \`${table}\`
  WHERE ${exposures(isOwn)}
  GROUP BY unit_uid, variant
),
converted AS (
  SELECT DISTINCT goals.unit_uid
  FROM \`${table}\` AS goals
  JOIN exposures ON goals.unit_uid = exposures.unit_uid
  WHERE goals.event_type = 'goal'
    AND goals.goal_name = @goal_name
    AND goals.event_at >= exposures.first_exposed_at
)
SELECT
  exposures.variant,
  COUNT(*) AS unique_participants,
  COUNTIF(converted.unit_uid IS NOT NULL) AS converters,
  ROUND(COUNTIF(converted.unit_uid IS NOT NULL) / COUNT(*), 4) AS conversion_rate
FROM exposures
LEFT JOIN converted ON exposures.unit_uid = converted.unit_uid
GROUP BY exposures.variant
ORDER BY exposures.variant`,
  },
};

/** A statement with its parameters, as BigQuery's client takes them. */
export interface PreparedQuery {
  query: string;
  params: Record<string, string | number>;
  types: Record<string, string>;
}

export interface SavedQueryChoice {
  name: string;
  /** `name=value` */
  parameters: string[];
  /** The stream whose table is read; by default the first stream of the query's source. */
  stream?: string;
}

/** @throws RelayError `query.unknown`, `query.parameter` or `query.stream`, which list the choices */
export function prepareSaved(relay: Relay, choice: SavedQueryChoice): PreparedQuery {
  const saved = savedQueries[choice.name];
  if (!saved) {
    throw refused(
      'query.unknown',
      `no saved query "${choice.name}"; there are: ${list(savedQueries)}${suggestion(choice.name, Object.keys(savedQueries))}`,
    );
  }
  const { params, types } = bind(choice.name, saved, choice.parameters);
  const stream = saved.reads === 'census' ? undefined : streamOf(relay, saved.reads, choice.stream);
  const table = stream ? tableOf(stream, params) : censusTable(relay);
  const isOwn = stream?.tablePerExperiment === true;
  return { query: saved.sql(`${relay.project}.${table}`, isOwn), params, types };
}

function bind(
  name: string,
  saved: SavedQuery,
  given: string[],
): Pick<PreparedQuery, 'params' | 'types'> {
  const texts = new Map<string, string | undefined>(
    Object.entries(saved.parameters).map(([key, { default: text }]) => [key, text]),
  );
  for (const pair of given) {
    const [key = '', ...value] = pair.split('=');
    if (!texts.has(key) || value.length === 0) {
      throw refused(
        'query.parameter',
        `"${pair}": ${name} takes ${list(saved.parameters)}, each as name=value`,
      );
    }
    texts.set(key, value.join('='));
  }
  const absent = [...texts].filter(([, text]) => text === undefined || text === '');
  if (absent.length > 0) {
    const flags = absent.map(([key]) => `--param ${key}=…`).join(' ');
    throw refused('query.parameter', `${name} needs ${flags}`);
  }
  const params: PreparedQuery['params'] = {};
  const types: PreparedQuery['types'] = {};
  for (const [key, { type }] of Object.entries(saved.parameters)) {
    const text = texts.get(key) ?? '';
    if (type === 'INT64' && !/^-?\d{1,15}$/.test(text)) {
      throw refused('query.parameter', `${key} must be a whole number, not "${text}"`);
    }
    params[key] = type === 'INT64' ? Number(text) : text;
    types[key] = type;
  }
  return { params, types };
}

function streamOf(relay: Relay, source: SourceName, name: string | undefined): RelayStream {
  const fitting = [...relay.streams.values()].filter((stream) => stream.source === source);
  const stream = name === undefined ? fitting[0] : fitting.find((own) => own.name === name);
  if (stream) return stream;
  const names = fitting.map((own) => own.name).join(', ') || 'none';
  throw refused(
    'query.stream',
    `the query needs a stream of the source ${source}; there is: ${names}`,
  );
}

/** A stream with a table per experiment names the table after the experiment. */
function tableOf(stream: RelayStream, params: PreparedQuery['params']): string {
  if (!stream.tablePerExperiment) return stream.table;
  const [dataset] = stream.table.split('.');
  return `${dataset}.experiment_${params['experiment_id']}_exports`;
}

function list(entries: Record<string, unknown>): string {
  return Object.keys(entries).join(', ');
}

function refused(code: ErrorCode, message: string): RelayError {
  return new RelayError(code, message);
}
