/**
 * What a target of a gateway is, and which credential the gateway attaches to its requests: the shapes of the AWS API
 * (Amazon Bedrock AgentCore, control plane 2023-06-05), as requests state them and records keep them.
 */
import * as v from 'valibot';
import { exactlyOne, matching, onlyCharacters, refused, text } from '../constraints';
import { customParameters } from '../names';
import type { Of } from '../of';
import { isRegistrable } from '../registrable-return-url';
import { returnUrl } from '../request-values';
import { SCOPE_TOKEN, SCOPE_TOKEN_RULE } from '../scope-token';
import { FUNCTION_ARN } from '../function-arn';
import { WORKLOAD_NAME } from '../workload-name';
import { MAX_TOOLS_BYTES } from './mcp-tools';

export const NAME_RULE = 'must have letters and digits, with single hyphens between and after them';
export const TargetNameSchema = matching(1, 200, /^([0-9a-zA-Z]-?){1,100}$/, NAME_RULE);

const HEADER_NAME = /^[a-zA-Z0-9_-]+$/;
const headerName = matching(1, 100, HEADER_NAME, onlyCharacters('the characters _ -'));
const queryName = matching(1, 40, HEADER_NAME, onlyCharacters('the characters _ -'));
/** Of a parameter of which the owner states the value. */
const staticQueryName = matching(1, 128, /^[a-zA-Z0-9_.-]+$/, onlyCharacters('the characters _ . -'));
const listOf = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(v.array(item), v.minLength(1), v.maxLength(10));

/** The AWS type `MetadataConfiguration`: the names that pass in addition to those of the protocol. */
export const MetadataConfigurationSchema = v.strictObject({
  allowedRequestHeaders: v.exactOptional(listOf(headerName)),
  allowedQueryParameters: v.exactOptional(listOf(queryName)),
  allowedResponseHeaders: v.exactOptional(listOf(headerName)),
});
export interface MetadataConfiguration extends Of<typeof MetadataConfigurationSchema> {}

/** What a passthrough target speaks. It decides which headers pass without being listed. */
export const PASSTHROUGH_PROTOCOLS = ['MCP', 'A2A', 'CUSTOM'] as const;
export type PassthroughProtocol = (typeof PASSTHROUGH_PROTOCOLS)[number];

/** Base URL of a target. */
const endpoint = matching(
  1,
  2048,
  /^https?:\/\/[a-zA-Z0-9.-]+(:[0-9]{1,5})?(\/.*)?$/,
  'must be an https URL with a host name, and an optional port and path',
);

const passthrough = v.strictObject({
  /** Requests go to it and to paths below it. */
  endpoint,
  protocolType: v.pipe(
    v.picklist([...PASSTHROUGH_PROTOCOLS, 'INFERENCE']),
    v.check(
      (protocol) => protocol !== 'INFERENCE',
      'must be MCP, A2A, or CUSTOM: INFERENCE is not supported',
    ),
    v.transform((protocol) => protocol as PassthroughProtocol),
  ),
  /** Added to the query of every request. */
  staticQueryParameters: v.exactOptional(
    v.pipe(
      v.record(
        staticQueryName,
        // eslint-disable-next-line no-control-regex -- the pattern of AWS
        matching(0, 2048, /^[^\x00-\x1F\x7F]*$/, 'must not contain control characters'),
      ),
      v.maxEntries(10),
    ),
  ),
  /** Whose value is used for a name that the caller sends too. */
  staticQueryParameterConflictResolution: v.exactOptional(v.picklist(['CLIENT_OVERRIDE', 'STATIC_OVERRIDE'])),
  schema: refused('is not supported by this service: a gateway evaluates no schema'),
  stickinessConfiguration: refused('is not supported by this service: it has no weighted targets'),
});

/** An agent that the gateway invokes: a Lambda function, with the workload identity that it acts as. */
const agentcoreRuntime = v.strictObject({
  arn: matching(1, 2048, FUNCTION_ARN, 'must be the ARN of a Lambda function, which is the agent'),
  qualifier: v.exactOptional(
    v.literal('DEFAULT', 'must be DEFAULT: the ARN of an alias or a version names it'),
  ),
  schema: refused('is not supported by this service: a gateway evaluates no schema'),
  /** Name of the workload identity. By default, that of the target. Not in the AWS API. */
  workloadIdentity: v.exactOptional(
    matching(3, 255, WORKLOAD_NAME, 'must be the name of a workload identity'),
  ),
  /** The return URL for consent, which is passed to the agent. Not in the AWS API. */
  oauth2CallbackUrl: v.exactOptional(v.pipe(returnUrl, isRegistrable)),
});
export interface AgentConfiguration extends Of<typeof agentcoreRuntime> {}

const NO_CONNECTORS = 'is not supported by this service: it has no connectors';

