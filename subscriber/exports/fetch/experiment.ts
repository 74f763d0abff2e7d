import type { ExportFilter } from '../../../shared/config/export-settings.ts';
import { RelayError } from '../../../shared/errors.ts';
import { type ExportApi, requestApi } from './export-api.ts';
import { exportUrl } from './export-url.ts';
import { Silence } from './idle-timeout.ts';

/** What a filter may ask of an experiment. */
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
 * Asks the API about the experiment of an export.
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
  const silence = new Silence(api.timeoutMs, signal);
  try {
    const response = await requestApi(
      url,
      api.key,
      { what, readable: 'experiments', absent },
      silence,
    );
    return readExperiment(await bodyOf(response, what, silence), id);
  } finally {
    silence.end();
  }
}

async function bodyOf(
  body: AsyncIterable<Buffer>,
  what: string,
  silence: Silence,
): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of body) {
      silence.heard();
      bytes += piece.length;
      if (bytes > maxBytes) break;
      pieces.push(piece);
    }
  } catch (error) {
    throw new RelayError('export.network', `the ${what} broke off: ${silence.explain(error)}`, {
      cause: error,
    });
  }
  if (bytes > maxBytes) {
    throw new RelayError(
      'export.experiment',
      `the ${what} was answered with more than ${maxBytes} bytes`,
    );
  }
  return Buffer.concat(pieces).toString();
}

/** The shapes of the vendor's document; what is not there is empty. */
function readExperiment(text: string, id: string): Experiment {
  const experiment = memberOf(parse(text), 'experiment');
  if (typeof experiment !== 'object' || experiment === null) {
    throw new RelayError('export.experiment', `the API's answer holds no experiment ${id}`);
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
