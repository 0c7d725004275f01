/** `agent-identity agent`: workload identities. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import type { Suspension } from '../../../lambda/model/records/restriction';
import { OPERATIONS } from '../../../lambda/operations';
import {
  AUTHORIZER_FLAGS,
  AUTHORIZER_OPTIONS,
  AUTHORIZER_REMOVAL_FLAGS,
  authorizerFields,
  authorizerMember,
  changesAuthorizer,
  checkAuthorizer,
  discoveryUrlOf,
  issuerChanges,
  type Authorized,
  type AuthorizerFlags,
  type AuthorizerRemovalFlags,
} from '../authorizer';
import {
  CONNECTION_FLAGS,
  flag,
  optionalText,
  optionalTexts,
  type ConnectionFlags,
} from '../connection-flags';
import type { CliContext } from '../context';
import { usageError } from '../failure';
import { nameTaken } from '../name-taken';
import { namingOptions } from '../option-names';
import { isoTime, print, printAside, printFields, printJson, printTable } from '../output';
import { confirmOrCancel } from '../prompt';
import { endpointPolicyOf } from '../provider-request';
import { allPages, connect, deleteWholly, type Service } from '../service';
import { listSuspensions, printSuspensions } from '../suspensions';
import { issuerFault } from '../trusted-issuer';

const NAME = { brief: 'Name of the agent', parse: String, placeholder: 'name' } as const;

const RETURN_URLS = optionalTexts(
  'URL',
  'URL to which the browser returns after a consent; set the option again for each further URL',
);

const MEMBER_OPTIONS = {
  name: 'the name',
  allowedResourceOauth2ReturnUrls: '--return-url',
  ...AUTHORIZER_OPTIONS,
} as const;

interface WorkloadIdentity extends Authorized {
  readonly name: string;
  readonly workloadIdentityArn: string;
  readonly allowedResourceOauth2ReturnUrls?: readonly string[];
}

interface AddFlags extends ConnectionFlags, AuthorizerFlags {
  readonly returnUrl?: readonly string[];
}

/** Returns labels and values of an agent. */
const fieldsOf = (agent: WorkloadIdentity): (readonly [label: string, value: string | undefined])[] => [
  ['Agent', agent.name],
  ['ARN', agent.workloadIdentityArn],
  ...(agent.allowedResourceOauth2ReturnUrls ?? []).map((url) => ['Return URL', url] as const),
  ...authorizerFields(agent.authorizerConfiguration),
];

const ownAgents = (service: Pick<Service, 'call'>): Promise<WorkloadIdentity[]> =>
  allPages<WorkloadIdentity>(service, OPERATIONS.ListWorkloadIdentities, 'workloadIdentities');

/**
 * Warns about an issuer whose metadata cannot be used, and about callers that do not exist: the service accepts both,
 * because an issuer can start later, and a caller can belong to another owner.
 */
async function warnOfUnknown(
  context: CliContext,
  service: Service,
  name: string,
  { issuer, allowedCaller = [], privateEndpoint, privateEndpointOverride }: AuthorizerFlags,
): Promise<void> {
  // Private endpoints lead from the service's network, and not from this computer.
  const fault =
    issuer === undefined || privateEndpoint || privateEndpointOverride
      ? undefined
      : await issuerFault(discoveryUrlOf(issuer), endpointPolicyOf(service));
  if (fault) printAside(context, fault.message);
  if (allowedCaller.length === 0) return;
  const own = await ownAgents(service).catch((): undefined => undefined);
  if (!own) return;
  const isOwn = (caller: string): boolean => own.some((agent) => agent.name === caller);
  for (const unknown of allowedCaller.filter((caller) => !isOwn(caller))) {
    const corrected = allowedCaller.map(
      (caller) => `--allowed-caller ${caller === unknown ? 'NAME' : caller}`,
    );
    printAside(
      context,
      `You have no agent "${unknown}". Unless it belongs to another owner, correct the name: agent-identity agent update ${name} ${corrected.join(' ')}`,
    );
  }
}

