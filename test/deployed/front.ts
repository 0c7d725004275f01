/**
 * The local gateway in front of deployed functions: it verifies signatures of its principals as API Gateway
 * does, and invokes the functions through the AWS Lambda API.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import { ROUTED_GROUPS, type RoutedGroup } from '../../lambda/operations/groups';
import { createGateway, type FunctionHandler } from '../../lib/local/gateway';
import { listenOnLoopback, LOOPBACK } from '../../lib/local/loopback-server';
import {
  iamPolicyOf,
  loadPrincipals,
  LOCAL_ACCOUNT,
  uniqueIdOf,
  type Principal,
  type Principals,
} from '../../lib/local/principals';
import type { DeployedFunctions } from './deployed-functions';

const NAMES = Object.keys(OPERATIONS) as OperationName[];

const nameOf = ({ httpMethod, resource }: APIGatewayProxyEvent): OperationName | undefined =>
  NAMES.find((name) => OPERATIONS[name].method === httpMethod && OPERATIONS[name].path === resource);

async function newPrincipals(): Promise<Principals> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-principals-'));
  try {
    return await loadPrincipals(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

export class Front {
  /** Operations that have succeeded. */
  readonly answered = new Set<OperationName>();

  private currentRegion = '';

  private constructor(
    readonly endpoint: string,
    readonly principals: Principals,
    private readonly known: Principal[],
    private readonly server: Server,
    readonly close: () => Promise<void>,
  ) {}

  /** The Region for which callers sign their requests. */
  get region(): string {
    return this.currentRegion;
  }

  /** @param before an earlier gateway, whose principals remain valid here */
  static async open(functions: DeployedFunctions, region: string, before?: Front): Promise<Front> {
    const principals = before?.principals ?? (await newPrincipals());
    const server = createServer();
    const { port, close } = await listenOnLoopback(server, 0);
    const known = before?.known ?? Object.values(principals);
    const front = new Front(`http://${LOOPBACK}:${port}`, principals, known, server, close);
    front.serve(functions, region);
    return front;
  }

  /**
   * Passes requests to these functions from now on, at the same address, as the DNS record of a custom domain does.
   *
   * @param region the Region of the functions, for which callers sign
   */
  serve(functions: DeployedFunctions, region: string): void {
    const handlers = Object.fromEntries(
      ROUTED_GROUPS.map((group) => [group, this.handlerOf(functions, group)]),
    ) as Record<RoutedGroup, FunctionHandler>;
    const gateway = createGateway({
      accountId: LOCAL_ACCOUNT,
      region,
      stageVariables: functions.stageVariables,
      routes: Object.values(OPERATIONS),
      handlers,
      principals: this.known,
      allows: iamPolicyOf(this.principals),
      reportFailure: ({ resource, error }) => {
        const reason = error instanceof Error ? error.message : 'not an error object';
        process.stderr.write(`      the function behind ${resource} failed: ${reason}\n`);
      },
    });
    this.server.removeAllListeners('request');
    this.server.on('request', gateway);
    this.currentRegion = region;
  }

  /**
   * Adds a principal, such as a session of a deployed role.
   *
   * @param arn the ARN in the form that API Gateway passes on
   * @param id the unique ID of the role in the emulator, where its sessions also call
   */
  admit(arn: string, id?: string): Principal {
    const key = {
      accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString('base64'),
    };
    // All sessions of a role have its unique ID until the role is recreated.
    const role = arn.split('/').slice(0, 2).join('/');
    const known = this.known.find((principal) => principal.arn.startsWith(`${role}/`));
    const principal = { arn, id: id ?? known?.id ?? uniqueIdOf(arn, key), ...key };
    this.known.push(principal);
    return principal;
  }

  private handlerOf(functions: DeployedFunctions, group: RoutedGroup): FunctionHandler {
    return async (event) => {
      const { payload, failed } = await functions.invoke(group, event);
      if (failed) throw new Error(JSON.stringify(payload));
      const result = payload as APIGatewayProxyResult;
      const name = nameOf(event);
      // The success of a route for unknown paths is the status 404.
      const unknown = event.resource === OPERATIONS.NotFound.path && result.statusCode === 404;
      const succeeded = result.statusCode < 400 || unknown;
      if (name !== undefined && succeeded) this.answered.add(name);
      return result;
    };
  }
}
