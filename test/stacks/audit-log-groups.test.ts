/** What the command reads of a stack: the endpoint, and the log groups of the functions that write audit entries. */
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { ENDPOINT_OUTPUT, isAuditLogGroup } from '../../lambda/operations/groups';
import { AgentIdentity } from '../../lib';
import { endpointWith } from './endpoint';

function serviceStack(): Stack {
  const stack = new Stack(new App(), 'Stack');
  new AgentIdentity(stack, 'Identity', { gateways: {}, auditTrail: {} });
  return stack;
}

/** It creates the resources of a stack, and the service records that. */
const CREATES_RESOURCES = 'agent-identity: workload identities and credential providers of this stack';

it.each([
  ['a service', 16, serviceStack],
  ['an agent endpoint', 2, () => endpointWith().stack],
])('finds the log groups of the functions of %s, and not that of an agent', (_name, least, stackOf) => {
  const stack = stackOf();
  new LogGroup(stack, 'NavigateLogs');
  const template = Template.fromStack(stack);
  const functions = template.findResources('AWS::Lambda::Function') as Record<string, FunctionResource>;
  const logGroups = Object.values(functions).flatMap(({ Properties: { Description, LoggingConfig } }) =>
    Description?.startsWith('agent-identity:') && Description !== CREATES_RESOURCES
      ? [LoggingConfig?.LogGroup.Ref]
      : [],
  );
  expect(logGroups.length).toBeGreaterThanOrEqual(least);
  const found = Object.keys(template.findResources('AWS::Logs::LogGroup')).filter(isAuditLogGroup);
  expect(found.sort()).toEqual(logGroups.sort());
});

interface FunctionResource {
  readonly Properties: {
    readonly Description?: string;
    readonly LoggingConfig?: { readonly LogGroup: { readonly Ref: string } };
  };
}

it('finds the endpoint among the outputs', () => {
  const outputs = Object.values(Template.fromStack(serviceStack()).findOutputs('*')) as Output[];
  expect(outputs.filter(({ Description }) => Description?.startsWith(ENDPOINT_OUTPUT))).toHaveLength(1);
});

interface Output {
  readonly Description?: string;
}
