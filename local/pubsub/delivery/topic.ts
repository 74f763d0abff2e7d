import type { TopicSettings } from '../settings.ts';
import type { PublishTarget } from '../storage/commit-log.ts';
import type { Segment } from '../storage/segment.ts';

/** A subscription as its topic knows it. */
interface TopicSubscription {
  readonly name: string;
  /** Null after the topic was deleted. */
  topic: Topic | null;
  published(segment: Segment): void;
}

export class Topic implements PublishTarget {
  readonly id: number;
  readonly name: string;
  readonly subscriptions = new Set<TopicSubscription>();
  /** How many snapshots and retentions keep its segments, beside the subscriptions. */
  holderCount = 0;
  settings: TopicSettings;

  constructor(id: number, name: string, settings: TopicSettings) {
    this.id = id;
    this.name = name;
    this.settings = settings;
  }

  get subscriptionCount(): number {
    return this.subscriptions.size + this.holderCount;
  }

  published(segment: Segment): void {
    for (const subscription of this.subscriptions) subscription.published(segment);
  }
}
