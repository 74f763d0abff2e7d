import { describe, expect, test } from 'vitest';
import { replaceSection } from '../../bench/proof.ts';
import { drawBars } from '../../bench/relay/chart/bars.ts';
import { drawLines } from '../../bench/relay/chart/lines.ts';
import { relayCost, tutorialCost } from '../../bench/relay/cost.ts';
import { planRuns } from '../../bench/relay/plan-runs.ts';
import { RequestCounter } from '../../bench/relay/request-counter.ts';

/** Counts in every way to cut the bytes into two, and byte by byte. */
function countsOf(bytes: Buffer): Set<number> {
  const count = (...parts: Buffer[]) => {
    const counter = new RequestCounter();
    return parts.reduce((sum, part) => sum + counter.add(part), 0);
  };
  const counts = new Set([count(...[...bytes].map((byte) => Buffer.of(byte)))]);
  for (let cut = 0; cut <= bytes.length; cut++) {
    counts.add(count(bytes.subarray(0, cut), bytes.subarray(cut)));
  }
  return counts;
}

describe('requests are counted wherever the bytes are cut', () => {
  test('of HTTP/1, with a length or in chunks', () => {
    const withLength = 'POST /v1/t:publish HTTP/1.1\r\nContent-Length: 5\r\n\r\n12345';
    const chunked =
      'POST /v1/t:publish HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n';
    expect(countsOf(Buffer.from(withLength + chunked + withLength))).toEqual(new Set([3]));
  });

  test('of gRPC: the messages of each stream', () => {
    const frame = (type: number, stream: number, payload: Buffer) => {
      const head = Buffer.alloc(9);
      head.writeUIntBE(payload.length, 0, 3);
      head[3] = type;
      head.writeUInt32BE(stream, 5);
      return Buffer.concat([head, payload]);
    };
    const message = (bytes: number) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(bytes, 1);
      return Buffer.concat([head, Buffer.alloc(bytes, 'x')]);
    };
    const long = message(20);
    const bytes = Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      frame(4, 0, Buffer.alloc(0)),
      frame(1, 1, Buffer.from('headers')),
      // Two messages in one frame, and one in two frames with another stream's between them.
      frame(0, 1, Buffer.concat([message(3), message(0)])),
      frame(0, 3, long.subarray(0, 7)),
      frame(0, 1, message(1)),
      frame(0, 3, long.subarray(7)),
    ]);
    expect(countsOf(bytes)).toEqual(new Set([4]));
  });
});

test('a section of the proof is replaced up to the next one, or added', () => {
  const text =
    '# Proof\n\n## Loss\n\nNone.\n\n## Speed\n\nOld.\n\n### Part\n\nOld.\n\n## Last\n\nKept.\n';
  const replaced = replaceSection(text, 'Speed', 'New.\n');
  expect(replaced).toBe('# Proof\n\n## Loss\n\nNone.\n\n## Speed\n\nNew.\n\n## Last\n\nKept.\n');
  expect(replaceSection(replaced, 'Last', 'New.')).toContain('## Last\n\nNew.\n');
  expect(replaceSection('# Proof\n', 'Speed', 'New.')).toBe('# Proof\n\n## Speed\n\nNew.\n');
});

test('a million events cost what was counted, at the prices of the table', () => {
  const none = { requests: 0, bytesUp: 0, bytesDown: 0 };
  const traffic = (publishes: number) => ({
    edgeToPubsub: { ...none, requests: publishes },
    subscriberToPubsub: none,
    subscriberToBigQuery: none,
  });
  const tib = 1024 ** 4;
  // Two small bodies a request are 1,000 bytes, one is as well.
  const alone = relayCost({ bytes: 100, edgeCpuUs: 500, traffic: traffic(1) });
  expect(alone.pubsubThroughput).toBeCloseTo(((1000 + 350) * 1e6 * 40) / tib, 9);
  const shared = relayCost({ bytes: 100, edgeCpuUs: 500, traffic: traffic(0.1) });
  expect(shared.pubsubThroughput).toBeCloseTo(((350 + 350) * 1e6 * 40) / tib, 9);
  expect(alone).toMatchObject({ workersRequests: 0.3, workersCpu: 0.01 });
  const tutorial = tutorialCost({ bytes: 100, answerMs: 101 });
  // 200 ms of a vCPU, and a row of at least 1 KiB.
  expect(tutorial.cloudRunCpu).toBeCloseTo(4.8, 9);
  expect(tutorial.streamingInserts).toBeCloseTo(0.0512, 9);
});

test('each rate, each size and each number of replicas has a run, and large bodies come less often', () => {
  const runs = planRuns({
    rates: [10, 500],
    sizes: [200, 1_048_576],
    replicas: [1, 2],
    seconds: 1,
  });
  expect(runs.map(({ rate, bytes, replicas }) => [rate, bytes, replicas])).toEqual([
    [10, 1024, 1],
    [500, 1024, 1],
    [500, 200, 1],
    [4, 1_048_576, 1],
    [500, 1024, 2],
  ]);
});

test.each([drawBars, drawLines])(
  'a chart has each value that there is, for light and dark',
  (draw) => {
    const svg = draw({
      title: 'p95 < p99',
      unit: 'ms',
      across: 'a second',
      labels: ['10', '200'],
      series: [
        { name: 'one', values: [12.34, 56] },
        { name: 'other', values: [undefined, 78] },
      ],
    });
    for (const text of ['>12.3<', '>56<', '>78<', 'p95 &lt; p99', 'prefers-color-scheme:dark']) {
      expect(svg).toContain(text);
    }
    expect(svg).not.toMatch(/NaN|undefined/);
  },
);
