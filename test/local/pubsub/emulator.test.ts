import { describe, test } from 'vitest';
import { findGoogleEmulator, startGoogleEmulator } from '../../../local/pubsub/google-emulator.ts';
import { knownDifferences } from '../../conformance/known-differences.ts';
import { conformance } from '../../conformance/pubsub-tests.ts';

const LACKS = Object.keys(knownDifferences.emulator['pubsub'] ?? {});

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
