import type { TopicSettings } from '../settings.ts';
import type { Sink } from '../storage/commit-log.ts';
import type { Segment } from '../storage/segment.ts';
import type { Subscription } from './subscription.ts';

/** A topic and those who get its messages. */
export class Topic implements Sink {
  readonly id: number;
  readonly name: string;
  readonly subscriptions = new Set<Subscription>();
  settings: TopicSettings;

  constructor(id: number, name: string, settings: TopicSettings) {
    this.id = id;
    this.name = name;
    this.settings = settings;
  }

  get audience(): number {
    return this.subscriptions.size;
  }

  published(segment: Segment): void {
    for (const subscription of this.subscriptions) subscription.published(segment);
  }
}
