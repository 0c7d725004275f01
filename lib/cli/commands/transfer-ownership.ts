/** `agent-identity transfer-ownership`: an operator makes another principal the owner of a resource. */
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../lambda/operations';
import { CONNECTION_FLAGS, optionalText, type ConnectionFlags } from '../connection-flags';
import type { CliContext } from '../context';
import { CliError, usageError } from '../failure';
import { namingOptions } from '../option-names';
import { print, printAside, printJson } from '../output';
import { KIND_FLAG, type Kind } from './provider/lookup';
import { allPages, connect, type Service } from '../service';

interface TransferFlags extends ConnectionFlags {
  readonly agent?: string;
  readonly provider?: string;
  readonly kind?: Kind;
  readonly arn?: string;
  readonly newOwner: string;
}

/** What sets the members of a request. */
const MEMBER_OPTIONS = { resourceArn: '--arn', newOwner: '--new-owner' } as const;

interface Listed {
  readonly name: string;
  readonly workloadIdentityArn?: string;
  readonly credentialProviderArn?: string;
  readonly credentialProviderVendor?: string;
}

const isOfKind = ({ credentialProviderVendor: vendor }: Listed, kind: Kind | undefined): boolean =>
  kind === undefined || (kind === 'oauth2') === (vendor !== undefined);

/** Returns the ARN of the resource that the options name. */
async function arnOf(service: Service, { agent, provider, kind, arn }: TransferFlags): Promise<string> {
  if ([agent, provider, arn].filter((option) => option !== undefined).length !== 1) {
    throw usageError('Set one of --agent, --provider, and --arn.');
  }
  if (arn !== undefined) return arn;
  const [what, name, operation, member] =
    agent !== undefined
      ? (['workload identity', agent, OPERATIONS.ListAllWorkloadIdentities, 'workloadIdentities'] as const)
      : ([
          'credential provider',
          provider,
          OPERATIONS.ListAllCredentialProviders,
          'credentialProviders',
        ] as const);
  const listed = await allPages<Listed>(service, operation, member);
  const named = listed.filter((one) => one.name === name && isOfKind(one, kind));
  const [found] = named;
  const foundArn = found?.workloadIdentityArn ?? found?.credentialProviderArn;
  if (foundArn === undefined) {
    throw new CliError(`There is no ${what} named "${name}".`, {
      next: `Run agent-identity ${agent === undefined ? 'provider' : 'agent'} list --all for the names.`,
    });
  }
  if (named.length > 1) {
    throw usageError(
      `There are two credential providers named "${name}": one of OAuth 2.0, and one of an API key.`,
      'Set --kind oauth2 or --kind api-key.',
    );
  }
  return foundArn;
}

export const transferOwnership = buildCommand({
  docs: {
    brief: 'Make another principal the owner of an agent or a provider, as an operator',
    fullDescription: [
      'Makes another principal the owner of an agent or of a credential provider.',
      'ID, resource policy, tags, and grants stay. Transfer an agent together with its providers.',
      'An operator cannot transfer a resource to itself.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      agent: optionalText('name', 'Agent to transfer'),
      provider: optionalText('name', 'Credential provider to transfer'),
      kind: KIND_FLAG,
      arn: optionalText('ARN', 'Resource to transfer, by its ARN'),
      newOwner: {
        kind: 'parsed',
        parse: String,
        placeholder: 'ARN',
        brief: 'ARN of the IAM role (without its path) or user that becomes the owner',
      },
    },
  },
  async func(this: CliContext, flags: TransferFlags) {
    const service = await connect(this, flags);
    const resourceArn = await arnOf(service, flags);
    const { newOwner } = flags;
    const { previousOwner } = await namingOptions(MEMBER_OPTIONS, () =>
      service.call<{ previousOwner: string }>(OPERATIONS.TransferOwnership, { resourceArn, newOwner }),
    );
    if (flags.json) {
      printJson(this, { resourceArn, previousOwner, newOwner });
      return;
    }
    print(this, `${resourceArn} belongs to ${newOwner}. It belonged to ${previousOwner}.`);
    printAside(
      this,
      'Ask the new owner to change the resource once, for example its tags. This records the unique ID of the principal.',
    );
  },
});