const add = buildCommand({
  docs: {
    brief: 'Create a workload identity',
    fullDescription: [
      'Creates the workload identity of an agent. It belongs to the principal whose credentials sign the request.',
      "By default, the agent accepts calls of no agent, and tokens of users of the deployment's issuers.",
      'With --allowed-caller, other agents can call it for users of one issuer, which --issuer names.',
    ].join('\n'),
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, returnUrl: RETURN_URLS, ...AUTHORIZER_FLAGS },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  async func(this: CliContext, { returnUrl, ...flags }: AddFlags, name: string) {
    const authorizer = changesAuthorizer(flags) ? authorizerMember(undefined, flags) : {};
    const service = await connect(this, flags);
    const created = await namingOptions(
      MEMBER_OPTIONS,
      () =>
        service.call<WorkloadIdentity>(OPERATIONS.CreateWorkloadIdentity, {
          name,
          ...(returnUrl && { allowedResourceOauth2ReturnUrls: returnUrl }),
          ...authorizer,
        }),
      (failure) => nameTaken(failure, 'agent'),
    );
    if (flags.json) {
      printJson(this, created);
      return;
    }
    printFields(this, fieldsOf({ ...created, ...authorizer }));
    await warnOfUnknown(this, service, name, flags);
    if (!returnUrl) {
      printAside(
        this,
        `Users can consent only if the agent has a return URL: agent-identity agent update ${name} --return-url URL`,
      );
    }
  },
});

interface UpdateFlags extends AddFlags, AuthorizerRemovalFlags {
  readonly noReturnUrls: boolean;
}

