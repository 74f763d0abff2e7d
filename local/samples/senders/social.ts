import type { Moment, SenderSamples } from './sample.ts';

function twitchEvent(type: string, event: (at: Moment) => object) {
  return (at: Moment) => ({
    subscription: {
      id: 'f1c2a387-161a-49f9-a165-0f21d7a4e1c4',
      type,
      version: '1',
      status: 'enabled',
      condition: { broadcaster_user_id: '12826' },
      created_at: at.iso,
    },
    event: event(at),
  });
}

const channel = { broadcaster_user_id: '12826', broadcaster_user_login: 'example' };

export const twitch: SenderSamples = {
  headers: (at, event) => ({
    'twitch-eventsub-message-id': at.uuid(),
    'twitch-eventsub-message-type': 'notification',
    'twitch-eventsub-subscription-type': event,
    'twitch-eventsub-subscription-version': '1',
  }),
  events: {
    'channel.follow': twitchEvent('channel.follow', (at) => ({
      ...channel,
      user_id: '1337',
      user_login: 'jana_example',
      followed_at: at.iso,
    })),
    'stream.online': twitchEvent('stream.online', (at) => ({
      ...channel,
      id: String(at.number(10)),
      type: 'live',
      started_at: at.iso,
    })),
    'channel.subscribe': twitchEvent('channel.subscribe', () => ({
      ...channel,
      user_id: '1337',
      user_login: 'jana_example',
      tier: '1000',
      is_gift: false,
    })),
  },
};

const user = { id: '2244994945', name: 'Example', screen_name: 'example' };

/** X names no event: these are the members of its deliveries. */
export const x: SenderSamples = {
  events: {
    tweet_create_events: (at) => ({
      for_user_id: '2244994945',
      tweet_create_events: [
        {
          id_str: `18${at.number(15)}`,
          text: 'Hello from the shop',
          timestamp_ms: String(at.now),
          user,
        },
      ],
    }),
    favorite_events: (at) => ({
      for_user_id: '2244994945',
      favorite_events: [{ id: at.id('', 32).toLowerCase(), timestamp_ms: at.now, user }],
    }),
    follow_events: (at) => ({
      for_user_id: '2244994945',
      follow_events: [{ type: 'follow', created_timestamp: String(at.now), source: user }],
    }),
  },
};
