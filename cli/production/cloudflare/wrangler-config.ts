import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, type TomlTable } from 'smol-toml';
import { RelayError } from '../../../shared/errors.ts';

/** What the Worker binds at Cloudflare, and must exist before it is deployed. */
export interface CloudflareResources {
  queues: string[];
  /** R2 buckets. */
  buckets: string[];
}

/** What the commands read of wrangler.toml. */
export interface WranglerConfig extends CloudflareResources {
  file: string;
  /** Of the Worker. */
  name: string;
  /** Secrets without which wrangler does not deploy. */
  requiredSecrets: string[];
  /** Of Cloudflare, if the file names it. */
  accountId?: string;
  /** The Workers Analytics Engine dataset that is bound as DELIVERIES. */
  deliveries?: string;
}

/**
 * Reads the wrangler.toml of a folder; undefined where there is none.
 *
 * @throws RelayError `wrangler.config` where it can't be read
 */
export function readWranglerConfig(folder: string): WranglerConfig | undefined {
  const file = join(folder, 'wrangler.toml');
  if (!existsSync(file)) return undefined;
  let toml: TomlTable;
  try {
    toml = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const [problem] = (cause as Error).message.split('\n');
    throw new RelayError('wrangler.config', `${file} can't be read: ${problem}`, { cause });
  }
  const queues = tableOf(toml['queues']);
  const producers = tablesOf(queues['producers']);
  const consumers = tablesOf(queues['consumers']);
  const accountId = textOf(toml['account_id']);
  const counters = tablesOf(toml['analytics_engine_datasets']);
  const counter = counters.find(({ binding }) => binding === 'DELIVERIES');
  const deliveries = counter && textOf(counter['dataset']);
  return {
    ...(accountId !== undefined && { accountId }),
    ...(deliveries !== undefined && { deliveries }),
    file,
    name: textOf(toml['name']) ?? '',
    queues: unique([
      ...[...producers, ...consumers].map(({ queue }) => textOf(queue)),
      ...consumers.map((consumer) => textOf(consumer['dead_letter_queue'])),
    ]),
    buckets: unique(tablesOf(toml['r2_buckets']).map((bucket) => textOf(bucket['bucket_name']))),
    requiredSecrets: listOf(tableOf(toml['secrets'])['required']).flatMap(
      (name) => textOf(name) ?? [],
    ),
  };
}

function unique(names: (string | undefined)[]): string[] {
  return [...new Set(names.filter((name) => name !== undefined))];
}

function tablesOf(value: unknown): TomlTable[] {
  return listOf(value).map(tableOf);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function tableOf(value: unknown): TomlTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as TomlTable)
    : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
