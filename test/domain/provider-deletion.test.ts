/**
 * A provider that is deleted while its secret is written or read: no secret is left, and no caller gets an internal
 * error.
 */
import {
  createApiKeyProvider,
  deleteApiKeyProvider,
  updateApiKeyProvider,
  type ApiKeyProviderDependencies,
} from '../../lambda/domain/provider/api-key-provider';
import {
  createOauth2Provider,
  type Oauth2ProviderDependencies,
} from '../../lambda/domain/provider/oauth2-provider';
import { deleteOauth2Provider } from '../../lambda/domain/provider/oauth2-provider-listing';
import { updateOauth2Provider } from '../../lambda/domain/provider/oauth2-provider-update';
import { parseQuotas } from '../../lambda/domain/quotas';
import { getResourceApiKey } from '../../lambda/domain/credential/api-key';
import { createExternalSecrets } from '../../lambda/domain/sealing/external-secret';
import { createInMemorySeal } from './in-memory-seal';
import { createInMemorySecretTexts } from './in-memory-secret-texts';
import { ARN_PREFIX, ISSUER, OWNER } from './samples';
import { createTokenService } from './token-service';

type Dependencies = ApiKeyProviderDependencies &
  Oauth2ProviderDependencies &
  Parameters<typeof deleteOauth2Provider>[0];

let service: Awaited<ReturnType<typeof createTokenService>>;
let deps: Dependencies;
/**
 * IDs of the providers whose vault keys were shredded, and IDs of the providers whose secrets were encrypted, in
 * order.
 */
let shredded: string[];
let sealedFor: string[];
/** Run before a secret is encrypted, and before vault keys are shredded. */
let beforeSealing: () => Promise<unknown>;
let beforeShredding: () => Promise<unknown>;

beforeEach(async () => {
  service = await createTokenService();
  [shredded, sealedFor] = [[], []];
  beforeSealing = () => Promise.resolve();
  beforeShredding = () => Promise.resolve();
  const seal = createInMemorySeal();
  const unused = () => Promise.reject(new Error('not to be asked'));
  deps = {
    ...service.stores,
    vaultContents: {
      async shredKeys(ownerId) {
        await beforeShredding();
        shredded.push(ownerId);
      },
      deleteGrantsOfWorkload: () => Promise.resolve(),
      deleteGrantsOfProvider: () => Promise.resolve(),
    },
    deletedGrants: { revoke: () => Promise.resolve({ finished: true, matched: 0 }) },
    seal: {
      async seal(context, text) {
        await beforeSealing();
        sealedFor.push(context.ownerId);
        return seal.seal(context, text);
      },
    },
    protectedResources: { find: unused, register: unused },
    clientDeletions: { enqueueClient: unused },
    registeredClients: { add: unused, remove: unused },
    secretDescriptions: { describe: unused },
    keyDescriptions: { describe: unused },
    certificateSecrets: { describe: unused, text: unused },
    certificateObjects: { tags: unused, text: unused },
    pageTokens: { seal: unused, open: unused },
    audit: { record: () => undefined },
    system: service.system,
    arnPrefix: ARN_PREFIX,
    baseUrl: ISSUER,
    endpointPolicy: { loopback: false },
    quotas: parseQuotas('{}'),
  };
});

const NAME = 'weather';
const KINDS = {
  'an API key': {
    create: () => createApiKeyProvider(deps, { arn: OWNER }, { name: NAME, apiKey: 'key' }),
    update: () => updateApiKeyProvider(deps, { arn: OWNER }, { name: NAME, apiKey: 'another' }),
    remove: () => deleteApiKeyProvider(deps, { arn: OWNER }, NAME),
    secretOf: (id: string) => service.stores.apiKeys.get(id),
  },
  'a client secret': {
    create: () => createOauth2Provider(deps, { arn: OWNER }, oauth2('secret')),
    update: () => updateOauth2Provider(deps, { arn: OWNER }, oauth2('another')),
    remove: () => deleteOauth2Provider(deps, { arn: OWNER }, NAME),
    secretOf: (id: string) => service.stores.clientSecrets.get(id),
  },
};
const oauth2 = (clientSecret: string) => ({
  name: NAME,
  credentialProviderVendor: 'GithubOauth2' as const,
  oauth2ProviderConfigInput: { githubOauth2ProviderConfig: { clientId: 'agents', clientSecret } },
});

describe.each(Object.keys(KINDS) as (keyof typeof KINDS)[])('%s', (kind) => {
  const { create, update, remove, secretOf } = KINDS[kind];

  it('is deleted together with its vault key if it is written after a deletion', async () => {
    const { id } = await create();
    beforeSealing = remove;
    await expect(update()).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(await secretOf(id)).toBeUndefined();
    // The vault key was created after the vault keys of the provider were shredded.
    expect(sealedFor.at(-1)).toBe(id);
    expect(shredded).toEqual([id, id]);
    await expect(update()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('is deleted if a concurrent request created the provider, and the other secret stays', async () => {
    let first: { id: string } | undefined;
    beforeSealing = async () => {
      beforeSealing = () => Promise.resolve();
      first = await create();
    };
    await expect(create()).rejects.toMatchObject({ name: 'ConflictException' });
    const [winner, loser] = sealedFor;
    expect(first?.id).toBe(winner);
    expect(await secretOf(winner ?? '')).toBeDefined();
    expect(await secretOf(loser ?? '')).toBeUndefined();
    expect(shredded).toEqual([loser]);
  });

  it('of a provider whose deletion was interrupted reserves the name until it is deleted again', async () => {
    await create();
    beforeShredding = () => Promise.reject(new Error('the table'));
    await expect(remove()).rejects.toThrow('the table');
    beforeShredding = () => Promise.resolve();
    await expect(create()).rejects.toMatchObject({
      name: 'ConflictException',
      message: expect.stringContaining('already exists and is being deleted') as string,
    });
    await remove();
    await create();
  });
});

describe('an API key that is deleted while it is requested', () => {
  it.each([
    ['its provider', 'ResourceNotFoundException', () => KINDS['an API key'].remove()],
    [
      'the agent',
      'UnauthorizedException',
      () => service.stores.identities.markDeleted(service.identity).then(() => KINDS['an API key'].remove()),
    ],
  ])('is not returned if it was deleted with %s', async (_what, name, remove) => {
    await KINDS['an API key'].create();
    const { stores, system, publicKeys } = service;
    const reading = {
      directory: stores.directory,
      apiKeyProviderIds: new Map<string, string>(),
      apiKeys: {
        get: async (id: string) => {
          await remove();
          return stores.apiKeys.get(id);
        },
      },
      externalSecrets: createExternalSecrets(createInMemorySecretTexts(), system),
      seal: createInMemorySeal(),
      publicKeys,
      audit: deps.audit,
      system,
      issuer: ISSUER,
    };
    const asked = getResourceApiKey(reading, { arn: OWNER }, await service.issue(), NAME);
    await expect(asked).rejects.toMatchObject({ name });
  });
});
