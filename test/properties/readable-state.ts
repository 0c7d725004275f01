/** After any requests, every record of the service can be listed and read. */
import { invoke } from './in-process';
import type { OperationName } from '../../lambda/operations';
import type { World } from '../flows/support/world';

async function read(world: World, operation: OperationName, input: object): Promise<Record<string, unknown>> {
  const { statusCode, body } = await invoke(world, {
    operation,
    principal: 'operator',
    body: Buffer.from(JSON.stringify(input)),
  });
  if (statusCode !== 200) throw new Error(`${operation} of ${JSON.stringify(input)}: ${statusCode} ${body}`);
  return JSON.parse(body) as Record<string, unknown>;
}

interface Listed {
  readonly name: string;
}

async function listed(world: World, operation: OperationName, member: string, input = {}): Promise<Listed[]> {
  const items: Listed[] = [];
  let nextToken: unknown;
  do {
    const page = await read(world, operation, { ...input, ...(nextToken !== undefined && { nextToken }) });
    items.push(...(page[member] as Listed[]));
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  return items;
}

/** @throws Error for the first record that cannot be read */
export async function expectReadableState(world: World): Promise<void> {
  await read(world, 'GetTokenVault', {});
  await listed(world, 'ListSuspensions', 'suspensions');
  await listed(world, 'ListAllCredentialProviders', 'credentialProviders');
  for (const { name } of await listed(world, 'ListAllWorkloadIdentities', 'workloadIdentities'))
    await listed(world, 'ListGrants', 'grants', { workloadName: name });
}
