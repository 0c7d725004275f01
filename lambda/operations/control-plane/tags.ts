/** Tags of resources. The ARN is in the path, and AWS SDKs encode it as one segment. */
import * as v from 'valibot';
import { matching } from '../../model/constraints';
import { OWNERS_TRUST, PLAIN_TAGS } from '../differences';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';
import { tagKey, tags as newTags } from '../../model/request-values';

const PATH = '/tags/{resourceArn+}';

/** The AWS pattern does not allow the digit in `oauth2credentialprovider`, which ARNs of AWS contain. */
const resourceArn = matching(
  20,
  1011,
  /^arn:(?:[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:([a-z-]+\/[^/]+)(?:\/[a-z0-9-]+\/[^/]+)*$/,
  'must be the ARN of a workload identity, a credential provider, a consent portal, a gateway, or a policy engine',
);

export const tags = operations('control-plane', '/identities', {
  TagResource: { path: PATH, status: 204, input: v.strictObject({ resourceArn, tags: newTags }) },
  UntagResource: {
    path: PATH,
    status: 204,
    method: 'DELETE',
    query: { tagKeys: 'strings' },
    input: v.strictObject({ resourceArn, tagKeys: v.pipe(v.array(tagKey), v.maxLength(200)) }),
  },
  ListTagsForResource: { path: PATH, method: 'GET', input: v.strictObject({ resourceArn }) },
});

export const reference: ReferenceOf<typeof tags> = {
  TagResource: {
    does: 'Adds tags, and replaces tags that have the same key. The tag `displayName` of a workload identity or credential provider is the name that pages show to users.',
    errors: ['ResourceNotFoundException', 'ServiceQuotaExceededException'],
    differs: [PLAIN_TAGS, OWNERS_TRUST],
  },
  UntagResource: {
    does: 'Removes tags. Keys that the resource does not have are ignored.',
    errors: ['ResourceNotFoundException'],
    differs: [OWNERS_TRUST],
  },
  ListTagsForResource: { does: 'Returns all tags of a resource.', errors: ['ResourceNotFoundException'] },
};
