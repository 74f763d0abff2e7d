import { randomUUID } from 'node:crypto';
import type { protos } from '@google-cloud/pubsub';
import type { Broker } from '../broker.ts';
import { invalid } from '../errors.ts';
import type { HolderRow } from '../replay/holders.ts';
import type { SnapshotSettings } from '../replay/retention.ts';
import { checkName } from '../resource-names.ts';
import { checkLabels, maskedFields } from '../settings.ts';
import type { Method } from './method.ts';
import { inProject, listPage } from './page.ts';

export function snapshotMethods(broker: Broker): Record<string, Method> {
  const show = (row: HolderRow) => showSnapshot(row, broker.topicNameOf(row));
  return {
    CreateSnapshot: (request: protos.google.pubsub.v1.ICreateSnapshotRequest) => {
      const subscription = broker.subscription(request.subscription);
      const [project = ''] = subscription.name.split('/subscriptions/');
      const name = request.name || `${project}/snapshots/s-${randomUUID()}`;
      checkName('snapshots', name);
      return show(broker.createSnapshot(name, subscription, checkLabels(request.labels)));
    },
    GetSnapshot: ({ snapshot }: protos.google.pubsub.v1.IGetSnapshotRequest) =>
      show(broker.snapshot(snapshot)),
    ListSnapshots: (request: protos.google.pubsub.v1.IListSnapshotsRequest) => {
      const all = inProject(broker.retention.snapshots, request.project);
      const { items, nextPageToken } = listPage(all, request);
      return { snapshots: items.map(show), nextPageToken };
    },
    UpdateSnapshot: ({ snapshot, updateMask }: protos.google.pubsub.v1.IUpdateSnapshotRequest) => {
      const row = broker.snapshot(snapshot?.name);
      let settings = JSON.parse(row.settings) as SnapshotSettings;
      for (const [field, path] of maskedFields(updateMask)) {
        if (field === 'labels') settings = { ...settings, labels: checkLabels(snapshot?.labels) };
        else if (field === 'expireTime') {
          settings = { ...settings, expiresMs: msOf(snapshot?.expireTime) };
        } else throw invalid(`Invalid update_mask: the field "${path}" cannot be updated.`);
      }
      return show(broker.retention.updateSnapshot(row, settings));
    },
    DeleteSnapshot: ({ snapshot }: protos.google.pubsub.v1.IDeleteSnapshotRequest) => {
      broker.retention.drop(broker.snapshot(snapshot));
      return {};
    },
    Seek: (request: protos.google.pubsub.v1.ISeekRequest) => {
      const subscription = broker.subscription(request.subscription);
      subscription.checkAttached();
      if (request.snapshot) {
        broker.retention.seekToSnapshot(subscription, broker.snapshot(request.snapshot));
      } else if (request.time) {
        broker.retention.seekToTime(subscription, msOf(request.time));
      } else throw invalid('The request has no target: set time or snapshot.');
      return {};
    },
  };
}

function showSnapshot({ name, settings }: HolderRow, topic: string): object {
  const { expiresMs, labels } = JSON.parse(settings) as SnapshotSettings;
  return { name, topic, labels, expireTime: timestampOf(expiresMs) };
}

function timestampOf(ms: number): protos.google.protobuf.ITimestamp {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}

function msOf(time: protos.google.protobuf.ITimestamp | null | undefined): number {
  if (!time) throw invalid('The time is missing.');
  return Number(time.seconds ?? 0) * 1000 + Math.floor((time.nanos ?? 0) / 1_000_000);
}
