/**
 * The function behind custom resources as it is deployed for the emulator: CloudFormation and the service are on loopback
 * there, which in Lambda no function lets in. Its bundle stays as synthesized; its environment gets what
 * local-providers.ts gives to the functions of the service, and before the deployment, which already invokes it.
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
 * @param assembly folder of what was synthesized
 * @throws Error when the stack has no such function
 */
export async function letInLocalService(assembly: string, stack: string): Promise<void> {
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
