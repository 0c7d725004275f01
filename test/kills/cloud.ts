/**
 * The emulators and the load balancer in this process, which survive, and the service in another, which is killed at a
 * write. A request to DynamoDB passes a proxy, which counts the writes.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BedrockAgentCore } from '@aws-sdk/client-bedrock-agentcore';
import { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import type { FunctionGroup } from '../../lambda/operations/groups';
import { startEmulators, type Emulators } from '../../lib/local/emulators';
import { LOOPBACK } from '../../lib/local/loopback-server';
import { LOCAL_REGION, type PrincipalName } from '../../lib/local/principals';
import { hideDate } from '../flows/support/world';
import { send, signed } from '../local/handmade-request';
import {
  startDatabaseProxy,
  type DatabaseProxy,
  type DatabaseRequest,
  type Fate,
} from '../storm/database-proxy';
import { startLoadBalancer } from '../storm/load-balancer';
import type { KillsProvider } from './provider';
import { isSharedKey } from './inventory';
import type { Delivered } from './service';
import { ServiceProcess } from './service-process';

/** A write of the service to DynamoDB. */
export interface Write {
  /** `UpdateItem`, `PutItem`, or `DeleteItem`. */
  readonly operation: string;
  /** Name of the table, without the prefix of the embedded DynamoDB. */
  readonly table: string;
  /** First part of the partition key. */
  readonly kind: string;
  /** Whether the provider got a request since the write before. */
  readonly afterRequest: boolean;
  /** Status of the response; absent if there was none. */
  status?: number;
}

/** Where the service is killed: at a write since {@link Cloud.watch}, before DynamoDB gets it or after it is stored. */
export interface KillPoint {
  /** From 1. */
  readonly write: number;
  readonly when: 'before' | 'after';
}

const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems'];

/** Calls of {@link Cloud.retry} for one result. A case kills the service once, so a third call is a defect of the tests. */
const MAX_CALLS = 3;

/** Milliseconds of real time: several times those of a request to the provider. */
const QUIET = 150;

/** The response of the operators' plane, or of an operation beyond those of AWS. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

interface WriteBody {
  readonly TableName: string;
  readonly Key?: { readonly pk: { readonly S: string } };
  readonly Item?: { readonly pk: { readonly S: string } };
}

const partitionIn = ({ Key, Item }: WriteBody): string => (Key ?? Item)?.pk.S ?? '';

function writeOf(operation: string, body: WriteBody, afterRequest: boolean): Write {
  const [kind = ''] = partitionIn(body).split('#');
  return { operation, table: body.TableName.replace('agent-identity-', ''), kind, afterRequest };
}

export interface CloudOptions {
  /** Whether several runs of a flow use the cloud. */
  readonly sharesKeys: boolean;
  readonly provider: Pick<KillsProvider, 'requests'>;
}

export class Cloud {
  private service: ServiceProcess | undefined;
  private starting: Promise<ServiceProcess> | undefined;
  private ahead = 0;
  private writes: Write[] | undefined;
  private armed: KillPoint | undefined;
  private deathCount = 0;
  private readonly requests = new Map<string, Write[]>();
  private readonly deliveries: Delivered['delivered'][] = [];
  private lastRequestAt = 0;
  private requestsBefore = 0;
  private readonly dataClients = new Map<PrincipalName, BedrockAgentCore>();
  private readonly controlClients = new Map<PrincipalName, BedrockAgentCoreControl>();

  private constructor(
    readonly folder: string,
    private readonly removeFolder: () => void,
    readonly emulators: Emulators,
    private proxy: DatabaseProxy,
    private balancer: { readonly port: number; readonly close: () => Promise<void> },
    private readonly options: CloudOptions,
  ) {}

  static async start(options: CloudOptions): Promise<Cloud> {
    const folder = await mkdtemp(join(tmpdir(), 'agent-identity-kills-'));
    const removeFolder = (): void => {
      rmSync(folder, { recursive: true, force: true });
    };
    // Ctrl-C ends the process without `close`.
    process.on('exit', removeFolder);
    const emulators = await startEmulators(folder);
    const proxy = await startDatabaseProxy({
      endpoint: emulators.access.endpoints.dynamodb,
      fateOf: (request) => cloud.fateOf(request),
      kill: () => {
        cloud.kill();
      },
      observe: (request, { status }) => {
        cloud.observe(request, status);
      },
    });
    const balancer = await startLoadBalancer(() => (cloud.service ? [cloud.service.port] : []));
    const cloud: Cloud = new Cloud(folder, removeFolder, emulators, proxy, balancer, options);
    return cloud;
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.destroy();
    this.service?.killNow();
    await this.service?.ended();
    await this.balancer.close();
    await this.proxy.close();
    await this.emulators.close();
    process.off('exit', this.removeFolder);
    this.removeFolder();
  }

  private kill(): void {
    this.armed = undefined;
    this.deathCount += 1;
    this.service?.killNow();
    this.service = undefined;
  }

  /** How often the service was killed. */
  get deaths(): number {
    return this.deathCount;
  }

  /** Resolves when no function uses the tables, because the background work of the requests before is done or was lost. */
  async quiet(): Promise<void> {
    for (;;) {
      const idle = performance.now() - this.lastRequestAt;
      if (idle >= QUIET) return;
      await wait(QUIET - idle + 1);
    }
  }

