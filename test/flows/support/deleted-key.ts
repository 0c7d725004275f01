/** A token vault whose customer managed KMS key was deleted, without anything that the key encrypted. */
import { createTokenVaultStore } from '../../../lambda/adapters/dynamodb/directory-stores';
import { tableOf } from './portal';

const MISSING_KEY = 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000';

/** Makes a deleted KMS key the one of the token vault. */
export async function useDeletedKey(): Promise<void> {
  const store = createTokenVaultStore(tableOf('Directory'));
  const { revision, lastModifiedDate } = await store.get();
  const replaced = await store.replace({ kmsKeyArn: MISSING_KEY, revision: revision + 1, lastModifiedDate });
  if (!replaced) throw new Error('the token vault changed');
}
