#!/usr/bin/env node
// The command line, for a Node that runs TypeScript: tributary.js starts it. It can also be run by itself, because
// npx remembers that it was the command in older versions of a clone.
import { enableCompileCache } from 'node:module';
import { compileCache } from '../local/parts/compile-cache.ts';
import { type HeapSize, keepHeapSmall, subscriberHeap } from '../subscriber/service/small-heap.ts';
import { runProgram } from './program/run-program.ts';
import { endOnClosedPipe } from './terminal/closed-pipe.ts';

enableCompileCache(compileCache);

/** These read input of any size. */
const streaming = new Set(['import', 'backfill', 'reconcile', 'tail']);
/** Enough for lines of 8 MB. */
const streamingHeap: HeapSize = { oldSpaceMb: 128, semiSpaceMb: 4 };

const name = process.argv[2] ?? '';
if (streaming.has(name)) keepHeapSmall(streamingHeap);
if (name === 'serve' || name === 'drain') keepHeapSmall(subscriberHeap);

endOnClosedPipe();

await runProgram(process.argv.slice(2));