  private fateOf(request: DatabaseRequest): Fate {
    this.lastRequestAt = performance.now();
    if (!this.writes || !WRITES.includes(request.operation)) return 'pass';
    const { body } = request;
    const content = JSON.parse(body) as WriteBody;
    // Only the first run of a flow writes it, so it would have another number in each.
    if (this.options.sharesKeys && isSharedKey(partitionIn(content))) return 'pass';
    const { requests } = this.options.provider;
    const write = writeOf(request.operation, content, requests > this.requestsBefore);
    this.requestsBefore = requests;
    this.writes.push(write);
    this.requests.set(body, [...(this.requests.get(body) ?? []), write]);
    if (this.armed?.write !== this.writes.length) return 'pass';
    return this.armed.when === 'before' ? 'die before' : 'die after';
  }

  private observe({ body }: DatabaseRequest, status: number): void {
    this.lastRequestAt = performance.now();
    const write = this.requests.get(body)?.shift();
    if (write) write.status = status;
  }

  /** Counts the writes from now on. @param point at which the service is killed */
  watch(point?: KillPoint): void {
    this.writes = [];
    this.deliveries.length = 0;
    this.requests.clear();
    this.requestsBefore = this.options.provider.requests;
    this.armed = point;
  }

  /** Counts and kills no more. Returns the writes since {@link watch}. */
  unwatch(): readonly Write[] {
    const writes = this.writes ?? [];
    this.writes = undefined;
    this.armed = undefined;
    return writes;
  }

  /** Returns the running service; starts it if it was killed. */
  async running(): Promise<ServiceProcess> {
    if (this.service) return this.service;
    this.starting ??= this.startService().finally(() => {
      this.starting = undefined;
    });
    return this.starting;
  }

  private async startService(): Promise<ServiceProcess> {
    const { access, principals } = this.emulators;
    this.service = await ServiceProcess.start(
      {
        emulators: { ...access, endpoints: { ...access.endpoints, dynamodb: this.proxy.endpoint } },
        principals,
        clientPort: this.balancer.port,
        logPath: join(this.folder, 'service.log'),
        ahead: this.ahead,
      },
      (delivery) => this.deliveries.push(delivery),
    );
    return this.service;
  }

  /** Replaces the process, so that a new one continues without anything in memory. */
  async restart(): Promise<void> {
    this.service?.killNow();
    await this.service?.ended();
    this.service = undefined;
    await this.running();
  }

  /** Moves the clock of the service and of its clients. */
  async moveClock(seconds: number): Promise<void> {
    this.ahead += seconds * 1000;
    for (const { config } of this.clients) config.systemClockOffset = this.ahead;
    await (await this.running()).request({ ahead: this.ahead });
  }

  /**
   * Calls the service as a client does that repeats a call without a response: if the service was killed during the call,
   * the call is repeated with the next process.
   *
   * @param afterKill is called with the next process, before the call is repeated
   */
  async retry<T>(call: () => Promise<T>, afterKill?: () => Promise<void>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      await this.running();
      const { deathCount } = this;
      try {
        return await call();
      } catch (error) {
        if (this.deathCount === deathCount || attempt === MAX_CALLS) throw error;
        await this.running();
        await afterKill?.();
      }
    }
  }

  /** Invokes a function as a schedule or an operator does. */
  async invoke(group: FunctionGroup, event: object): Promise<unknown> {
    return (await this.running()).request({ invoke: { group, event } });
  }

  /** Delivers the events since {@link watch} again, as Lambda does if the function crashed. Returns how many. */
  async deliverAgain(): Promise<number> {
    const deliveries = [...this.deliveries];
    for (const { group, event } of deliveries) await this.invoke(group, event);
    return deliveries.length;
  }

  get endpoint(): string {
    return `http://${LOOPBACK}:${this.balancer.port}`;
  }

  private settings(principal: PrincipalName) {
    const { accessKeyId, secretAccessKey } = this.emulators.principals[principal];
    return {
      endpoint: this.endpoint,
      region: LOCAL_REGION,
      credentials: { accessKeyId, secretAccessKey },
      // Repetitions are those of `retry`, which starts the service first.
      maxAttempts: 1,
      systemClockOffset: this.ahead,
      ...{ signingName: 'execute-api' },
    };
  }

  private get clients() {
    return [...this.dataClients.values(), ...this.controlClients.values()];
  }

  data(principal: PrincipalName = 'agent'): BedrockAgentCore {
    const known = this.dataClients.get(principal);
    if (known) return known;
    const client = new BedrockAgentCore(this.settings(principal));
    client.middlewareStack.add(hideDate, { step: 'deserialize', priority: 'low' });
    this.dataClients.set(principal, client);
    return client;
  }

  control(principal: PrincipalName = 'agent'): BedrockAgentCoreControl {
    const known = this.controlClients.get(principal);
    if (known) return known;
    const client = new BedrockAgentCoreControl(this.settings(principal));
    client.middlewareStack.add(hideDate, { step: 'deserialize', priority: 'low' });
    this.controlClients.set(principal, client);
    return client;
  }

  /** Calls an operation for which AWS SDK clients have no command. @param path for example, `/operator/RevokeGrants` */
  async post(path: string, input: object, principal: PrincipalName): Promise<Answer> {
    const { accessKeyId, secretAccessKey } = this.emulators.principals[principal];
    const request = await signed(new URL(this.endpoint).host, {
      path,
      body: JSON.stringify(input),
      credentials: { accessKeyId, secretAccessKey },
      signingDate: new Date(Date.now() + this.ahead),
    });
    const { status = 0, body } = await send(request);
    if (status === 502) throw new Error('the service was killed');
    return { status, body: body === '' ? {} : (JSON.parse(body) as Record<string, unknown>) };
  }
}
