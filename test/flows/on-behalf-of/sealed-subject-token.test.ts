/** The sealed subject token: it goes from GetWorkloadAccessTokenForJWT to the exchange, and nowhere else. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { decodeJwt } from 'jose';
import { localTableName } from '../../../lib/local/dynamodb';
import { startExchangeServer, type ExchangeServer } from '../support/exchange-server';
import { World, type TestAgent } from '../support/world';
import { exchange, exchangingAgent, onBehalfOf, userTokenOf } from './exchanging';

let server: ExchangeServer;
let agent: TestAgent;
const world = World.ofFile();
beforeAll(async () => {
  server = await startExchangeServer(world.issuer);
  agent = await exchangingAgent(world, server, { grantType: 'TOKEN_EXCHANGE' });
});
afterAll(async () => {
  await server.close();
});

/** The text, and all base64url parts of it, decoded recursively. */
function layersOf(text: string): string[] {
  const parts = text.match(/[A-Za-z0-9_-]{16,}/g) ?? [];
  const decoded = parts.map((part) => Buffer.from(part, 'base64url').toString('latin1'));
  return [text, ...decoded.flatMap(layersOf)];
}

describe('a workload access token', () => {
  it('reveals nothing of the user token, however it is decoded', async () => {
    const secret = 'claim-that-no-other-party-reads';
    const userToken = await userTokenOf(world, 'ana', { department: secret });
    const layers = layersOf(await agent.token({ userToken }));
    // The search is effective: it finds the encryption context in the token.
    expect(layers.some((layer) => layer.includes('subject-token'))).toBe(true);
    const [, payload = '', signature = ''] = userToken.split('.');
    for (const part of [secret, payload, signature, userToken]) {
      expect(layers.filter((layer) => layer.includes(part))).toEqual([]);
    }
  });

  it('without a user token contains no subject token, and the error says how to get one', async () => {
    for (const token of [await agent.token({ userId: 'ana' }), await agent.token()]) {
      expect(decodeJwt(token)).not.toHaveProperty('subject_token');
      await expect(exchange(agent, token)).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining('GetWorkloadAccessTokenForJWT') as string,
        fieldList: [expect.objectContaining({ name: 'workloadIdentityToken' })],
      });
    }
  });

  it('for a user token that is too long contains none, and works except for exchanges', async () => {
    const userToken = await userTokenOf(world, 'ana', { groups: 'g'.repeat(40_000) });
    expect(userToken.length).toBeGreaterThan(49_152);
    const token = await agent.token({ userToken });
    await expect(exchange(agent, token)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('49152 characters') as string,
    });
    expect(await agent.ask(token)).toHaveProperty('authorizationUrl');
  });

  it('contains a subject token of maximum length, within the limit of AWS SDK clients', async () => {
    const token = await onBehalfOf(world, agent, 'ana', { groups: 'g'.repeat(36_000) });
    expect(token.length).toBeLessThan(131_072);
    expect(await exchange(agent, token)).toHaveProperty('accessToken');
  });

  it('is accepted only from its own agent', async () => {
    const other = await exchangingAgent(world, server, { grantType: 'TOKEN_EXCHANGE' });
    const token = await onBehalfOf(world, agent, 'ana');
    const asked = server.exchanges.length;
    await expect(exchange(agent.as(world.data('stranger')), token)).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    // Another agent's token with this sealed subject token in it has no valid signature.
    const [header = '', , signature = ''] = (await onBehalfOf(world, other, 'ben')).split('.');
    const claims = { ...decodeJwt(token), act: decodeJwt(await other.token()).act };
    const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
    await expect(exchange(other, [header, payload, signature].join('.'))).rejects.toMatchObject({
      name: 'UnauthorizedException',
    });
    expect(server.exchanges).toHaveLength(asked);
  });
});

it('no secret of an exchange is stored in clear text', async () => {
  const userToken = await userTokenOf(world, 'ana');
  const workloadToken = await agent.token({ userToken });
  const { accessToken = '' } = await exchange(agent, workloadToken);
  const files = await readdir(world.dataDir, { recursive: true, withFileTypes: true });
  const contents = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), 'latin1')),
  );
  const everything = contents.join('\n');
  expect(everything).toContain(agent.name);
  const secrets = { userToken, workloadToken, accessToken };
  const forms = (text: string) => [text, Buffer.from(text).toString('base64').replace(/=+$/, '')];
  const found = Object.entries(secrets).filter(([, secret]) =>
    forms(secret).some((form) => everything.includes(form)),
  );
  expect(found.map(([name]) => name)).toEqual([]);
});

it('the key of the subject token is deleted with the agent', async () => {
  const doomed = await exchangingAgent(world, server, { grantType: 'TOKEN_EXCHANGE' });
  const token = await onBehalfOf(world, doomed, 'ana');
  const { id } = decodeJwt<{ act: { id: string } }>(token).act;
  const keys = async (): Promise<string[]> => {
    const { Items = [] } = await new DynamoDB({}).scan({ TableName: localTableName('Keys') });
    return Items.map(({ pk }) => pk?.S ?? '').filter((pk) => pk.endsWith(id));
  };
  expect(await keys()).toContain(`VAULT-KEY#subject-token#${id}`);
  await world.control().deleteWorkloadIdentity({ name: doomed.name });
  expect(await keys()).toEqual([]);
  await expect(exchange(doomed, token)).rejects.toMatchObject({ name: 'UnauthorizedException' });
});
