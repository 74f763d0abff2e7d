import { setTimeout as sleep } from 'node:timers/promises';
import type { Expected, PlannedDelivery } from './plan.ts';

/** The edge's response to one delivery. */
export interface Answer {
  delivery: PlannedDelivery;
  outcome: Expected | 'failed';
  status: number;
  /** The relay's id of an accepted delivery. */
  deliveryId?: string;
  /** Unix milliseconds. */
  answeredAt: number;
}

const concurrency = 16;

/** Sends all deliveries, several at a time, and calls `onAnswer` for each response. */
export async function sendAll(
  deliveries: readonly PlannedDelivery[],
  onAnswer: (answer: Answer) => void,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const queue = deliveries.values();
  const send = async () => {
    for (const delivery of queue) {
      const answer = await post(delivery);
      answers.push(answer);
      onAnswer(answer);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, send));
  return answers;
}

/** Retries after a 503, as senders do. */
async function post(delivery: PlannedDelivery): Promise<Answer> {
  let response = await postOnce(delivery);
  for (let tries = 1; response.status === 503 && tries < 3; tries++) {
    await sleep(1000);
    response = await postOnce(delivery);
  }
  const deliveryId = response.headers.get('tributary-delivery-id');
  const isFiltered = response.headers.get('tributary-outcome') === 'filtered';
  return {
    delivery,
    outcome: outcomeOf(response, isFiltered),
    status: response.status,
    ...(deliveryId && !isFiltered && { deliveryId }),
    answeredAt: Date.now(),
  };
}

async function postOnce({ url, headers, body }: PlannedDelivery): Promise<Response> {
  const signal = AbortSignal.timeout(20_000);
  const response = await fetch(url, { method: 'POST', headers, body, signal });
  await response.arrayBuffer();
  return response;
}

function outcomeOf(response: Response, isFiltered: boolean): Answer['outcome'] {
  if (response.ok) return isFiltered ? 'filtered' : 'accepted';
  return response.status < 500 ? 'rejected' : 'failed';
}
