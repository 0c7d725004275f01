/** Nothing secret is readable in the data folder: not in the tables, not in the logs. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { Browser } from './support/browser';
import { signInAndConsent } from './support/provider';
import { World } from './support/world';

const world = World.ofFile({ issueRefreshToken: () => Promise.resolve(true) });

it('stores no token, secret, code, state, session, or cookie in clear text', async () => {
  const agent = await world.agent();
  const userToken = await world.issuer.token('ana');
  const workloadToken = await agent.token({ userToken });
  const customState = 'custom-state-of-the-application';
  const customParameters = { login_hint: 'custom-parameter-value' };
  const { authorizationUrl = '', sessionUri = '' } = await agent.ask(workloadToken, {
    customState,
    customParameters,
  });

  const browser = new Browser();
  const answer = new URL((await signInAndConsent(browser, authorizationUrl, 'ana', agent.callbackUrl)).url);
  const back = await browser.step(answer.href);
  expect(back.status).toBe(302);
  const returned = new URL(back.headers.get('location') ?? '');
  await agent.complete(returned, { userToken });
  const { accessToken = '' } = await agent.ask(workloadToken);
  const own = await agent.ask(workloadToken, { oauth2Flow: 'M2M', scopes: ['a'] });

  const externalKey = 'external-key-in-secrets-manager';
  await new SecretsManager({}).createSecret({
    Name: 'external-key',
    SecretString: JSON.stringify({ key: externalKey }),
  });

  const exchange = world.provider.exchanges[0];
  const secrets: Record<string, string> = {
    userToken,
    workloadToken,
    accessToken,
    machineToken: own.accessToken ?? '',
    refreshToken: String(exchange?.answer.refresh_token),
    idToken: String(exchange?.answer.id_token),
    clientSecret: world.provider.clientSecret,
    code: answer.searchParams.get('code') ?? '',
    state: answer.searchParams.get('state')?.split('.')[1] ?? '',
    codeVerifier: exchange?.request.get('code_verifier') ?? '',
    session: sessionUri.split(':').at(-1) ?? '',
    completion: returned.searchParams.get('session_id')?.split('.')[1] ?? '',
    externalKey,
    customState,
    customParameter: customParameters.login_hint,
  };
  for (const [name, secret] of Object.entries(secrets))
    expect([name, secret.length > 8]).toEqual([name, true]);

  const files = (await readdir(world.dataDir, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  const contents = await Promise.all(
    files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
  );
  const everything = contents.join('\n');
  // The search is effective: it finds names, which are stored in clear text.
  expect(everything).toContain(agent.name);
  expect(everything).toContain('secret:external-key');
  const forms = (secret: string) => [
    secret,
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    Buffer.from(secret).toString('hex'),
  ];
  const found = Object.entries(secrets).filter(([, secret]) =>
    forms(secret).some((form) => everything.includes(form)),
  );
  expect(found.map(([name]) => name)).toEqual([]);
});
