import { type Random, seededRandom } from '../../../local/absmartly/sample-export.ts';

/** The streams of the relay under test: see relay-under-test.ts. */
export type StreamName = 'raw' | 'events' | 'orders' | 'typed' | 'lists' | 'forms' | 'ab';

/**
 * What must become of a delivery that was acknowledged: `row`, `letter` (a dead letter alone), `part` (a row and a dead
 * letter), `either` (a row; a dead letter if a scripted fault refused its row), `filtered`, `export`. `refused`: it must
 * never be acknowledged.
 */
export type Fate = 'row' | 'letter' | 'part' | 'either' | 'filtered' | 'export' | 'refused';

/** One life of a sender: it is killed as well, and begins anew. */
export interface Life {
  seed: number;
  sender: number;
  life: number;
}

export interface Delivery {
  stream: StreamName;
  fate: Fate;
  /** Of the event: `<sender>.<life>.<number>`. */
  id: string;
  contentType: string;
  body: string;
  /** How often it is sent: a second time is a duplicate on purpose, or a new version of an order. */
  rounds: 1 | 2;
  hangUp?: 'in mid-body' | 'before the answer';
  tamper?: 'body' | 'secret';
}

/** Text that `append.bad-row` finds in the rows of some deliveries. */
export const poison = 'poison-7f3a';
/** How many rows a delivery of `lists` has. */
export const listLength = 3;

const json = 'application/json';
const form = 'application/x-www-form-urlencoded';

/** A number of the life: 32 bits that differ for each delivery. */
function seedOf({ seed, sender, life }: Life, n: number): number {
  let mixed = seed ^ Math.imul(sender + 1, 0x9e3779b1) ^ Math.imul(life + 1, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35) ^ Math.imul(n + 1, 0x27d4eb2f);
  return mixed ^ (mixed >>> 13);
}

function idOf({ sender, life }: Life, n: number): string {
  return `${sender}.${life}.${n}`;
}

const weights: readonly (readonly [StreamName, number])[] = [
  ['raw', 0.26],
  ['events', 0.2],
  ['orders', 0.16],
  ['typed', 0.16],
  ['lists', 0.1],
  ['forms', 0.12],
];

/** The n-th delivery of a life. The same arguments always give the same delivery. */
export function deliveryOf(life: Life, n: number, round = 0): Delivery {
  const random = seededRandom(seedOf(life, n));
  // The first numbers of a seed are alike.
  for (let skipped = 0; skipped < 4; skipped++) random();
  const id = idOf(life, n);
  const made = makers[pickStream(random())](id, random, round);
  const isRefused = random() < 0.006;
  const hangs = random();
  const repeats = random() < 0.02;
  if (isRefused) {
    return { ...made, id, fate: 'refused', rounds: 1, tamper: made.tamper ?? 'secret' };
  }
  const { tamper: _, ...delivery } = made;
  return {
    ...delivery,
    id,
    rounds: delivery.stream === 'orders' ? delivery.rounds : repeats ? 2 : 1,
    ...(hangs < 0.004 && { hangUp: 'in mid-body' as const }),
    ...(hangs > 0.992 && { hangUp: 'before the answer' as const }),
  };
}

/** The announcement of an export; its rows are those of the sample export of the same number. */
export function announcementOf(life: Life, n: number): Delivery {
  const number = exportNumber(life, n);
  const url = `/v1/experiments/exports/${number}/experiment_${number}_export.zip`;
  return {
    stream: 'ab',
    fate: 'export',
    id: idOf(life, n),
    contentType: json,
    body: `{"event_name":"ExperimentDataExportReady","id":${number},"metadata":{"download_url":"${url}"}}`,
    rounds: 2,
  };
}

/** Different for each announcement of a run. */
export function exportNumber({ sender, life }: Life, n: number): number {
  return 1 + sender + 4 * (life + 64 * n);
}

function pickStream(share: number): Exclude<StreamName, 'ab'> {
  let rest = share;
  for (const [stream, weight] of weights) {
    rest -= weight;
    if (rest < 0) return stream as Exclude<StreamName, 'ab'>;
  }
  return 'raw';
}

