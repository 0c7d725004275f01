/** Gateways of the running service with their targets, and callers of them. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type {
  CredentialProviderConfiguration,
  HttpTargetConfiguration,
  McpServerTargetConfiguration,
  MetadataConfiguration,
  OAuthCredentialProvider,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { CALLING_AGENT_HEADER } from '../../../lambda/domain/gate/agent-request';
import type { GatewayAuthorizerType } from '../../../lambda/model/gateway/gateway-configuration';
import { signed, type SigningChoices } from '../../local/handmade-request';
import { authorizerFor } from '../support/authorizer';
import { RETURN_URL, type PrincipalName, type World } from '../support/world';

type Passthrough = NonNullable<HttpTargetConfiguration['passthrough']>;

interface Stated extends Partial<Passthrough> {
  readonly credential?: CredentialProviderConfiguration;
  readonly metadataConfiguration?: MetadataConfiguration;
}

let names = 0;
const newName = (kind: string): string => `${kind}-${(names += 1)}`;

export class TestGateway {
  constructor(
    readonly control: ReturnType<World['control']>,
    readonly id: string,
    readonly arn: string,
    readonly url: string,
  ) {}

  /** Adds a target. @returns its URL at the gateway */
  async target(name: string, endpoint: string, stated: Stated = {}): Promise<string> {
    const { credential, metadataConfiguration, ...passthrough } = stated;
    await this.control.createGatewayTarget({
      gatewayIdentifier: this.id,
      name,
      targetConfiguration: { http: { passthrough: { endpoint, protocolType: 'CUSTOM', ...passthrough } } },
      ...(credential && { credentialProviderConfigurations: [credential] }),
      ...(metadataConfiguration && { metadataConfiguration }),
    });
    return `${this.url}/${name}`;
  }

  /** Adds an MCP server. @returns the ID of the target */
  async mcpServer(
    name: string,
    endpoint: string,
    {
      credential,
      metadataConfiguration,
      ...stated
    }: Partial<McpServerTargetConfiguration> & Pick<Stated, 'credential' | 'metadataConfiguration'> = {},
  ): Promise<string> {
    const { targetId = '' } = await this.control.createGatewayTarget({
      gatewayIdentifier: this.id,
      name,
      targetConfiguration: { mcp: { mcpServer: { endpoint, ...stated } } },
      ...(credential && { credentialProviderConfigurations: [credential] }),
      ...(metadataConfiguration && { metadataConfiguration }),
    });
    return targetId;
  }

  /** Deletes a target. */
  async remove(name: string): Promise<void> {
    const { items = [] } = await this.control.listGatewayTargets({ gatewayIdentifier: this.id });
    const targetId = items.find((item) => item.name === name)?.targetId;
    await this.control.deleteGatewayTarget({ gatewayIdentifier: this.id, targetId });
  }
}

/** A gateway whose users are those of the world's issuer, or whose callers sign. */
export async function openGateway(
  world: World,
  authorizerType: GatewayAuthorizerType,
  {
    owner = 'agent',
    ...change
  }: {
    owner?: PrincipalName;
    exceptionLevel?: 'DEBUG';
    protocolType?: 'MCP';
    roleArn?: string;
    authorizer?: object;
  } = {},
): Promise<TestGateway> {
  const control = world.control(owner);
  const { authorizer = {}, ...members } = change;
  const output = await control.createGateway({
    name: newName('Gateway'),
    roleArn: 'arn:aws:iam::000000000000:role/unused',
    authorizerType,
    ...(authorizerType === 'CUSTOM_JWT' && {
      authorizerConfiguration: authorizerFor(world.issuer, authorizer),
    }),
    ...members,
  });
  const { gatewayId = '', gatewayArn = '', gatewayUrl = '' } = output;
  world.gates.push(new URL(gatewayUrl).origin);
  return new TestGateway(control, gatewayId, gatewayArn, gatewayUrl);
}

export const providerArn = (kind: 'oauth2' | 'apikey', name: string): string =>
  `arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/${kind}credentialprovider/${name}`;

export const oauth = (
  name: string,
  members: Partial<OAuthCredentialProvider> = {},
): CredentialProviderConfiguration => ({
  credentialProviderType: 'OAUTH',
  credentialProvider: {
    oauthCredentialProvider: {
      providerArn: providerArn('oauth2', name),
      scopes: ['openid', 'a'],
      grantType: 'AUTHORIZATION_CODE',
      defaultReturnUrl: RETURN_URL,
      ...members,
    },
  },
});

/** A target's credential from a new API key provider. */
export async function apiKeyOf(
  world: World,
  apiKey: string,
  members: object = {},
): Promise<CredentialProviderConfiguration> {
  const name = newName('key');
  await world.control().createApiKeyCredentialProvider({ name, apiKey });
  return {
    credentialProviderType: 'API_KEY',
    credentialProvider: {
      apiKeyCredentialProvider: { providerArn: providerArn('apikey', name), ...members },
    },
  };
}

/** Calls with a user token of the world's issuer. */
export const callAs = async (
  world: World,
  url: string,
  {
    user = 'ana',
    headers = {},
    ...init
  }: Omit<RequestInit, 'headers'> & { user?: string; headers?: Record<string, string> } = {},
): Promise<Response> =>
  fetch(url, {
    redirect: 'manual',
    ...init,
    headers: { authorization: `Bearer ${await world.issuer.token(user)}`, ...headers },
  });

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a request exactly as it is written: `fetch` normalizes paths. */
export const sendRaw = (
  address: string,
  {
    method = 'GET',
    headers,
    path,
    body = '',
  }: { method?: string; headers: Record<string, string | string[]>; path: string; body?: string },
): Promise<Received> =>
  new Promise((resolve, reject) => {
    const sent = httpRequest(new URL(address).origin, { method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });

/** Calls with a signature, and an agent's workload access token if it has one. */
export async function callSigned(
  world: World,
  url: string,
  workloadAccessToken: string | undefined,
  { principal = 'agent', headers = {}, ...choices }: SigningChoices & { principal?: PrincipalName } = {},
): Promise<Received> {
  const { host, pathname, search } = new URL(url);
  const { accessKeyId, secretAccessKey } = world.local.principals[principal];
  const request = await signed(host, {
    method: 'GET',
    body: '',
    path: pathname,
    ...(search !== '' && { query: Object.fromEntries(new URLSearchParams(search)) }),
    credentials: { accessKeyId, secretAccessKey },
    ...choices,
    headers: {
      ...(workloadAccessToken !== undefined && { [CALLING_AGENT_HEADER.toLowerCase()]: workloadAccessToken }),
      ...headers,
    },
  });
  return sendRaw(url, { ...request, path: `${pathname}${search}` });
}
