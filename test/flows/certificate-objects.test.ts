/**
 * `certificateConfigurations` with `s3`: the certificates of a private authority are an object in Amazon S3, which the
 * service reads with the AWS SDK client, only for the owner that the object's tag names.
 */
import { createAuthority } from './support/certificates';
import { moveClock } from './support/clock';
import { changeObject, deleteObject, putObject } from './support/objects';
import { CERTIFICATES, configurationsIn, startPrivateAuthority } from './support/private-authority';
import { AGENT, putSecret } from './support/secrets';

/** Seconds after which a provider that failed is asked again. */
const AFTER_BACK_OFF = 30;
const MINUTES = 60;

const { authority, world, server, send, configured, create, agentWith, machineToken, reasons } =
  startPrivateAuthority();

const inObject = (uri: string) => [{ s3: { uri } }];
const putCertificates = (body: string | Buffer = authority.cert, owner: string | null = CERTIFICATES) =>
  putObject(body, owner);

const withText = (text: string) => expect.stringContaining(text) as string;

describe('a provider with the certificates of a private authority in an object', () => {
  it('is created and described with it, and gives tokens', async () => {
    const configuration = [{ s3: { uri: await putCertificates(), bucketOwnerAccountId: '000000000000' } }];
    const agent = await agentWith(configuration);
    const described = await send('Get', { name: agent.providerName });
    expect(configurationsIn(described.body)).toEqual(configuration);
    expect(await machineToken(agent)).toBe(server().exchanges.at(-1)?.answer.access_token);
    const consent = await agent.ask(await agent.token({ userId: 'ana' }));
    expect(consent.authorizationUrl).toContain('/identities/oauth2/authorize');
  });

  it('trusts no other authority', async () => {
    const uri = await putCertificates(createAuthority().cert);
    const sent = server().exchanges.length;
    await expect(machineToken(await agentWith(inObject(uri)))).rejects.toThrow(/unavailable/);
    expect(await reasons()).toContainEqual(withText(`not accepted with the CA certificates in ${uri} (`));
    expect(server().exchanges).toHaveLength(sent);
  });

  it('follows a new version of the object within 5 minutes', async () => {
    const uri = await putCertificates(createAuthority().cert);
    const agent = await agentWith(inObject(uri));
    await expect(machineToken(agent)).rejects.toThrow(/unavailable/);
    await changeObject(uri, createAuthority().cert + authority.cert, CERTIFICATES);
    moveClock(5 * MINUTES);
    expect(await machineToken(agent)).toEqual(expect.any(String));
  });

  it.each<[string, (uri: string) => Promise<unknown>, string]>([
    ['deleted', deleteObject, 'does not exist, or has no owner tag'],
    [
      'replaced without its tag',
      (uri) => changeObject(uri, authority.cert, null),
      'must have the tag agent-identity:owner with certificates/',
    ],
    [
      'tagged for another owner',
      (uri) => changeObject(uri, authority.cert, `${CERTIFICATES}-other`),
      'must have the tag agent-identity:owner with certificates/',
    ],
    [
      'replaced by a large one',
      (uri) => changeObject(uri, authority.cert + '#'.repeat(65_536), CERTIFICATES),
      'has more than 65536 bytes',
    ],
    [
      'replaced by something else',
      (uri) => changeObject(uri, Buffer.from(authority.cert, 'utf16le'), CERTIFICATES),
      'must contain 1 to 10 certificates',
    ],
  ])('fails with an error that names the object after it is %s', async (_what, spoil, fault) => {
    const uri = await putCertificates();
    const agent = await agentWith(inObject(uri));
    await spoil(uri);
    await expect(machineToken(agent)).rejects.toThrow('ca_certificates_unavailable');
    expect(await reasons()).toContainEqual(withText(`object with CA certificates ${uri}: ${fault}`));
    await changeObject(uri, authority.cert, CERTIFICATES);
    moveClock(AFTER_BACK_OFF);
    expect(await machineToken(agent)).toEqual(expect.any(String));
  });

  it('moves to a secret and back by updates, as one change in the audit log', async () => {
    const agent = await agentWith(inObject(await putCertificates()));
    const { arn: secretArn } = await putSecret(authority.cert, CERTIFICATES);
    for (const next of [[{ secretsManager: { secretArn } }], inObject(await putCertificates())]) {
      const { body } = await send('Update', configured(agent.providerName, next));
      expect(configurationsIn(body)).toEqual(next);
      expect(await machineToken(agent)).toEqual(expect.any(String));
      const [entry] = (await world().audit()).filter(({ changed }) => changed !== undefined).slice(-1);
      expect(entry?.changed).toEqual(['certificateConfigurations', 'clientSecret']);
    }
  });

  it('keeps it against a principal that can update the provider and does not own it', async () => {
    const present = inObject(await putCertificates());
    const { body } = await create(present);
    const { name, credentialProviderArn: resourceArn } = body as {
      name: string;
      credentialProviderArn: string;
    };
    const stranger = world().local.principals.stranger.arn;
    const Action = 'bedrock-agentcore:UpdateOauth2CredentialProvider';
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: stranger }, Action, Resource: resourceArn }],
    });
    await world().control().putResourcePolicy({ resourceArn, policy });
    for (const attempt of [
      inObject(await putCertificates(createAuthority().cert, `certificates/${stranger}`)),
    ]) {
      expect(await send('Update', configured(name, attempt), 'stranger')).toMatchObject({
        status: 403,
        body: { message: withText('certificateConfigurations') },
      });
    }
    const kept = await send('Update', configured(name, present), 'stranger');
    expect(configurationsIn(kept.body)).toEqual(present);
  });
});