/** Where the tools of an MCP server come from. By default, the gateway fetches them when its owner configures the target. */
const mcpServer = v.strictObject({
  endpoint,
  mcpToolSchema: v.exactOptional(
    v.pipe(
      v.strictObject({
        /** JSON of the tools, as the server lists them: an array, or an object with the member `tools`. */
        inlinePayload: v.exactOptional(text(0, MAX_TOOLS_BYTES)),
        s3: refused('is not supported by this service: use inlinePayload'),
      }),
      exactlyOne(),
    ),
  ),
  /** `DEFAULT`: the gateway lists the accepted tools. `DYNAMIC`: those that the server still lists, unchanged. */
  listingMode: v.exactOptional(v.picklist(['DEFAULT', 'DYNAMIC'])),
  resourcePriority: refused('is not supported by this service: a gateway offers the tools of servers only'),
});
export interface McpServerConfiguration extends Of<typeof mcpServer> {}

const SERVERS_ONLY = 'is not supported by this service: use mcpServer';

/** The AWS union `TargetConfiguration`. A kind that this service does not have is rejected by name. */
export const TargetConfigurationSchema = v.pipe(
  v.strictObject({
    http: v.exactOptional(
      v.pipe(
        v.strictObject({
          passthrough: v.exactOptional(passthrough),
          agentcoreRuntime: v.exactOptional(agentcoreRuntime),
          connector: refused(NO_CONNECTORS),
        }),
        exactlyOne(),
      ),
    ),
    mcp: v.exactOptional(
      v.pipe(
        v.strictObject({
          mcpServer: v.exactOptional(mcpServer),
          apiGateway: refused(SERVERS_ONLY),
          lambda: refused(SERVERS_ONLY),
          openApiSchema: refused(SERVERS_ONLY),
          smithyModel: refused(SERVERS_ONLY),
          connector: refused(NO_CONNECTORS),
        }),
        exactlyOne(),
      ),
    ),
    inference: refused('is not supported by this service: use http.passthrough with the protocolType CUSTOM'),
  }),
  exactlyOne(),
);
export interface TargetConfiguration extends Of<typeof TargetConfigurationSchema> {}

const scope = matching(1, 64, SCOPE_TOKEN, SCOPE_TOKEN_RULE);

const providerArn = matching(
  1,
  2048,
  /^arn:([^:]*):([^:]*):([^:]*):([0-9]{12})?:(.+)$/,
  'must be the ARN of a credential provider',
);

export const oauthCredentialProvider = v.strictObject({
  /** ARN of an OAuth2 credential provider of this deployment. */
  providerArn,
  scopes: v.pipe(v.array(scope), v.maxLength(100)),
  customParameters: v.exactOptional(v.pipe(customParameters, v.minEntries(1), v.maxEntries(10))),
  grantType: v.exactOptional(v.picklist(['CLIENT_CREDENTIALS', 'AUTHORIZATION_CODE', 'TOKEN_EXCHANGE'])),
  /** Return URL of consents that this target needs. */
  defaultReturnUrl: v.exactOptional(v.pipe(returnUrl, isRegistrable)),
});
export interface OauthTargetCredential extends Of<typeof oauthCredentialProvider> {}

export const apiKeyCredentialProvider = v.strictObject({
  providerArn,
  /** Name of the header or the query parameter. By default, `Authorization`, or `api_key`. */
  credentialParameterName: v.exactOptional(
    matching(1, 64, HEADER_NAME, onlyCharacters('the characters _ -')),
  ),
  /** Text before the key, without the space between them. By default, `Bearer` in the header `Authorization`. */
  credentialPrefix: v.exactOptional(
    matching(1, 64, /^[\x21-\x7e]+( [\x21-\x7e]+)*$/, 'must be printable ASCII'),
  ),
  credentialLocation: v.exactOptional(v.picklist(['HEADER', 'QUERY_PARAMETER'])),
});
export interface ApiKeyTargetCredential extends Of<typeof apiKeyCredentialProvider> {}

export const iamCredentialProvider = v.strictObject({
  /** Signing name of the service that verifies the signature, such as `execute-api`. */
  service: matching(1, 64, /^[a-zA-Z0-9._-]+$/, onlyCharacters('the characters . _ -')),
  /** By default, the Region of the deployment. */
  region: v.exactOptional(matching(1, 32, /^[a-zA-Z0-9-]+$/, onlyCharacters('the character -'))),
});
export interface IamTargetCredential extends Of<typeof iamCredentialProvider> {}

/** The AWS type `CredentialProviderConfiguration`, of which a target has one or none. */
export const CredentialProviderConfigurationSchema = v.variant('credentialProviderType', [
  v.strictObject({
    credentialProviderType: v.literal('OAUTH'),
    credentialProvider: v.strictObject({ oauthCredentialProvider }),
  }),
  v.strictObject({
    credentialProviderType: v.literal('API_KEY'),
    credentialProvider: v.strictObject({ apiKeyCredentialProvider }),
  }),
  v.strictObject({
    credentialProviderType: v.literal('GATEWAY_IAM_ROLE'),
    credentialProvider: v.strictObject({ iamCredentialProvider }),
  }),
  v.strictObject({ credentialProviderType: v.literal('JWT_PASSTHROUGH') }),
]);
export type CredentialProviderConfiguration = Of<typeof CredentialProviderConfigurationSchema>;
