/** The user token in a workload access token: passed to the exchange of the agent, and to no other party. */
import { decodeJwt } from 'jose';
import { userHashOf } from '../../lambda/model/user';
import type { SealingContext } from '../../lambda/domain/sealing/sealing';
import type { OnBehalfOf } from '../../lambda/domain/workload-token/on-behalf-of';
import {
  MAX_CARRIED_CHARACTERS,
  openSubjectToken,
  type CarriedToken,
} from '../../lambda/domain/workload-token/subject-token';
import { createTokenService } from './token-service';

type TokenService = Awaited<ReturnType<typeof createTokenService>>;

let service: TokenService;
beforeEach(async () => {
  service = await createTokenService();
});

/** Returns the user token of a newly issued token, as the exchange decrypts it. */
async function carried(userToken: string) {
  const delegation = await service.verify(await service.issue({ userToken }));
  if (!delegation.subjectToken) throw new Error('nothing is carried');
  return { ...delegation, subjectToken: delegation.subjectToken };
}

it('the user token decrypts to the original user token', async () => {
  const { subjectToken, ...carrier } = await carried('a.b.c');
  expect(await openSubjectToken(service.seal, carrier, subjectToken)).toBe('a.b.c');
});

it.each<[string, OnBehalfOf]>([
  ['for the agent alone', undefined],
  ['for a user ID', { userId: 'alice' }],
  ['for a user token that is too long', { userToken: 'a'.repeat(MAX_CARRIED_CHARACTERS + 1) }],
])('the user token is absent in a token %s', async (_which, onBehalfOf) => {
  const token = await service.issue(onBehalfOf);
  expect(await service.verify(token)).not.toHaveProperty('subjectToken');
  expect(decodeJwt(token)).not.toHaveProperty('subject_token');
});

it('the user token is included up to the maximum length', async () => {
  const longest = 'a'.repeat(MAX_CARRIED_CHARACTERS);
  const { subjectToken, ...carrier } = await carried(longest);
  expect(await openSubjectToken(service.seal, carrier, subjectToken)).toBe(longest);
});

it('the user token cannot be decrypted for another agent or user, or in another workload access token', async () => {
  const [{ subjectToken, workload, user }, other] = [await carried('a.b.c'), await carried('d.e.f')];
  const opening = (
    carrier: Parameters<typeof openSubjectToken>[1],
    change: Partial<CarriedToken> = {},
  ): Promise<string> => openSubjectToken(service.seal, carrier, { ...subjectToken, ...change });

  await expect(opening({ workload, user })).resolves.toBe('a.b.c');
  await expect(opening({ workload: { ...workload, id: 'another' }, user })).rejects.toThrow();
  await expect(opening({ workload: { ...workload, arn: 'another' }, user })).rejects.toThrow();
  await expect(opening({ workload, user: { kind: 'user-id', id: 'alice' } })).rejects.toThrow();
  await expect(opening({ workload, user: undefined })).rejects.toThrow();
  await expect(opening({ workload, user }, { tokenId: other.subjectToken.tokenId })).rejects.toThrow();
});

it('the user token is encrypted with a key for this purpose only, which decrypts nothing in the token vault', async () => {
  const { workload, user, subjectToken } = await carried('a.b.c');
  const contexts: SealingContext[] = [];
  const seal = { open: (context: SealingContext) => Promise.resolve(String(contexts.push(context))) };
  await openSubjectToken(seal, { workload, user }, subjectToken);
  expect(contexts).toEqual([
    {
      purpose: 'subject-token',
      ownerId: service.identity.id,
      ownerArn: service.identity.arn,
      binding: { user: userHashOf(user), token: subjectToken.tokenId },
    },
  ]);
});

it('the user token is identified by its hash, which differs between tokens', async () => {
  const hashOf = async (userToken: string) => (await carried(userToken)).subjectToken.hash;
  expect(await hashOf('a.b.c')).toBe(await hashOf('a.b.c'));
  expect(await hashOf('a.b.c')).not.toBe(await hashOf('a.b.d'));
});

it('the user token has another hash for another agent', async () => {
  const { subjectToken } = await carried('a.b.c');
  service = await createTokenService();
  expect((await carried('a.b.c')).subjectToken.hash).not.toBe(subjectToken.hash);
});
