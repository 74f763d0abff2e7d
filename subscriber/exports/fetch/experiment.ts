import type { ExportFilter } from '../../../shared/config/export-settings.ts';
import { RelayError } from '../../../shared/errors.ts';
import { type ExportApi, exportUrl, requestApi } from './export-api.ts';
import { IdleTimeout } from './idle-timeout.ts';

/** What a filter can test. */
interface Experiment {
  tags: unknown[];
  /** E-mail addresses. */
  owners: unknown[];
  /** Names. */
  teams: unknown[];
}

/** An experiment's description takes kilobytes. */
const maxBytes = 16 * 1024 * 1024;

/**
 * Requests an export's experiment from the API and applies the filter.
 *
 * @param id decimal digits
 * @throws RelayError `export.*`
 */
export async function matchesFilter(
  id: string,
  filter: ExportFilter,
  api: ExportApi,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { tags, owners, teams } = await fetchExperiment(id, api, signal);
  const matches = (wanted: string | undefined, found: unknown[]) =>
    wanted === undefined || found.includes(wanted);
  return matches(filter.tag, tags) && matches(filter.owner, owners) && matches(filter.team, teams);
}

async function fetchExperiment(
  id: string,
  api: ExportApi,
  signal: AbortSignal | undefined,
): Promise<Experiment> {
  const url = exportUrl(api.url, `/v1/experiments/${id}`);
  const what = `request for experiment ${id}`;
  const absent = `ABsmartly knows no such experiment; check the API URL (${url.origin})`;
  const idle = new IdleTimeout(api.idleTimeoutMs, signal);
  try {
    const response = await requestApi(
      url,
      api.key,
      { what, readable: 'experiments', absent },
      idle,
    );
    return readExperiment(await bodyOf(response, what, idle), id);
  } finally {
    idle.clear();
  }
}

async function bodyOf(
  body: AsyncIterable<Buffer>,
  what: string,
  idle: IdleTimeout,
): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      idle.restart();
      bytes += chunk.length;
      if (bytes > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new RelayError('export.network', `the ${what} broke off: ${idle.explain(error)}`, {
      cause: error,
    });
  }
  if (bytes > maxBytes) {
    throw new RelayError(
      'export.experiment',
      `the ${what} was answered with more than ${maxBytes} bytes`,
    );
  }
  return Buffer.concat(chunks).toString();
}

/** By the vendor's documentation. Members that are missing count as empty. */
function readExperiment(text: string, id: string): Experiment {
  const experiment = memberOf(parse(text), 'experiment');
  if (typeof experiment !== 'object' || experiment === null) {
    throw new RelayError('export.experiment', `the API's answer contains no experiment ${id}`);
  }
  const inEach = (list: string, entry: string, member: string) => {
    const entries = memberOf(experiment, list);
    if (!Array.isArray(entries)) return [];
    return entries.map((each: unknown) => memberOf(memberOf(each, entry), member));
  };
  return {
    tags: inEach('experiment_tags', 'experiment_tag', 'tag'),
    owners: inEach('owners', 'user', 'email'),
    teams: inEach('teams', 'team', 'name'),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
