/**
 * Every operation of the service. It drives the CDK stack, the local gateway, and the documentation, so a deployment and a
 * laptop have the same routes and the same authorization. A function imports only the operations of its group.
 *
 * Methods, paths, and success codes are those of the AWS service model for Amazon Bedrock AgentCore (control plane
 * 2023-06-05, data plane 2024-02-28), except for the operations beyond AWS.
 */
import { CONTROL_PLANE } from './control-plane';
import { CREDENTIAL_RETRIEVAL } from './credential-retrieval';
import { resourceGrants } from './grants/resource-grants';
import { consent } from './oauth-callback/consent';
import { metadata } from './oauth-callback/metadata';
import type { JsonOperation } from './operation';
import { OPERATOR } from './operator';
import { PORTAL } from './portal';
import { receivers } from './security-events/receivers';
import { workloadAccessToken } from './token-exchange/workload-access-token';
import { tokenVault } from './token-vault/token-vault';

/** In the order of docs/api.md. */
export const OPERATIONS = {
  ...CONTROL_PLANE,
  ...tokenVault,
  ...workloadAccessToken,
  ...CREDENTIAL_RETRIEVAL,
  ...resourceGrants,
  ...OPERATOR,
  ...receivers,
  ...consent,
  ...PORTAL,
  ...metadata,
};

export type OperationName = keyof typeof OPERATIONS;

/** Operations with a JSON body. Browsers, resource servers, and identity providers reach the others. */
export type JsonOperationName = {
  [Name in OperationName]: (typeof OPERATIONS)[Name] extends JsonOperation ? Name : never;
}[OperationName];

export const isJsonOperation = (name: string): name is JsonOperationName =>
  Object.hasOwn(OPERATIONS, name) && 'input' in OPERATIONS[name as OperationName];
