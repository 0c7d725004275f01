/**
 * Values of requests that several operations have. Lengths, patterns, and enums are those of the AWS service model (Amazon
 * Bedrock AgentCore, control plane 2023-06-05, data plane 2024-02-28), whose patterns apply to the whole value. A member
 * that this service does not support is rejected with the reason, never ignored.
 */
import * as v from 'valibot';
import { matching, onlyCharacters, text } from './constraints';
import { line } from './names';
import type { Of } from './of';

export const returnUrl = matching(
  1,
  2048,
  // The AWS pattern, which also matches behind the dots of a scheme (Smithy 2.0: patterns are not anchored).
  /^\w[\w.+-]*:(\/?\/?)[^\s]+$/,
  'must be a URL with a scheme, such as https://app.example/connected, and without spaces',
);

export const userId = text(1, 128);

export const userToken = matching(
  1,
  131072,
  /^[A-Za-z0-9-_=]+\.[A-Za-z0-9-_=]+\.[A-Za-z0-9-_=]+$/,
  'must be a JWT: three parts in base64url, with dots between them',
);

export const workloadToken = text(1, 131072);

const TAG_CHARACTERS = onlyCharacters('spaces and the characters . _ : / = + @ -');

export const tagKey = matching(1, 128, /^[a-zA-Z0-9\s._:/=+@-]*$/, TAG_CHARACTERS);

/** The AWS pattern also allows tabs and line breaks, which break log lines. Only the space is accepted. */
const newTagKey = v.pipe(
  matching(1, 128, /^[a-zA-Z0-9 ._:/=+@-]*$/, TAG_CHARACTERS),
  v.check((key) => !/^aws:/i.test(key), 'must not begin with aws:, which AWS reserves'),
);

export const tags = v.pipe(
  v.record(newTagKey, matching(0, 256, /^[a-zA-Z0-9 ._:/=+@-]*$/, TAG_CHARACTERS)),
  v.maxEntries(50),
);

/** The ARN of a resource that has a policy and an owner. */
export const ownedResourceArn = text(20, 1011);

export const listing = (most: number) =>
  v.strictObject({
    maxResults: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most))),
    nextToken: v.exactOptional(v.string()),
  });

/** The AWS members `maxResults` and `nextToken`. */
export interface ListInput extends Of<ReturnType<typeof listing>> {}

/** Beyond AWS: whether an update fails unless the caller owns the provider. */
export const requireOwnership = v.exactOptional(v.boolean());

/** As listings return it. */
export const grantId = matching(1, 1024, /^[A-Za-z0-9_-]+$/, 'must be the grantId of a listed grant');

export const userHash = matching(
  43,
  43,
  /^[A-Za-z0-9_-]{43}$/,
  'must be the user of an audit entry: a SHA-256 hash in base64url',
);

/** A user as operators name one. A user ID and the subject of a user token are different users, even if they are equal. */
export const userSelector = v.union(
  [
    v.strictObject({ userId }),
    v.strictObject({ issuer: text(1, 2048), subject: text(1, 2048) }),
    v.strictObject({
      userHash,
    }),
  ],
  'must have userId, or issuer and subject, or userHash, and no other member',
);
export type UserSelector = Of<typeof userSelector>;

/**
 * An owner, as this service records it: API Gateway omits the path of a role, and of a role session only the role
 * counts.
 */
export const principalArn = matching(
  20,
  2048,
  /^arn:aws[a-z-]*:iam::\d{12}:(role\/[\w+=,.@-]{1,64}|user\/[\u0021-\u007e]{1,576})$/,
  'must be the ARN of an IAM role without its path, such as arn:aws:iam::123456789012:role/agent, or of an IAM user',
);

/** For operators and the audit log. */
export const reason = v.exactOptional(line(512));
