/**
 * `certificateConfigurations`: a provider whose server has a certificate of a private authority. The service reads the
 * authority's certificates from Secrets Manager, only for the owner that the secret's tag names, and trusts them only for
 * this provider.
 */
import { moveClock } from './support/clock';
import { createAuthority } from './support/certificates';
import { CERTIFICATES, configurationsIn, startPrivateAuthority } from './support/private-authority';
import { AGENT, changeSecret, putSecret, tagSecret } from './support/secrets';

const MINUTES = 60;

const { authority, world, server, send, configured, create, agentWith, machineToken, reasons } =
  startPrivateAuthority();

const inSecret = (secretArn: string) => [{ secretsManager: { secretArn } }];
const putCertificates = async (text = authority.cert, owner: string | null = CERTIFICATES) =>
  (await putSecret(text, owner)).arn;

/** How often a server's certificate was not accepted with these authorities. */
const rejections = async (trusted: string) =>
  (await reasons()).filter((reason) => reason.includes(`not accepted with ${trusted} (`)).length;
const withText = (text: string) => expect.stringContaining(text) as string;

describe('a provider with a private authority', () => {
  it('is created and described with it, and gives tokens', async () => {
    const arn = await putCertificates();
    const agent = await agentWith(inSecret(arn));
    const described = await send('Get', { name: agent.providerName });
    expect(configurationsIn(described.body)).toEqual(inSecret(arn));
    expect(await machineToken(agent)).toBe(server().exchanges.at(-1)?.answer.access_token);
    const consent = await agent.ask(await agent.token({ userId: 'ana' }));
    expect(consent.authorizationUrl).toContain('/identities/oauth2/authorize');
  });

  it('is not trusted by another provider at the same server', async () => {
    const trusting = await agentWith(inSecret(await putCertificates()));
    expect(await machineToken(trusting)).toEqual(expect.any(String));
    const sent = server().exchanges.length;

    const publicly = await agentWith(undefined);
    await expect(machineToken(publicly)).rejects.toThrow(/unavailable/);
    expect(await rejections('the public authorities')).toBeGreaterThan(0);

    const other = await putCertificates(createAuthority().cert);
    await expect(machineToken(await agentWith(inSecret(other)))).rejects.toThrow(/unavailable/);
    expect(await rejections(`the CA certificates in ${other}`)).toBeGreaterThan(0);
    expect(server().exchanges).toHaveLength(sent);
  });

  it('follows a rotation of the secret within 5 minutes', async () => {
    const arn = await putCertificates(createAuthority().cert);
    const agent = await agentWith(inSecret(arn));
    await expect(machineToken(agent)).rejects.toThrow(/unavailable/);
    await changeSecret(arn, createAuthority().cert + authority.cert);
    moveClock(5 * MINUTES);
    expect(await machineToken(agent)).toEqual(expect.any(String));
  });

  it('fails with an error that names the certificates after their secret is spoiled or tagged for another', async () => {
    const arn = await putCertificates();
    const agent = await agentWith(inSecret(arn));
    await changeSecret(arn, 'no certificate');
    await expect(machineToken(agent)).rejects.toThrow('ca_certificates_unavailable');
    expect(await reasons()).toContainEqual(withText(`${arn}: must contain 1 to 10 certificates`));
    await changeSecret(arn, authority.cert);
    await tagSecret(arn, AGENT);
    moveClock(5 * MINUTES);
    await expect(machineToken(agent)).rejects.toThrow('ca_certificates_unavailable');
    expect(await reasons()).toContainEqual(withText(`${arn}: must have the tag agent-identity:owner`));
    await tagSecret(arn, CERTIFICATES);
    moveClock(10 * MINUTES);
    expect(await machineToken(agent)).toEqual(expect.any(String));
  });

  it('loses it with an update that omits it', async () => {
    const arn = await putCertificates();
    const agent = await agentWith(inSecret(arn));
    const name = agent.providerName;
    const moved = await putCertificates();
    const changed = await send('Update', configured(name, inSecret(moved)));
    expect(configurationsIn(changed.body)).toEqual(inSecret(moved));
    expect(await machineToken(agent)).toEqual(expect.any(String));
    const removed = await send('Update', configured(name, undefined));
    expect(configurationsIn(removed.body)).toBeUndefined();
    await expect(machineToken(agent)).rejects.toThrow(/unavailable/);
    const [entry] = (await world().audit()).filter(({ changed: members }) => members !== undefined).slice(-1);
    expect(entry).toMatchObject({
      changed: expect.arrayContaining(['certificateConfigurations']) as string[],
    });
  });

  it('keeps it against a principal that can update the provider and does not own it', async () => {
    const arn = await putCertificates();
    const agent = await agentWith(inSecret(arn));
    const name = agent.providerName;
    const { body } = await send('Get', { name });
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: world().local.principals.stranger.arn },
          Action: 'bedrock-agentcore:UpdateOauth2CredentialProvider',
          Resource: body.credentialProviderArn,
        },
      ],
    });
    await world()
      .control()
      .putResourcePolicy({ resourceArn: String(body.credentialProviderArn), policy });
    const strangers = await putCertificates(
      createAuthority().cert,
      `certificates/${world().local.principals.stranger.arn}`,
    );
    for (const attempt of [undefined, inSecret(strangers), inSecret(await putCertificates())]) {
      expect(await send('Update', configured(name, attempt), 'stranger')).toMatchObject({
        status: 403,
        body: { message: expect.stringContaining('certificateConfigurations') as string },
      });
    }
    const kept = await send('Update', configured(name, inSecret(arn)), 'stranger');
    expect(configurationsIn(kept.body)).toEqual(inSecret(arn));
  });
});

