/** Issues and verifies workload access tokens, with in-memory stores. The token tests start from here. */
import type { AuditEntry } from '../../lambda/domain/audit';
import type { User } from '../../lambda/model/user';
import { parseLifetimes } from '../../lambda/domain/lifetimes';
import { issueWorkloadAccessToken } from '../../lambda/domain/workload-token/issue';
import type { OnBehalfOf } from '../../lambda/domain/workload-token/on-behalf-of';
import {
  createPublicKeys,
  createSigningKeys,
  type SigningKeysDependencies,
} from '../../lambda/domain/workload-token/signing-keys';
import { verifyWorkloadAccessToken } from '../../lambda/domain/workload-token/verify';
import { BEGINNING, createFakeSystem } from './fake-system';
import { createInMemoryKeyWrapper, createInMemorySeal } from './in-memory-seal';
import { createInMemoryStores } from './in-memory-stores';
import { ISSUER, OWNER, sampleIdentity } from './samples';

/** The user of the only user token that the service accepts. */
export const ALICE: User & { kind: 'jwt' } = {
  kind: 'jwt',
  issuer: 'https://issuer.example',
  subject: 'alice',
};

/** @param userTokenEnd epoch seconds at which Alice's user token expires */
export async function createTokenService(userTokenEnd = BEGINNING + 3600, lifetimes = parseLifetimes('{}')) {
  const system = createFakeSystem();
  const stores = createInMemoryStores();
  const identity = sampleIdentity();
  await stores.identities.create(identity);

  const wrapper = createInMemoryKeyWrapper();
  const entries: AuditEntry[] = [];
  const audit = { record: (entry: AuditEntry) => void entries.push(entry) };
  const newSigningKeys = (over: Partial<SigningKeysDependencies> = {}) =>
    createSigningKeys({ store: stores.signingKeys, wrapper, audit, system, ...over });
  const signingKeys = newSigningKeys();
  const seal = createInMemorySeal();
  const publicKeys = createPublicKeys(stores.signingKeys, system);
  const issuing = {
    directory: stores.directory,
    userTokens: {
      verify: () =>
        Promise.resolve({ user: ALICE, issuedAt: BEGINNING, scopes: [], expiresAt: userTokenEnd }),
    },
    identityAssertions: { verify: () => Promise.reject(new Error('no identity assertion is presented')) },
    usedAssertions: { add: () => Promise.reject(new Error('no identity assertion is presented')) },
    userEmails: { check: () => Promise.resolve() },
    signingKeys,
    publicKeys,
    seal,
    audit,
    system,
    lifetimes,
    issuer: ISSUER,
  };

  const verifying = { publicKeys, system, issuer: ISSUER };

  return {
    system,
    stores,
    identity,
    entries,
    seal,
    signingKeys,
    issuing,
    wrapper,
    /** Returns another function's view of the same keys. */
    newSigningKeys,
    newPublicKeys: () => createPublicKeys(stores.signingKeys, system),
    publicKeys,
    issue: (onBehalfOf?: OnBehalfOf, principal = OWNER) =>
      issueWorkloadAccessToken(
        issuing,
        { operation: 'GetWorkloadAccessToken', principal: { arn: principal } },
        identity.name,
        onBehalfOf,
      ),
    verify: (token: string, issuer = ISSUER) => verifyWorkloadAccessToken({ ...verifying, issuer }, token),
  };
}
