/** Routes without faults, and why. */
import type { OperationName } from '../../lambda/operations';

const MOVE = 'It works on every vault key of the deployment, which all cases share.';

export const WITHOUT_FAULTS: Readonly<Partial<Record<OperationName, string>>> = {
  SetTokenVaultCMK: MOVE,
  ResetTokenVaultKeyMaterial: MOVE,
  SynchronizeGatewayTargets: 'It asks an MCP server, and then writes as UpdateGatewayTarget does.',
};
