/**
 * The private certificate authorities of a provider: which secrets and objects can contain them, and what must be in them.
 */
import { createAuthorityCertificates } from '../../lambda/domain/oauth/authority-certificates';
import { connectionSlot } from '../../lambda/domain/server-connection';
import { parsedCertificates } from '../../lambda/domain/ca-certificates';
import { nameCertificates } from '../../lambda/domain/provider/certificate-configuration';
import type { CustomOauth2Config } from '../../lambda/model/provider/configuration';
import { nameExternalSecret } from '../../lambda/domain/provider/provider-secret';
import { createAuthority } from '../flows/support/certificates';
import { createFakeSystem } from './fake-system';
import { createInMemoryCertificateObjects } from './in-memory-certificate-objects';
import { createInMemorySecretTexts, type InMemorySecret } from './in-memory-secret-texts';

const OWNER = 'arn:aws:iam::123456789012:role/owner';
const tags = { 'agent-identity:owner': `certificates/${OWNER}` };
const ARN_PREFIX = 'arn:aws:bedrock-agentcore:us-east-1:123456789012';
const OURS = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:ours-a1b2c3';
const OBJECT = 's3://authorities/ca.pem';
const held = { id: 'id', name: 'provider', owner: OWNER, revision: 1 };

const authority = createAuthority();
const DAY = 86_400_000;

describe('certificates in a secret', () => {
  const now = Date.now();

  it.each([
    ['one', authority.cert],
    ['an intermediate authority only', authority.intermediate().cert],
    ['with Windows line ends', authority.cert.replaceAll('\n', '\r\n')],
    [
      'an expired one and its successor',
      createAuthority({ from: new Date(now - 2 * DAY), to: new Date(now - DAY) }).cert + authority.cert,
    ],
  ])('are accepted: %s', (_what, text) => {
    expect(parsedCertificates(text, now)).toEqual({ pem: expect.stringContaining('BEGIN CERT') as string });
  });

  it('are used without the comments around them', () => {
    const commented = `# old root\n${authority.cert}\nsubject=CN = root\n${authority.cert}`;
    expect(parsedCertificates(commented, now)).toEqual({
      pem: authority.cert.repeat(2),
    });
  });

  it.each([
    ['nothing', '', '1 to 10 certificates'],
    ['no PEM', 'a certificate', '1 to 10 certificates'],
    ['JSON', JSON.stringify({ pem: authority.cert }), 'certificates in PEM form only'],
    ['eleven', authority.cert.repeat(11), '1 to 10 certificates'],
    ['a private key', authority.cert + authority.key, 'no private key'],
    ['a private key only', authority.key, 'no private key'],
    ['a certificate without an end', authority.cert.slice(0, 400), 'certificates in PEM form only'],
    ['one that cannot be parsed', authority.cert.replace(/MII.{40}/, 'MIIA'), 'certificate 1 cannot be read'],
    ["a server's certificate", authority.cert + authority.server().cert, 'certificate 2 is not one'],
    [
      'only one that has expired',
      createAuthority({ from: new Date(now - 2 * DAY), to: new Date(now - DAY) }).cert,
      'valid now',
    ],
    [
      'only one that is not valid yet',
      createAuthority({ from: new Date(now + DAY), to: new Date(now + 2 * DAY) }).cert,
      'valid now',
    ],
  ])('are rejected: %s', (_what, text, fault) => {
    expect(parsedCertificates(text, now)).toEqual({ fault: expect.stringContaining(fault) as string });
  });
});

type CertificateConfiguration = NonNullable<CustomOauth2Config['certificateConfigurations']>[number];

/** @param found secrets by ARN, and objects by URI */
const namingIn = (
  configuration: CertificateConfiguration | undefined,
  found: Record<string, InMemorySecret>,
) =>
  nameCertificates(
    {
      certificateSecrets: createInMemorySecretTexts(found),
      certificateObjects: createInMemoryCertificateObjects(found),
      arnPrefix: ARN_PREFIX,
      system: { now: () => Date.now() },
    },
    { owner: OWNER },
    configuration && { certificateConfigurations: [configuration] },
  );

const naming = (found: Record<string, InMemorySecret>, arn = OURS) =>
  namingIn({ secretsManager: { secretArn: arn } }, found);

const MEMBER = 'oauth2ProviderConfigInput.customOauth2ProviderConfig.certificateConfigurations.0';

