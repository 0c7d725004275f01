/** What `provider` and `doctor` say about cross-app access, which an API operation configures: docs/cross-app-access.md. */
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { createServer } from 'node:http';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { alsoSending } from '../flows/support/members-beyond-aws';
import { ServiceForCommands } from './command-under-test';

let local: ServiceForCommands;
let server: { issuer: string; close: () => Promise<void> };

beforeAll(async () => {
  let issuer = '';
  const { port, close } = await listenOnLoopback(
    createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
        }),
      );
    }),
    0,
  );
  issuer = `http://127.0.0.1:${port}`;
  server = { issuer, close };
  local = await ServiceForCommands.start();
});

afterAll(async () => {
  await Promise.all([local.close(), server.close()]);
});

/** Creates a provider as the caller of the command. */
async function create(name: string, onBehalfOf?: object): Promise<void> {
  const { AWS_ACCESS_KEY_ID: accessKeyId = '', AWS_SECRET_ACCESS_KEY: secretAccessKey = '' } = local.env();
  const client = new BedrockAgentCoreControl({
    endpoint: local.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey },
    ...{ signingName: 'execute-api' },
  });
  const oauth2ProviderConfigInput = {
    customOauth2ProviderConfig: {
      clientId: `agents-at-${name}`,
      clientSecret: 'client-secret-to-keep',
      oauthDiscovery: { discoveryUrl: `${server.issuer}/.well-known/openid-configuration` },
      onBehalfOfTokenExchangeConfig: onBehalfOf,
    },
  };
  await alsoSending(client, { oauth2ProviderConfigInput }).createOauth2CredentialProvider({
    name,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: {} as never,
  });
}

const assertedBy = (credentialProviderName: string) => ({
  grantType: 'IDENTITY_ASSERTION',
  identityAssertionConfig: { credentialProviderName },
});

const test = (name: string) => local.run(['provider', 'test', name]);

it.each([
  ['exchanging', { grantType: 'TOKEN_EXCHANGE' }, 'token exchange'],
  ['granting', { grantType: 'JWT_AUTHORIZATION_GRANT' }, 'JWT authorization grant'],
])(
  'shows how the provider "%s" exchanges user tokens, and the command that tries it',
  async (name, config, shown) => {
    await create(name, config);
    const { stdout } = await local.run(['provider', 'get', name]);
    expect(stdout).toMatch(new RegExp(`^On behalf of +${shown}$`, 'm'));
    expect((await test(name)).stderr).toBe(
      `To obtain a token, run agent-identity token get --agent AGENT --provider ${name} --flow on-behalf-of --user-token (the token of a user on stdin).\n`,
    );
  },
);

it('fails the checks of a provider without the one that gets its identity assertions, and says so before it is deleted', async () => {
  await create('workforce', { grantType: 'TOKEN_EXCHANGE' });
  await create('notes', assertedBy('workforce'));
  await create('other');
  expect((await local.run(['provider', 'get', 'other'])).stdout).not.toContain('On behalf of');
  expect((await local.run(['provider', 'get', 'notes'])).stdout).toMatch(
    /^On behalf of +identity assertion, by the provider workforce$/m,
  );
  const good = await test('notes');
  expect(good).toMatchObject({
    status: 0,
    stderr:
      'To obtain a token, run agent-identity token get --agent AGENT --provider notes --flow on-behalf-of --user-token (the ID token of a user on stdin).\n',
  });
  expect(good.stdout).toMatch(/^ok +identity assertions +by the provider "workforce"$/m);

  const unused = await local.run(['provider', 'delete', 'other', '--yes']);
  expect(unused.stderr).toBe('');
  const ended = 'The credential provider "notes" can no longer get identity assertions.';
  const remove = ['provider', 'delete', 'workforce'];
  const kept = await local.run(remove, { answers: [['[y/N] ', 'no']] });
  expect(kept.stderr).toContain(`${ended} Delete the OAuth 2.0 credential provider "workforce"? [y/N]`);
  const deleted = await local.run([...remove, '--yes']);
  expect(deleted).toMatchObject({
    status: 0,
    stderr: `${ended} Create the provider "workforce" again, or name another one in the onBehalfOfTokenExchangeConfig of "notes": docs/cross-app-access.md.\n`,
  });

  const missing =
    'identity assertions +"workforce" is not an OAuth 2\\.0 credential provider of the same owner\\. Create it first\\n +This command cannot set onBehalfOfTokenExchangeConfig: ';
  const broken = await test('notes');
  expect(broken.status).toBe(1);
  expect(broken.stdout).toMatch(new RegExp(`^fail +${missing}`, 'm'));
  expect((await local.run(['doctor'])).stdout).toMatch(new RegExp(`^fail +notes: ${missing}`, 'm'));

  // One that another principal with access could move to its own server.
  await create('workforce');
  expect((await test('notes')).stdout).toMatch(
    /^fail +identity assertions +"workforce" must have an onBehalfOfTokenExchangeConfig with the grantType TOKEN_EXCHANGE/m,
  );
});
