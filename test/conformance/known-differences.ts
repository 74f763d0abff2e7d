// Rows that a target does not pass, and why. A row that passes after all is a difference: then it is to be taken out.

/** Google's emulator, 0.8.20. */
const emulatorLacks = (text: string) => `Google's emulator ${text}`;
const noLimit = emulatorLacks('has no such limit');
const noBackoff = emulatorLacks('ignores retry policies');
const noFilters = emulatorLacks('applies only some filters');
const wholeResponses = emulatorLacks('counts whole responses, with all messages of a publish');

export type TargetKind = 'local' | 'emulator' | 'google';

/** By target and suite: the name of the row, and the reason. */
export const knownDifferences: Record<TargetKind, Record<string, Record<string, string>>> = {
  local: {},
  emulator: {
    pubsub: {
      'unknown resources return NOT_FOUND': emulatorLacks('answers with other codes'),
      'a subscription expires after 31 days of disuse, or never': emulatorLacks('keeps no policy'),
      'an ack deadline is 10 to 600 s, retention 10 minutes to 31 days': noLimit,
      'an update changes what its mask names': emulatorLacks('ignores masks'),
      'more than 10 MiB are refused': noLimit,
      '101 attributes are refused': noLimit,
      'an attribute key of 257 bytes is refused': noLimit,
      'an attribute value of 1,025 bytes is refused': noLimit,
      'an attribute key that starts with goog is refused': noLimit,
      'bad acks and deadlines are invalid arguments': emulatorLacks('takes them'),
      'a nacked message waits for the backoff of its retry policy, and others are delivered first':
        noBackoff,
      'a message whose lease has expired waits for the backoff too': noBackoff,
      'outstanding messages stay under the limit': wholeResponses,
      'acks on the stream allow more messages': wholeResponses,
      'acks outside the stream allow more messages, as the Node client sends them': wholeResponses,
      'outstanding bytes stay under the limit until they are nacked': wholeResponses,
      'a ping is answered, so that the client keeps the stream': emulatorLacks('answers no ping'),
      'fields of the first request end the stream in later requests': emulatorLacks('ignores them'),
      'data that is not base64 is refused': emulatorLacks('takes it'),
      'a request over 10 MiB is refused': noLimit,
      'a snapshot is got, listed and changed, and lives 7 days at most': emulatorLacks(
        'drops the labels of a new snapshot',
      ),
      'a topic that retains messages serves younger subscriptions': emulatorLacks(
        'delivers what is older than the subscription at once',
      ),
      'a detached subscription is shown as such, and delivers nothing more': emulatorLacks(
        'has no DetachSubscription',
      ),
      'a filter by the value of an attribute': noFilters,
      'a filter by an attribute that is there': noFilters,
      'a filter by a prefix': noFilters,
      'a filter with NOT, AND, OR and parentheses': noFilters,
      'a filter by a value that differs takes messages without the attribute': noFilters,
      'a filter with AND and OR side by side, or of the data, is refused': noFilters,
      'after a nack the later messages of the key come again too': emulatorLacks(
        'goes on with the message after the nacked one',
      ),
      'a message that is nacked too often goes to the dead-letter topic, and says where from':
        emulatorLacks('has no dead-letter topics'),
      'a dead-letter policy has 5 to 100 attempts': emulatorLacks('answers OUT_OF_RANGE'),
      'the settings of a subscription are shown as they were given': emulatorLacks(
        'shows no state of a subscription',
      ),
      'a push endpoint is set, shown and taken away again': emulatorLacks(
        'lets a push subscription be pulled',
      ),
      'a policy is kept with its etag, and permissions are tested': emulatorLacks('has no IAM'),
      'a topic with a protocol buffer refuses messages that do not fit': emulatorLacks(
        'has no schemas of protocol buffers',
      ),
      'a definition that is none is an invalid argument': emulatorLacks(
        'has no schemas of protocol buffers',
      ),
    },
  },
  google: {},
};