describe('naming certificates', () => {
  it("accepts a secret that is tagged as the owner's certificates", async () => {
    expect(await naming({ [OURS]: { tags, text: authority.cert } })).toEqual({
      certificateSecretArn: OURS,
    });
  });

  it("accepts an object that is tagged as the owner's certificates", async () => {
    const s3 = { uri: OBJECT, bucketOwnerAccountId: '123456789012' };
    expect(await namingIn({ s3 }, { [OBJECT]: { tags, text: authority.cert } })).toEqual({
      certificateObject: s3,
    });
  });

  it.each<[string, InMemorySecret | undefined]>([
    ['does not exist', undefined],
    ['has no tag', { tags: {}, text: authority.cert }],
    [
      "is another owner's",
      { tags: { 'agent-identity:owner': `certificates/${OWNER}2` }, text: authority.cert },
    ],
  ])('rejects an object with the same message when it %s', async (_what, found) => {
    await expect(namingIn({ s3: { uri: OBJECT } }, found ? { [OBJECT]: found } : {})).rejects.toMatchObject({
      type: 'ValidationException',
      message: `${MEMBER}.s3.uri: must be the URI of an object in a bucket of this account whose tag marks it as certificates of the provider's owner, and which the bucket's policy does not deny to this service: tag the object agent-identity:owner = certificates/${OWNER}`,
    });
  });

  it.each([
    [
      'no text',
      undefined,
      'must name an object of up to 65536 bytes that this service is allowed to decrypt',
    ],
    ['no certificate', 'text', 'names an object that must contain 1 to 10 certificates'],
  ])("rejects the owner's object with %s", async (_what, text, message) => {
    const found = { tags, ...(text !== undefined && { text }) };
    await expect(namingIn({ s3: { uri: OBJECT } }, { [OBJECT]: found })).rejects.toMatchObject({
      type: 'ValidationException',
      message: expect.stringContaining(message) as string,
    });
  });

  it('rejects a tagged object of another account', async () => {
    const s3 = { uri: OBJECT, bucketOwnerAccountId: '210987654321' };
    await expect(namingIn({ s3 }, { [OBJECT]: { tags, text: authority.cert } })).rejects.toMatchObject({
      message: expect.stringContaining(
        's3.bucketOwnerAccountId: must be the account of this service',
      ) as string,
    });
  });

  it.each<[string, InMemorySecret | undefined]>([
    ['does not exist', undefined],
    ['has no tag', { tags: {}, text: authority.cert }],
    ['is a client secret of the owner', { tags: { 'agent-identity:owner': OWNER }, text: authority.cert }],
    [
      "is another owner's",
      { tags: { 'agent-identity:owner': `certificates/${OWNER}2` }, text: authority.cert },
    ],
    [
      'has a tag of this form under another key',
      { tags: { owner: `certificates/${OWNER}` }, text: authority.cert },
    ],
  ])('rejects a secret with the same message when it %s', async (_what, found) => {
    await expect(naming(found ? { [OURS]: found } : {})).rejects.toMatchObject({
      type: 'ValidationException',
      message: `${MEMBER}.secretsManager.secretArn: must be the complete ARN (with the suffix of 6 characters) of a secret in this account and Region whose tag marks it as certificates of the provider's owner: tag the secret agent-identity:owner = certificates/${OWNER}`,
    });
  });

  it.each([
    ['account', OURS.replace('123456789012', '210987654321')],
    ['Region', OURS.replace('us-east-1', 'us-east-2')],
  ])('rejects a tagged secret of another %s', async (_what, arn) => {
    await expect(naming({ [arn]: { tags, text: authority.cert } }, arn)).rejects.toMatchObject({
      type: 'ValidationException',
    });
  });

  it.each([
    ['no text', undefined, 'text that this service is allowed to decrypt'],
    ['no certificate', 'text', 'names a secret that must contain 1 to 10 certificates'],
  ])("rejects the owner's secret with %s", async (_what, text, message) => {
    const found = { tags, ...(text !== undefined && { text }) };
    await expect(naming({ [OURS]: found })).rejects.toMatchObject({
      type: 'ValidationException',
      message: expect.stringContaining(message) as string,
    });
  });

  it('does not make them a client secret', async () => {
    const named = nameExternalSecret(
      {
        arnPrefix: ARN_PREFIX,
        secretDescriptions: createInMemorySecretTexts({ [OURS]: { tags, text: authority.cert } }),
      },
      { byOwner: true, owner: OWNER },
      'clientSecretConfig',
      { secretId: OURS, jsonKey: 'key' },
    );
    await expect(named).rejects.toMatchObject({ type: 'ValidationException' });
  });
});