describe('a request is rejected', () => {
  const refusal = (member: string, message: string) => ({
    status: 400,
    body: {
      message: withText(
        `oauth2ProviderConfigInput.customOauth2ProviderConfig.certificateConfigurations.0.s3.${member}: ${message}`,
      ),
    },
  });
  const TAG_IT =
    'must be the URI of an object in a bucket of this account whose tag marks it as certificates';

  it.each<[string, () => Promise<string>]>([
    ['of another owner', () => putCertificates(authority.cert, `${CERTIFICATES}-other`)],
    ['without a tag', () => putCertificates(authority.cert, null)],
    ['that is tagged as something else of the owner', () => putCertificates(authority.cert, AGENT)],
    ['that does not exist', () => Promise.resolve('s3://authorities/none.pem')],
    ['in a bucket that does not exist', () => Promise.resolve('s3://nothing-here/none.pem')],
  ])('with the same message for an object %s', async (_what, put) => {
    const { status, body } = await create(inObject(await put()));
    expect({ status, body }).toMatchObject(refusal('uri', TAG_IT));
    expect(body.message).toMatch(new RegExp(`tag the object agent-identity:owner = ${CERTIFICATES}$`));
  });

  it.each<[string, string | Buffer, string]>([
    [
      'a private key',
      authority.cert + authority.key,
      'names an object that must contain certificates in PEM',
    ],
    ["a server's certificate", authority.server().cert, 'names an object that must contain certificates of'],
    ['other text', 'certificate', 'names an object that must contain 1 to 10 certificates in PEM form'],
    ['nothing', '', 'names an object that must contain 1 to 10 certificates in PEM form'],
    [
      'bytes',
      Buffer.from('ff00fe', 'hex'),
      'names an object that must contain 1 to 10 certificates in PEM form',
    ],
    ['too many bytes', authority.cert.padEnd(65_537), 'must name an object of up to 65536 bytes'],
  ])('for an object with %s', async (_what, content, message) => {
    const { status, body } = await create(inObject(await putCertificates(content)));
    expect({ status, body }).toMatchObject(refusal('uri', message));
    expect(JSON.stringify(body)).not.toContain('BEGIN');
  });

  it('for a bucket of another account', async () => {
    const s3 = { uri: await putCertificates(), bucketOwnerAccountId: '000000000001' };
    expect(await create([{ s3 }])).toMatchObject(
      refusal('bucketOwnerAccountId', 'must be the account of this service'),
    );
  });

  it.each([
    's3://authorities',
    's3://authorities/',
    's3://Not_a_bucket/key',
    's3://arn:aws:s3:::b/key',
    's3:///k',
    's3://foo--x-s3/k',
    's3://foo--use1-az4--x-s3/k',
    's3://foo--use1-az4--xa-s3/k',
    `s3://${'a'.repeat(49)}--op-s3/k`,
    's3://foo--ol-s3/k',
    's3://foo-s3alias/k',
    's3://foo.mrap/k',
    's3://xn--aa/k',
    's3://a..b/k',
    's3://authorities/../other/k',
    's3://authorities/.',
    's3://authorities/a/..',
  ])('for the URI %s, which names no object', async (uri) => {
    expect(await create(inObject(uri))).toMatchObject(refusal('uri', 'must be s3://{bucket}/{key}'));
  });

  it('with both sources', async () => {
    const { arn: secretArn } = await putSecret(authority.cert, CERTIFICATES);
    const both = [{ s3: { uri: await putCertificates() }, secretsManager: { secretArn } }];
    expect(await create(both)).toMatchObject({
      status: 400,
      body: { message: withText('exactly one member') },
    });
  });
});
