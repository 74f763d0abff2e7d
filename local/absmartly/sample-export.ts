import { buffer } from 'node:stream/consumers';
import { stringify } from 'csv-stringify/sync';
import { ZipFile } from 'yazl';

/** The columns of an export, in the order of the vendor's document. */
const exportColumns = [
  'unit_uid',
  'unit_type',
  'event_type',
  'event_at',
  'experiment_id',
  'experiment_name',
  'variant',
  'goal_name',
  'properties',
] as const;

interface SampleFile {
  name: string;
  /** Without the header. */
  rows: number;
  text: string;
}

export interface SampleExport {
  /** In file-name order, which is the order of the events. */
  files: SampleFile[];
}

type EventRow = Record<(typeof exportColumns)[number], string>;

/** The goal in the vendor's example query as printed, and two goals of a shop. */
const goals = ['your_goal_name', 'purchase', 'newsletter_signup'] as const;
const comments = [
  'fast, and friendly',
  'line one\nline two',
  'sie sagte "schön"',
  'příliš žluťoučký kůň 🐎',
  '',
];
const countries = ['CZ', 'DE', 'GB', 'PL', 'US'];

/** The time of the first export's events. Each later export begins 10 minutes later. */
const firstEventAt = Date.UTC(2026, 3, 12, 12);

/**
 * An export of an experiment; the same two ids always give the same rows. It has exposures (some units
 * are exposed twice), goals and attributes, ordered by time and split into three files.
 */
export function sampleExport(exportId: number, experimentId: number): SampleExport {
  const random = seededRandom(exportId * 2_654_435_761 + experimentId);
  const units = 120 + Math.floor(random() * 80);
  const rows: EventRow[] = [];
  for (let unit = 0; unit < units; unit++) {
    rows.push(...unitRows({ experimentId, unit, startAt: startOf(exportId), random }));
  }
  rows.sort((a, b) => (a.event_at < b.event_at ? -1 : a.event_at > b.event_at ? 1 : 0));
  const rowsPerFile = Math.ceil(rows.length / 3);
  const files = [0, 1, 2].map((index) => {
    const part = rows.slice(index * rowsPerFile, (index + 1) * rowsPerFile);
    return {
      name: `experiment_${experimentId}_export_${String(index + 1).padStart(3, '0')}.csv`,
      rows: part.length,
      text: stringify(part, { header: true, columns: [...exportColumns] }),
    };
  });
  return { files };
}

function startOf(exportId: number): number {
  return firstEventAt + (exportId % 1000) * 600_000;
}

interface UnitOptions {
  experimentId: number;
  unit: number;
  /** Unix milliseconds. */
  startAt: number;
  random: Random;
}

function unitRows({ experimentId, unit, startAt, random }: UnitOptions): EventRow[] {
  const base = {
    unit_uid: `user-${experimentId}-${String(unit).padStart(5, '0')}`,
    unit_type: random() < 0.8 ? 'user_id' : 'anonymous_id',
    experiment_id: '',
    experiment_name: '',
    variant: '',
    goal_name: '',
    properties: '',
  };
  const variant = random() < 0.5 ? 0 : 1;
  const exposedAt = startAt + Math.floor(random() * 300_000);
  const at = (afterMs: number) => new Date(exposedAt + Math.floor(afterMs)).toISOString();
  const exposure = (afterMs: number): EventRow => ({
    ...base,
    event_type: 'exposure',
    event_at: at(afterMs),
    experiment_id: String(experimentId),
    experiment_name: `Checkout button, take ${experimentId}`,
    variant: String(variant),
  });
  const rows = [exposure(0)];
  if (random() < 0.3) rows.push(exposure(1 + random() * 60_000));
  if (random() < 0.5) {
    const country = countries[Math.floor(random() * countries.length)];
    const properties = JSON.stringify({ name: 'country', value: country });
    rows.push({ ...base, event_type: 'attribute', event_at: at(random() * 1000), properties });
  }
  // The treatment converts better, so that analyses find an effect.
  for (const goal of goals) {
    if (random() > (variant === 1 ? 0.35 : 0.22)) continue;
    // Some goals come before the exposure; these must not count as conversions.
    const afterMs = random() < 0.1 ? -1000 - random() * 60_000 : random() * 240_000;
    const properties = goalProperties(random);
    rows.push({ ...base, event_type: 'goal', event_at: at(afterMs), goal_name: goal, properties });
  }
  return rows;
}

function goalProperties(random: Random): string {
  const amount = Math.round(random() * 20_000) / 100;
  const comment = comments[Math.floor(random() * comments.length)];
  // Sometimes pretty-printed, for line breaks inside a quoted field.
  const indent = random() < 0.2 ? 2 : 0;
  return JSON.stringify({ amount, currency: 'EUR', ...(comment && { comment }) }, null, indent);
}

// DOS times are local times. A time before 1980 is clamped to one value in every time zone.
const mtime = new Date(0);

/** A ZIP of text files. The same files always give the same bytes. */
export function zipFiles(files: readonly { name: string; text: string }[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const { name, text } of files) zip.addBuffer(Buffer.from(text), name, { mtime });
  zip.end();
  return buffer(zip.outputStream);
}

/** A number from 0 up to 1. */
export type Random = () => number;

/** The same sequence for the same seed: xorshift (Marsaglia, 2003) over 32 bits. */
export function seededRandom(seed: number): Random {
  let state = Math.imul(seed ^ (seed >>> 15), 0x85ebca6b) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
