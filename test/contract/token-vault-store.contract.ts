/** What every store of the token vault's record promises. */
import { NEVER_MOVED, type TokenVault } from '../../lambda/domain/token-vault/token-vault';
import type { Stores } from '../domain/in-memory-stores';
import { AT_ONCE, outcomes } from './concurrency';

export function tokenVaultStoreContract(stores: () => Stores): void {
  const vault = (revision: number, kmsKeyArn?: string): TokenVault => ({
    revision,
    lastModifiedDate: 1_700_000_000,
    ...(kmsKeyArn !== undefined && { kmsKeyArn }),
  });

  // One record for all stores: the tests follow one another in this order.
  it('begins as never moved', async () => {
    expect(await stores().tokenVault.get()).toEqual(NEVER_MOVED);
  });

  it('is changed once per revision, even if many callers try concurrently, and gives back what was written', async () => {
    for (const revision of [1, 2]) {
      const rivals = AT_ONCE.map((place) => vault(revision, `arn-${revision}-${place}`));
      const { won } = await outcomes(rivals, (rival) => stores().tokenVault.replace(rival));
      expect(won).toHaveLength(1);
      expect(await stores().tokenVault.get()).toEqual(won[0]);
    }
    expect(await stores().tokenVault.replace(vault(1))).toBe(false);
    expect(await stores().tokenVault.replace(vault(4))).toBe(false);
    expect(await stores().tokenVault.replace(vault(3))).toBe(true);
    expect(await stores().tokenVault.get()).toEqual(vault(3));
  });
}
