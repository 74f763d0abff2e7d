import type { RelayStream } from '../../shared/config/config.ts';
import { type SendingSide, signDelivery } from '../samples/deliveries.ts';
import { crmPostback, type Draft, datanostroEvent, exportAnnouncement } from '../samples/drafts.ts';

export type Expected = 'accepted' | 'filtered' | 'rejected';

/** One delivery of the demo, and the outcome that the edge must give it. */
export interface PlannedDelivery {
  stream: string;
  expected: Expected;
  url: string;
  headers: Record<string, string>;
  body: string;
  /** The export that the delivery announces. */
  announces?: { exportId: number; experimentId: number };
}

/** The deliveries of all three senders, mixed. Every run has the same, except for keys and times. */
export async function planDeliveries(context: SendingSide): Promise<PlannedDelivery[]> {
  const lists = await Promise.all([
    planDatanostro(context),
    planCrm(context),
    planAbsmartly(context),
  ]);
  return interleave(lists);
}

/** Mixes the lists, each spread evenly over the result. */
function interleave<Item>(lists: Item[][]): Item[] {
  return lists
    .flatMap((list) => list.map((item, index) => ({ item, place: (index + 0.5) / list.length })))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** Makes valid and invalid deliveries of one stream. */
class Sender {
  readonly deliveries: PlannedDelivery[] = [];
  readonly #context: SendingSide;
  readonly #stream: RelayStream;

  constructor(context: SendingSide, name: string) {
    const stream = context.relay.streams.get(name);
    if (!stream) throw new Error(`the demo needs a stream "${name}" in tributary.config.ts`);
    this.#context = context;
    this.#stream = stream;
  }

  async send(
    draft: Draft,
    expected: Expected,
    change: Partial<Pick<PlannedDelivery, 'url' | 'headers' | 'body' | 'announces'>> = {},
  ): Promise<void> {
    const signed = await signDelivery(draft, this.#stream, this.#context);
    this.deliveries.push({
      stream: this.#stream.name,
      expected,
      url: change.url ?? signed.url,
      headers: change.headers ?? { 'content-type': draft.contentType, ...signed.headers },
      body: change.body ?? draft.body,
      ...(change.announces && { announces: change.announces }),
    });
  }
}

const passing = ['purchase', 'begin_checkout', 'add_to_cart'];
const filtered = ['page_view', 'purchase_intent', 'scroll'];

async function planDatanostro(context: SendingSide): Promise<PlannedDelivery[]> {
  const sender = new Sender(context, 'datanostro');
  const event = (n: number, names: string[]) =>
    datanostroEvent(n, names[n % names.length] ?? '', context.now - n * 250);
  const json = { 'content-type': 'application/json' };

  for (let n = 0; n < 150; n++) await sender.send(event(n, passing), 'accepted');
  // Retries of accepted deliveries: both copies are relayed, and have the same event_id.
  for (let n = 0; n < 10; n++) await sender.send(event(n, passing), 'accepted');
  // The content type is not signed, so only the signed bytes decide.
  for (let n = 150; n < 160; n++) {
    await sender.send({ ...event(n, passing), contentType: 'text/plain' }, 'accepted');
  }
  for (let n = 160; n < 210; n++) await sender.send(event(n, filtered), 'filtered');
  for (let n = 210; n < 222; n++) {
    const draft = event(n, passing);
    await sender.send(draft, 'rejected', { body: draft.body.replace('CZK', 'EUR') });
  }
  for (let n = 222; n < 234; n++)
    await sender.send(event(n, passing), 'rejected', { headers: json });
  const wrong = { ...json, 'x-dn-signature': 'f'.repeat(64) };
  for (let n = 234; n < 240; n++)
    await sender.send(event(n, passing), 'rejected', { headers: wrong });
  for (const body of ['', '[]', '"purchase"', '{"event_name":"purchase"']) {
    await sender.send({ body, contentType: 'application/json' }, 'rejected');
  }
  return sender.deliveries;
}

async function planCrm(context: SendingSide): Promise<PlannedDelivery[]> {
  const sender = new Sender(context, 'crm');
  for (let n = 0; n < 120; n++) await sender.send(crmPostback(n), 'accepted');
  const url = `${context.edge}/crm/${'A'.repeat(32)}`;
  for (let n = 120; n < 130; n++) await sender.send(crmPostback(n), 'rejected', { url });
  for (let n = 130; n < 134; n++) {
    await sender.send(crmPostback(n), 'rejected', { url: `${context.edge}/crm` });
  }
  const large = { body: 'x'.repeat(1024 * 1024 + 1), contentType: 'text/plain' };
  await sender.send(large, 'rejected');
  return sender.deliveries;
}

async function planAbsmartly(context: SendingSide): Promise<PlannedDelivery[]> {
  const sender = new Sender(context, 'absmartly');
  const announce = async (exportId: number, experimentId: number) => {
    const draft = exportAnnouncement(exportId, experimentId, context.now);
    await sender.send(draft, 'accepted', { announces: { exportId, experimentId } });
  };
  await announce(15, 42);
  await announce(16, 43);
  // A second announcement of the same files, which must not be loaded twice.
  await announce(15, 42);
  const other = { event_name: 'ExperimentStarted', id: 42 };
  const draft = { body: JSON.stringify(other), contentType: 'application/json' };
  for (let n = 0; n < 3; n++) await sender.send(draft, 'filtered');
  const noMetadata = { event_name: 'ExperimentDataExportReady', id: 42 };
  await sender.send({ ...draft, body: JSON.stringify(noMetadata) }, 'rejected');
  const away = { ...noMetadata, metadata: { download_url: '//example.com/export.zip' } };
  await sender.send({ ...draft, body: JSON.stringify(away) }, 'rejected');
  const url = `${context.edge}/absmartly/${'A'.repeat(32)}`;
  await sender.send(exportAnnouncement(17, 44, context.now), 'rejected', { url });
  return sender.deliveries;
}
