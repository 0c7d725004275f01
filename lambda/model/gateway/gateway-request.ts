/** The requests for gateways and their targets. */
import * as v from 'valibot';
import { exactlyOne, fitsAsJson, matching, mustFitAsJson, refused, smallAsJson, text } from '../constraints';
import type { Of } from '../of';
import { privateEndpointMembers } from '../private-endpoint';
import { listing, tags } from '../request-values';
import {
  GatewayAuthorizerConfigurationSchema,
  GATEWAY_AUTHORIZERS,
  PolicyEngineConfigurationSchema,
} from './gateway-configuration';
import {
  apiKeyCredentialProvider,
  iamCredentialProvider,
  MetadataConfigurationSchema,
  NAME_RULE,
  oauthCredentialProvider,
  TargetConfigurationSchema,
  TargetNameSchema,
  type TargetConfiguration,
} from './target-configuration';

const gatewayName = matching(1, 96, /^([0-9a-zA-Z]-?){1,48}$/, NAME_RULE);

/** AWS documents the ID or the ARN. The pattern of its model has only the ID. */
const gatewayIdentifier = matching(
  1,
  2048,
  /^(arn:aws[^:]*:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:gateway\/)?([0-9a-z]-?){1,100}-[0-9a-z]{10}$/,
  'must be the ID or the ARN of a gateway',
);

const targetId = matching(10, 10, /^[0-9a-zA-Z]{10}$/, 'must be the ID of a target');

const description = v.exactOptional(text(1, 200));

/** Recognizes a repetition of the same request. */
export const clientToken = v.exactOptional(
  matching(
    33,
    256,
    /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,256}$/,
    'must contain only letters, digits, and hyphens between them',
  ),
);

const roleArn = matching(
  1,
  2048,
  /^arn:aws(-[^:]+)?:iam::([0-9]{12})?:role\/.+$/,
  'must be the ARN of an IAM role',
);

const authorizerType = v.pipe(
  v.picklist([...GATEWAY_AUTHORIZERS, 'NONE', 'AUTHENTICATE_ONLY']),
  v.check(
    (type) => GATEWAY_AUTHORIZERS.some((served) => served === type),
    'must be CUSTOM_JWT or AWS_IAM: a gateway of this service never passes a request on without a decision',
  ),
  v.transform((type) => type as (typeof GATEWAY_AUTHORIZERS)[number]),
);

const NO_OTHER_CODE = 'is not supported by this service: a gateway runs no function of its owner';

/** Members that only AWS has. */
const refusedMembers = {
  protocolConfiguration: refused(
    'is not supported by this service: omit it; a gateway speaks every served version of MCP, without sessions and search',
  ),
  kmsKeyArn: refused('is not supported by this service: the key of the deployment encrypts its data'),
  interceptorConfigurations: refused(NO_OTHER_CODE),
  domainOverride: refused('is not supported by this service: the operator sets its domain names'),
};

const gatewayMembers = {
  name: gatewayName,
  description,
  roleArn,
  authorizerType,
  authorizerConfiguration: v.exactOptional(v.pipe(GatewayAuthorizerConfigurationSchema, smallAsJson(65_536))),
  protocolType: v.exactOptional(v.literal('MCP')),
  exceptionLevel: v.exactOptional(v.literal('DEBUG')),
  policyEngineConfiguration: v.exactOptional(PolicyEngineConfigurationSchema),
  ...refusedMembers,
};

export const createdGateway = v.strictObject({
  ...gatewayMembers,
  clientToken,
  tags: v.exactOptional(tags),
});
export interface CreateGatewayInput extends Of<typeof createdGateway> {}

export const identifiedGateway = v.strictObject({ gatewayIdentifier });

export const updatedGateway = v.strictObject({
  ...identifiedGateway.entries,
  ...gatewayMembers,
  customTransformConfiguration: refused(NO_OTHER_CODE),
  wafConfiguration: refused('is not supported by this service: the operator sets its web ACL'),
});
export interface UpdateGatewayInput extends Of<typeof updatedGateway> {}

