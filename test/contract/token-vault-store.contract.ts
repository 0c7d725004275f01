/** The contract of every store of the token vault's record. */
import { NEVER_MOVED } from '../../lambda/domain/token-vault/token-vault';
import type { TokenVault } from '../../lambda/model/records/token-vault';
import type { Stores } from '../domain/in-memory-stores';
import { CONCURRENT, outcomes } from './concurrency';

export function tokenVaultStoreContract(stores: () => Stores): void {
  const vault = (revision: number, kmsKeyArn?: string): TokenVault => ({
    revision,
    lastModifiedDate: 1_700_000_000,
    ...(kmsKeyArn !== undefined && { kmsKeyArn }),
  });

  // All stores share one record, so the tests run in this order.
  it('returns a vault that was never moved at first', async () => {
    expect(await stores().tokenVault.get()).toEqual(NEVER_MOVED);
  });

  it('accepts one change per revision, even from concurrent callers, and returns the stored record', async () => {
    for (const revision of [1, 2]) {
      const rivals = CONCURRENT.map((place) => vault(revision, `arn-${revision}-${place}`));
      const { won } = await outcomes(rivals, (rival) => stores().tokenVault.replace(rival));
      expect(won).toHaveLength(1);
      expect(await stores().tokenVault.get()).toEqual(won[0]);
    }
    expect(await stores().tokenVault.replace(vault(1))).toBe(false);
    expect(await stores().tokenVault.replace(vault(4))).toBe(false);
    expect(await stores().tokenVault.replace(vault(3))).toBe(true);
    expect(await stores().tokenVault.get()).toEqual(vault(3));
    const reset = { ...vault(4), resets: [{ kmsKeyArn: 'arn-3', revision: 4 }] };
    expect(await stores().tokenVault.replace(reset)).toBe(true);
    expect(await stores().tokenVault.get()).toEqual(reset);
  });
}
