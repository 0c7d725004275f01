/** The parts of docs/api.md that are written, not derived. */
import type { OperationName } from '../../lambda/contract/operations';
import type { JsonOperation } from '../../lambda/contract/schemas/requests';
import type { ErrorName } from '../../lambda/domain/service-error';
import { DIFFERENT_VALUES } from '../../lambda/contract/model/differences';

export const PREFACE = `# API

The identity operations of Amazon Bedrock AgentCore, as AWS's clients speak them: restJson1, one endpoint for both planes (control plane 2023-06-05, data plane 2024-02-28). The [README](../README.md) shows how to point a client here. An endpoint has no slash at its end.

This page is made from the code by \`npm run docs:api\`; a test fails when it is not what the code says. Answers have the members of AWS's reference, which each operation links to: times in epoch seconds, absent members left out, no secret ever.`;

const keysDiffer = DIFFERENT_VALUES.find(({ as }) => as === 'map key');

/**
 * What holds for every request.
 *
 * @param tried how many requests the walk over AWS's shapes tries
 */
export const requests = (
  tried: number,
) => `A request is honored as it stands or refused with a \`ValidationException\` that names the members. The service validates everything, for AWS's JavaScript clients validate nothing. Lengths, patterns and enums are those of AWS's service model; a test tries each operation and each member at, below and above its bounds, off its pattern, of the wrong type, missing, unknown and null: ${tried} requests, none of which is answered otherwise than AWS's model or this page says (\`test/shapes\`).

- Lengths count Unicode code points. Patterns hold for the whole value.
- A member that the operation does not have is refused. AWS ignores it; here nothing is silently ignored.
- \`null\` is refused; a member that has no value is left out.
- A member that travels in the path or the query is refused in the body.
- Text that is no Unicode text (half of a surrogate pair) is refused: different ones would become the same as UTF-8.
- A map has no key \`constructor\`, \`prototype\` or \`__proto__\`: ${keysDiffer?.why ?? ''}.
- What this service does not support is refused with the reason.

Who may act: IAM decides which operations a principal may call (\`execute-api:Invoke\`). Inside, a workload identity and a credential provider belong to the principal that created them; a resource policy on either lets others in, or keeps some out.`;

export const ERROR_FORM = `An error has AWS's form, the gateway's own errors too: the status, the header \`x-amzn-errortype\`, and a JSON body. \`message\` says what to do. A \`ValidationException\` also has a \`reason\` (\`FieldValidationFailed\`, \`CannotParse\` for a body that is not a JSON object, \`ResourceConflict\` for a step out of its order) and a \`fieldList\`.

\`\`\`json
{
  "__type": "ValidationException",
  "message": "name must have 3 to 255 characters",
  "reason": "FieldValidationFailed",
  "fieldList": [{ "name": "name", "message": "must have 3 to 255 characters" }]
}
\`\`\``;

/** When each error comes, and what to do. */
export const ERRORS: Readonly<Record<ErrorName, string>> = {
  ValidationException: 'The request cannot be honored. Change it as `message` and `fieldList` say.',
  UnauthorizedException: 'A workload access token or user token does not count. Get a new one.',
  ServiceQuotaExceededException: 'There are as many as the quota lets. Delete some, or raise it.',
  AccessDeniedException: 'The caller may not, or the request is not rightly signed.',
  ResourceNotFoundException: 'There is no such resource.',
  ConflictException: 'The name is taken.',
  RuntimeClientError: 'Of agent endpoints only: the agent did not answer as it should. Look into its log.',
  ThrottlingException: "Too much at once. Try again shortly; AWS's clients do.",
  InternalServerException: "Something is wrong here or at the provider. Try again; AWS's clients do.",
  DecryptionFailure: "Of AWS's model; not answered by this service.",
  EncryptionFailure: "Of AWS's model; not answered by this service.",
  ResourceLimitExceededException: "Of AWS's model; not answered by this service.",
};

/** Routes that are no operation of AWS's. */
export const OPEN_ROUTES: Readonly<Record<Exclude<OperationName, JsonOperation>, string>> = {
  Authorize:
    'The link that a user opens (`request_uri` is the session): binds the browser by a cookie and goes on to the provider.',
  Callback:
    'Where a provider sends the browser back; one per credential provider, told as `callbackUrl`. Goes on to the return URL with a one-time `session_id` and, when one was given, `state`.',
  Jwks: 'The keys that workload access tokens are checked with (RFC 7517).',
  IssuerMetadata: 'The issuer of workload access tokens, in the form of OpenID Connect Discovery 1.0.',
};
