import type { Stream, StreamOptions } from '../config/config.ts';
import type { ExportSettings } from '../config/export-settings.ts';
import type { Envelope } from '../envelope.ts';
import { isAbsent, type JsonMembers, memberReader, scalarText } from '../json/json-members.ts';
import type { TokenSchemeChoice } from '../signatures/schemes.ts';
import type {
  Announcement,
  AnnouncementReading,
  EdgeDelivery,
  EdgeSide,
  ExportSource,
  Reading,
} from './source.ts';

export interface AbsmartlyOptions
  // Nothing is signed, and files are loaded as they are.
  extends Omit<StreamOptions, 'invalidValues' | 'key' | 'replayWindow'>,
    ExportSettings {
  /**
   * How the webhook shows its secret. By default an unguessable key ends the endpoint's path.
   * @example scheme: 'bearer'
   */
  scheme?: TokenSchemeChoice;
}

/**
 * ABsmartly's `ExperimentDataExportReady` webhook: it announces a ZIP of CSV files, which the
 * subscriber fetches from the API and loads in the order of their names. ABsmartly does not sign; an unguessable key
 * ends the endpoint's path.
 */
export function absmartly(options: AbsmartlyOptions): Stream {
  return { source: 'absmartly', scheme: 'endpoint-key', ...options };
}

const announces = 'ExperimentDataExportReady';

type Members = JsonMembers<'event_name' | 'metadata' | 'id'>;

const readMembers = memberReader(['event_name', 'metadata', 'id']);

function read({ body, contentType }: EdgeDelivery, stream: Stream): Reading {
  const json = readMembers(body, contentType);
  if (!json.ok) {
    return { kind: 'malformed', problem: `missing JSON body: the body is ${json.problem}` };
  }
  const event = textOf(json.members.event_name);
  if (event !== announces) {
    return {
      kind: 'ignored',
      ...(event && { event }),
      reason: `Ignored: not an ${announces} event`,
    };
  }
  const found = announced(json.members, stream);
  if (found.ok) return { kind: 'events', events: [{ name: event, json: json.text }] };
  return { kind: 'malformed', problem: found.reason, ...(found.column && { field: found.column }) };
}

function announcement(envelope: Envelope, stream: Stream): AnnouncementReading {
  const json = readMembers(envelope.body, envelope.contentType);
  if (!json.ok) return { ok: false, reason: `the body is ${json.problem}` };
  return announced(json.members, stream);
}

/** The checks of the vendor's tutorial, and its words. */
function announced(members: Members, stream: Stream): AnnouncementReading {
  const { metadata } = members;
  if (isAbsent(metadata) || !metadata.startsWith('{')) {
    return { ok: false, reason: 'missing metadata', column: 'metadata' };
  }
  const { download_url: url } = JSON.parse(metadata) as { download_url?: unknown };
  if (typeof url !== 'string' || url === '') {
    return {
      ok: false,
      reason: 'missing download_url in metadata',
      column: 'metadata.download_url',
    };
  }
  if (!isPath(url)) {
    return {
      ok: false,
      reason: 'download_url must be a path below the API, such as /v1/experiments/exports/15/x.zip',
      column: 'metadata.download_url',
    };
  }
  const experimentId = experimentIdOf(members);
  const needsId = idSettings.find((setting) => stream[setting]);
  if (needsId && !experimentId) {
    return {
      ok: false,
      reason: `${needsId} is on but the payload has no experiment id`,
      column: 'id',
    };
  }
  const found: Announcement = {
    path: url,
    table: tableOf(stream, experimentId),
    ...(stream.exportFilter && experimentId && { experimentId }),
  };
  return { ok: true, announcement: found };
}

/** The options that need the experiment's id. */
const idSettings = ['tablePerExperiment', 'exportFilter'] as const;

/**
 * The API key is sent with the download, so the URL must be a path of the configured origin: no scheme, no host (`//`,
 * `\`), no `..`, no control characters. None of these may be percent-encoded either, because a server may decode the
 * path once more.
 */
function isPath(url: string): boolean {
  if (!url.startsWith('/') || url.startsWith('//') || notInUrl.test(url)) return false;
  const [path = ''] = url.split('?', 1);
  const decoded = decode(path);
  if (decoded === undefined || notInPath.test(decoded)) return false;
  const segments = decoded.split('/');
  return segments.length === path.split('/').length && !segments.includes('..');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be refused
const notInUrl = /[\u0000-\u0020\u007f\\#@]/;
/** In the decoded path. What is still encoded was encoded twice. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must be refused
const notInPath = /[\u0000-\u001f\u007f\\@]|%[\da-f]{2}/i;

/** Undefined if it is not percent-encoded UTF-8. */
function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Only an integer: it becomes part of a table's name and of a URL. */
function experimentIdOf({ id }: Members): string | undefined {
  return id !== undefined && /^[1-9]\d{0,17}$/.test(id) ? id : undefined;
}

function tableOf({ table, tablePerExperiment }: Stream, experimentId: string | undefined): string {
  if (!tablePerExperiment) return table;
  const [dataset] = table.split('.');
  return `${dataset}.experiment_${experimentId}_exports`;
}

function textOf(raw: string | undefined): string | undefined {
  return raw?.startsWith('"') ? scalarText(raw) : undefined;
}

/** The part that the Worker needs. */
export const absmartlyEdge: EdgeSide = {
  name: 'absmartly',
  filteredStatus: 200,
  eventNamePlaces: () => '$.event_name',
  headers: () => [],
  read,
};

export const absmartlySource: ExportSource = /* @__PURE__ */ Object.assign(
  {
    delivers: 'exports' as const,
    announcement,
  },
  absmartlyEdge,
);
