/** `agent-identity gateway add`. */
import { buildCommand } from '@stricli/core';
import { UNUSED_ROLE_ARN } from '../../../../lambda/model/gateway/gateway-configuration';
import { OPERATIONS } from '../../../../lambda/operations';
import { AUTHORIZER_FLAGS, AUTHORIZER_OPTIONS, discoveryUrlOf, type Authorized } from '../../authorizer';
import { CONNECTION_FLAGS, optionalText, optionalTexts, optionalUrl } from '../../connection-flags';
import type { ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { usageError } from '../../failure';
import { nameTaken } from '../../name-taken';
import { namingOptions } from '../../option-names';
import { printAside } from '../../output';
import { privateEndpointFlags, type PrivateEndpointFlags } from '../../private-endpoints';
import { connect } from '../../service';
import { showGateway, type Gateway } from './gateways';

interface IssuerFlags extends PrivateEndpointFlags {
  readonly issuer?: string;
  readonly allowedAudience?: readonly string[];
  readonly allowedClient?: readonly string[];
  readonly allowedScope?: readonly string[];
}

interface AddFlags extends ConnectionFlags, IssuerFlags {
  readonly description?: string;
}

/** Returns the authorizer that the options state. @throws CliError for an option that needs `--issuer` */
function authorizerOf({
  issuer,
  allowedAudience,
  allowedClient,
  allowedScope,
  privateEndpoint,
  privateEndpointOverride,
}: IssuerFlags): Authorized {
  const conditions = {
    ...(allowedAudience && { allowedAudience }),
    ...(allowedClient && { allowedClients: allowedClient }),
    ...(allowedScope && { allowedScopes: allowedScope }),
    ...(privateEndpoint && { privateEndpoint }),
    ...(privateEndpointOverride && { privateEndpointOverrides: privateEndpointOverride }),
  };
  if (issuer !== undefined) {
    const discoveryUrl = discoveryUrlOf(issuer);
    return { authorizerConfiguration: { customJWTAuthorizer: { discoveryUrl, ...conditions } } };
  }
  if (Object.keys(conditions).length === 0) return {};
  throw usageError(
    'The options that begin with --allowed and --private need --issuer.',
    'Without --issuer, callers sign their requests (IAM).',
  );
}

const MEMBER_OPTIONS = {
  ...AUTHORIZER_OPTIONS,
  name: 'the name',
  description: '--description',
  allowedScopes: '--allowed-scope',
} as const;

export const add = buildCommand({
  docs: {
    brief: 'Create a gateway',
    fullDescription: [
      'Creates a gateway, which attaches credentials to the requests of agents. It belongs to the principal whose credentials sign the request.',
      'By default, agents sign their requests (IAM). With --issuer, callers authenticate with a user token of this issuer.',
      'Without --allowed-audience and --allowed-client, the audience of the user tokens must be the URL of the gateway.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      ...CONNECTION_FLAGS,
      description: optionalText('text', 'Description for the owner of the gateway'),
      issuer: optionalUrl('--issuer', 'Issuer of the user tokens, or its discovery URL'),
      allowedAudience: AUTHORIZER_FLAGS.allowedAudience,
      allowedClient: AUTHORIZER_FLAGS.allowedClient,
      allowedScope: optionalTexts(
        'scope',
        'Scope that the user tokens must have; set the option again for each further scope',
      ),
      ...privateEndpointFlags('the issuer'),
    },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name of the gateway', parse: String, placeholder: 'name' }],
    },
  },
  async func(this: CliContext, flags: AddFlags, name: string) {
    const authorizer = authorizerOf(flags);
    const service = await connect(this, flags);
    const created = await namingOptions(
      MEMBER_OPTIONS,
      () =>
        service.call<Gateway>(OPERATIONS.CreateGateway, {
          name,
          roleArn: UNUSED_ROLE_ARN,
          authorizerType: authorizer.authorizerConfiguration ? 'CUSTOM_JWT' : 'AWS_IAM',
          ...authorizer,
          ...(flags.description !== undefined && { description: flags.description }),
        }),
      (failure) => nameTaken(failure, 'gateway'),
    );
    showGateway(this, created, flags);
    printAside(
      this,
      `Add a target: agent-identity gateway target add NAME --gateway ${created.name} --url URL`,
    );
  },
});
