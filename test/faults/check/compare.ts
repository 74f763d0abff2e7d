import { deliveryOf, type Life, listLength } from '../senders/deliveries.ts';
import { compareAnswers } from './compare-answers.ts';
import { compareExports } from './compare-exports.ts';
import type { Differences } from './differences.ts';
import { expectedCells, reasons, type TableUnderTest, tables } from './expected.ts';
import type { StreamFigures } from './figures.ts';
import { findId, type Named, type Outside, type Sent } from './outside.ts';
import type { Cells, Tables } from './tables.ts';

interface Found {
  /** How many rows each delivery has; of `lists` each event. */
  rows: Map<string, number>;
  /** By the delivery's id: true where it is written in part. */
  letters: Map<string, boolean>;
  figures: StreamFigures;
}

/** Compares what was sent with what is in the tables. */
export class Comparison {
  readonly #seed: number;
  readonly #outside: Outside;
  readonly #tables: Tables;
  readonly #differences: Differences;
  readonly #letters = new Map<string, Map<string, boolean>>();

  constructor(seed: number, outside: Outside, found: Tables, differences: Differences) {
    this.#seed = seed;
    this.#outside = outside;
    this.#tables = found;
    this.#differences = differences;
  }

  /** The ids of deliveries that are in the tables, by stream. */
  readonly ids = new Map<string, Set<string>>();

  async run(): Promise<StreamFigures[]> {
    await this.#readLetters();
    const figures: StreamFigures[] = [];
    for (const table of tables) figures.push(await this.#compareTable(table));
    figures.push(await compareExports(this.#seed, this.#outside, this.#tables, this.#differences));
    compareAnswers(this.#outside, this.#differences);
    return figures;
  }

  async #compareTable(table: TableUnderTest): Promise<StreamFigures> {
    const { stream } = table;
    const letters = this.#letters.get(stream) ?? new Map<string, boolean>();
    const figures = { stream, acknowledged: 0, rows: 0, deadLetters: 0, twice: 0, unanswered: 0 };
    const found: Found = { rows: new Map(), letters, figures };
    /** The version of each order that is there. */
    const versions = new Map<string, number>();
    const columns = [...table.columns, table.id];
    for await (const row of this.#tables.rows(table.table, columns)) {
      this.#compareRow(row, table, found, versions);
    }
    figures.deadLetters = letters.size;
    this.#compareSent(table, found, versions);
    this.ids.set(stream, new Set([...idsIn(found.rows), ...letters.keys()]));
    if (!table.isKeyed) await this.#compareUnique(table, found);
    return figures;
  }

  #compareRow(row: Cells, table: TableUnderTest, found: Found, versions: Map<string, number>) {
    const { stream } = table;
    const deliveryId = row[table.id] ?? '';
    const named = findId(row[table.named] ?? '');
    const round = Number(row['version'] ?? 0);
    const sent = named && this.#outside.sent.get(`${named.id}/${round}`);
    found.figures.rows++;
    if (!named || sent?.stream !== stream) {
      this.#differences.add('nobody sent it', `${stream} ${deliveryId}`);
      return;
    }
    const where = `${stream} ${named.id} ${deliveryId}`;
    const position = Number(table.position === undefined ? 0 : row[table.position]);
    const key = table.position === undefined ? deliveryId : `${deliveryId} ${position}`;
    const before = found.rows.get(key) ?? 0;
    found.rows.set(key, before + 1);
    if (before > 0) found.figures.twice++;
    else if (position === 0) this.#countDelivery(named, deliveryId, sent, found.figures);
    if (table.isKeyed) {
      if (versions.has(named.id)) this.#differences.add('twice with a key', where);
      versions.set(named.id, round);
    }
    if (sent.fate === 'refused') this.#differences.add('rejected, but there', where);
    if (sent.fate === 'filtered') this.#differences.add('filtered, but there', where);
    if (sent.fate === 'letter') {
      this.#differences.add('a row that should be a dead letter', where);
      return;
    }
    const expected = expectedCells(deliveryOf(this.#lifeOf(named), named.n, round), position);
    const column = table.columns.find((name) => row[name] !== expected[name]);
    if (column !== undefined) {
      this.#differences.add('differs from what was sent', `${where} (${column})`);
    }
  }

  /** A sender that repeats a delivery makes another one of it: of each round there are as many as it tried. */
  #countDelivery(named: Named, deliveryId: string, sent: Sent, figures: StreamFigures): void {
    sent.found++;
    // A second round may be the same body: the table does not say which it was.
    const other = this.#outside.sent.get(`${named.id}/1`);
    const isOrder = sent.stream === 'orders';
    const tries = sent.tries + (isOrder ? 0 : (other?.tries ?? 0));
    const where = `${sent.stream} ${named.id} ${deliveryId}`;
    if (sent.found > tries) this.#differences.add('more deliveries than tries', where);
    const isKnown = [sent, other].some((one) => one?.acknowledged.includes(deliveryId));
    if (!isKnown) figures.unanswered++;
  }

  /** What was acknowledged must be there. */
  #compareSent(table: TableUnderTest, found: Found, versions: ReadonlyMap<string, number>): void {
    for (const [key, sent] of this.#outside.sent) {
      if (sent.stream !== table.stream || sent.fate === 'refused' || sent.fate === 'filtered') {
        continue;
      }
      found.figures.acknowledged += sent.acknowledged.length;
      if (table.isKeyed) this.#compareVersion(key, sent, versions);
      else
        for (const id of sent.acknowledged) this.#compareAcknowledged(id, key, sent, table, found);
    }
  }

  #compareAcknowledged(
    id: string,
    key: string,
    { stream, fate }: Sent,
    { position }: TableUnderTest,
    { rows, letters }: Found,
  ): void {
    const where = `${stream} ${key} ${id}`;
    const places =
      position === undefined ? [id] : Array.from({ length: listLength }, (_, at) => `${id} ${at}`);
    const hasRows = places.every((place) => rows.has(place));
    const letter = letters.get(id);
    if (fate === 'letter' || fate === 'part') {
      if (letter !== (fate === 'part')) this.#differences.add('missing dead letter', where);
      if (fate === 'part' && !hasRows) this.#differences.add('missing', where);
    } else if (!hasRows && !(fate === 'either' && letter === false)) {
      this.#differences.add('missing', where);
    }
  }

  /** The row of a key is that of the delivery that came last; if a try of the first is open, it may have come later. */
  #compareVersion(key: string, sent: Sent, versions: ReadonlyMap<string, number>): void {
    const [id = '', round] = key.split('/');
    if (sent.acknowledged.length === 0) return;
    const version = versions.get(id);
    const where = `${sent.stream} ${key}`;
    if (version === undefined) this.#differences.add('missing', where);
    const first = this.#outside.sent.get(`${id}/0`);
    if (round === '1' && version === 0 && first?.open === 0) {
      this.#differences.add('an old version', where);
    }
  }

