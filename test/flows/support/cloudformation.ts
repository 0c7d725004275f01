/**
 * CloudFormation as the resource function meets it: requests as it sends them, with every number and truth value as
 * text, and the address that takes the answer.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createRequests } from '../../../lambda/adapters/log/requests';
import type { AuditEntry } from '../../../lambda/domain/audit';
import { createControlPlane } from '../../../lambda/custom-resources/control-plane';
import { digestOf } from '../../../lambda/contract/resource-definition';
import { createResourceHandler } from '../../../lambda/custom-resources/handler';
import type { ResourceKind } from '../../../lambda/contract/resource-kinds';
import type { Properties } from '../../../lambda/contract/resource-request';
import type { DeployedStack } from '../../../lambda/custom-resources/stack';
import type { PrincipalName, World } from './world';

/** What CloudFormation was told. */
export interface StackAnswer {
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
  /** Milliseconds that the function has. */
  readonly time?: number;
  /** What of the function's environment is otherwise than the request says. */
  readonly deployed?: Partial<DeployedStack>;
  /** What of the request is otherwise than CloudFormation would write it. */
  readonly forged?: object;
}

const stackId = (name: string) =>
  `arn:aws:cloudformation:us-east-1:000000000000:stack/${name}/7d8c3ba0-0000-11ee-be56-0242ac120002`;

/** ARN of the stack that requests are of, where a test names no other. */
export const STACK_ID = stackId('Stack');

export const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:resources';

/** A credential provider as the function's environment has it, when the template has these properties. */
export function asDeployed(kind: ResourceKind, properties: object): DeployedStack['providers'][string] {
  const { name, configuration, secret } = properties as Partial<Properties>;
  const given = secret ? [secret.secretId, ...[secret.jsonKey ?? []].flat()] : [];
  return [digestOf([kind, name ?? '', configuration ?? '']), ...given];
}

export class CloudFormation {
  /** The bodies of all answers, as they came. */
  readonly bodies: string[] = [];
  readonly failures: string[] = [];
  /** What the function wrote into the audit trail. */
  readonly audit: AuditEntry[] = [];
  /** Status that the address answers with from now on. */
  status = 200;

  private constructor(
    private readonly world: World,
    private readonly server: Server,
    private readonly principal: PrincipalName,
  ) {}

  /** @param principal plays the function's own role */
  static async start(world: World, principal: PrincipalName = 'operator'): Promise<CloudFormation> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        if (request.method === 'PUT') cloudFormation.bodies.push(Buffer.concat(chunks).toString('utf8'));
        response.writeHead(cloudFormation.status).end();
      });
    });
    const cloudFormation = new CloudFormation(world, server, principal);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return cloudFormation;
  }

  async stop(): Promise<void> {
    await new Promise((closed) => this.server.close(closed));
  }

  /** One request; answers with what CloudFormation was told. */
  async ask(type: 'Create' | 'Update' | 'Delete', kind: ResourceKind, change: Change): Promise<StackAnswer> {
    const { properties, old, physicalId, logicalId = 'Resource', stack = 'Stack', time = 60_000 } = change;
    const { port } = this.server.address() as AddressInfo;
    const { endpoint, region, principals } = this.world.local;
    const { accessKeyId, secretAccessKey } = principals[this.principal];
    const requests = createRequests({ record: () => undefined });
    const handler = createResourceHandler({
      requests,
      audit: requests.trail({ record: (entry) => void this.audit.push(entry) }),
      stack: {
        stackId: stackId(stack),
        region,
        urlSuffix: 'amazonaws.com',
        endpoints: [endpoint],
        providers: { [logicalId]: asDeployed(kind, properties) },
        policy: { loopback: true },
        ...change.deployed,
      },
      controlPlane: (address) =>
        createControlPlane({ endpoint: address, region, credentials: { accessKeyId, secretAccessKey } }),
      secretsManager: new SecretsManagerClient({}),
      reportFailure: ({ reason }) => void this.failures.push(reason),
    });
    await handler(
      {
        RequestType: type,
        RequestId: 'b2c1f0b2-0000-11ee-be56-0242ac120002',
        StackId: stackId(stack),
        LogicalResourceId: logicalId,
        ResponseURL: `http://127.0.0.1:${port}/answer`,
        ResourceType: kind,
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
    return JSON.parse(this.bodies.at(-1) ?? '') as StackAnswer;
  }
}
