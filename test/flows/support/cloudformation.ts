/**
 * CloudFormation for the custom resource function: it sends requests with every number and boolean as text, and receives
 * the response at its URL.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { createRequests } from '../../../lambda/adapters/log/requests';
import { system } from '../../../lambda/adapters/system';
import type { AuditEntry } from '../../../lambda/domain/audit';
import { createControlPlane } from '../../../lambda/custom-resources/control-plane';
import { digestOf } from '../../../lambda/model/custom-resources/definition';
import { createResourceHandler } from '../../../lambda/custom-resources/handler';
import type { CustomResourceType } from '../../../lambda/model/custom-resources/types';
import type { Properties } from '../../../lambda/model/custom-resources/request';
import type { DeployedStack } from '../../../lambda/custom-resources/stack';
import { World } from './world';

export const IDENTITY = 'Custom::AgentIdentityWorkloadIdentity';
export const OAUTH2 = 'Custom::AgentIdentityOAuth2CredentialProvider';
export const API_KEY = 'Custom::AgentIdentityApiKeyCredentialProvider';
export const PORTAL = 'Custom::AgentIdentityConsentPortal';
export const GATEWAY = 'Custom::AgentIdentityGateway';
export const POLICY_ENGINE = 'Custom::AgentIdentityPolicyEngine';

/** The response to CloudFormation. */
export interface StackResponse {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly PhysicalResourceId: string;
  readonly Reason?: string;
  readonly Data?: Readonly<Record<string, string>>;
}

export interface Change {
  readonly properties: object;
  readonly old?: object;
  readonly physicalId?: string;
  readonly logicalId?: string;
  readonly stack?: string;
  /** The function's remaining time in milliseconds. */
  readonly time?: number;
  /** Members of the function's environment that differ from the request. */
  readonly deployed?: Partial<DeployedStack>;
  /** Members of the request that differ from CloudFormation's. */
  readonly forged?: object;
}

const stackId = (name: string) =>
  `arn:aws:cloudformation:us-east-1:000000000000:stack/${name}/7d8c3ba0-0000-11ee-be56-0242ac120002`;

/** Default ARN of the stack in requests. */
export const STACK_ID = stackId('Stack');

export const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:resources';

/** A credential provider in the function's environment, for these properties in the template. */
export function asDeployed(type: CustomResourceType, properties: object): DeployedStack['providers'][string] {
  const { name, configuration, secret } = properties as Partial<Properties>;
  const given = secret ? [secret.secretId, ...[secret.jsonKey ?? []].flat()] : [];
  return [digestOf([type, name ?? '', configuration ?? '']), ...given];
}

export class CloudFormation {
  /** The bodies of all responses. */
  readonly bodies: string[] = [];
  readonly failures: string[] = [];
  /** The function's audit entries. */
  readonly audit: AuditEntry[] = [];
  /** Status that the response URL returns from now on. */
  status = 200;

  private constructor(
    /** The service that the custom resource function calls. */
    readonly world: World,
    private readonly server: Server,
  ) {}

  /** For all tests of a file: a service, and the server that receives the responses. The operator plays the function's role. */
  static ofFile(): CloudFormation {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (request.method === 'PUT') cloudFormation.bodies.push(Buffer.concat(chunks).toString('utf8'));
        response.writeHead(cloudFormation.status).end();
      });
    });
    const cloudFormation = new CloudFormation(World.ofFile(), server);
    beforeAll(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)));
    afterAll(() => new Promise((closed) => server.close(closed)));
    return cloudFormation;
  }

  /** Sends one request; returns the response to CloudFormation. */
  async ask(
    requestType: 'Create' | 'Update' | 'Delete',
    type: CustomResourceType,
    change: Change,
  ): Promise<StackResponse> {
    const { properties, old, physicalId, logicalId = 'Resource', stack = 'Stack', time = 60_000 } = change;
    const { port } = this.server.address() as AddressInfo;
    const { endpoint, region, principals } = this.world.local;
    const { accessKeyId, secretAccessKey } = principals.operator;
    const requests = createRequests({ record: () => undefined });
    const handler = createResourceHandler({
      requests,
      system,
      audit: requests.trail({ record: (entry) => void this.audit.push(entry) }),
      stack: {
        stackId: stackId(stack),
        region,
        urlSuffix: 'amazonaws.com',
        endpoints: [endpoint],
        providers: { [logicalId]: asDeployed(type, properties) },
        policy: { loopback: true },
        ...change.deployed,
      },
      controlPlane: (address) =>
        createControlPlane({ endpoint: address, region, credentials: { accessKeyId, secretAccessKey } }),
      secretsManager: new SecretsManager({}),
      reportFailure: ({ reason }) => void this.failures.push(reason),
    });
    await handler(
      {
        RequestType: requestType,
        RequestId: 'b2c1f0b2-0000-11ee-be56-0242ac120002',
        StackId: stackId(stack),
        LogicalResourceId: logicalId,
        ResponseURL: `http://127.0.0.1:${port}/answer`,
        ResourceType: type,
        ResourceProperties: {
          ServiceToken: 'arn:aws:lambda:…',
          endpoint,
          importExisting: 'false',
          ...properties,
        },
        ...(old && { OldResourceProperties: { endpoint, ...old } }),
        ...(physicalId !== undefined && { PhysicalResourceId: physicalId }),
        ...change.forged,
      },
      {
        getRemainingTimeInMillis: () => time,
        awsRequestId: 'request-of-lambda',
        invokedFunctionArn: FUNCTION_ARN,
      },
    );
    return JSON.parse(this.bodies.at(-1) ?? '') as StackResponse;
  }
}
