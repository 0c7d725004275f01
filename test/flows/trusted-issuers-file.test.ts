/** User tokens of the issuers in a Lambda layer: the functions read the file that the construct writes. */
import { Stack } from 'aws-cdk-lib';
import { basename, join } from 'node:path';
import { addTrustedIssuers } from '../../lib/constructs/trusted-issuers-layer';
import { layerFolders, tenants } from '../stacks/issuers-layer';
import { newApp } from '../stacks/new-app';
import { startIssuer, type TestIssuer } from './support/issuer';
import { World } from './support/world';

let world: World;
let stranger: TestIssuer;

beforeAll(async () => {
  stranger = await startIssuer();
  world = await World.start({}, ({ discoveryUrl, audience }) => {
    const app = newApp();
    const stack = new Stack(app, 'Layer');
    const issuers = [...tenants(39), { discoveryUrl, allowedAudience: [audience] }];
    const { environment } = addTrustedIssuers(stack, issuers);
    const [folder = ''] = layerFolders(app, stack);
    Object.assign(process.env, environment, {
      TRUSTED_ISSUERS_FILE: join(folder, basename(environment.TRUSTED_ISSUERS_FILE ?? '')),
    });
    return [];
  });
});
afterAll(async () => {
  await stranger.close();
  await world.stop();
});

it('a user of the 40th issuer in the layer gets a workload access token', async () => {
  const agent = await world.agent();
  const userToken = await world.issuer.token('ana');
  expect(await agent.token({ userToken })).toEqual(expect.any(String));
});

it('a user of an issuer that is not in the layer gets no workload access token', async () => {
  const agent = await world.agent();
  const userToken = await stranger.token('ana');
  await expect(agent.token({ userToken })).rejects.toMatchObject({ name: 'UnauthorizedException' });
});
