/** `agent-identity agent`: workload identities. */
import { buildCommand, buildRouteMap } from '@stricli/core';
import { OPERATIONS } from '../../../lambda/contract/operations';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { print, printAside, printFields, printJson, printTable } from '../output';
import { allPages, connect } from '../service';

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

const update = buildCommand({
  docs: {
    brief: 'Replace the return URLs of an agent',
    fullDescription: 'Replaces the return URLs of an agent. Without --return-url, it has none afterwards.',
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, returnUrl: RETURN_URLS },
    positional: { kind: 'tuple', parameters: [NAME] },
  },
  async func(this: CliContext, { returnUrl = [], ...flags }: AddFlags, name: string) {
    const service = await connect(this, flags);
    const updated = await service.call<WorkloadIdentity>(OPERATIONS.UpdateWorkloadIdentity, {
      name,
      allowedResourceOauth2ReturnUrls: returnUrl,
    });
    if (flags.json) printJson(this, updated);
    else print(this, `Return URLs of the agent "${name}": ${returnUrl.join(' ') || 'none'}`);
  },
});

const list = buildCommand({
  docs: {
    brief: 'List your agents',
    fullDescription:
      'Lists the workload identities that belong to the principal whose credentials sign the request.',
  },
  parameters: { flags: CONNECTION_FLAGS },
  async func(this: CliContext, flags: ConnectionFlags) {
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

export const agent = buildRouteMap({
  routes: { add, update, list },
  docs: { brief: 'Agents: create and list workload identities' },
});
