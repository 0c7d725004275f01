/** The resources of an AWS CloudFormation stack. Names that begin with the name of the stack can be of other principals. */
import { awsEndpoint } from './aws-endpoint';
import type { CliContext } from './context';
import { CliError } from './failure';
import { send, wait, type Signer } from './service';

const ATTEMPTS = 4;

/** Characters that XML has as entities. */
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** Returns the text of the first element with this name; the responses of AWS CloudFormation have no attributes in it. */
function textOf(xml: string, name: string): string | undefined {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? [];
  return text?.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_all, entity: string) => ENTITIES[entity] ?? '');
}

/** Calls ListStackResources, in the protocol awsQuery. */
async function page(signer: Signer, url: URL, parameters: Record<string, string>): Promise<string> {
  const body = new URLSearchParams({
    Action: 'ListStackResources',
    Version: '2010-05-15',
    ...parameters,
  }).toString();
  for (let attempt = 1; ; attempt++) {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const headers = await signer.sign(url, 'cloudformation', type, body);
    const response = await send(url, { method: 'POST', headers, body });
    const xml = await response.text();
    if (response.ok) return xml;
    const code = textOf(xml, 'Code') ?? `HTTP status ${response.status}`;
    if (attempt < ATTEMPTS && (code === 'Throttling' || response.status >= 500)) {
      await wait(500 * 2 ** attempt);
      continue;
    }
    throw new CliError(
      `AWS CloudFormation rejected ListStackResources (${code}): ${textOf(xml, 'Message') ?? 'no message'}`,
      { next: 'Check --stack, the Region, and the permission cloudformation:ListStackResources.' },
    );
  }
}

/**
 * Returns the names of the stack's resources of a type.
 *
 * @throws CliError if AWS CloudFormation rejects the request
 */
export async function stackResources(
  context: CliContext,
  signer: Signer,
  { stack, type }: { readonly stack: string; readonly type: string },
): Promise<string[]> {
  const url = awsEndpoint(context, 'CLOUDFORMATION', signer.region);
  const names: string[] = [];
  let token: string | undefined;
  do {
    const parameters = { StackName: stack, ...(token !== undefined && { NextToken: token }) };
    const xml = await page(signer, url, parameters);
    for (const [member] of xml.matchAll(/<member>.*?<\/member>/gs)) {
      const name = textOf(member, 'PhysicalResourceId');
      const isThere = textOf(member, 'ResourceStatus') !== 'DELETE_COMPLETE';
      if (textOf(member, 'ResourceType') === type && isThere && name) names.push(name);
    }
    token = textOf(xml, 'NextToken');
  } while (token !== undefined);
  return names;
}
