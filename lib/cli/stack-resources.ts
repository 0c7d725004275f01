/** What an AWS CloudFormation stack has: its log groups with audit entries, and the endpoint of its service. */
import { ENDPOINT_OUTPUT, isAuditLogGroup } from '../../lambda/operations/groups';
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

/** Calls AWS CloudFormation, in the protocol awsQuery. */
async function cloudFormation(
  context: CliContext,
  signer: Signer,
  action: string,
  parameters: Record<string, string>,
): Promise<string> {
  const url = awsEndpoint(context, 'CLOUDFORMATION', signer.region);
  const body = new URLSearchParams({ Action: action, Version: '2010-05-15', ...parameters }).toString();
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
      `AWS CloudFormation rejected ${action} (${code}): ${textOf(xml, 'Message') ?? 'no message'}`,
      { next: `Check --stack, the Region, and the permission cloudformation:${action}.` },
    );
  }
}

/**
 * Returns the names of the log groups in which the stack's functions write audit entries.
 *
 * @throws CliError if AWS CloudFormation rejects the request
 */
export async function auditLogGroups(context: CliContext, signer: Signer, stack: string): Promise<string[]> {
  const names: string[] = [];
  let token: string | undefined;
  do {
    const parameters = { StackName: stack, ...(token !== undefined && { NextToken: token }) };
    const xml = await cloudFormation(context, signer, 'ListStackResources', parameters);
    for (const [member] of xml.matchAll(/<member>.*?<\/member>/gs)) {
      const name = textOf(member, 'PhysicalResourceId');
      const isThere = textOf(member, 'ResourceStatus') !== 'DELETE_COMPLETE';
      const isLogGroup = textOf(member, 'ResourceType') === 'AWS::Logs::LogGroup';
      const isAudit = isLogGroup && isAuditLogGroup(textOf(member, 'LogicalResourceId') ?? '');
      if (isAudit && isThere && name) names.push(name);
    }
    token = textOf(xml, 'NextToken');
  } while (token !== undefined);
  return names;
}

/**
 * Returns the endpoint of the service in a stack; undefined if it has none.
 *
 * @throws CliError if AWS CloudFormation rejects the request
 */
export async function serviceEndpoint(
  context: CliContext,
  signer: Signer,
  stack: string,
): Promise<string | undefined> {
  const xml = await cloudFormation(context, signer, 'DescribeStacks', { StackName: stack });
  // The outputs are inside of the member that is the stack.
  const output = [...xml.matchAll(/<member>(?:(?!<member>).)*?<\/member>/gs)].find(([member]) =>
    textOf(member, 'Description')?.startsWith(ENDPOINT_OUTPUT),
  );
  return output && textOf(output[0], 'OutputValue');
}
