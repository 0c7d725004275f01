/** Reports that name an email address, and the first token of its user, in every order. */
import { emailHash, userHashOf } from '../../../lambda/model/user';
import type { VerifiedUserToken } from '../../../lambda/domain/identity/user-token';
import { restrictionDenial } from '../../../lambda/domain/restriction/restriction';
import { createUserEmails } from '../../../lambda/domain/restriction/user-emails';
import { apply } from '../../../lambda/domain/security-event/apply';
import type { Effect } from '../../../lambda/domain/security-event/effect';
import { BEGINNING, createFakeSystem } from '../fake-system';
import { createInMemoryStores } from '../in-memory-stores';

const ISSUER = 'https://issuer.example';
const EMAIL = emailHash(ISSUER, 'ana@example.com');
const ANA = userHashOf({ kind: 'jwt', issuer: ISSUER, subject: 'ana' });
const ENDED: Effect = { kind: 'sessions-ended', at: BEGINNING };
const DISABLED: Effect = { kind: 'account', state: 'DISABLED', at: BEGINNING };

const token = (change: Partial<VerifiedUserToken> = {}): VerifiedUserToken => ({
  user: { kind: 'jwt', issuer: ISSUER, subject: 'ana' },
  emailHash: EMAIL,
  issuedAt: BEGINNING - 10,
  expiresAt: BEGINNING + 3600,
  scopes: [],
  ...change,
});

/** @param step called before each read or write */
function createParties(step: () => Promise<void> = () => Promise.resolve()) {
  const system = createFakeSystem();
  const { restrictions, revocations } = createInMemoryStores();
  const users = new Map<string, Set<string>>();
  const usersOf = (hash: string) => [...(users.get(hash) ?? [])];
  const calls: string[] = [];
  const counted = async <T>(name: string, work: () => Promise<T> | T): Promise<T> => {
    await step();
    calls.push(name);
    return work();
  };
  const userEmails = {
    usersOf: (hash: string) => counted('usersOf', () => usersOf(hash)),
    has: (hash: string, user: string) => counted('has', () => usersOf(hash).includes(user)),
    add: (hash: string, user: string) =>
      counted('add', () => void users.set(hash, new Set([...usersOf(hash), user]))),
  };
  let failing: string | undefined;
  const counting = {
    ofUser: (user: string) =>
      user === failing
        ? Promise.reject(new Error('the record is malformed'))
        : counted('ofUser', () => restrictions.ofUser(user)),
    putUser: (restriction: Parameters<typeof restrictions.putUser>[0]) =>
      counted('putUser', () => restrictions.putUser(restriction)),
  };
  const emails = createUserEmails({
    userEmails,
    restrictions: counting,
    issuers: [{ discoveryUrl: `${ISSUER}/.well-known/openid-configuration` }],
    system,
  });
  const deps = {
    userEmails,
    restrictions: counting,
    revocations,
    revocationWorker: { select: () => Promise.reject(new Error('not used')), wake: () => Promise.resolve() },
    system,
  };
  return {
    calls,
    restrictions,
    users,
    system,
    failFor: (user: string) => {
      failing = user;
    },
    check: (change: Partial<VerifiedUserToken> = {}, user = ANA) => emails.check(token(change), user),
    report: (effect: Effect) => apply(deps, { id: 'people' }, { userHash: EMAIL, emailHash: EMAIL, effect }),
  };
}

/** Whether the token of the mint is refused from now on: by the mint itself, or by the restriction of its user. */
async function isRefused(parties: ReturnType<typeof createParties>, mint: Promise<void>): Promise<boolean> {
  const refused = await mint.then(
    () => false,
    () => true,
  );
  const user = await parties.restrictions.ofUser(ANA);
  return refused || restrictionDenial({ agent: undefined, user }, { issuedAt: BEGINNING - 10 }) !== undefined;
}

describe.each([
  ['the end of all sessions', ENDED],
  ['a disabled account', DISABLED],
])('%s', (_what, effect) => {
  // More than either side has steps.
  it.each(Array.from({ length: 8 }, (_, steps) => steps))(
    'is not missed by the first token of the user if the report comes after %i of its steps',
    async (steps) => {
      let taken = 0;
      const parties: ReturnType<typeof createParties> = createParties(async () => {
        if ((taken += 1) === steps + 1) await parties.report(effect);
      });
      const mint = parties.check();
      await mint.catch(() => undefined);
      if (taken <= steps) await parties.report(effect);
      expect(await isRefused(parties, mint)).toBe(true);
    },
  );

  it.each(Array.from({ length: 8 }, (_, steps) => steps))(
    'is not missed by the first token of the user if the token comes after %i steps of the report',
    async (steps) => {
      let taken = 0;
      let mint: Promise<void> | undefined;
      const parties: ReturnType<typeof createParties> = createParties(async () => {
        if ((taken += 1) !== steps + 1) return;
        mint = parties.check();
        await mint.catch(() => undefined);
      });
      await parties.report(effect);
      mint ??= parties.check();
      expect(await isRefused(parties, mint)).toBe(true);
    },
  );
});

