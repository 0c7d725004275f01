/**
 * Signs requests of AWS SDKs as API Gateway's IAM authorization requires, including those of clients that an SDK creates
 * internally; and records the service name in the signature of each request that is sent.
 * Import it before the first call.
 */
import { subscribe } from 'node:diagnostics_channel';
import { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';

const { send } = BedrockAgentCoreClient.prototype;
BedrockAgentCoreClient.prototype.send = function (...call) {
  this.config.signingName = 'execute-api';
  return send.apply(this, call);
};

/** Names of services in the credential scopes seen so far. */
export const signedFor = new Set();

subscribe('http.client.request.start', ({ request }) => {
  const authorization = String(request.getHeader('authorization') ?? '');
  const scope = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[^/]+\/(?<service>[^/]+)\/aws4_request/.exec(
    authorization,
  );
  if (scope) signedFor.add(scope.groups.service);
});
