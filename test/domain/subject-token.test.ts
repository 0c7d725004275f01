/** The user's own token inside a workload access token: carried to the agent's exchange and to nobody else. */
import { decodeJwt } from 'jose';
import { subjectHash } from '../../lambda/domain/identity/user';
import type { SealingContext } from '../../lambda/domain/sealing/sealing';
import type { OnBehalfOf } from '../../lambda/domain/workload-token/issue';
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

/** What a token that is issued now carries, to the exchange that opens it. */
async function carried(userToken: string) {
  const delegation = await service.verify(await service.issue({ userToken }));
  if (!delegation.subjectToken) throw new Error('nothing is carried');
  return { ...delegation, subjectToken: delegation.subjectToken };
}

it('comes out as it went in', async () => {
  const { subjectToken, ...carrier } = await carried('a.b.c');
  expect(await openSubjectToken(service.seal, carrier, subjectToken)).toBe('a.b.c');
});

it.each<[string, OnBehalfOf]>([
  ['for the agent alone', undefined],
  ['for a user id', { userId: 'alice' }],
  ['for a user token too long to be carried', { userToken: 'a'.repeat(MAX_CARRIED_CHARACTERS + 1) }],
])('is not there in a token %s', async (_which, onBehalfOf) => {
  const token = await service.issue(onBehalfOf);
  expect(await service.verify(token)).not.toHaveProperty('subjectToken');
  expect(decodeJwt(token)).not.toHaveProperty('subject_token');
});

it('is carried up to the bound', async () => {
  const longest = 'a'.repeat(MAX_CARRIED_CHARACTERS);
  const { subjectToken, ...carrier } = await carried(longest);
  expect(await openSubjectToken(service.seal, carrier, subjectToken)).toBe(longest);
});

it('cannot be decrypted for another agent or user, or in another workload access token', async () => {
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

it('is encrypted with a key of its own purpose, which decrypts nothing in the token vault', async () => {
  const { workload, user, subjectToken } = await carried('a.b.c');
  const contexts: SealingContext[] = [];
  const seal = { open: (context: SealingContext) => Promise.resolve(String(contexts.push(context))) };
  await openSubjectToken(seal, { workload, user }, subjectToken);
  expect(contexts).toEqual([
    {
      purpose: 'subject-token',
      ownerId: service.identity.id,
      ownerArn: service.identity.arn,
      binding: { user: subjectHash(user), token: subjectToken.tokenId },
    },
  ]);
});

it('is known again by its hash, which is another one for another token', async () => {
  const hashOf = async (userToken: string) => (await carried(userToken)).subjectToken.hash;
  expect(await hashOf('a.b.c')).toBe(await hashOf('a.b.c'));
  expect(await hashOf('a.b.c')).not.toBe(await hashOf('a.b.d'));
});

it('has another hash for another agent', async () => {
  const { subjectToken } = await carried('a.b.c');
  service = await createTokenService();
  expect((await carried('a.b.c')).subjectToken.hash).not.toBe(subjectToken.hash);
});