const update = buildCommand({
  docs: {
    brief: 'Change an agent',
    fullDescription: [
      'Changes what the options name, and keeps the rest.',
      '--return-url replaces all return URLs of the agent, --allowed-audience all audiences, --allowed-client all clients, and --allowed-caller all agents that can call it.',
      'Set the option for each one that the agent has afterwards: `agent get` shows the current ones.',
      'The audiences, clients, and private endpoints of another issuer replace those of the earlier one. --no-allowed-audiences, --no-allowed-clients, and --no-private-endpoints remove those of the same issuer.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      returnUrl: RETURN_URLS,
      noReturnUrls: flag('Remove all return URLs: users can no longer consent'),
      ...AUTHORIZER_FLAGS,
      ...AUTHORIZER_REMOVAL_FLAGS,
    },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  async func(this: CliContext, flags: UpdateFlags, name: string) {
    const { returnUrl, noReturnUrls, json } = flags;
    if (returnUrl && noReturnUrls) throw usageError('Set either --return-url or --no-return-urls.');
    checkAuthorizer(flags);
    const urls = noReturnUrls ? [] : returnUrl;
    const isAuthorizer = changesAuthorizer(flags);
    if (!urls && !isAuthorizer) {
      throw usageError(
        'Set what changes.',
        'For example, --return-url replaces the return URLs, and --no-return-urls removes them.',
      );
    }
    const service = await connect(this, flags);
    const present = isAuthorizer
      ? await service.call<WorkloadIdentity>(OPERATIONS.GetWorkloadIdentity, { name })
      : undefined;
    const authorizer =
      present && authorizerMember(present.authorizerConfiguration?.customJWTAuthorizer, flags);
    const updated = await namingOptions(MEMBER_OPTIONS, () =>
      service.call<WorkloadIdentity>(OPERATIONS.UpdateWorkloadIdentity, {
        name,
        ...(urls && { allowedResourceOauth2ReturnUrls: urls }),
        ...authorizer,
      }),
    );
    if (json) {
      printJson(this, updated);
      return;
    }
    if (urls) print(this, `Return URLs of the agent "${name}": ${urls.join(' ') || 'none'}`);
    if (authorizer) {
      const before = present.authorizerConfiguration?.customJWTAuthorizer;
      const after = authorizer.authorizerConfiguration?.customJWTAuthorizer;
      const { discoveryUrl = "the deployment's", allowedWorkloadConfiguration } = after ?? {};
      const callers = allowedWorkloadConfiguration?.workloadIdentities ?? [];
      const removed = (before?.allowedWorkloadConfiguration?.workloadIdentities ?? []).filter(
        (caller) => !callers.includes(caller),
      );
      const isSame = !after || before?.discoveryUrl === after.discoveryUrl;
      const calls = `Agents that can call the agent "${name}": ${callers.join(' ') || 'none'}${removed.length > 0 ? ` (no longer: ${removed.join(' ')})` : ''}`;
      const areCallers = flags.allowedCaller !== undefined || flags.noAllowedCallers;
      print(
        this,
        ...(isSame ? [`Trusted issuer of the agent "${name}": ${discoveryUrl}`] : []),
        ...issuerChanges(name, before, after),
        ...(areCallers || !after ? [calls] : []),
      );
      await warnOfUnknown(this, service, name, flags);
    }
  },
});

interface DescribedIdentity extends WorkloadIdentity {
  readonly createdTime: number;
  readonly lastUpdatedTime: number;
}

const get = buildCommand({
  docs: {
    brief: 'Show an agent',
    fullDescription:
      'Shows a workload identity, with its return URLs, its own trusted issuer and how the service reaches it, and the agents that can call it.',
  },
  parameters: { flags: CONNECTION_FLAGS, positional: { kind: 'tuple', parameters: [NAME] } },
  async func(this: CliContext, flags: ConnectionFlags, name: string) {
    const service = await connect(this, flags);
    const found = await service.call<DescribedIdentity>(OPERATIONS.GetWorkloadIdentity, { name });
    if (flags.json) {
      printJson(this, found);
      return;
    }
    printFields(this, [
      ...fieldsOf(found),
      ['Created', isoTime(found.createdTime)],
      ['Changed', isoTime(found.lastUpdatedTime)],
    ]);
  },
});

interface DeleteFlags extends ConnectionFlags {
  readonly yes: boolean;
}

const remove = buildCommand({
  docs: {
    brief: 'Delete an agent',
    fullDescription:
      'Deletes a workload identity. Its grants are revoked at their providers. A suspension of its name stays.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, yes: flag('Delete without a question') },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  async func(this: CliContext, flags: DeleteFlags, name: string) {
    const service = await connect(this, flags);
    await confirmOrCancel(this, {
      yes: flags.yes,
      question: `Its grants are revoked, and users must consent again to another agent. Delete the agent "${name}"?`,
      done: 'deleted',
    });
    await deleteWholly(this, service, OPERATIONS.DeleteWorkloadIdentity, { name });
    if (flags.json) printJson(this, { name, deleted: true });
    else print(this, `The agent "${name}" is deleted.`);
  },
});

interface ListFlags extends ConnectionFlags {
  readonly all: boolean;
  readonly owner?: string;
  readonly suspended: boolean;
}

interface OperatorsIdentity extends WorkloadIdentity {
  readonly owner: string;
  readonly suspended: boolean;
  readonly suspension?: Suspension;
}

/** Lists the agents of all owners, or of one, for an operator. */
async function listAll(
  context: CliContext,
  { owner, ...flags }: Omit<ListFlags, 'suspended'>,
): Promise<void> {
  const service = await connect(context, flags);
  const agents = await allPages<OperatorsIdentity>(
    service,
    OPERATIONS.ListAllWorkloadIdentities,
    'workloadIdentities',
    { ...(owner !== undefined && { owner }) },
  );
  if (flags.json) {
    printJson(context, { workloadIdentities: agents });
    return;
  }
  if (agents.length === 0) {
    printAside(context, owner === undefined ? 'There are no agents.' : `No agent belongs to ${owner}.`);
    return;
  }
  printTable(
    context,
    ['NAME', 'OWNER', 'SUSPENDED SINCE', 'REASON'],
    agents.map(({ name, owner: of, suspension }) => [
      name,
      of,
      suspension && isoTime(suspension.since),
      suspension?.reason,
    ]),
  );
}

/** Lists suspended names for an operator, also those that no agent has. */
async function listSuspended(context: CliContext, flags: ConnectionFlags): Promise<void> {
  const service = await connect(context, flags);
  const suspensions = await listSuspensions(service, 'workloadName');
  if (flags.json) printJson(context, { suspensions });
  else if (suspensions.length === 0) printAside(context, 'No agent is suspended.');
  else printSuspensions(context, 'AGENT', suspensions);
}

const list = buildCommand({
  docs: {
    brief: 'List agents',
    fullDescription:
      'Lists the workload identities that belong to the principal whose credentials sign the request. Operators list those of all owners with --all, and suspended names, also those that no agent has, with --suspended.',
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      all: flag('List the agents of all owners, as an operator'),
      owner: optionalText('ARN', 'List the agents of this owner, as an operator'),
      suspended: flag('List the suspended names and by whom, as an operator'),
    },
  },
  async func(this: CliContext, { suspended, ...flags }: ListFlags) {
    if (suspended && flags.owner !== undefined) {
      throw usageError('A suspension belongs to a name, and not to an owner: omit --owner.');
    }
    if (suspended) return listSuspended(this, flags);
    if (flags.all || flags.owner !== undefined) return listAll(this, flags);
    const agents = await ownAgents(await connect(this, flags));
    if (flags.json) {
      printJson(this, { workloadIdentities: agents });
      return;
    }
    if (agents.length === 0) {
      printAside(this, 'You have no agents. Create one with agent-identity agent add NAME.');
      return;
    }
    printTable(
      this,
      ['NAME', 'ARN'],
      agents.map(({ name, workloadIdentityArn }) => [name, workloadIdentityArn]),
    );
  },
});

