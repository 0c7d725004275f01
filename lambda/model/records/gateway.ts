/** Gateways, and their targets. */
import * as v from 'valibot';
import {
  GATEWAY_AUTHORIZERS,
  GatewayAuthorizerConfigurationSchema,
  PolicyEngineConfigurationSchema,
} from '../gateway/gateway-configuration';
import {
  CredentialProviderConfigurationSchema,
  MetadataConfigurationSchema,
  TargetConfigurationSchema,
} from '../gateway/target-configuration';
import type { Of } from '../of';
import { privateEndpointMembers } from '../private-endpoint';
import { OwnedResourceSchema } from './owned-resource';

/** Hash of the request that created it, if the request had a `clientToken`: its repetition is no conflict. */
const creationHash = v.exactOptional(v.string());

export const GatewaySchema = v.object({
  ...OwnedResourceSchema.entries,
  description: v.exactOptional(v.string()),
  /** Required by the AWS API. Assumed only for targets with `GATEWAY_IAM_ROLE`. */
  roleArn: v.string(),
  authorizerType: v.picklist(GATEWAY_AUTHORIZERS),
  /** Present with `CUSTOM_JWT` only. */
  authorizerConfiguration: v.exactOptional(GatewayAuthorizerConfigurationSchema),
  /** `MCP`: one MCP server with the tools of all targets, which are MCP servers. Absent: each target has its own URL. */
  protocolType: v.exactOptional(v.literal('MCP')),
  /** `DEBUG`: the caller receives why a target could not be reached. */
  exceptionLevel: v.exactOptional(v.literal('DEBUG')),
  /** Decides which requests the gateway forwards. */
  policyEngineConfiguration: v.exactOptional(PolicyEngineConfigurationSchema),
  creationHash,
});

/**
 * `id` is the AWS member `gatewayId`: the name in lowercase and a random suffix, which makes it unique. It is also the name
 * of the gateway's workload identity.
 */
export interface Gateway extends Of<typeof GatewaySchema> {}

export const GatewayTargetSchema = v.object({
  /** ID of the gateway: a gateway that is deleted and created again under its name has none of the earlier targets. */
  gatewayId: v.string(),
  name: v.string(),
  id: v.string(),
  description: v.exactOptional(v.string()),
  targetConfiguration: TargetConfigurationSchema,
  /** Absent: the target's requests have no credential. */
  credential: v.exactOptional(CredentialProviderConfigurationSchema),
  metadataConfiguration: v.exactOptional(MetadataConfigurationSchema),
  privateEndpoint: privateEndpointMembers.privateEndpoint,
  /** Of an MCP server: JSON of the tools that were fetched and accepted. JSON Schema can be nested deeper than an item. */
  tools: v.exactOptional(v.string()),
  /** Tools whose changed definitions wait for the owner; absent if there are none. */
  heldTools: v.exactOptional(v.array(v.string())),
  /** Names and digests of tools that a server had, and then removed: it must not bring back another one. */
  removedTools: v.exactOptional(v.array(v.tuple([v.string(), v.string()]))),
  /** Epoch seconds of the last fetch. */
  lastSynchronizedTime: v.exactOptional(v.number()),
  revision: v.number(),
  /** Epoch seconds. */
  createdTime: v.number(),
  lastUpdatedTime: v.number(),
  creationHash,
});

/**
 * A target whose tools are being fetched, before it is stored. Where the gateway function sends a credential is in the
 * directory only: an event could be forged.
 */
export const TargetCandidateSchema = v.pick(GatewayTargetSchema, [
  'gatewayId',
  'name',
  'targetConfiguration',
  'credential',
  'privateEndpoint',
  'createdTime',
]);
export interface TargetCandidate extends Of<typeof TargetCandidateSchema> {}

/** What a gateway forwards requests to, under its name. */
export interface GatewayTarget extends Of<typeof GatewayTargetSchema> {}
