/** Resource policies: which other principals can use a resource. */
import * as v from 'valibot';
import { text } from '../../model/constraints';
import { POLICY } from '../differences';
import { operations } from '../operation';
import type { ReferenceOf } from '../reference';
import { ownedResourceArn } from '../../model/request-values';

const PATH = '/resourcepolicy/{resourceArn+}';

const ofResource = v.strictObject({ resourceArn: ownedResourceArn });

export const resourcePolicy = operations('control-plane', '/identities', {
  PutResourcePolicy: {
    path: PATH,
    status: 201,
    method: 'PUT',
    input: v.strictObject({ resourceArn: ownedResourceArn, policy: text(1, 20480) }),
  },
  GetResourcePolicy: { path: PATH, method: 'GET', input: ofResource },
  DeleteResourcePolicy: { path: PATH, status: 204, method: 'DELETE', input: ofResource },
});

export const reference: ReferenceOf<typeof resourcePolicy> = {
  PutResourcePolicy: {
    does: 'Sets the resource policy, in IAM policy JSON. The policy allows or denies access for other principals from the next request on.',
    errors: ['ResourceNotFoundException'],
    differs: [
      POLICY,
      {
        what: 'rejects a policy with an unknown element',
        why: 'a policy with an ignored element could allow more than its owner intended',
      },
      {
        what: "supports five more condition keys on an OAuth 2.0 provider: `bedrock-agentcore:Scopes` (including scopes in the vendor's custom parameters `user_scope` and `optional_scope`), `bedrock-agentcore:CustomParameters` (the names of the request's `customParameters`), `bedrock-agentcore:Resources` and `bedrock-agentcore:Audiences` (the request's `resources` and `audiences`; at a provider that is for one resource, this resource, whatever the request names), and `bedrock-agentcore:WorkloadIdentityArn`",
        why: 'an owner can limit what agents can request: a Deny with `ForAnyValue:StringNotEquals` on `bedrock-agentcore:CustomParameters` allows only the listed names',
      },
      {
        what: 'supports the condition key `bedrock-agentcore:CallingAgentArns` on every resource: the agents before the agent that requests a credential, or that is called',
        why: 'an owner can keep an agent from getting a credential, or from being called, behind another agent; the workload access token names them',
      },
      {
        what: 'rejects a Deny with `ForAnyValue` on `bedrock-agentcore:Scopes`, `bedrock-agentcore:Resources`, or `bedrock-agentcore:Audiences`, unless the operator ends in `IfExists` or the statement has `Null` for the key',
        why: 'a request without them gets what the provider grants by default, and the Deny would not apply to it',
      },
      {
        what: 'rejects a policy that needs more than 100 steps per character of scopes or custom parameters (each wildcard value takes one step, and a long value takes more)',
        why: 'the service evaluates the policy in each request, and a slow policy would delay the request',
      },
    ],
  },
  GetResourcePolicy: {
    does: 'Returns the policy exactly as it was set. If there is no policy, the response has no `policy` member.',
    errors: ['ResourceNotFoundException'],
    differs: [POLICY],
  },
  DeleteResourcePolicy: {
    does: 'Deletes the policy. From the next request on, only the owner has access.',
    errors: ['ResourceNotFoundException'],
    differs: [POLICY],
  },
};
