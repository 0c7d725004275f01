/** The storm's environment: emulators, provider, and load balancer in this process, and the workers in others. */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import type { Configuration } from 'oidc-provider';
import { parseGrant } from '../../lambda/adapters/dynamodb/grant-store';
import { createTable, type Table } from '../../lambda/adapters/dynamodb/table';
import type { Grant } from '../../lambda/model/records/grant';
import { localTableName } from '../../lib/local/dynamodb';
import { startEmulators } from '../../lib/local/emulators';
import { LOOPBACK } from '../../lib/local/loopback-server';
import { LOCAL_REGION, type Principal } from '../../lib/local/principals';
import { customProvider } from '../flows/support/custom-provider';
import { RETURN_URL, TestAgent } from '../flows/support/world';
import { Killer } from './killer';
import { startLoadBalancer } from './load-balancer';
import { startStrictProvider, type StrictProvider } from './strict-provider';
import { Workers } from './workers';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';

/** Items on one page of a scan. */
const PAGE = 100;

interface StageParts {
  readonly provider: StrictProvider;
  readonly killer: Killer;
  readonly workers: Workers;
  readonly endpoint: string;
  readonly principal: Principal;
  readonly vault: Table;
  /** The only worker to which the load balancer sends requests, by its port; undefined for all workers. */
  readonly route: { port: number | undefined };
  readonly close: () => Promise<void>;
}

export class Stage {
  private agents = 0;

  private constructor(private readonly parts: StageParts) {}

  get provider(): StrictProvider {
    return this.parts.provider;
  }

  get killer(): Killer {
    return this.parts.killer;
  }

  get workers(): Workers {
    return this.parts.workers;
  }

  /** Performs an action for each worker, in which the load balancer sends all requests to this worker. */
  async throughEach(action: () => Promise<void>): Promise<void> {
    const { route, workers } = this.parts;
    try {
      for (const port of workers.ports) {
        route.port = port;
        await action();
      }
    } finally {
      route.port = undefined;
    }
  }

  /** Removes all files and ends all processes. */
  close(): Promise<void> {
    return this.parts.close();
  }

  /** @param configuration of the provider */
  static async set(configuration: Configuration = {}): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'agent-identity-storm-'));
    const closers = [() => rm(folder, { recursive: true })];
    const closeAll = async (): Promise<void> => {
      for (const stop of closers.reverse()) await stop();
    };
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => (closing ??= closeAll());
    try {
      const emulators = await startEmulators(folder);
      closers.push(() => emulators.close());
      const provider = await startStrictProvider(configuration);
      closers.push(() => provider.close());
      const { principals } = emulators;
      const killer = new Killer();
      const route: StageParts['route'] = { port: undefined };
      const balancer = await startLoadBalancer(() =>
        route.port === undefined ? workers.ports : [route.port],
      );
      closers.push(balancer.close);
      const options = { emulators: emulators.access, principals, clientPort: balancer.port, folder, killer };
      const workers: Workers = new Workers(options);
      closers.push(() => workers.close());
      const { credentials, endpoints } = emulators.access;
      const dynamodb = new DynamoDB({
        endpoint: endpoints.dynamodb,
        region: LOCAL_REGION,
        credentials,
      });
      const vault = createTable(createDynamoDb(dynamodb), localTableName('Vault'));
      const endpoint = `http://${LOOPBACK}:${balancer.port}`;
      const principal = principals.agent;
      return new Stage({ provider, killer, workers, endpoint, principal, vault, route, close });
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** Settings of an AWS client for the service. */
  get settings() {
    const { accessKeyId, secretAccessKey } = this.parts.principal;
    const signing = { signingName: 'execute-api' };
    return {
      endpoint: this.parts.endpoint,
      region: LOCAL_REGION,
      credentials: { accessKeyId, secretAccessKey },
      ...signing,
    };
  }

  /** Separate clients for the callers: each retries independently, with the defaults of the AWS SDK. */
  callers(count: number): BedrockAgentCore[] {
    const requestHandler = { httpAgent: new Agent({ keepAlive: true, maxSockets: count }) };
    return Array.from({ length: count }, () => new BedrockAgentCore({ ...this.settings, requestHandler }));
  }

  /** A new agent with its own credential provider at the strict provider. */
  async agent(): Promise<TestAgent> {
    this.agents += 1;
    const name = `agent-${this.agents}`;
    const providerName = `provider-${this.agents}`;
    const control = new BedrockAgentCoreControl(this.settings);
    await control.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: [RETURN_URL] });
    const { discoveryUrl, clientId, clientSecret } = this.provider;
    const { callbackUrl = '' } = await control.createOauth2CredentialProvider({
      name: providerName,
      ...customProvider(discoveryUrl, { clientId, clientSecret }),
    });
    control.destroy();
    this.provider.allowRedirect(callbackUrl);
    return new TestAgent(new BedrockAgentCore(this.settings), name, providerName, callbackUrl);
  }

  /** The agent's only grant, if any, from a strongly consistent read. */
  async grantOf({ providerName }: TestAgent): Promise<Grant | undefined> {
    const names = { '#target': 'target' };
    const filter = {
      condition: 'contains(#target, :provider)',
      names,
      values: { ':provider': `#${providerName}#` },
    };
    for (let after: Parameters<Table['scan']>[1]['after']; ;) {
      const { items, last } = await this.parts.vault.scan(filter, { limit: PAGE, ...(after && { after }) });
      if (items.length > 0) return parseGrant(items[0]);
      if (!last) return undefined;
      after = last;
    }
  }
}