interface SuspendFlags extends ConnectionFlags {
  readonly reason?: string;
}

const SUSPEND_PARAMETERS = {
  flags: {
    ...CONNECTION_FLAGS,
    reason: optionalText('text', 'Why, for other operators and the audit log'),
  },
  positional: { kind: 'tuple', parameters: [NAME] },
} as const;

const suspend = buildCommand({
  docs: {
    brief: 'Suspend an agent, as an operator',
    fullDescription:
      'From the next request on, the agent gets no tokens. Its owner cannot lift the suspension, not by deleting the agent either.',
  },
  parameters: SUSPEND_PARAMETERS,
  async func(this: CliContext, { reason, ...flags }: SuspendFlags, name: string) {
    const service = await connect(this, flags);
    const suspended = await service.call<{ identityExists: boolean }>(OPERATIONS.SuspendWorkloadIdentity, {
      name,
      ...(reason !== undefined && { reason }),
    });
    if (flags.json) printJson(this, suspended);
    else if (suspended.identityExists) print(this, `The agent "${name}" is suspended.`);
    else {
      print(this, `No agent is named "${name}". An agent that is created with this name starts suspended.`);
      printAside(
        this,
        `If the name is misspelled, suspend the right one, and then run: agent-identity agent resume ${name}`,
      );
    }
  },
});

const resume = buildCommand({
  docs: { brief: 'Resume a suspended agent, as an operator' },
  parameters: SUSPEND_PARAMETERS,
  async func(this: CliContext, { reason, ...flags }: SuspendFlags, name: string) {
    const service = await connect(this, flags);
    const resumed = await service.call<{ liftedSuspension?: object }>(OPERATIONS.ResumeWorkloadIdentity, {
      name,
      ...(reason !== undefined && { reason }),
    });
    if (flags.json) printJson(this, resumed);
    else {
      const was = resumed.liftedSuspension ? 'is no longer suspended' : 'was not suspended';
      print(this, `The agent "${name}" ${was}.`);
    }
  },
});

export const agent = buildRouteMap({
  routes: { add, get, update, delete: remove, list, suspend, resume },
  docs: { brief: 'Agents: create, change, delete, list, suspend, and resume workload identities' },
});