/** Of the credential providers, the kinds that this service has. */
const SERVED_CREDENTIALS = ['OAUTH', 'API_KEY', 'GATEWAY_IAM_ROLE', 'JWT_PASSTHROUGH'] as const;

const credentialProviderType = v.pipe(
  v.picklist(['OAUTH', 'API_KEY', 'GATEWAY_IAM_ROLE', 'CALLER_IAM_CREDENTIALS', 'JWT_PASSTHROUGH']),
  v.check(
    (type) => SERVED_CREDENTIALS.some((served) => served === type),
    `must be ${SERVED_CREDENTIALS.slice(0, -1).join(', ')}, or ${SERVED_CREDENTIALS.at(-1)}: a signature does not contain the key of the caller`,
  ),
  v.transform((type) => type as (typeof SERVED_CREDENTIALS)[number]),
);

const requestedCredential = v.strictObject({
  credentialProviderType,
  credentialProvider: v.exactOptional(
    v.pipe(
      v.strictObject({
        oauthCredentialProvider: v.exactOptional(oauthCredentialProvider),
        apiKeyCredentialProvider: v.exactOptional(apiKeyCredentialProvider),
        iamCredentialProvider: v.exactOptional(iamCredentialProvider),
      }),
      exactlyOne(),
    ),
  ),
});
export type RequestedCredential = Of<typeof requestedCredential>;

/** Gateways have up to 100 targets, which are read together when they are listed. The tools of an MCP server have their own bound. */
const TARGET_BYTES = 32_768;

const configurationWithoutTools = ({ mcp, ...others }: TargetConfiguration): unknown => ({
  ...others,
  ...(mcp?.mcpServer && { mcp: { ...mcp.mcpServer, mcpToolSchema: undefined } }),
});

const targetMembers = {
  gatewayIdentifier,
  name: v.exactOptional(TargetNameSchema),
  description,
  targetConfiguration: v.pipe(
    TargetConfigurationSchema,
    v.check(
      (configuration) => fitsAsJson(configurationWithoutTools(configuration), TARGET_BYTES),
      mustFitAsJson(TARGET_BYTES),
    ),
  ),
  credentialProviderConfigurations: v.exactOptional(
    v.pipe(v.array(requestedCredential), v.minLength(1), v.maxLength(1), smallAsJson(TARGET_BYTES)),
  ),
  metadataConfiguration: v.exactOptional(MetadataConfigurationSchema),
  privateEndpoint: privateEndpointMembers.privateEndpoint,
  certificateConfigurations: refused(
    'is not supported by this service: requests to targets trust public certificate authorities only',
  ),
};

export const createdTarget = v.strictObject({ ...targetMembers, clientToken });
export interface CreateTargetInput extends Of<typeof createdTarget> {}

export const identifiedTarget = v.strictObject({ gatewayIdentifier, targetId });

/** One at a time, as AWS. */
export const synchronizedTargets = v.strictObject({
  gatewayIdentifier,
  targetIdList: v.pipe(v.array(targetId), v.length(1, 'must have one target')),
});
export interface SynchronizeTargetsInput extends Of<typeof synchronizedTargets> {}

export const updatedTarget = v.strictObject({ ...targetMembers, targetId });
export interface UpdateTargetInput extends Of<typeof updatedTarget> {}

/** The members of a listing with pages of up to this many entries. */
export const pageOf = (most: number) => ({
  ...listing(most).entries,
  nextToken: v.exactOptional(matching(1, 2048, /^\S*$/, 'must not contain whitespace')),
});

export const listedGateways = v.strictObject(pageOf(1000));
export const listedTargets = v.strictObject({ gatewayIdentifier, ...pageOf(1000) });
export interface ListTargetsInput extends Of<typeof listedTargets> {}
