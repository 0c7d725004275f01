/** The rate limits of a gateway as a stack states them: the gateway has no others. */
import { isDeepStrictEqual } from 'node:util';
import {
  BatchPutGatewayRateLimitsCommand,
  DeleteGatewayRateLimitCommand,
  paginateListGatewayRateLimits,
  type BatchPutLimitEntry,
  type BedrockAgentCoreControlClient,
} from '@aws-sdk/client-bedrock-agentcore-control';
import * as v from 'valibot';
import { asked, ifThere, stated } from './control-plane';

/** What the construct writes; the service validates it. */
export const StatedRateLimitsSchema = v.array(
  v.looseObject({
    rateLimitId: v.string(),
    dimensionKeys: v.array(v.string()),
    entries: v.array(v.record(v.string(), v.unknown())),
  }),
);

type StatedRateLimits = v.InferOutput<typeof StatedRateLimitsSchema>;

/** Returns the IDs of the limits that the stack does not state, or whose dimensions changed: they cannot be updated. */
async function obsolete(
  client: BedrockAgentCoreControlClient,
  gatewayIdentifier: string,
  limits: StatedRateLimits,
): Promise<string[]> {
  const ids: string[] = [];
  const pages = paginateListGatewayRateLimits({ client, pageSize: 100 }, { gatewayIdentifier });
  for await (const { rateLimits = [] } of pages) {
    for (const { rateLimitId, dimensionKeys } of rateLimits) {
      const id = stated(rateLimitId, 'rateLimitId');
      const kept = limits.find((limit) => limit.rateLimitId === id);
      if (!isDeepStrictEqual(kept?.dimensionKeys, dimensionKeys)) ids.push(id);
    }
  }
  return ids;
}

/** Brings the limits to what the stack states. */
export async function putRateLimits(
  client: BedrockAgentCoreControlClient,
  gatewayIdentifier: string,
  limits: StatedRateLimits,
): Promise<void> {
  for (const rateLimitId of await asked(obsolete(client, gatewayIdentifier, limits))) {
    await ifThere(client.send(new DeleteGatewayRateLimitCommand({ gatewayIdentifier, rateLimitId })));
  }
  if (limits.length === 0) return;
  const rateLimits = limits as unknown as BatchPutLimitEntry[];
  await asked(client.send(new BatchPutGatewayRateLimitsCommand({ gatewayIdentifier, rateLimits })));
}
