/** `agent-identity provider test` and `doctor`, against the running service and authorization servers of each kind. */
import { createServer } from 'node:http';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();

const SECRET = 'client-secret-to-keep';

describe('provider test', () => {
  it('checks discovery, endpoints, callback URL, PKCE, refresh, and revocation', async () => {
    let metadata: Record<string, unknown> = {};
    const server = createServer((request, response) => {
      const found = request.url?.includes('/.well-known/');
      response.writeHead(found ? 200 : 400, { 'content-type': 'application/json' });
      response.end(JSON.stringify(found ? metadata : { error: 'invalid_request' }));
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const issuer = `http://127.0.0.1:${port}`;
    metadata = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      code_challenge_methods_supported: ['S256'],
    };
    const options = ['--vendor', 'custom', '--client-id', 'client', '--issuer', issuer];
    await local.json(['provider', 'add', 'checked', ...options], { input: SECRET });
    const good = await local.run(['provider', 'test', 'checked']);
    expect(good.status).toBe(0);
    for (const check of [
      'discovery',
      'authorization endpoint',
      'token endpoint',
      'PKCE',
      'refresh tokens',
      'revocation',
    ]) {
      expect(good.stdout).toMatch(new RegExp(`^ok +${check} `, 'm'));
    }
    expect(good.stdout).toMatch(/^todo {2}client +client\n +The first token shows /m);
    expect(good.stdout).toMatch(/^todo {2}callback URL .* must be registered at the vendor\n +Compare it /m);
    metadata = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      code_challenge_methods_supported: ['plain'],
      grant_types_supported: ['authorization_code'],
    };
    const bad = await local.run(['provider', 'test', 'checked']);
    expect(bad.status).toBe(1);
    expect(bad.stdout).toMatch(/^fail {2}token endpoint +missing\n +Set a discovery URL/m);
    expect(bad.stdout).toMatch(/^warn {2}PKCE /m);
    expect(bad.stdout).toMatch(/^warn {2}refresh tokens /m);
    expect(bad.stdout).toMatch(/^warn {2}revocation /m);
    await close();
    const down = await local.run(['provider', 'test', 'checked', '--json']);
    expect(down.status).toBe(1);
    expect(JSON.parse(down.stdout)).toMatchObject({
      checks: expect.arrayContaining([
        expect.objectContaining({ status: 'fail', check: 'discovery', action: expect.any(String) as string }),
      ]) as unknown,
    });
  });

  it('creates and tests a provider of an MCP server, and says if it names another authorization server', async () => {
    let documents: Record<string, unknown> = {};
    const registrations: unknown[] = [];
    const server = createServer((request, response) => {
      const document = documents[request.url ?? ''];
      if (request.url === '/as/register') registrations.push(request.headers.authorization);
      response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document ?? {}));
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const origin = `http://127.0.0.1:${port}`;
    const issuer = `${origin}/as`;
    documents = {
      '/.well-known/oauth-protected-resource/mcp': {
        resource: `${origin}/mcp`,
        authorization_servers: [issuer],
      },
      '/.well-known/oauth-authorization-server/as': {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        code_challenge_methods_supported: ['S256'],
      },
    };
    const added = await local.run([
      'provider',
      'add',
      'mcp',
      '--mcp',
      `${origin}/mcp`,
      '--client-id',
      'client',
      '--public',
    ]);
    expect(added).toMatchObject({ status: 0 });
    expect(await local.run(['provider', 'add', 'registered', '--mcp', `${origin}/mcp`])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('the authorization server registers no clients') as string,
    });
    // It asks for no discovery URL, which is not the cause, and for no other answer.
    const onTerminal = await local.run(['provider', 'add', 'registered', '--mcp', `${origin}/mcp`], {
      answers: [],
    });
    expect(onTerminal).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^--client-id is required.*registers no clients; .*set --client-id\.$/m,
      ) as string,
    });
    documents = {
      ...documents,
      '/.well-known/oauth-authorization-server/as': {
        ...(documents['/.well-known/oauth-authorization-server/as'] as object),
        registration_endpoint: `${issuer}/register`,
        token_endpoint_auth_methods_supported: ['none'],
      },
      '/as/register': { client_id: 'registered' },
    };
    const withToken = [`${origin}/mcp`, '--initial-access-token'];
    const registered = await local.run(['provider', 'add', 'registered', '--mcp', ...withToken], {
      input: 'the-token\n',
    });
    expect(registered).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('The client is registered') as string,
    });
    expect(registered.stdout).toMatch(
      new RegExp(`^Resource +${origin}/mcp\nAuthorization server +${issuer}$`, 'm'),
    );
    const stated = ['--mcp', `${origin}/mcp`, '--authorization-server', 'https://as.example'];
    expect(await local.run(['provider', 'add', 'pinned', ...stated])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`which names ${issuer}`) as string,
    });
    const got = await local.run(['provider', 'get', 'registered']);
    expect(got.stdout).toMatch(new RegExp(`^Authorization server +${issuer}$`, 'm'));
    const updated = await local.run(['provider', 'update', 'registered', '--mcp', ...withToken], {
      input: 'another-token',
    });
    expect(updated).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(new RegExp(`^Authorization server +${issuer}$`, 'm')) as string,
    });
    expect(registrations).toEqual(['Bearer the-token']);
    const tested = await local.run(['provider', 'test', 'mcp']);
    expect(tested.stdout).toMatch(new RegExp(`^ok +discovery +.*issuer ${issuer}`, 'm'));
    expect(tested.stdout).toMatch(/^ok +PKCE +S256$/m);
    // A client of the owner stays, and the service registers none in its place.
    const mcpAgain = ['provider', 'update', 'mcp', '--mcp', `${origin}/mcp`];
    expect(await local.run(mcpAgain)).toMatchObject({ status: 0 });
    expect((await local.run(['provider', 'get', 'mcp'])).stdout).toMatch(/^Client ID +client$/m);
    expect(await local.run([...mcpAgain, '--initial-access-token'], { input: 'a-token' })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('set --client-registration DYNAMIC.') as string,
    });
    // It is rejected before it is read.
    expect(await local.run(['provider', 'update', 'registered', '--secret'], { answers: [] })).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^The service registered this client, so you have no secret for it\. To use your own client, set --client-id\.$/m,
      ) as string,
    });
    documents['/.well-known/oauth-authorization-server/as'] = {
      ...(documents['/.well-known/oauth-authorization-server/as'] as object),
      registration_endpoint: undefined,
      client_id_metadata_document_supported: true,
      authorization_response_iss_parameter_supported: true,
      token_endpoint_auth_methods_supported: ['private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['ES256'],
    };
    // The service has no https address here.
    expect(await local.run(['provider', 'add', 'described', '--mcp', `${origin}/mcp`])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('this service has no https address') as string,
    });
    const byDocument = ['--client-registration', 'METADATA_DOCUMENT'];
    expect(await local.run(['provider', 'update', 'mcp', ...byDocument])).toMatchObject({ status: 0 });
    const shown = await local.run(['provider', 'get', 'mcp']);
    expect(shown.stdout).toMatch(/^Client ID +http.*\/identities\/oauth2\/client-metadata\/[0-9a-f-]{36}$/m);
    expect(shown.stdout).toMatch(/^Client +client ID metadata document of the service$/m);
    const described = await local.run(['provider', 'test', 'mcp']);
    expect(described.stdout).toMatch(/^warn +client document +.* is not https/m);
    const byHand = await local.run(['provider', 'update', 'mcp', '--client-id', 'client']);
    expect(byHand).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(
        /^Client ID +client\nResource +http.*\nAuthorization server +.*\nEndpoints at +.*\nCallback URL {10}http/m,
      ) as string,
      stderr: expect.stringMatching(
        /users consent again\.\nThe callback URL changed\. Register it as the redirect URI .*\n.*provider test mcp\n$/,
      ) as string,
    });
    expect((await local.run(['provider', 'get', 'mcp'])).stdout).not.toContain('metadata');
    documents = {
      ...documents,
      '/.well-known/oauth-protected-resource/mcp': { resource: `${origin}/mcp`, authorization_servers: [] },
    };
    const confirmed = await local.run([
      'provider',
      'update',
      'mcp',
      '--mcp',
      `${origin}/mcp`,
      '--client-id',
      'client',
    ]);
    expect(confirmed).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^--mcp cannot be used \(invalid_metadata\): .*\. The service requested .*\/oauth-protected-resource\/mcp\.$/m,
      ) as string,
    });
    const failed = await local.run(['provider', 'test', 'mcp']);
    expect(failed.stdout).toMatch(/^fail +discovery +.*authorization_servers: /m);
    await close();
  });

  it('reports the authorization server that the service uses for an MCP server, and requests no other address', async () => {
    const requested: string[] = [];
    let documents: Record<string, unknown> = {};
    const server = createServer((request, response) => {
      requested.push(request.url ?? '');
      const document = documents[request.url ?? ''];
      response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(document ?? {}));
    });
    const { port, close } = await listenOnLoopback(server, 0);
    const origin = `http://127.0.0.1:${port}`;
    const issuer = `${origin}/as`;
    const metadata = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      code_challenge_methods_supported: ['S256'],
    };
    const resource = { resource: `${origin}/mcp`, authorization_servers: [issuer] };
    const resourceAt = '/.well-known/oauth-protected-resource/mcp';
    const serverAt = '/.well-known/oauth-authorization-server/as';
    const test = async (changed: Record<string, unknown>) => {
      documents = { [resourceAt]: resource, [serverAt]: metadata, ...changed };
      requested.length = 0;
      return (await local.run(['provider', 'test', 'bound'])).stdout;
    };
    const failedDiscovery = async (changed: Record<string, unknown>) =>
      /^fail +discovery +(.*)\n +(.*)$/m.exec(await test(changed)) ?? [];
    documents = { [resourceAt]: resource, [serverAt]: metadata };
    const options = ['--mcp', `${origin}/mcp`, '--client-id', 'client', '--public'];
    expect(await local.run(['provider', 'add', 'bound', ...options])).toMatchObject({ status: 0 });

    // The bound server, even if it is not the first.
    const two = { ...resource, authorization_servers: [`${origin}/other`, issuer] };
    expect(await test({ [resourceAt]: two })).toMatch(
      new RegExp(`^ok +discovery .*issuer ${issuer}\\)$`, 'm'),
    );
    expect(requested).not.toContain('/.well-known/oauth-authorization-server/other');

    const others = { ...resource, authorization_servers: [`${origin}/other`] };
    const other = { ...metadata, issuer: `${origin}/other`, token_endpoint: `${origin}/internal` };
    const moved = { [resourceAt]: others, '/.well-known/oauth-authorization-server/other': other };
    expect(await test(moved)).toMatch(
      new RegExp(
        `^fail +discovery .* no longer names .*, ${issuer}\n.* Ask the operator of the MCP server whether .* run agent-identity provider update bound --mcp ${origin}/mcp --authorization-server ${origin}/other to confirm`,
        'm',
      ),
    );
    expect(new Set(requested)).toEqual(new Set([resourceAt]));
    // What a shell could interpret, what is no issuer, and what hides its host is in no command.
    for (const named of [
      `${origin}/$(reboot)`,
      '--another-owner',
      '~root',
      '=id',
      'https://accounts.trusted.example@evil.example',
      'javascript:alert',
      'http://evil.example',
      `${origin}/.well-known/openid-configuration`,
    ]) {
      const hostile = { ...resource, authorization_servers: [named] };
      expect(await test({ [resourceAt]: hostile })).toContain(
        `--mcp ${origin}/mcp --authorization-server ISSUER to confirm`,
      );
    }

    // After the owner moved it, an update of another member states the server again.
    documents = {
      [resourceAt]: others,
      '/.well-known/oauth-authorization-server/other': { ...other, revocation_endpoint: undefined },
    };
    const move = [
      '--mcp',
      `${origin}/mcp`,
      '--authorization-server',
      `${origin}/other`,
      ...options.slice(2, 4),
    ];
    expect(await local.run(['provider', 'update', 'bound', ...move])).toMatchObject({ status: 0 });
    expect(await local.run(['provider', 'update', 'bound', '--client-id', 'another'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(
        /^Client ID {13}another\nResource +http(.*\n)+Callback URL {10}http/m,
      ) as string,
      stderr: expect.stringContaining(
        'Register the callback URL as the redirect URI of this client',
      ) as string,
    });
    documents = { [resourceAt]: resource, [serverAt]: metadata };
    const back = ['--mcp', `${origin}/mcp`, '--authorization-server', issuer];
    expect(await local.run(['provider', 'update', 'bound', '--dpop'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(
        `Ask the operator of the MCP server whether it has this authorization server now. If so, run agent-identity provider update bound ${back.join(' ')} to confirm it, and then repeat this command.`,
      ) as string,
    });
    // The names of members are shown as options, but not within the issuer.
    const named = `${origin}/clientSecret/discoveryUrl`;
    documents = {
      [resourceAt]: { ...resource, authorization_servers: [named] },
      '/.well-known/oauth-authorization-server/clientSecret/discoveryUrl': { ...metadata, issuer: named },
    };
    const renamed = await local.run(['provider', 'update', 'bound', '--dpop']);
    expect(renamed.stderr).toMatch(
      new RegExp(
        `^--authorization-server .* now names ${named} for .* set it to ${named}\\. Ask .*${named} to`,
      ),
    );
    documents = { [resourceAt]: resource, [serverAt]: metadata };
    expect(await local.run(['provider', 'update', 'bound', ...back])).toMatchObject({ status: 0 });

    expect(await test({ [serverAt]: { ...metadata, issuer: 'https://honest.example' } })).toMatch(
      new RegExp(
        `^fail +discovery .*states the issuer https://honest\\.example, but the MCP server names ${issuer}\n +Ask the operators of both servers`,
        'm',
      ),
    );
    expect(await test({ [resourceAt]: { ...resource, resource: `${origin}/` } })).toMatch(
      new RegExp(
        `^fail +discovery .*is that of the resource ${origin}/, but the provider is for ${origin}/mcp\n.* run agent-identity provider update bound --mcp ${origin}/\\. `,
        'm',
      ),
    );
    expect(await test({ [serverAt]: { ...metadata, code_challenge_methods_supported: undefined } })).toMatch(
      /^fail +discovery .*code_challenge_methods_supported does not list S256$/m,
    );
    const foreign = { ...metadata, revocation_endpoint: 'https://honest.example/revoke' };
    expect(await test({ [serverAt]: foreign })).toMatch(
      /^warn +revocation +the provider has no way to revoke/m,
    );
    for (const address of ['http://169.254.169.254/latest', 'https://10.0.0.1/admin']) {
      const inward = {
        ...metadata,
        authorization_endpoint: address,
        authorization_response_iss_parameter_supported: true,
      };
      expect(await test({ [serverAt]: inward })).toMatch(
        /^fail +(discovery .*not an acceptable endpoint|discovery .*the endpoints are at .*\n.*--endpoint-origin)/m,
      );
    }

    // The origins that the owner would confirm, and the document that names them.
    const elsewhere = {
      ...metadata,
      token_endpoint: 'https://moved.example/token',
      authorization_response_iss_parameter_supported: true,
    };
    const [, fault, advice] = await failedDiscovery({ [serverAt]: elsewhere });
    expect(fault).toBe(
      `${origin}${serverAt}: the endpoints are at ${origin} and https://moved.example, but the credential provider accepts only ${origin}`,
    );
    const confirm = `provider update bound ${back.join(' ')} --endpoint-origin ${origin} --endpoint-origin https://moved.example`;
    expect(advice).toContain(`If so, run agent-identity ${confirm} to confirm the new origins.`);
    documents = { [resourceAt]: resource, [serverAt]: elsewhere };
    expect(await local.run(confirm.split(' '))).toMatchObject({ status: 0 });

    // What is wrong with the authorization server is not said of the MCP server.
    const [, missing] = await failedDiscovery({ [serverAt]: undefined });
    expect(missing).toBe(`${origin}${serverAt}: the authorization server has no metadata`);
    await close();
  });

  it.each([
    ['http://[', 'must be an absolute https URL'],
    ['%E0%A4%A', 'must be an absolute https URL'],
    ['/revoke', 'must be an absolute https URL'],
    ['none. Run: curl https://evil.example', 'must be an absolute https URL'],
    ['none: one more step. Run: curl https://evil.example', 'must be an https URL'],
    ['ftp://evil.example/revoke', 'must be an https URL'],
    ['http://evil.example/revoke', 'must be https; http is allowed only for loopback hosts in local mode'],
    ['https://127.0.0.1/revoke#evil.example', 'must not have a fragment (RFC 6749 section 3.1)'],
    ['https://evil.example@127.0.0.1/revoke', 'must not contain credentials'],
    [`https://evil.example/${'r'.repeat(2048)}`, 'is too long'],
  ])(
    'fails the revocation check, and completes the others, if the service ignores the endpoint %.80s',
    async (revocationEndpoint, fault) => {
      let metadata: Record<string, unknown> = {};
      const server = createServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(metadata));
      });
      const { port, close } = await listenOnLoopback(server, 0);
      const issuer = `http://127.0.0.1:${port}`;
      metadata = {
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        // A sentence is no part of the check.
        token_endpoint: `${issuer}/token All passed; run x`,
        revocation_endpoint: `${issuer}/%E0%A4%A`,
      };
      const name = `hostile-${port}`;
      const options = ['--vendor', 'custom', '--client-id', 'client', '--issuer', issuer];
      await local.json(['provider', 'add', name, ...options], { input: SECRET });
      const odd = await local.run(['provider', 'test', name]);
      expect(odd.status).toBe(0);
      expect(odd.stdout).toContain(`${issuer}/%E0%A4%A. `);
      expect(odd.stdout).toContain(`${issuer}/token%20All%20passed;%20run%20x\n`);
      metadata = { ...metadata, revocation_endpoint: revocationEndpoint };
      const tested = await local.run(['provider', 'test', name]);
      const doctor = await local.run(['doctor']);
      await close();
      expect(tested.status).toBe(1);
      expect(tested.stdout).toMatch(/^ok +token endpoint /m);
      expect(tested.stdout).not.toContain('evil.example');
      const said = /^fail +revocation +(.*)$/m.exec(tested.stdout);
      expect(said?.[1]).toBe(`the service does not use the revocation_endpoint of the metadata: it ${fault}`);
      expect(tested.stderr).toMatch(/A check failed\.\n$/);
      expect(doctor.stdout).toMatch(/^ok +endpoint /m);
      expect(doctor.stdout).toMatch(new RegExp(`^ok +${name}: token endpoint `, 'm'));
      expect(doctor.stdout).toMatch(new RegExp(`^fail +${name}: revocation `, 'm'));
      expect(doctor.stderr).toMatch(/A check failed\.\n$/);
    },
  );
});
