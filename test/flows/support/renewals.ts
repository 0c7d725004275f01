/** Background renewals, for which no request waits. */
import type { World } from './world';

/** Waits for this number of completed renewals; returns their audit entries. */
export async function renewalsIn(
  world: Pick<World, 'audit'>,
  count: number,
): Promise<Record<string, unknown>[]> {
  for (;;) {
    const entries = (await world.audit()).filter(({ operation }) => operation === 'BackgroundRenewal');
    if (entries.length >= count) return entries;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
