/**
 * The functions of the agents behind gateways. Each owner of gateways has a session, with which IAM allows only functions whose
 * owner tag names this owner.
 */
import { setTimeout } from 'node:timers/promises';
import type { AgentFunctions } from '../../domain/gateway/agent-invocation';
import { GatewayProblem } from '../../domain/gateway/problem';
import type { AgentSessions, RoleSession } from '../../domain/gateway/role-sessions';
import { OWNER_TAG, type Owned } from '../../domain/ownership';
import { ServiceError } from '../../domain/service-error';
import type { System } from '../../domain/system';
import { createLambdaAgent, lambdaClient, type LambdaSdk } from './agent';

/** Milliseconds of a question that invokes nothing. */
const DRY_RUN_TIMEOUT_MS = 5_000;

const ATTEMPTS = 3;
const PAUSE_MS = 1_500;

const NOT_ALLOWED = `IAM does not let the gateway invoke this function. Its resource-based policy must allow lambda:InvokeFunction to the role GatewayAgentsRoleArn of the service, and its tag ${OWNER_TAG} must be the ARN of the owner of the gateway`;

/** Why a function cannot be invoked, by the name of the error of AWS Lambda. */
const DENIALS: Readonly<Record<string, string>> = {
  AccessDeniedException: NOT_ALLOWED,
  ResourceNotFoundException: 'this function, version, or alias does not exist',
};

export function createAgentFunctions(sessions: AgentSessions, system: Pick<System, 'now'>) {
  const clients = new WeakMap<RoleSession, LambdaSdk>();
  async function clientFor(owner: Owned): Promise<LambdaSdk> {
    const session = await sessions(owner);
    const present = clients.get(session);
    if (present) return present;
    const client = lambdaClient(session);
    clients.set(session, client);
    return client;
  }

  const invoke: AgentFunctions = async (owner, functionArn) =>
    createLambdaAgent(functionArn, 'HTTP', system, await clientFor(owner));

  /** IAM can take some seconds to know what the function allows. */
  async function denial(owner: Owned, functionArn: string): Promise<string | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const why = await denialNow(owner, functionArn);
      if (why !== NOT_ALLOWED || attempt === ATTEMPTS) return why;
      await setTimeout(PAUSE_MS);
    }
  }

  /** @returns why the function cannot be invoked for this owner, for the owner */
  async function denialNow(owner: Owned, functionArn: string): Promise<string | undefined> {
    try {
      const { sdk, client } = await (await clientFor(owner))();
      const command = new sdk.InvokeCommand({ FunctionName: functionArn, InvocationType: 'DryRun' });
      await client.send(command, { abortSignal: AbortSignal.timeout(DRY_RUN_TIMEOUT_MS) });
      return undefined;
    } catch (error) {
      if (error instanceof GatewayProblem) return error.message;
      if (error instanceof ServiceError) throw error;
      const name = error instanceof Error ? error.name : 'unknown';
      const known = DENIALS[name];
      if (known !== undefined) return known;
      throw new ServiceError(
        'InternalServerException',
        'The function of the agent could not be checked. Try again shortly.',
        { detail: `agent: ${name}`, cause: error },
      );
    }
  }

  return { invoke, denial };
}
