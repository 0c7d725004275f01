/**
 * Composition of the operators' plane. It reads the directory and writes restrictions. It cannot open the vault, issue
 * tokens, or call providers. IAM decides who can invoke its routes, and nothing else does.
 */
import { system } from '../adapters/system';
import { createRestrictionStore } from '../adapters/dynamodb/restriction-store';
import { createWorkloadIdentityStore } from '../adapters/dynamodb/workload-identity-store';
import { agentSuspended, suspensionLifted } from '../api/operator-answers';
import { createHandler } from '../api/router';
import {
  resumeUser,
  resumeWorkloadIdentity,
  suspendUser,
  suspendWorkloadIdentity,
} from '../domain/restriction/suspend';
import { createAws } from './composition/aws';
import { readEnvironment } from './composition/environment';
import { audit, report, requests } from './composition/logging';

const env = readEnvironment('DIRECTORY_TABLE', 'ARN_PREFIX');
const { tables } = createAws(env);
const deps = {
  identities: createWorkloadIdentityStore(tables.DIRECTORY_TABLE),
  restrictions: createRestrictionStore(tables.DIRECTORY_TABLE),
  audit,
  system,
  arnPrefix: env.ARN_PREFIX,
};

export const handler = createHandler(
  'operator',
  {
    SuspendWorkloadIdentity: async (input, principal) =>
      agentSuspended(input.name, await suspendWorkloadIdentity(deps, principal, input)),
    ResumeWorkloadIdentity: async (input, principal) => ({
      name: input.name,
      ...suspensionLifted(await resumeWorkloadIdentity(deps, principal, input)),
    }),
    SuspendUser: (input, principal) => suspendUser(deps, principal, input),
    ResumeUser: async (input, principal) => {
      const { userHash, suspension } = await resumeUser(deps, principal, input);
      return { userHash, ...suspensionLifted(suspension) };
    },
  },
  { requests, report },
);
