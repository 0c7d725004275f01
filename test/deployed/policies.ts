/** The policies of a gateway in the emulator: each operation, and the decisions of the deployed function. */
import { match, strictEqual } from 'node:assert';
import type { BedrockAgentCoreControl } from '@aws-sdk/client-bedrock-agentcore-control';
import type { Client } from '@modelcontextprotocol/client';

/** @param client of the gateway, an MCP server with the tool `notes___list`, which it can call before and afterwards */
export async function checkPolicies(
  control: BedrockAgentCoreControl,
  gatewayIdentifier: string,
  client: Client,
): Promise<void> {
  const { policyEngineId, policyEngineArn } = await control.createPolicyEngine({ name: 'deployed_rules' });
  await control.updatePolicyEngine({ policyEngineId, description: { optionalValue: 'Deployed' } });
  const { description } = await control.getPolicyEngine({ policyEngineId });
  strictEqual(description, 'Deployed');
  const { policyEngines = [] } = await control.listPolicyEngines({});
  strictEqual(policyEngines.length, 1);

  const { name, roleArn, authorizerType, authorizerConfiguration, protocolType } = await control.getGateway({
    gatewayIdentifier,
  });
  const gateway = { gatewayIdentifier, name, roleArn, authorizerType, authorizerConfiguration, protocolType };
  await control.updateGateway({
    ...gateway,
    policyEngineConfiguration: { arn: policyEngineArn, mode: 'ENFORCE' },
  });
  const called = async () => JSON.stringify(await client.callTool({ name: 'notes___list' }));
  match(await called(), /denied by default/);

  const { policyId } = await control.createPolicy({
    policyEngineId,
    name: 'reading',
    definition: {
      cedar: {
        statement: 'permit(principal, action == AgentCore::Action::"notes___list", resource);',
      },
    },
  });
  const policy = { policyEngineId, policyId };
  match(await called(), /list done/);
  await control.updatePolicy({ ...policy, enforcementMode: 'LOG_ONLY' });
  match(await called(), /denied by default/);
  strictEqual((await control.getPolicy(policy)).enforcementMode, 'LOG_ONLY');
  strictEqual((await control.listPolicies({ policyEngineId })).policies?.length, 1);

  await control.updateGateway(gateway);
  match(await called(), /list done/);
  await control.deletePolicy(policy);
  await control.deletePolicyEngine({ policyEngineId });
}