describe('a request is rejected', () => {
  const refusal = (message: string | RegExp) => ({
    status: 400,
    body: { message: expect.stringMatching(message) as string },
  });

  it.each<[string, unknown, RegExp]>([
    ['an empty list', [], /certificateConfigurations/],
    ['two', [...inSecret('a'), ...inSecret('b')], /certificateConfigurations/],
    ['an empty configuration', [{}], /exactly one member/],
    ['an ARN of another service', inSecret('arn:aws:ssm:us-east-1:000000000000:parameter/a'), /secretArn/],
    ['a name', inSecret('a-secret'), /must be the ARN of a secret/],
  ])('with %s', async (_what, certificateConfigurations, message) => {
    expect(await create(certificateConfigurations)).toMatchObject(refusal(message));
  });

  it.each<[string, () => Promise<string>]>([
    ['of another owner', () => putCertificates(authority.cert, `${CERTIFICATES}-other`)],
    ['without a tag', () => putCertificates(authority.cert, null)],
    ['that is tagged as a client secret', () => putCertificates(authority.cert, AGENT)],
    [
      'that does not exist',
      () => Promise.resolve('arn:aws:secretsmanager:us-east-1:000000000000:secret:none-a1b2c3'),
    ],
  ])('for a secret %s', async (_what, secret) => {
    expect(await create(inSecret(await secret()))).toMatchObject(
      refusal(`tag the secret agent-identity:owner = ${CERTIFICATES}`),
    );
  });

  it.each([
    ['a private key', authority.cert + authority.key, /no private key/],
    ["a server's certificate", authority.server().cert, /certificate 1 is not one/],
    ['other text', 'certificate', /1 to 10 certificates/],
  ])('for a secret with %s', async (_what, text, message) => {
    expect(await create(inSecret(await putCertificates(text)))).toMatchObject(refusal(message));
  });

  it('for certificates that would be used as a client secret', async () => {
    const secretId = await putCertificates();
    const custom = {
      clientSecret: undefined,
      clientSecretSource: 'EXTERNAL',
      clientSecretConfig: { secretId, jsonKey: 'key' },
    };
    expect(await create(undefined, custom)).toMatchObject({ status: 400 });
  });
});
