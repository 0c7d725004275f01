/**
 * The users of the example and their accounts at each provider. The sign-in pages show the passwords, so they are not
 * secret. A real provider stores slow hashes and counts failed attempts.
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

/** The same two users, with the accounts that they opened at the calendar product. */
export const ALMANAC_ACCOUNTS: readonly ExampleAccount[] = [
  { id: 'almanac-1041', username: 'ana@almanac.example', password: 'monday-morning', name: 'Ana Duarte' },
  { id: 'almanac-2077', username: 'ben@almanac.example', password: 'sunday-evening', name: 'Ben Okafor' },
];

/** Returns the account as the `findAccount` function of oidc-provider requires, with its OIDC claims. */
export function oidcAccount(accounts: readonly ExampleAccount[], id: string): Account | undefined {
  const account = accounts.find((candidate) => candidate.id === id);
  return account && { accountId: id, claims: () => ({ sub: id, name: account.name }) };
}
