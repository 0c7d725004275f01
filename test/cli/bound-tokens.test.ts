/** What `provider test` and `token get` say about tokens that are bound to keys (DPoP): docs/dpop.md. */
import { createServer } from 'node:http';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { startProvider } from '../flows/support/provider';
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();

it('checks whether the authorization server of a provider with DPoP accepts proofs of the service', async () => {
  let algorithms: readonly string[] | undefined;
  let issuer = '';
  const { port, close } = await listenOnLoopback(
    createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          issuer,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          dpop_signing_alg_values_supported: algorithms,
        }),
      );
    }),
    0,
  );
  issuer = `http://127.0.0.1:${port}`;
  const options = ['--vendor', 'custom', '--client-id', 'client', '--issuer', issuer];
  const bound = [...options, '--dpop-resource', 'https://api.example/v1'];
  await local.json(['provider', 'add', 'unbound', ...options], { input: 'client-secret' });
  await local.json(['provider', 'add', 'bound', ...bound], { input: 'client-secret' });
  const test = (name: string) => local.run(['provider', 'test', name]);

  expect((await test('unbound')).stdout).not.toContain('DPoP');
  const unstated = await test('bound');
  expect(unstated.status).toBe(0);
  expect(unstated.stdout).toMatch(
    /^warn +DPoP +the metadata does not list .*\n.* unbound_token: turn on DPoP/m,
  );
  algorithms = ['RS256', 'ES256'];
  expect((await test('bound')).stdout).toMatch(/^ok +DPoP +the server accepts ES256$/m);
  algorithms = ['RS256'];
  const rejected = await test('bound');
  await close();
  expect(rejected.status).toBe(1);
  expect(rejected.stdout).toMatch(
    /^fail +DPoP +the server accepts no DPoP proofs .* ES256\n.* agent-identity provider update bound --no-dpop\.$/m,
  );
});

it('says that a token is bound to a key, so that each request needs a proof', async () => {
  const machine = {
    client_id: 'machine',
    client_secret: 'a-secret-of-the-machine',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
    dpop_bound_access_tokens: true,
  };
  const provider = await startProvider({
    clients: [machine],
    features: { dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7) } },
  });
  const client = ['--client-id', machine.client_id, '--discovery-url', provider.discoveryUrl];
  const server = ['--vendor', 'custom', ...client, '--dpop-resource', 'https://api.example/v1'];
  await local.json(['provider', 'add', 'payments', ...server], { input: machine.client_secret });
  await local.json(['agent', 'add', 'payer']);
  const get = ['token', 'get', '--agent', 'payer', '--provider', 'payments', '--flow', 'agent'];
  const said =
    'The token is bound to a key (DPoP): each request to the resource needs a proof, which the agent gets with GetResourceDpopProof.\n';
  const hidden = await local.run(get);
  const shown = await local.run([...get, '--show-token']);
  const output = await local.json(get);
  await provider.close();
  expect(hidden).toMatchObject({
    status: 0,
    stdout: `The agent "payer" has a token for "payments". Use --show-token to print it.\n${said}`,
  });
  // A program that reads the token gets nothing else.
  expect(shown.stdout).toMatch(/^\S+\n$/);
  expect(shown.stderr).toBe(said);
  expect(output).toEqual({ agent: 'payer', provider: 'payments', consented: false, tokenType: 'DPoP' });
});
