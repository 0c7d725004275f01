/**
 * The people of the example and the accounts that they have at each provider. The sign-in pages show the
 * passwords, so there is nothing to protect here; a real provider keeps slow hashes and counts failures.
 */
import type { Account } from 'oidc-provider';

export interface ExampleAccount {
  /** `sub` at this provider. */
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly name: string;
}

export const FERNHILL_ACCOUNTS: readonly ExampleAccount[] = [
  { id: 'ana', username: 'ana', password: 'fern-and-moss', name: 'Ana Duarte' },
  { id: 'ben', username: 'ben', password: 'oak-and-ivy', name: 'Ben Okafor' },
];

/** The same two people, under the accounts that they opened at the calendar product themselves. */
export const ALMANAC_ACCOUNTS: readonly ExampleAccount[] = [
  { id: 'almanac-1041', username: 'ana@almanac.example', password: 'monday-morning', name: 'Ana Duarte' },
  { id: 'almanac-2077', username: 'ben@almanac.example', password: 'sunday-evening', name: 'Ben Okafor' },
];

/** The account in the form that oidc-provider's `findAccount` returns, with its OIDC claims. */
export function oidcAccount(accounts: readonly ExampleAccount[], id: string): Account | undefined {
  const account = accounts.find((candidate) => candidate.id === id);
  return account && { accountId: id, claims: () => ({ sub: id, name: account.name }) };
}
