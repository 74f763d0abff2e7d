import { describe, test } from 'vitest';
import { findGoogleEmulator, startGoogleEmulator } from '../../../local/pubsub/google-emulator.ts';
import { conformance } from './conformance/conformance.ts';

/** What the emulator (0.8.20) is known not to do as documented. */
const LACKS: readonly string[] = [
  'what does not exist is not found',
  'a subscription expires after 31 days of disuse, or never',
  'an ack deadline is 10 to 600 s, retention 10 minutes to 31 days',
  'an update changes what its mask names',
  'more than 10 MiB are refused',
  '101 attributes are refused',
  'an attribute key of 257 bytes is refused',
  'an attribute value of 1,025 bytes is refused',
  'an attribute key that starts with goog is refused',
  'bad acks and deadlines are invalid arguments',
  'a nacked message rests as its retry policy says, and others pass it',
  'so does one whose lease has expired',
  // It counts what it sends in whole responses, of up to all that was published together.
  'messages outstanding stay under the limit',
  'acks on the stream make room for more',
  'acks beside the stream make room for more, as the Node client sends them',
  'bytes outstanding stay under the limit until they are nacked',
  'a ping is answered, so that the client keeps the stream',
  'what only the first request may say ends the stream later',
  'data that is not base64 is refused',
  'a request over 10 MiB is refused',
];

describe("Google's emulator agrees with the conformance suite", () => {
  if (findGoogleEmulator()) {
    conformance(async () => {
      const emulator = await startGoogleEmulator();
      if (!emulator) throw new Error('the emulator is gone');
      return emulator;
    }, LACKS);
  } else {
    test.skip('skipped: the official Pub/Sub emulator is not installed', () => {});
  }
});
