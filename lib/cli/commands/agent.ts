/** `agent-identity agent`: workload identities. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OPERATIONS } from '../../../lambda/contract/operations';
import { CONNECTION_FLAGS, flag, optionalText, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { usageError } from '../failure';
import { isoTime, print, printAside, printFields, printJson, printTable } from '../output';
import { confirmOrCancel } from '../prompt';
import { allPages, connect, deleteWholly } from '../service';
import { listSuspensions, printSuspensions, type Suspension } from '../suspensions';

const NAME = { brief: 'Name of the agent', parse: String, placeholder: 'name' } as const;

const RETURN_URLS = {
  kind: 'parsed',
  parse: String,
  variadic: true,
  optional: true,
  placeholder: 'URL',
  brief: 'URL to which the browser returns after a consent; set the option again for each further URL',
} as const;

interface WorkloadIdentity {
  readonly name: string;
  readonly workloadIdentityArn: string;
  readonly allowedResourceOauth2ReturnUrls?: readonly string[];
}

interface AddFlags extends ConnectionFlags {
  readonly returnUrl?: readonly string[];
}

const add = buildCommand({
  docs: {
    brief: 'Create a workload identity',
    fullDescription:
      'Creates the workload identity of an agent. It belongs to the principal whose credentials sign the request.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, returnUrl: RETURN_URLS },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  async func(this: CliContext, { returnUrl, ...flags }: AddFlags, name: string) {
    const service = await connect(this, flags);
    const created = await service.call<WorkloadIdentity>(OPERATIONS.CreateWorkloadIdentity, {
      name,
      ...(returnUrl && { allowedResourceOauth2ReturnUrls: returnUrl }),
    });
    if (flags.json) {
      printJson(this, created);
      return;
    }
    printFields(this, [
      ['Agent', created.name],
      ['ARN', created.workloadIdentityArn],
      ...(created.allowedResourceOauth2ReturnUrls ?? []).map((url) => ['Return URL', url] as const),
    ]);
    if (!returnUrl) {
      printAside(
        this,
        `Users can consent only if the agent has a return URL: agent-identity agent update ${name} --return-url URL`,
      );
    }
  },
});

interface UpdateFlags extends AddFlags {
  readonly noReturnUrls: boolean;
}

const update = buildCommand({
  docs: {
    brief: 'Replace the return URLs of an agent',
    fullDescription:
      'Replaces all return URLs of an agent. Set --return-url for each URL that the agent has afterwards.',
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      returnUrl: RETURN_URLS,
      noReturnUrls: flag('Remove all return URLs: users can no longer consent'),
    },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  async func(this: CliContext, { returnUrl = [], noReturnUrls, ...flags }: UpdateFlags, name: string) {
    if (returnUrl.length > 0 === noReturnUrls) {
      throw usageError('Set --return-url, or --no-return-urls to remove all return URLs.');
    }
    const service = await connect(this, flags);
    const updated = await service.call<WorkloadIdentity>(OPERATIONS.UpdateWorkloadIdentity, {
      name,
      allowedResourceOauth2ReturnUrls: returnUrl,
    });
    if (flags.json) printJson(this, updated);
    else print(this, `Return URLs of the agent "${name}": ${returnUrl.join(' ') || 'none'}`);
  },
});

interface DescribedIdentity extends WorkloadIdentity {
  readonly authorizerConfiguration?: { readonly customJWTAuthorizer?: { readonly discoveryUrl?: string } };
  readonly createdTime: number;
  readonly lastUpdatedTime: number;
}

const get = buildCommand({
  docs: {
    brief: 'Show an agent',
    fullDescription: 'Shows a workload identity, with its return URLs and its own trusted issuer.',
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
      ['Agent', found.name],
      ['ARN', found.workloadIdentityArn],
      ...(found.allowedResourceOauth2ReturnUrls ?? []).map((url) => ['Return URL', url] as const),
      ['Trusted issuer', found.authorizerConfiguration?.customJWTAuthorizer?.discoveryUrl],
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
    const service = await connect(this, flags);
    const agents = await allPages<WorkloadIdentity>(
      service,
      OPERATIONS.ListWorkloadIdentities,
      'workloadIdentities',
    );
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
