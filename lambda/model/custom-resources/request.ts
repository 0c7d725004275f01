/**
 * CloudFormation's request to the resource function: one of three lifecycle steps for one resource of a stack.
 * CloudFormation retries when in doubt, so a request can arrive twice.
 * Source: CloudFormation user guide, "Custom resource request objects".
 */
import * as v from 'valibot';
import { CUSTOM_RESOURCE_TYPES } from './types';
import { MARK_PREFIX } from './marks';
import { STAGE_SECRET_TYPE } from '../stage-secret';

const text = v.pipe(v.string(), v.nonEmpty());

/** A secret that this function reads from AWS Secrets Manager and sends to the service, which then stores it sealed. */
const ManagedSchema = v.strictObject({
  source: v.literal('MANAGED'),
  secretId: text,
  /** Member of the secret's JSON object; absent for the whole text. */
  jsonKey: v.optional(text),
  versionId: v.optional(text),
  versionStage: v.optional(text),
});

/** A secret that stays in AWS Secrets Manager, where the service reads it when it needs it. */
const ExternalSchema = v.strictObject({ source: v.literal('EXTERNAL'), secretId: text, jsonKey: text });

const SecretSchema = v.variant('source', [ManagedSchema, ExternalSchema]);

export type StatedSecret = v.InferOutput<typeof SecretSchema>;

/** JSON text, because CloudFormation converts every number and boolean to text. */
const jsonObject = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown()));

/** JSON text, because the definition is compared as text. */
const jsonObjectText = v.pipe(
  v.string(),
  v.check((json) => v.is(jsonObject, json), 'must be a JSON object'),
);

/** Tags that the stack sets on the resource. A stack cannot set the mark. */
const TagsSchema = v.record(
  v.pipe(
    v.string(),
    v.check((key) => !key.startsWith(MARK_PREFIX), `must not begin with ${MARK_PREFIX}`),
  ),
  v.string(),
);

/**
 * What a consent portal's configuration leaves out, because the environment of the function has the configuration if parts
 * of it are known only at deployment.
 */
const PortalSchema = v.strictObject({
  /** ARN of the provider that the configuration names. */
  credentialProviderArn: text,
  /** Never used by the service. */
  executionRoleArn: text,
  /** The image whose digest the configuration has. */
  logo: v.optional(text),
});

/** Properties of every resource, as lib/resources/identity-resource.ts writes them. */
const PropertiesSchema = v.object({
  /** Address of the service. */
  endpoint: text,
  name: text,
  /** Members of the operation that creates or updates it, without name, tags, and secret. */
  configuration: jsonObjectText,
  secret: v.optional(SecretSchema),
  /** The resource policy; empty for none. */
  policy: v.string(),
  /** Whether to adopt an existing resource with this name. */
  importExisting: v.picklist(['true', 'false']),
  tags: v.optional(TagsSchema),
  portal: v.optional(PortalSchema),
  /**
   * ARNs of the functions of the agents behind a gateway, by the names of their targets. The environment of the function that
   * creates the gateway cannot name them, because they can refer to the stack's resources. IAM decides whether they are the
   * owner's.
   */
  agents: v.optional(v.record(v.string(), text)),
});

const common = {
  StackId: text,
  RequestId: text,
  LogicalResourceId: text,
  ResponseURL: v.pipe(v.string(), v.url()),
  ResourceType: v.picklist(CUSTOM_RESOURCE_TYPES),
};

/** The members that a response requires, whatever else the request contains. */
export const ResponseTargetSchema = v.object({
  StackId: common.StackId,
  RequestId: common.RequestId,
  LogicalResourceId: common.LogicalResourceId,
  ResponseURL: common.ResponseURL,
  PhysicalResourceId: v.optional(v.string()),
  ResourceProperties: v.optional(v.object({ name: v.optional(v.string()) })),
});

export type ResponseTarget = v.InferOutput<typeof ResponseTargetSchema>;

/** The only request for a stage secret. */
export const StageSecretRequestSchema = v.object({
  ...ResponseTargetSchema.entries,
  ResourceType: v.literal(STAGE_SECRET_TYPE),
  RequestType: v.literal('Create'),
});

export type StageSecretRequest = v.InferOutput<typeof StageSecretRequestSchema>;

export const RequestSchema = v.variant('RequestType', [
  v.object({ ...common, RequestType: v.literal('Create'), ResourceProperties: PropertiesSchema }),
  v.object({
    ...common,
    RequestType: v.literal('Update'),
    PhysicalResourceId: text,
    ResourceProperties: PropertiesSchema,
    OldResourceProperties: v.optional(v.object({ tags: v.optional(TagsSchema) })),
  }),
  v.object({
    ...common,
    RequestType: v.literal('Delete'),
    PhysicalResourceId: text,
    // Only the address is required here: a resource that was created must always be deletable.
    ResourceProperties: v.object({ endpoint: text }),
  }),
]);

/** Returns the configuration's members. */
export const configurationOf = ({ configuration }: Properties): Readonly<Record<string, unknown>> =>
  v.parse(jsonObject, configuration);

export type Request = v.InferOutput<typeof RequestSchema>;
export type Properties = v.InferOutput<typeof PropertiesSchema>;
