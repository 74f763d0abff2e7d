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
  settings: TopicSettings;

  constructor(id: number, name: string, settings: TopicSettings) {
    this.id = id;
    this.name = name;
    this.settings = settings;
  }

  get subscriptionCount(): number {
    return this.subscriptions.size;
  }

  published(segment: Segment): void {
    for (const subscription of this.subscriptions) subscription.published(segment);
  }
}
