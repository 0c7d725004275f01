/** A policy engine in someone else's stack: its properties, its policies, its gateway, and what synthesis rejects. */
import { Stack } from 'aws-cdk-lib';
import {
  AgentIdentity,
  Gateway,
  GatewayAuthorizer,
  type GatewayPolicyEngineConfig,
  PolicyEngine,
  PolicyStatement,
  type IAgentIdentity,
  type PolicyEngineProps,
} from '../../lib';
import { consumerStack, propertiesOf, templateOf } from './consumer';
import { GATEWAY, POLICY_ENGINE } from './resources';

let stack: Stack;
let identity: IAgentIdentity;
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
});

const engineOf = (props: Partial<PolicyEngineProps> = {}) =>
  new PolicyEngine(stack, 'Rules', { identity, ...props });
const definition = PolicyStatement.fromCedar('permit(principal, action, resource is AgentCore::Gateway);');
const configurationOf = (type: string) =>
  JSON.parse(String(propertiesOf(templateOf(stack), type).configuration)) as unknown;

it('has a generated name without hyphens, and the policies that the app adds', () => {
  const engine = engineOf({ description: 'Rules of the team' });
  engine.addPolicy('reading', { definition });
  engine.addPolicy('trial', {
    definition,
    enforcementMode: 'LOG_ONLY',
    validationMode: 'FAIL_ON_ANY_FINDINGS',
  });
  expect(propertiesOf(templateOf(stack), POLICY_ENGINE).name).toMatch(/^[A-Za-z][A-Za-z0-9_]*$/);
  const { _cedar: statement } = definition;
  expect(configurationOf(POLICY_ENGINE)).toEqual({
    description: 'Rules of the team',
    policies: [
      { name: 'reading', statement, enforcementMode: 'ACTIVE', validationMode: 'IGNORE_ALL_FINDINGS' },
      { name: 'trial', statement, enforcementMode: 'LOG_ONLY', validationMode: 'FAIL_ON_ANY_FINDINGS' },
    ],
  });
});

it('is named by a gateway, which is created after it', () => {
  const engine = engineOf({ policyEngineName: 'rules' });
  new Gateway(stack, 'Tools', {
    identity,
    authorizer: GatewayAuthorizer.usingAwsIam(),
    policyEngineConfiguration: { policyEngine: engine },
  });
  expect(configurationOf(GATEWAY)).toMatchObject({ policyEngine: { name: 'rules', mode: 'ENFORCE' } });
  const { Resources } = templateOf(stack);
  const [[engineId] = ['none']] = Object.entries(Resources).filter(([, { Type }]) => Type === POLICY_ENGINE);
  const gateway = Object.values(Resources).find(({ Type }) => Type === GATEWAY);
  expect(gateway?.DependsOn).toContain(engineId);
});

const gatewayWith = (policyEngineConfiguration: object) =>
  new Gateway(stack, 'Tools', {
    identity,
    authorizer: GatewayAuthorizer.usingAwsIam(),
    policyEngineConfiguration: policyEngineConfiguration as GatewayPolicyEngineConfig,
  });

it.each([
  ['a gateway without the engine', () => gatewayWith({ mode: 'ENFORCE' }), /policyEngineConfiguration/],
  ['another mode', () => gatewayWith({ policyEngine: engineOf(), mode: 'OFF' }), /mode: must be ENFORCE or/],
  [
    'an engine of another stack',
    () => {
      const other = new Stack(stack.node.root, 'Other', {
        env: { account: stack.account, region: stack.region },
      });
      gatewayWith({ policyEngine: new PolicyEngine(other, 'Rules', { identity }) });
    },
    /must be in the stack of the gateway/,
  ],
  ['a name with a hyphen', () => engineOf({ policyEngineName: 'my-rules' }), /does not accept the name/],
  [
    'a policy that is too short',
    () => engineOf().addPolicy('short', { definition: PolicyStatement.fromCedar('permit();') }),
    /policy short: definition\.cedar\.statement must have 35 to 10000 characters/,
  ],
  [
    'a policy name with a hyphen',
    () => engineOf().addPolicy('a-b', { definition }),
    /policy a-b: name must begin with a letter/,
  ],
  [
    'two policies with one name',
    () => {
      const engine = engineOf();
      engine.addPolicy('same', { definition });
      engine.addPolicy('same', { definition });
    },
    /has a policy with this name/,
  ],
])('rejects %s', (_what, synthesize, message) => {
  expect(synthesize).toThrow(message);
});
