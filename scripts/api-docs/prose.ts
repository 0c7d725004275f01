/** The hand-written parts of docs/api.md. */
import type { ErrorName } from '../../lambda/domain/service-error';
import type { ErrorCode, ErrorValues } from '../../lambda/model/error-codes';
import { DIFFERENT_VALUES } from '../aws-model/differences';

export const PREFACE = `# API reference

The service implements the identity operations of Amazon Bedrock AgentCore in the protocol of the AWS clients (restJson1). One endpoint serves the control plane (2023-06-05) and the data plane (2024-02-28). The [README](../README.md) shows how to configure a client. The endpoint URL has no trailing slash.

\`npm run docs:api\` generates this page from the code, and a test fails if the page is out of date. Responses have the members of the AWS reference, which each operation links to. Times are in epoch seconds, members without a value are omitted, and no response of a control plane operation contains a secret.

An OpenAPI 3.1 document describes the same operations for generators of clients, with the members that AWS SDKs do not have: \`dist/openapi.json\` in the package \`@agent-identity/cdk\`, and in a checkout after \`npm ci\`. Requests need an AWS Signature Version 4 for the service name \`execute-api\`, which generated clients do not make: add it as a hook of the HTTP client. \`test/clients/python/test_generated_client.py\` shows this with \`openapi-python-client\` and botocore.`;

const keysDiffer = DIFFERENT_VALUES.find(({ as }) => as === 'map key');

/**
 * The rules for every request.
 *
 * @param tried number of requests in the test of the AWS shapes
 */
export const requests = (
  tried: number,
) => `The service processes a request exactly as you send it, or rejects it with a \`ValidationException\` that names the members. It validates every member, because the AWS clients for JavaScript do not. Lengths, patterns, and enums come from the AWS service model. A test tries each member of each operation at, below, and above its bounds, outside its pattern, with the wrong type, missing, unknown, and null. These are ${tried.toLocaleString('en')} requests, and every response must match the AWS model or this page (\`test/shapes\`).

- Lengths are in Unicode code points. A pattern must match the whole value.
- The service rejects unknown members. AWS ignores them.
- The service rejects \`null\`. Omit a member that has no value.
- The service rejects a body member that belongs in the path or the query.
- The service rejects text with half of a surrogate pair. Different texts of this kind become equal in UTF-8.
- A map must not have the key \`constructor\`, \`prototype\`, or \`__proto__\`: ${keysDiffer?.why ?? ''}.
- If the service does not support a member or a value, the error says why.

IAM decides which operations a principal can call (\`execute-api:Invoke\`), by method and path: \`GET/gateways/*\` includes the operations on the targets of gateways. In the service, each workload identity and credential provider belongs to the principal that created it. Its resource policy can grant or deny access to other principals.`;

/** The authorization of the operators' plane. */
export const OPERATOR_PLANE = `These operations are for the operators of the service. IAM is their only authorization: \`execute-api:Invoke\` on \`POST/operator/*\`, or on single operations. Ownership and resource policies neither give nor take access, so an agent and its owner cannot lift what an operator did. Do not give agents \`execute-api:Invoke\` on a wildcard that includes \`/operator/\`.`;

export const ERROR_FORM = `Errors have the form of AWS errors: a status, the header \`x-amzn-errortype\`, and a JSON body. This includes errors that API Gateway itself returns. \`message\` says what to do. A \`ValidationException\` also has a \`fieldList\` and a \`reason\`: \`FieldValidationFailed\`, \`CannotParse\` (the body is not a JSON object), or \`ResourceConflict\` (the step is not possible in the current state).

\`\`\`json
{
  "__type": "ValidationException",
  "message": "name must have 3 to 255 characters",
  "reason": "FieldValidationFailed",
  "fieldList": [{ "name": "name", "message": "must have 3 to 255 characters" }]
}
\`\`\``;

/** The cause of each error, and what to do. */
export const ERRORS: Readonly<Record<ErrorName, string>> = {
  ValidationException: 'The request is not valid. Correct the members in `fieldList`, as `message` says.',
  UnauthorizedException: 'The workload access token or the user token is not valid. Get a new token.',
  ServiceQuotaExceededException:
    'The quota is reached. Delete resources that you do not need, or ask the operator to raise the quota.',
  AccessDeniedException:
    'The caller is not authorized, the agent or the user is suspended, or the signature of the request is not valid.',
  ResourceNotFoundException: 'The resource does not exist.',
  ConflictException:
    'The name is already in use. ResetTokenVaultKeyMaterial: the key of the token vault changed during the request; call GetTokenVault.',
  RuntimeClientError:
    'From agent endpoints only: the response of the agent is not valid. Check the log of the agent.',
  ThrottlingException: 'There are too many requests. Retry after a short delay, as the AWS clients do.',
  InternalServerException: 'The service or the provider failed. Retry, as the AWS clients do.',
  DecryptionFailure: 'In the AWS model; this service does not return it.',
  EncryptionFailure: 'In the AWS model; this service does not return it.',
  ResourceLimitExceededException: 'In the AWS model; this service does not return it.',
};

/** The values of each code, and what it means. */
export const ERROR_CODES: {
  readonly [Code in ErrorCode]: readonly [values: readonly (keyof ErrorValues[Code])[], meaning: string];
} = {
  ResourceNotFound: [['resource', 'name'], 'There is no resource of this kind with this name'],
  NameTaken: [['resource', 'name'], 'Another resource has the name, possibly one of another principal'],
  NotOwner: [['name'], 'The request has `requireOwnership`, and the resource belongs to another principal'],
  DeletionIncomplete: [[], 'The deletion has begun. Send the same request again to continue it'],
  ProviderRejected: [
    ['provider', 'error'],
    'The authorization server rejected the request. `error` is its OAuth error code, or [one of this service](troubleshooting.md#codes-of-providers)',
  ],
  ProviderUnavailable: [['provider', 'error'], 'As above, but a retry can succeed'],
  McpServerRejected: [['error'], 'The metadata of an MCP server cannot be used'],
  McpServerUnavailable: [['error'], 'As above, but a retry can succeed'],
  UnknownOperation: [
    [],
    'API Gateway knows no such method and path. It says the same of requests without a valid signature',
  ],
};
