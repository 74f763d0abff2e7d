import { describe, test } from 'vitest';
import { findGoogleEmulator, startGoogleEmulator } from '../../../local/pubsub/google-emulator.ts';
import { conformance } from './conformance/conformance.ts';

/** Documented behaviours that the emulator (0.8.20) does not have. */
const LACKS: readonly string[] = [
  'unknown resources return NOT_FOUND',
  'a subscription expires after 31 days of disuse, or never',
  'an ack deadline is 10 to 600 s, retention 10 minutes to 31 days',
  'an update changes what its mask names',
  'more than 10 MiB are refused',
  '101 attributes are refused',
  'an attribute key of 257 bytes is refused',
  'an attribute value of 1,025 bytes is refused',
  'an attribute key that starts with goog is refused',
  'bad acks and deadlines are invalid arguments',
  'a nacked message waits for the backoff of its retry policy, and others are delivered first',
  'a message whose lease has expired waits for the backoff too',
  // It counts whole responses, which may contain all messages of one publish.
  'outstanding messages stay under the limit',
  'acks on the stream allow more messages',
  'acks outside the stream allow more messages, as the Node client sends them',
  'outstanding bytes stay under the limit until they are nacked',
  'a ping is answered, so that the client keeps the stream',
  'fields of the first request end the stream in later requests',
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
    test.skip("skipped: Google's Pub/Sub emulator is not installed", () => {});
  }
});
