/**
 * The external secrets that a provider can use: secrets of this account and Region, tagged for the owner, and named
 * by the owner.
 */
import { nameExternalSecret, type SecretNaming } from '../../lambda/domain/provider/provider-secret';
import { createExternalSecrets } from '../../lambda/domain/sealing/external-secret';
import { createFakeSystem } from './fake-system';
import { createInMemorySecretTexts, type InMemorySecret } from './in-memory-secret-texts';

const OWNER = 'arn:aws:iam::123456789012:role/owner';
const tags = { 'agent-identity:owner': OWNER };
const OURS = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:ours-a1b2c3';
const held = { id: 'id', name: 'provider', owner: OWNER, revision: 1 };
const secret = { arn: OURS, jsonKey: 'key' };

const name = (secretId: string, naming: Partial<SecretNaming> = {}) =>
  nameExternalSecret(
    {
      arnPrefix: 'arn:aws:bedrock-agentcore:us-east-1:123456789012',
      secretDescriptions: createInMemorySecretTexts({ [secretId]: { tags } }),
    },
    { byOwner: true, owner: OWNER, ...naming },
    'config',
    { secretId, jsonKey: 'key' },
  );

describe('naming an external secret', () => {
  it('accepts a secret that is tagged for the owner', async () => {
    expect(await name(OURS)).toEqual(secret);
  });

  it.each([
    ['another account', OURS.replace('123456789012', '210987654321')],
    ['another region', OURS.replace('us-east-1', 'us-east-2')],
    ['another partition', OURS.replace('arn:aws:', 'arn:aws-cn:')],
    ['another service', OURS.replace('secretsmanager', 'ssm')],
    ['another kind of resource', OURS.replace(':secret:', ':secrets:')],
    [
      "an account with a longer ID that begins with this account's ID",
      OURS.replace('123456789012', '1234567890123'),
    ],
    ['an invalid ARN', 'ours'],
  ])('rejects a tagged secret of %s', async (_, secretId) => {
    await expect(name(secretId)).rejects.toMatchObject({ type: 'ValidationException' });
  });

  it('allows a principal other than the owner to keep the secret, and rejects any change', async () => {
    expect(await name(OURS, { byOwner: false, kept: secret })).toEqual(secret);
    for (const kept of [undefined, { ...secret, jsonKey: 'another' }, { ...secret, arn: `${OURS}0` }]) {
      await expect(name(OURS, { byOwner: false, kept })).rejects.toMatchObject({
        type: 'AccessDeniedException',
      });
    }
  });
});

describe('reading an external secret', () => {
  const text = JSON.stringify({ key: 'the secret' });
  const read = (found: InMemorySecret | undefined) =>
    createExternalSecrets(createInMemorySecretTexts(found && { [OURS]: found }), createFakeSystem()).read(
      held,
      secret,
    );

  it.each([
    ["the owner's ARN", OWNER, true],
    ["the owner's ARN and unique ID", `${OWNER} AROAFIRST`, true],
    ['the ARN and the unique ID of a deleted principal with this ARN', `${OWNER} AROABEFORE`, false],
    ['the unique ID only', 'AROAFIRST', false],
    ['the ARN and a space', `${OWNER} `, false],
  ])('with a tag that contains %s: %s', async (_what, tag, expected) => {
    const found = createInMemorySecretTexts({ [OURS]: { tags: { 'agent-identity:owner': tag }, text } });
    const secrets = createExternalSecrets(found, createFakeSystem());
    const value = secrets.read({ ...held, ownerId: 'AROAFIRST' }, secret).catch(() => undefined);
    expect((await value) === 'the secret').toBe(expected);
    const naming = nameExternalSecret(
      { arnPrefix: 'arn:aws:bedrock-agentcore:us-east-1:123456789012', secretDescriptions: found },
      { byOwner: true, owner: OWNER, ownerId: 'AROAFIRST' },
      'config',
      { secretId: OURS, jsonKey: 'key' },
    ).catch(() => undefined);
    expect((await naming) !== undefined).toBe(expected);
  });

  it('returns the text of the JSON key', async () => {
    expect(await read({ tags, text })).toBe('the secret');
  });

  it.each<[string, InMemorySecret | undefined, string]>([
    ['a secret that does not exist', undefined, 'it does not exist, or has no owner tag'],
    ['a secret without the tag', { tags: {}, text }, 'its owner tag names another principal'],
    [
      'a secret of another owner',
      { tags: { 'agent-identity:owner': `${OWNER}2` }, text },
      'its owner tag names another principal',
    ],
    [
      'a secret whose text the service cannot decrypt',
      { tags },
      'it has no text, or its KMS key does not allow this service to decrypt it',
    ],
  ])('rejects %s with the same message, and a detail for the operator', async (_, found, detail) => {
    await expect(read(found)).rejects.toMatchObject({
      type: 'AccessDeniedException',
      message: expect.stringContaining('"provider" cannot be read') as string,
      detail: `external secret ${OURS}: ${detail}`,
    });
  });

  it.each([
    ['not JSON', 'the secret'],
    ['a JSON string', '"the secret"'],
    ['null', 'null'],
    ['a JSON array', '["the secret"]', '0'],
    ['an object without the key', '{"another":"the secret"}'],
    ['an object that only inherits the key', '{}', 'constructor'],
    ['a number under the key', '{"key":1}'],
    ['an empty string under the key', '{"key":""}'],
  ])('rejects a secret that is %s without revealing it', async (_, found, jsonKey = 'key') => {
    const secrets = createExternalSecrets(
      createInMemorySecretTexts({ [OURS]: { tags, text: found } }),
      createFakeSystem(),
    );
    const error = await secrets.read(held, { arn: OURS, jsonKey }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      type: 'ValidationException',
      message:
        'The secret of the credential provider "provider" has no text under the provider\'s jsonKey. The owner must either correct the jsonKey of the provider, or store a JSON object with that key in AWS Secrets Manager.',
      detail: `external secret ${OURS}: no JSON object with text under the key`,
      cause: undefined,
    });
  });

  it('caches a value for five minutes, until the provider changes', async () => {
    const system = createFakeSystem();
    const found: Record<string, InMemorySecret> = { [OURS]: { tags, text } };
    const secrets = createExternalSecrets(createInMemorySecretTexts(found), system);
    await secrets.read(held, secret);
    found[OURS] = { tags, text: JSON.stringify({ key: 'the next' }) };
    system.advance(299);
    expect(await secrets.read(held, secret)).toBe('the secret');
    expect(await secrets.read({ ...held, revision: 2 }, secret)).toBe('the next');
    system.advance(1);
    expect(await secrets.read(held, secret)).toBe('the next');
  });
});
