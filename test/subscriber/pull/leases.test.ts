import { describe, expect, it } from 'vitest';
import { LeaseBatch, type LeasedMessage } from '../../../subscriber/pull/leased-message.ts';
import { Leases } from '../../../subscriber/pull/leases.ts';

const settlement = { ack: (message: LeasedMessage) => message.release(), nack: () => {} };

function startLeases() {
  const clock = { now: 0 };
  const sent: { ackIds: string[]; seconds: number }[] = [];
  const script: { fails?: boolean } = {};
  const leases = new Leases({
    now: () => clock.now,
    async extend(ackIds, seconds) {
      sent.push({ ackIds, seconds });
      if (script.fails) throw Object.assign(new Error('UNAVAILABLE'), { code: 14 });
    },
  });
  let count = 0;
  const add = (size: number) => {
    const batch = new LeaseBatch(settlement, { now: clock.now, seconds: 10 });
    for (let n = 0; n < size; n++) batch.add(`a${count++}`, 'id', new Uint8Array(), {}, 0, 0);
    leases.add(batch);
    return batch;
  };
  return { clock, sent, script, leases, add };
}

describe('Leases', () => {
  it('extends what is held when half of its lease is over, each time for longer, up to a minute', async () => {
    const { clock, sent, leases, add } = startLeases();
    add(2);
    const at: number[] = [];
    for (; clock.now < 150_000; clock.now += 1000) {
      const before = sent.length;
      await leases.extendDue();
      if (sent.length > before) at.push(clock.now / 1000);
    }
    expect(at).toEqual([6, 17, 38, 69, 100, 131]);
    expect(sent.map(({ seconds }) => seconds)).toEqual([20, 40, 60, 60, 60, 60]);
    expect(sent[0]?.ackIds).toEqual(['a0', 'a1']);
  });

  it('does not extend what was acked, and forgets a batch that is acked', async () => {
    const { clock, sent, leases, add } = startLeases();
    const some = add(3);
    const all = add(2);
    some.messages[1]?.ack();
    for (const message of all.messages) message.ack();
    clock.now = 6000;
    await leases.extendDue();
    expect(sent).toEqual([{ ackIds: ['a0', 'a2'], seconds: 20 }]);
  });

  it('extends again at the next look what could not be extended', async () => {
    const { clock, sent, script, leases, add } = startLeases();
    add(1);
    clock.now = 6000;
    script.fails = true;
    await leases.extendDue();
    script.fails = false;
    await leases.extendDue();
    await leases.extendDue();
    expect(sent.map(({ seconds }) => seconds)).toEqual([20, 20]);
  });

  it('extends the oldest first, in requests of at most 1,000', async () => {
    const { clock, sent, leases, add } = startLeases();
    add(800);
    clock.now = 100;
    add(800);
    clock.now = 6000;
    await leases.extendDue();
    expect(sent.map(({ ackIds }) => ackIds.length)).toEqual([1000, 600]);
    expect(sent[0]?.ackIds[0]).toBe('a0');
  });

  it('asks once while an extension is not answered', async () => {
    const { clock, leases, add } = startLeases();
    const answer = Promise.withResolvers<void>();
    let asked = 0;
    const slow = new Leases({
      now: () => clock.now,
      extend: () => {
        asked++;
        return answer.promise;
      },
    });
    slow.add(add(1));
    clock.now = 6000;
    const first = slow.extendDue();
    await slow.extendDue();
    answer.resolve();
    await first;
    expect(asked).toBe(1);
    await leases.extendDue();
  });
});
