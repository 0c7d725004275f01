/**
 * What CloudFormation asks the resource function: one of the three lifecycle steps for one resource of a stack. It
 * asks again when it is in doubt, so the same request may come twice.
 * Source: CloudFormation user guide, "Custom resource request objects".
 */
import * as v from 'valibot';
import { RESOURCE_KINDS } from './resource-kinds';
import { MARK_PREFIX } from './resource-marks';

const text = v.pipe(v.string(), v.nonEmpty());

/** A secret that this function reads in AWS Secrets Manager and hands on, sealed from then on by the service. */
const HandedOnSchema = v.strictObject({
  source: v.literal('MANAGED'),
  secretId: text,
  /** Member of the JSON object that the secret's text is; the whole text when absent. */
  jsonKey: v.optional(text),
  versionId: v.optional(text),
  versionStage: v.optional(text),
});

/** A secret that stays in AWS Secrets Manager; the service reads it when a token is wanted. */
const ExternalSchema = v.strictObject({ source: v.literal('EXTERNAL'), secretId: text, jsonKey: text });

const SecretSchema = v.variant('source', [HandedOnSchema, ExternalSchema]);

export type StatedSecret = v.InferOutput<typeof SecretSchema>;

/** CloudFormation turns every number and truth value into text, so what has any travels as JSON. */
const jsonObject = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.unknown()));

/** As text, in which its definition is compared. */
const jsonObjectText = v.pipe(
  v.string(),
  v.check((json) => v.is(jsonObject, json), 'must be a JSON object'),
);

/** Tags that the stack gives the resource; the mark is not the stack's to set. */
const TagsSchema = v.record(
  v.pipe(
    v.string(),
    v.check((key) => !key.startsWith(MARK_PREFIX), `must not begin with ${MARK_PREFIX}`),
  ),
  v.string(),
);

/** Properties of every resource, as lib/resources/identity-resource.ts writes them. */
const PropertiesSchema = v.object({
  /** Address of the service. */
  endpoint: text,
  name: text,
  /** Members of the operation that creates or updates it, but for name, tags and secret. */
  configuration: jsonObjectText,
  secret: v.optional(SecretSchema),
  /** The resource policy; empty for none. */
  policy: v.string(),
  /** Whether a resource that is there under the name already is taken over. */
  importExisting: v.picklist(['true', 'false']),
  tags: v.optional(TagsSchema),
});

const common = {
  StackId: text,
  RequestId: text,
  LogicalResourceId: text,
  ResponseURL: v.pipe(v.string(), v.url()),
  ResourceType: v.picklist(RESOURCE_KINDS),
};

/** What must be there to answer at all, whatever else the request says. */
export const AnswerableSchema = v.object({
  StackId: common.StackId,
  RequestId: common.RequestId,
  LogicalResourceId: common.LogicalResourceId,
  ResponseURL: common.ResponseURL,
  PhysicalResourceId: v.optional(v.string()),
  ResourceProperties: v.optional(v.object({ name: v.optional(v.string()) })),
});

export type Answerable = v.InferOutput<typeof AnswerableSchema>;

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
    // Whatever else they say: nothing but the address is needed, and what was taken once must be let go.
    ResourceProperties: v.object({ endpoint: text }),
  }),
]);

/** Returns the configuration's members. */
export const configurationOf = ({ configuration }: Properties): Readonly<Record<string, unknown>> =>
  v.parse(jsonObject, configuration);

export type Request = v.InferOutput<typeof RequestSchema>;
export type Properties = v.InferOutput<typeof PropertiesSchema>;
