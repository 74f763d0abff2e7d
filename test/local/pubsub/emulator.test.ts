import { describe, test } from 'vitest';
import { conformance } from './conformance.ts';
import { EMULATOR_LACKS, findEmulator, startEmulator } from './emulator.ts';

const script = findEmulator();

describe("Google's emulator agrees with the conformance suite", () => {
  if (script) conformance(() => startEmulator(script), EMULATOR_LACKS);
  else test.skip('skipped: the official Pub/Sub emulator is not installed', () => {});
});
