/** The other credentials of targets. */
import { DpopWorld, SCOPES } from '../support/dpop-world';
import type { TestAgent, World } from '../support/world';
import { apiKeyOf, callAs, callSigned, oauth, openGateway } from './gateways';
import { TargetServer, type Asked } from './target-server';

let dpop: DpopWorld;
let world: World;
let agent: TestAgent;
const server = TargetServer.ofFile();

beforeAll(async () => {
  dpop = await DpopWorld.start();
  ({ world, agent } = dpop);
});
afterEach(() => {
  dpop.restore();
});
afterAll(() => world.stop());

const echoed = async (answer: Response): Promise<Asked> => (await answer.json()) as Asked;

describe('an API key', () => {
  it('can be in the query, which the caller neither sets nor sees', async () => {
    const gateway = await openGateway(world, 'CUSTOM_JWT');
    const url = await gateway.target('maps', server.origin, {
      credential: await apiKeyOf(world, 'a key & of maps', { credentialLocation: 'QUERY_PARAMETER' }),
      metadataConfiguration: { allowedQueryParameters: ['q'] },
    });
    const answer = await callAs(world, `${url}/search?q=zoo`);
    expect(server.asked[0]?.url).toBe('/search?q=zoo&api_key=a%20key%20%26%20of%20maps');
    expect((await echoed(answer)).url).toMatch(/^\/search\?q=zoo&api_key=\*+$/);
    expect((await callAs(world, `${url}/search?api_key=mine`)).status).toBe(400);
  });
});

describe('a token that is bound to a key', () => {
  it('reaches the resource with a proof for each request, with a nonce if the server wants one', async () => {
    const gateway = await openGateway(world, 'AWS_IAM');
    const credential = oauth(agent.providerName, { scopes: SCOPES });
    const url = await gateway.target('userinfo', dpop.me, { credential });
    await dpop.connected('ana');
    const token = await agent.token({ userId: 'ana' });
    for (const require of [false, false, true]) {
      if (require) dpop.requireNonces();
      const answer = await callSigned(world, url, token);
      expect([answer.status, JSON.parse(answer.body)]).toMatchObject([200, { sub: 'ana' }]);
    }
  });
});
