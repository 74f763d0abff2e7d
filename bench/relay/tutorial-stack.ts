import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBigQuery } from '../../local/google-clients.ts';
import { PartProcess } from '../../local/parts/part-process.ts';
import { fineCpuMs } from '../edge/cpu.ts';
import type { Server } from '../edge/server.ts';
import { startTutorial } from '../edge/tutorial.ts';

const quiet = { onLine: () => {}, onExit: () => {} };
const project = 'bench-project';

const schema = ['event_id', 'event_name', 'tenant_id', 'user_ip_masked', 'user_agent']
  .concat('request_source')
  .map((name) => ({ name, type: 'STRING' }))
  .concat({ name: 'event_time', type: 'TIMESTAMP' }, { name: 'payload', type: 'JSON' });

/** The tutorial's function, which inserts one row a request into local/bigquery. */
export class TutorialStack {
  readonly secret = randomBytes(32).toString('hex');
  readonly #directory: string;
  readonly #bigquery: PartProcess;
  #server: Server | undefined;
  #restPort = 0;

  private constructor(directory: string) {
    this.#directory = directory;
    this.#bigquery = new PartProcess(
      'bigquery',
      { restPort: 0, grpcPort: 0, directory },
      {},
      quiet,
    );
  }

  static async start(): Promise<TutorialStack> {
    const stack = new TutorialStack(await mkdtemp(join(tmpdir(), 'tributary-bench-')));
    try {
      stack.#restPort = (await stack.#bigquery.ready)['bigquery'] ?? 0;
      const client = connectBigQuery(project, stack.#restPort);
      const [dataset] = await client.createDataset('datanostro_events');
      await dataset.createTable('events', { schema });
      stack.#server = await startTutorial({
        bigqueryPort: stack.#restPort,
        secret: stack.secret,
        isPinned: false,
      });
      return stack;
    } catch (error) {
      await stack.stop();
      throw error;
    }
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  async countRows(): Promise<number> {
    const client = connectBigQuery(project, this.#restPort);
    const query = 'SELECT COUNT(*) AS n FROM datanostro_events.events';
    const [rows] = await client.query({ query });
    return Number((rows as { n: number }[])[0]?.n ?? 0);
  }

  /** Of the function, in milliseconds. */
  cpuMs(): number {
    return fineCpuMs(this.#server?.pid ?? 0);
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    await this.#bigquery.stop(5000);
    await rm(this.#directory, { recursive: true, force: true });
  }
}
