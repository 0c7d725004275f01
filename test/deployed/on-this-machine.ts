/**
 * The custom resource function for the emulator: CloudFormation and the service are on loopback, which functions reject
 * in Lambda. Its bundle stays as synthesized. Its environment gets the variables of
 * local-providers.ts before the deployment, which already invokes it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lettingInLocalProviders } from './local-providers';

const DESCRIPTION = 'agent-identity: workload identities and credential providers of this stack';

interface Template {
  readonly Resources: Record<
    string,
    { Properties?: { Description?: unknown; Environment?: { Variables: Record<string, unknown> } } }
  >;
}

/**
 * @param assembly the folder of the assembly
 * @throws Error if the stack has no such function
 */
export async function allowLocalService(assembly: string, stack: string): Promise<void> {
  const file = join(assembly, `${stack}.template.json`);
  const template = JSON.parse(await readFile(file, 'utf8')) as Template;
  const found = Object.values(template.Resources).find(
    ({ Properties }) => Properties?.Description === DESCRIPTION,
  );
  const variables = found?.Properties?.Environment?.Variables;
  if (!variables) throw new Error(`${stack} has no function behind its resources`);
  Object.assign(variables, lettingInLocalProviders(String(variables.NODE_OPTIONS)));
  await writeFile(file, JSON.stringify(template));
}
