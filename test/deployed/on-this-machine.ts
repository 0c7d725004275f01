/**
 * The custom resource function for the emulator: CloudFormation and the service are on loopback, which functions reject
 * in Lambda. Its bundle stays as synthesized. Its environment gets the variables of
 * local-providers.ts before the deployment, which already invokes it.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LOCAL_PROVIDERS_ALLOWED } from './local-providers';

/** The description of the function behind the resources of a stack. */
export const RESOURCE_FUNCTION = 'agent-identity: workload identities and credential providers of this stack';

interface Template {
  readonly Resources: Record<
    string,
    { Properties?: { Description?: unknown; Environment?: { Variables: Record<string, unknown> } } }
  >;
}

/**
 * @param assembly the folder of the assembly
 * @param change another change of the template
 * @throws Error if the stack has no such function
 */
export async function allowLocalService(
  assembly: string,
  stack: string,
  change: (template: string) => string = (unchanged) => unchanged,
): Promise<void> {
  const file = join(assembly, `${stack}.template.json`);
  const template = JSON.parse(change(await readFile(file, 'utf8'))) as Template;
  const found = Object.values(template.Resources).find(
    ({ Properties }) => Properties?.Description === RESOURCE_FUNCTION,
  );
  const variables = found?.Properties?.Environment?.Variables;
  if (!variables) throw new Error(`${stack} has no function behind its resources`);
  Object.assign(variables, LOCAL_PROVIDERS_ALLOWED);
  const text = JSON.stringify(template);
  await writeFile(file, text);
  await renameUpload(assembly, stack, createHash('sha256').update(text).digest('hex'));
}

/** The CDK uploads a template under the hash that it had at the synthesis, unless it has uploaded that hash before. */
async function renameUpload(assembly: string, stack: string, hash: string): Promise<void> {
  const assets = await readFile(join(assembly, `${stack}.assets.json`), 'utf8');
  const { files } = JSON.parse(assets) as { files: Record<string, { source: { path: string } }> };
  const [before = ''] =
    Object.entries(files).find(([, { source }]) => source.path === `${stack}.template.json`) ?? [];
  for (const name of ['manifest.json', `${stack}.assets.json`]) {
    const file = join(assembly, name);
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(before, hash));
  }
}