describe('reading certificates', () => {
  const readerOf = (found: Record<string, InMemorySecret>, system = { now: () => Date.now() }) =>
    createAuthorityCertificates(
      { secrets: createInMemorySecretTexts(found), objects: createInMemoryCertificateObjects(found) },
      system,
    );
  const read = (found: InMemorySecret | undefined) =>
    readerOf(found ? { [OURS]: found } : {}).read({ holder: held, secretArn: OURS });
  const readObject = (found: InMemorySecret | undefined, objectUri = OBJECT) =>
    readerOf(found ? { [OBJECT]: found } : {}).read({ holder: held, objectUri });

  it('returns them to the owner whom the tag names', async () => {
    expect(await read({ tags, text: authority.cert })).toContain('BEGIN CERTIFICATE');
    expect(await readObject({ tags, text: authority.cert })).toContain('BEGIN CERTIFICATE');
  });

  it.each<[string, InMemorySecret | undefined, string]>([
    ['that does not exist', undefined, 'does not exist'],
    [
      'whose tag was moved to another owner',
      { tags: { 'agent-identity:owner': `certificates/${OWNER}2` }, text: authority.cert },
      'must have the tag agent-identity:owner with certificates/',
    ],
    [
      'that was tagged as a client secret',
      { tags: { 'agent-identity:owner': OWNER }, text: authority.cert },
      'must have the tag agent-identity:owner with certificates/',
    ],
    ['that cannot be decrypted', { tags }, 'has no text'],
  ])('rejects a secret %s, and names it for the operator', async (_what, found, detail) => {
    await expect(read(found)).rejects.toMatchObject({
      code: 'ca_certificates_unavailable',
      unavailable: true,
      detail: expect.stringMatching(new RegExp(`${OURS}.*${detail}`)) as string,
    });
  });

  it.each<[string, InMemorySecret | undefined, string, string?]>([
    ['that does not exist', undefined, 'does not exist, or has no owner tag'],
    ['whose tag was removed', { tags: {}, text: authority.cert }, 'must have the tag agent-identity:owner'],
    ['without text', { tags }, 'has more than 65536 bytes, or its KMS key does not allow'],
    ['that a record names in another form', undefined, 'does not exist', 'https://authorities/ca.pem'],
  ])('rejects an object %s, and names it for the operator', async (_what, found, detail, uri = OBJECT) => {
    await expect(readObject(found, uri)).rejects.toMatchObject({
      code: 'ca_certificates_unavailable',
      unavailable: true,
      detail: expect.stringMatching(new RegExp(`object with CA certificates ${uri}: ${detail}`)) as string,
    });
  });

  it('rejects a secret whose text was replaced by something else, and does not repeat the text', async () => {
    const error = await read({ tags, text: authority.key }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'ca_certificates_unavailable',
      detail: expect.stringContaining(OURS) as string,
    });
    expect(JSON.stringify(error)).not.toContain(authority.key.slice(100, 150));
  });

  it('reads a new version after 5 minutes, and immediately for a changed provider', async () => {
    const system = createFakeSystem(Math.floor(Date.now() / 1000));
    const [first, second] = [createAuthority(), createAuthority()];
    const secret: { tags: typeof tags; text: string } = { tags, text: first.cert };
    const certificates = readerOf({ [OURS]: secret }, system);
    const current = (revision = 1) => certificates.read({ holder: { ...held, revision }, secretArn: OURS });
    const before = await current();
    secret.text = second.cert;
    expect(await current()).toBe(before);
    expect(await current(2)).not.toBe(before);
    system.advance(5 * 60);
    expect(await current()).not.toBe(before);
  });
});

const latticeEndpoint = (resourceConfigurationIdentifier: string) => ({
  selfManagedLatticeResource: { resourceConfigurationIdentifier },
});

describe('what was fetched with private authorities or through private endpoints', () => {
  const url = 'https://server.example/keys';

  it('is not used for another provider, another secret, object, or endpoint, or without them', () => {
    const slots = [
      connectionSlot(url, {}),
      connectionSlot(url, { authorities: { holder: held, secretArn: OURS } }),
      connectionSlot(url, { authorities: { holder: { ...held, id: 'other' }, secretArn: OURS } }),
      connectionSlot(url, { authorities: { holder: { ...held, revision: 2 }, secretArn: OURS } }),
      connectionSlot(url, { authorities: { holder: held, secretArn: `${OURS}0` } }),
      connectionSlot(url, { authorities: { holder: held, objectUri: OBJECT } }),
      connectionSlot(url, { authorities: { holder: { ...held, id: 'other' }, objectUri: OBJECT } }),
      connectionSlot(url, { endpoints: { privateEndpoint: latticeEndpoint('rcfg-00000000000000001') } }),
      connectionSlot(url, { endpoints: { privateEndpoint: latticeEndpoint('rcfg-00000000000000002') } }),
      connectionSlot(url, {
        authorities: { holder: held, secretArn: OURS },
        endpoints: { privateEndpoint: latticeEndpoint('rcfg-00000000000000001') },
      }),
    ];
    expect(new Set(slots).size).toBe(slots.length);
  });
});
