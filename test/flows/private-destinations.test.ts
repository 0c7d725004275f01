/** A provider in a private network. The deployer allows its address and port, and nothing else is reached. */
import { startProvider, type TestProvider } from './support/provider';
import { CERTIFICATES, startPrivateAuthority } from './support/private-authority';
import { PRIVATE_ADDRESS, rangeOf } from './support/private-address';
import { putSecret } from './support/secrets';

const address = PRIVATE_ADDRESS ?? '';

(PRIVATE_ADDRESS === undefined ? describe.skip : describe)('a provider in a private network', () => {
  const { authority, server, create, agentWith, machineToken, reasons } = startPrivateAuthority({
    address,
    environment: ({ port }) => ({
      PRIVATE_DESTINATIONS: JSON.stringify([{ cidr: rangeOf(address), port: Number(port) }]),
    }),
  });

  /** Another server at the same address. */
  let other: TestProvider;
  beforeAll(async () => {
    other = await startProvider({}, { certificate: authority.server(address), address });
  });
  afterAll(() => other.close());

  const trusted = async () => [
    { secretsManager: { secretArn: (await putSecret(authority.cert, CERTIFICATES)).arn } },
  ];

  it('gives tokens if the deployer allows its address and port', async () => {
    const agent = await agentWith(await trusted());
    expect(await machineToken(agent)).toBe(server().exchanges.at(-1)?.answer.access_token);
  });

  it('is not reached at another port, and the audit log says why', async () => {
    const discovery = { oauthDiscovery: { discoveryUrl: other.discoveryUrl } };
    const agent = await agentWith(await trusted(), discovery);
    await expect(machineToken(agent)).rejects.toThrow(/address_not_allowed\. .*privateDestinations/);
    expect(await reasons()).toContainEqual(
      expect.stringContaining(`${address} leads to an internal address that is not allowed with port`),
    );
    expect(other.exchanges).toEqual([]);
  });

  it('is not created with http', async () => {
    const discoveryUrl = server().discoveryUrl.replace('https:', 'http:');
    expect(await create(await trusted(), { oauthDiscovery: { discoveryUrl } })).toMatchObject({
      status: 400,
    });
  });
});
