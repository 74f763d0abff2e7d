// Rows that a target does not pass, and why. A row that passes after all is a difference: then it is to be taken out.

/** Google's emulator, 0.8.20. */
const emulatorLacks = (text: string) => `Google's emulator ${text}`;
const noLimit = emulatorLacks('has no such limit');
const noBackoff = emulatorLacks('ignores retry policies');
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
    },
  },
  google: {},
};
