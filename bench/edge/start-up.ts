import { fineCpuMs } from './cpu.ts';
import { type Script, startWorkerd } from './workerd.ts';

/**
 * The cost of loading and running a module, in milliseconds of CPU, one number a round: what workerd uses until it
 * listens, minus what it uses with a Worker that does nothing.
 *
 * It can't be measured inside, because workerd's clock stands still while a module runs. When workerd listens, it
 * has compiled the module and run its top level, and nothing more.
 */
export async function measureStartUp(
  script: Script,
  nothing: Script,
  rounds: number,
): Promise<number[]> {
  const costs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const without = await startCost(nothing);
    costs.push((await startCost(script)) - without);
  }
  return costs;
}

async function startCost(script: Script): Promise<number> {
  const server = await startWorkerd(script);
  const cost = fineCpuMs(server.pid);
  await server.stop();
  return cost;
}
