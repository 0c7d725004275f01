/** The time that the owner of a provider waits for slow servers: for all requests of a discovery and a registration. */
import { customProvider } from './support/custom-provider';
import { holdDeadlines, type Deadlines } from './support/deadlines';
import { documentResponse, startRawServer, type RawBehavior, type RawServer } from './support/raw-server';
import { World } from './support/world';

const RESOURCE = '/.well-known/oauth-protected-resource/mcp';
const METADATA = '/.well-known/oauth-authorization-server/tenant';

let world: World;
let server: RawServer;
let deadlines: Deadlines;
beforeAll(async () => {
  [world, server] = await Promise.all([World.start(), startRawServer()]);
});
beforeEach(() => {
  server.requests.length = 0;
  deadlines = holdDeadlines();
});
afterAll(() => Promise.all([server.close(), world.stop()]));

const NOT_FOUND: RawBehavior = (connection) =>
  connection.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');

/** Behaves in this way after less time than a request can take. */
const slowly =
  (milliseconds: number, behavior: RawBehavior): RawBehavior =>
  (connection, request) => {
    deadlines.advance(milliseconds);
    return behavior(connection, request);
  };

/** Creates a provider of the MCP server. @param behaviors by path */
function create(behaviors: Record<string, RawBehavior>) {
  const resource = { resource: `${server.url}/mcp`, authorization_servers: [`${server.url}/tenant`] };
  const all: Record<string, RawBehavior> = { [RESOURCE]: documentResponse(resource), ...behaviors };
  server.behavior = (connection, request) =>
    (all[request.split(' ')[1] ?? ''] ?? slowly(3_000, NOT_FOUND))(connection, request);
  return world.post('CreateOauth2CredentialProvider', {
    name: 'slow',
    ...customProvider(server.url + RESOURCE, {}),
  });
}

const outOfTime = () => ({
  status: 500,
  body: expect.stringContaining(
    `The server ${new URL(server.url).host} is unavailable (timeout). Check the URL of the MCP server, or try again shortly.`,
  ) as string,
});

it('ends for a discovery of slow responses after 8 seconds, and the caller can try again', async () => {
  expect(await create({})).toMatchObject(outOfTime());
  // The third location did not respond in time, and no other was tried.
  expect(server.requests).toHaveLength(4);
});

it('reports the registration fault when the deletion of the client runs out of time', async () => {
  const metadata = {
    issuer: `${server.url}/tenant`,
    authorization_endpoint: `${server.url}/authorize`,
    token_endpoint: `${server.url}/token`,
    registration_endpoint: `${server.url}/register`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
  };
  const registering = create({
    [METADATA]: slowly(4_500, documentResponse(metadata)),
    [RESOURCE]: slowly(3_400, (connection, request) =>
      documentResponse({
        resource: `${server.url}/mcp`,
        authorization_servers: [`${server.url}/tenant`],
      })(connection, request),
    ),
    // A client that is not acceptable, that the request created, and whose deletion gets no response.
    '/register': slowly(4_000, (connection, request) => {
      const { redirect_uris: uris } = JSON.parse(request.split('\r\n\r\n')[1] ?? '') as {
        readonly redirect_uris: readonly string[];
      };
      return documentResponse({
        client_id: 'registered',
        redirect_uris: [...uris, 'https://attacker.example/'],
        registration_client_uri: `${server.url}/register/registered`,
        registration_access_token: 'token',
      })(connection, request);
    }),
    '/register/registered': slowly(1_500, () => undefined),
  });
  expect(await registering).toMatchObject({
    status: 400,
    body: expect.stringContaining('redirect_uris') as string,
  });
  expect(server.requests.map((line) => line.split(' ')[0])).toEqual(['GET', 'GET', 'POST', 'DELETE']);
});
