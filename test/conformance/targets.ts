import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startBigQuery } from '../../local/bigquery/main.ts';
import { startGoogleEmulator } from '../../local/pubsub/google-emulator.ts';
import { startPubsub } from '../../local/pubsub/main.ts';
import { Clients, PROJECT, RUN } from '../beds/pubsub-clients.ts';

/** Something to be stopped at the end. */
interface Started<T> {
  given: T;
  stop(): Promise<void>;
}

/** The local BigQuery, over a temporary folder. */
export async function startLocalBigQuery(): Promise<Started<{ rest: number; grpc: number }>> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
  const server = await startBigQuery({ restPort: 0, grpcPort: 0, directory });
  return {
    given: { rest: server.restPort, grpc: server.grpcPort },
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
}

export async function startLocalPubsub(): Promise<Started<Clients>> {
  const directory = await mkdtemp(join(tmpdir(), 'conformance-'));
  const server = await startPubsub({ port: 0, directory });
  const clients = new Clients(server.port);
  return {
    given: clients,
    async stop() {
      await clients.close();
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
}

/** Undefined where it is not installed. */
export async function startEmulator(): Promise<Started<Clients> | undefined> {
  const emulator = await startGoogleEmulator();
  if (!emulator) return undefined;
  const clients = new Clients(emulator.port);
  return {
    given: clients,
    async stop() {
      await clients.close();
      await emulator.stop();
    },
  };
}

/** The real Pub/Sub. What this run has made is deleted at the end: its names begin with RUN. */
export function useGooglePubsub(): Started<Clients> {
  const clients = new Clients();
  return {
    given: clients,
    async stop() {
      const { subscriber, publisher, schemas } = clients;
      const project = `projects/${PROJECT}`;
      const isOwn = (name?: string | null) => name?.split('/').at(-1)?.startsWith(RUN) === true;
      const [snapshots] = await subscriber.listSnapshots({ project });
      const [subscriptions] = await subscriber.listSubscriptions({ project });
      const [topics] = await publisher.listTopics({ project });
      const [kept] = await schemas.listSchemas({ parent: project });
      const own = <T extends { name?: string | null }>(all: T[]) =>
        all.map(({ name }) => name ?? '').filter(isOwn);
      await Promise.all(own(snapshots).map((snapshot) => subscriber.deleteSnapshot({ snapshot })));
      await Promise.all(
        own(subscriptions).map((subscription) => subscriber.deleteSubscription({ subscription })),
      );
      await Promise.all(own(topics).map((topic) => publisher.deleteTopic({ topic })));
      await Promise.all(own(kept).map((name) => schemas.deleteSchema({ name })));
      await clients.close();
    },
  };
}