it('a report that waits for a user applies to each token, and a newer report lifts it', async () => {
  const parties = createParties();
  await parties.report(DISABLED);
  await expect(parties.check()).rejects.toMatchObject({ type: 'AccessDeniedException' });
  await expect(parties.check()).rejects.toMatchObject({ type: 'AccessDeniedException' });
  await parties.report({ kind: 'account', state: 'ENABLED', at: BEGINNING + 1 });
  await parties.check();
  expect(await parties.restrictions.ofUser(ANA)).toMatchObject({ accountAtIssuer: { state: 'ENABLED' } });
});

it('ends no session that began after the report', async () => {
  const parties = createParties();
  await parties.report(ENDED);
  await expect(parties.check()).rejects.toMatchObject({ type: 'UnauthorizedException' });
  await parties.check({ issuedAt: BEGINNING + 1 });
});

it('a report restricts every user whose token contained the address, also those that an instance knows', async () => {
  const parties = createParties();
  await parties.check();
  await parties.check({ issuedAt: BEGINNING - 5 }, 'ben');
  await parties.check();
  expect(await parties.report(DISABLED)).toEqual({
    user: EMAIL,
    result: 'applied',
    reason: `users of the address: ${ANA}, ben`,
  });
  for (const user of [ANA, 'ben']) {
    expect(await parties.restrictions.ofUser(user)).toMatchObject({ accountAtIssuer: { state: 'DISABLED' } });
  }
});

it('a report that lifts another reaches everyone whom the other reached', async () => {
  const parties = createParties();
  await parties.check();
  await parties.report(DISABLED);
  await expect(parties.check({}, 'ben')).rejects.toMatchObject({ type: 'AccessDeniedException' });
  await parties.report({ kind: 'account', state: 'ENABLED', at: BEGINNING + 1 });
  await parties.check({}, 'ben');
  expect(await parties.restrictions.ofUser(ANA)).toMatchObject({ accountAtIssuer: { state: 'ENABLED' } });
});

it('a user whose record cannot be changed does not protect the other users of the address', async () => {
  const parties = createParties();
  await parties.check();
  await parties.check({}, 'ben');
  parties.failFor(ANA);
  await expect(parties.report(DISABLED)).rejects.toThrow('malformed');
  expect(await parties.restrictions.ofUser('ben')).toMatchObject({ accountAtIssuer: { state: 'DISABLED' } });
});

it('of two reports about an address, the newer one counts for its users in every order, also after the operator lifted one', async () => {
  const account = { state: 'ENABLED', eventTime: BEGINNING + 1, since: BEGINNING } as const;
  for (const reports of [
    [10, 20],
    [20, 10],
  ]) {
    const parties = createParties();
    await parties.check();
    await parties.report(DISABLED);
    await parties.restrictions.putUser({ userHash: ANA, accountAtIssuer: account, revision: 2 });
    for (const after of reports) {
      const state = after === 20 ? 'ENABLED' : 'DISABLED';
      await parties.report({ kind: 'account', state, at: BEGINNING + after });
    }
    expect(await parties.restrictions.ofUser(ANA)).toMatchObject({ accountAtIssuer: { state: 'ENABLED' } });
  }
});

it('a newer report about the user lifts that about the address', async () => {
  const parties = createParties();
  await parties.report(DISABLED);
  const account = { state: 'ENABLED', eventTime: BEGINNING + 1, since: BEGINNING } as const;
  await parties.restrictions.putUser({ userHash: ANA, accountAtIssuer: account, revision: 1 });
  await parties.check();
  await expect(parties.check({}, 'ben')).rejects.toMatchObject({ type: 'AccessDeniedException' });
});

it('a newer report about another address of the user does not lift that about the address', async () => {
  const parties = createParties();
  await parties.report(DISABLED);
  const account = {
    state: 'ENABLED',
    eventTime: BEGINNING + 1,
    since: BEGINNING,
    emailHash: 'other',
  } as const;
  await parties.restrictions.putUser({ userHash: ANA, accountAtIssuer: account, revision: 1 });
  await expect(parties.check()).rejects.toMatchObject({ type: 'AccessDeniedException' });
});

it.each<[string, Partial<VerifiedUserToken>]>([
  ['without a verified address', { emailHash: undefined }],
  [
    'of an issuer that does not name users so',
    { user: { kind: 'jwt', issuer: 'https://other.example', subject: 'ana' } },
  ],
])('a token %s costs no read and is not remembered', async (_what, change) => {
  const parties = createParties();
  await parties.check(change);
  expect(parties.calls).toEqual([]);
  expect(parties.users.size).toBe(0);
});

it('writes an address once, and reads it again after 10 minutes only', async () => {
  const parties = createParties();
  await parties.check();
  expect(parties.calls).toEqual(['has', 'add', 'ofUser']);
  await parties.check();
  expect(parties.calls).toHaveLength(3);
  parties.system.advance(601);
  await parties.check();
  expect(parties.calls.slice(3)).toEqual(['has', 'ofUser']);
});