  async #compareUnique({ table, stream, id, position }: TableUnderTest, found: Found) {
    const key = position === undefined ? id : `CONCAT(${id}, ' ', CAST(${position} AS STRING))`;
    const [row] = await this.#tables.query(
      `SELECT COUNT(*) AS n, COUNT(DISTINCT ${key}) AS d FROM ${table}_unique`,
    );
    const [n, distinct] = [Number(row?.['n'] ?? 0), Number(row?.['d'] ?? 0)];
    for (let more = distinct; more < n; more++) this.#differences.add('twice in _unique', stream);
    for (let less = distinct; less < found.rows.size; less++) {
      this.#differences.add('missing', `${stream}_unique`);
    }
  }

  async #readLetters(): Promise<void> {
    const columns = ['delivery_id', 'stream', 'reason', 'data', 'written_in_part', 'part'];
    for await (const row of this.#tables.rows('tributary.dead_letters', columns)) {
      const { stream, delivery_id: id, reason, written_in_part } = row;
      const body = Buffer.from(row['data'] ?? '', 'base64').toString();
      const named = findId(body);
      const sent = named && this.#outside.sent.get(`${named.id}/0`);
      const where = `${stream} ${named?.id ?? '?'} ${id} (${reason})`;
      const isExpected = sent && ['letter', 'part', 'either'].includes(sent.fate);
      if (!isExpected || sent.stream !== stream) {
        this.#differences.add('an unexpected dead letter', where);
        continue;
      }
      const delivery = deliveryOf(this.#lifeOf(named), named.n);
      const pattern = reasons[sent.fate];
      const isInPart = written_in_part === 'true';
      const isRight = body === delivery.body && (pattern?.test(reason ?? '') ?? true);
      if (!isRight || isInPart !== (sent.fate === 'part')) {
        this.#differences.add('a dead letter that differs', where);
      }
      const ids = this.#letters.get(sent.stream) ?? new Map<string, boolean>();
      this.#letters.set(sent.stream, ids.set(id ?? '', isInPart));
    }
  }

  #lifeOf({ life }: Named): Life {
    return { seed: this.#seed, ...life };
  }
}

function* idsIn(rows: ReadonlyMap<string, number>): Iterable<string> {
  for (const key of rows.keys()) yield key.split(' ')[0] ?? '';
}
