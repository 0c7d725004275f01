/** Sets up an agent: its workload identity, its credential provider, and the role that gets its tokens. Repeatable. */
import {
  ConflictException,
  CreateGatewayCommand,
  CreateGatewayTargetCommand,
  CreateOauth2CredentialProviderCommand,
  CreateWorkloadIdentityCommand,
  GetOauth2CredentialProviderCommand,
  GetWorkloadIdentityCommand,
  PutResourcePolicyCommand,
  ServiceQuotaExceededException,
  TagResourceCommand,
  type BedrockAgentCoreControlClient,
  type OAuthCredentialProvider,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { UNUSED_ROLE_ARN } from '../../lambda/model/gateway/gateway-configuration';
import type { CalendarProvider } from './calendar-provider';

export interface WorkloadOptions {
  /** Name of the workload identity. */
  readonly name: string;
  /** Its name for people. */
  readonly displayName: string;
  /** Return URL of the application. */
  readonly returnUrl: string;
  /** ARN of the IAM role that the agent's gate runs as. */
  readonly gateRole: string;
}

/**
 * Creates a resource unless an earlier start created it. If the owner has reached a quota, the service does not say whether
 * the resource exists.
 *
 * @param get returns the resource; rejects if there is none
 */
export async function createUnlessThere(
  create: () => Promise<unknown>,
  get: () => Promise<unknown>,
): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (error instanceof ConflictException) return;
    if (!(error instanceof ServiceQuotaExceededException)) throw error;
    await get().catch(() => {
      throw error;
    });
  }
}

/**
 * Creates an agent's workload identity if it is absent, and allows the agent's gate to get workload access tokens for
 * users who present their own token.
 *
 * @throws when a workload identity of that name exists and does not fit, and the service's errors.
 */
export async function setUpWorkload(
  control: BedrockAgentCoreControlClient,
  { name, displayName, returnUrl, gateRole }: WorkloadOptions,
): Promise<void> {
  const allowedResourceOauth2ReturnUrls = [returnUrl];
  const get = () => control.send(new GetWorkloadIdentityCommand({ name }));
  await createUnlessThere(
    () => control.send(new CreateWorkloadIdentityCommand({ name, allowedResourceOauth2ReturnUrls })),
    get,
  );
  const identity = await get();
  if (identity.allowedResourceOauth2ReturnUrls?.includes(returnUrl) !== true) {
    throw new Error(
      `The workload identity ${name} exists and does not allow the return URL ${returnUrl}. Delete it, or choose other ports.`,
    );
  }
  const resourceArn = identity.workloadIdentityArn;
  await control.send(new TagResourceCommand({ resourceArn, tags: { displayName } }));
  await letGateMint(control, resourceArn, gateRole);
}

/** Allows the gate of an agent to get its workload access tokens for users who present their own token. */
async function letGateMint(
  control: BedrockAgentCoreControlClient,
  resourceArn: string | undefined,
  gateRole: string,
): Promise<void> {
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TheGateMints',
        Effect: 'Allow',
        Principal: { AWS: gateRole },
        Action: 'bedrock-agentcore:GetWorkloadAccessTokenForJWT',
        Resource: '*',
      },
    ],
  };
  await control.send(new PutResourcePolicyCommand({ resourceArn, policy: JSON.stringify(policy) }));
}

export interface CalledWorkloadOptions extends Pick<WorkloadOptions, 'name' | 'gateRole'> {
  /** Name of the workload identity of the only agent that can call this one. */
  readonly caller: string;
  /** Of the users, and the client that gets their tokens. */
  readonly issuer: { readonly discoveryUrl: string; readonly clientId: string };
}

/** Creates the workload identity of an agent that another agent calls, if it is absent. */
export async function setUpCalledWorkload(
  control: BedrockAgentCoreControlClient,
  { name, caller, issuer, gateRole }: CalledWorkloadOptions,
): Promise<void> {
  const customJWTAuthorizer = {
    discoveryUrl: issuer.discoveryUrl,
    allowedClients: [issuer.clientId],
    allowedWorkloadConfiguration: { workloadIdentities: [caller] },
  };
  const create = new CreateWorkloadIdentityCommand({ name });
  create.middlewareStack.add(
    (next) => (args) => {
      // The AWS client does not send this member of a workload identity.
      const request = args.request as { body: unknown };
      request.body = JSON.stringify({ name, authorizerConfiguration: { customJWTAuthorizer } });
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'authorizerConfiguration' },
  );
  const get = () => control.send(new GetWorkloadIdentityCommand({ name }));
  await createUnlessThere(() => control.send(create), get);
  const { workloadIdentityArn } = await get();
  await letGateMint(control, workloadIdentityArn, gateRole);
}

/**
 * Creates the credential provider for the calendar if it is absent, and registers its callback URL at the calendar.
 *
 * @returns its ARN
 * @throws the service's errors.
 */
export async function setUpCalendarProvider(
  control: BedrockAgentCoreControlClient,
  calendar: CalendarProvider,
  name: string,
): Promise<string> {
  const get = () => control.send(new GetOauth2CredentialProviderCommand({ name }));
  await createUnlessThere(
    () =>
      control.send(
        new CreateOauth2CredentialProviderCommand({
          name,
          tags: { displayName: 'Almanac' },
          credentialProviderVendor: 'CustomOauth2',
          oauth2ProviderConfigInput: {
            customOauth2ProviderConfig: {
              oauthDiscovery: { discoveryUrl: calendar.discoveryUrl },
              clientId: calendar.clientId,
              clientSecret: calendar.clientSecret,
            },
          },
        }),
      ),
    get,
  );
  const provider = await get();
  if (provider.callbackUrl === undefined) {
    throw new Error(`The credential provider ${name} has no callback URL.`);
  }
  await calendar.registerAgentClient(provider.callbackUrl);
  return provider.credentialProviderArn ?? '';
}

export interface GatewayOptions {
  readonly name: string;
  /** ARN of the credential provider. */
  readonly providerArn: string;
  /** The server behind the gateway. */
  readonly url: string;
}

/** The service recognizes a request that an earlier start sent. It requires 33 characters. */
const clientToken = (name: string): string => `the-gateway-of-the-examples-${name}`;

/**
 * Creates a gateway with the target `calendar`, unless an earlier start created it.
 *
 * @returns the URL of the gateway
 * @throws the service's errors.
 */
export async function setUpGateway(
  control: BedrockAgentCoreControlClient,
  { name, providerArn, url: endpoint }: GatewayOptions,
): Promise<string> {
  const { gatewayId, gatewayUrl = '' } = await control.send(
    new CreateGatewayCommand({
      name,
      roleArn: UNUSED_ROLE_ARN,
      authorizerType: 'AWS_IAM',
      clientToken: clientToken(name),
    }),
  );
  const oauthCredentialProvider: OAuthCredentialProvider = {
    providerArn,
    scopes: ['calendar.read'],
    grantType: 'AUTHORIZATION_CODE',
  };
  await control.send(
    new CreateGatewayTargetCommand({
      gatewayIdentifier: gatewayId,
      name: 'calendar',
      targetConfiguration: { http: { passthrough: { endpoint, protocolType: 'CUSTOM' } } },
      credentialProviderConfigurations: [
        { credentialProviderType: 'OAUTH', credentialProvider: { oauthCredentialProvider } },
      ],
      clientToken: clientToken(name),
    }),
  );
  return gatewayUrl;
}