type Made = Omit<Delivery, 'id' | 'hangUp'>;
type Maker = (id: string, random: Random, round: number) => Made;

const words = ['blue', 'příliš žluťoučký', '“quoted”', 'a\\b', 'tab\there', '🐎', 'ключ', 'x&y=z'];

function wordOf(random: Random): string {
  return words[Math.floor(random() * words.length)] ?? '';
}

const makers: Record<Exclude<StreamName, 'ab'>, Maker> = {
  raw(id, random) {
    const shape = Math.floor(random() * 4);
    const word = wordOf(random);
    const isPoisoned = random() < 0.01;
    const note = isPoisoned ? poison : word;
    const fate = isPoisoned ? 'either' : 'row';
    const common = { stream: 'raw', fate, rounds: 1 } as const;
    const text = JSON.stringify(note);
    if (shape === 0) {
      return {
        ...common,
        contentType: json,
        body: `{ "at":"~${id}~",  "note":${text}, "n":1.50 }`,
      };
    }
    if (shape === 1) return { ...common, contentType: json, body: `["~${id}~",${text},[1e2,{}]]` };
    if (shape === 2) {
      const pairs = new URLSearchParams({ note, sum: '1,50' });
      return { ...common, contentType: form, body: `at=~${id}~&${pairs}` };
    }
    return { ...common, contentType: 'text/plain; charset=utf-8', body: `~${id}~\r\n${note}\n` };
  },
  events(id, random) {
    const isFiltered = random() < 0.12;
    const name = isFiltered ? 'heartbeat' : random() < 0.5 ? 'purchase' : 'page.view';
    const payload = `{"sku":${JSON.stringify(wordOf(random))},"total":${Math.floor(random() * 1e6)}.10}`;
    return {
      stream: 'events',
      fate: isFiltered ? 'filtered' : 'row',
      contentType: json,
      body: `{"id":"~${id}~","event_name":"${name}","created_at":"2026-04-12T12:00:00Z","tenant_id":"t-1","request_body":${payload}}`,
      rounds: 1,
      tamper: random() < 0.5 ? 'body' : 'secret',
    };
  },
  orders(id, random, round) {
    const rounds = random() < 0.5 ? 2 : 1;
    const tamper = random() < 0.5 ? 'body' : 'secret';
    const body = `{"id":"~${id}~","version":${round},"state":"${round === 0 ? 'open' : 'paid'}"}`;
    return { stream: 'orders', fate: 'row', contentType: json, body, rounds, tamper };
  },
  typed(id, random) {
    const share = random();
    const fate = share < 0.15 ? 'letter' : share < 0.18 ? 'part' : 'row';
    const number = Math.floor(random() * 1e9);
    const count =
      fate === 'letter' ? '"no number"' : random() < 0.5 ? `"${number}"` : `${number}.0`;
    const at = fate === 'part' ? 'never' : '2026-03-02T10:00:00.123456+02:00';
    const note = JSON.stringify(wordOf(random));
    return {
      stream: 'typed',
      fate,
      contentType: json,
      body: `{"id":"~${id}~","count":${count},"sum":${number}12345678.123456789,"ratio":${number % 8}.125,"on":"TRUE","at":"${at}","day":"20260302","note":${note},"more":{"n":${number}00000000000000000001}}`,
      rounds: 1,
      tamper: random() < 0.5 ? 'body' : 'secret',
    };
  },
  lists(id, random) {
    const items = Array.from(
      { length: listLength },
      (_, at) => `{"id":"~${id}~","n":${at},"note":${JSON.stringify(wordOf(random))}}`,
    );
    const body = `[${items.join(',')}]`;
    return { stream: 'lists', fate: 'row', contentType: json, body, rounds: 1, tamper: 'body' };
  },
  forms(id, random) {
    const pairs = new URLSearchParams({ note: wordOf(random), sum: '1.50' });
    pairs.append('tag', 'a b');
    pairs.append('tag', 'c+d');
    const body = `id=~${id}~&${pairs}`;
    return { stream: 'forms', fate: 'row', contentType: form, body, rounds: 1 };
  },
};
