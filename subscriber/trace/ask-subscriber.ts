import type { DeliveryInFlight } from '../service/health.ts';

export type SubscriberAnswer =
  | { kind: 'in flight'; delivery: DeliveryInFlight }
  | { kind: 'not there' }
  /** Nobody knows what it has. */
  | { kind: 'no answer'; reason: string };

const answerWithinMs = 3000;

/**
 * Asks a running subscriber whether it has a delivery now.
 *
 * @param url where it answers health checks
 */
export async function askSubscriber(url: string, deliveryId: string): Promise<SubscriberAnswer> {
  try {
    const base = url.replace(/\/+$/, '');
    const response = await fetch(`${base}/deliveries/${deliveryId}`, {
      signal: AbortSignal.timeout(answerWithinMs),
      redirect: 'manual',
    });
    const isJson = response.headers.get('content-type')?.startsWith('application/json');
    if (response.status === 200 && isJson) {
      return { kind: 'in flight', delivery: (await response.json()) as DeliveryInFlight };
    }
    await response.body?.cancel();
    if (response.status === 404 && isJson) return { kind: 'not there' };
    return { kind: 'no answer', reason: `it answered ${response.status}` };
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return { kind: 'no answer', reason: cause?.code ?? message };
  }
}
