/** A service, and a provider's server whose certificate a private authority issued. */
import { createAuthority } from './certificates';
import { customProvider } from './custom-provider';
import { startProvider, type TestProvider } from './provider';
import { AGENT } from './secrets';
import { TestAgent, World } from './world';

/** Value of the owner tag of the agents' certificates. */
export const CERTIFICATES = `certificates/${AGENT}`;

type Body = Record<string, unknown> & {
  oauth2ProviderConfigOutput?: { customOauth2ProviderConfig: Record<string, unknown> };
};

/** Returns the member in a response. */
export const configurationsIn = ({ oauth2ProviderConfigOutput: output }: Body): unknown =>
  output?.customOauth2ProviderConfig.certificateConfigurations;

interface Place {
  /** The address of the provider's server; by default, 127.0.0.1. */
  readonly address?: string;
  /** The host name of the provider's server; by default, its address. */
  readonly host?: string;
  /** Returns the environment that the service is started with. */
  environment(server: URL): Readonly<Record<string, string>>;
}

/** Starts both before the tests of the file, and stops them after them. */
export function startPrivateAuthority(place?: Place) {
  const authority = createAuthority();
  let world: World;
  let server: TestProvider;
  let names = 0;

  beforeAll(async () => {
    const { address, host } = place ?? {};
    server = await startProvider(
      {},
      {
        certificate: authority.server(host ?? address),
        ...(address !== undefined && { address }),
        ...(host !== undefined && {
          behind: (origin) => Promise.resolve(origin.replace(new URL(origin).hostname, host)),
        }),
      },
    );
    Object.assign(process.env, place?.environment(new URL(server.discoveryUrl)));
    world = await World.start();
  });
  afterAll(async () => {
    await server.close();
    await world.stop();
  });

  /** The AWS SDK client that this project uses does not know the member yet, so requests are signed without it. */
  async function send(operation: string, input: object, principal: 'agent' | 'stranger' = 'agent') {
    const { status, body } = await world.post(`${operation}Oauth2CredentialProvider`, input, principal);
    return { status, body: JSON.parse(body) as Body };
  }

  /** @param custom members in place of others */
  const configured = (name: string, certificateConfigurations: unknown, custom: object = {}) => ({
    name,
    ...customProvider(server.discoveryUrl, {
      clientId: server.clientId,
      clientSecret: server.clientSecret,
      certificateConfigurations,
      ...custom,
    }),
  });

  const create = (certificateConfigurations: unknown, custom?: object) =>
    send('Create', configured(`private-${(names += 1)}`, certificateConfigurations, custom));

  /** Returns an agent with a provider at the server. Its client does not retry: a failed server has a back-off of seconds. */
  const agentWith = async (certificateConfigurations: unknown, custom?: object): Promise<TestAgent> => {
    const { name } = await world.agent();
    const client = world.data('agent', 'execute-api', 1);
    const { status, body } = await create(certificateConfigurations, custom);
    expect(status).toBe(201);
    return new TestAgent(client, name, String(body.name), String(body.callbackUrl));
  };

  /** Returns a token that no earlier request got. */
  const machineToken = async (agent: TestAgent) => {
    const { accessToken } = await agent.ask(await agent.token(), {
      oauth2Flow: 'M2M',
      scopes: ['a'],
      resourceOauth2ReturnUrl: undefined,
      forceAuthentication: true,
    });
    return accessToken;
  };

  /** Returns the reasons of failures. */
  const reasons = async () => (await world.audit()).map(({ reason }) => String(reason));

  return {
    authority,
    world: () => world,
    server: () => server,
    send,
    configured,
    create,
    agentWith,
    machineToken,
    reasons,
  };
}
