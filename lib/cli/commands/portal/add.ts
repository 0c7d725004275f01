/** `agent-identity portal add`: from options, and on a terminal by questions, which it repeats after a mistake. */
import { arnParts } from '../../../../lambda/model/arn';
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../../lambda/operations';
import { CONNECTION_FLAGS, type ConnectionFlags } from '../../connection-flags';
import type { CliContext } from '../../context';
import { untilAccepted } from '../../corrections';
import { nameTaken } from '../../name-taken';
import { namingOptions } from '../../option-names';
import { connect, type Service } from '../../service';
import { brandingOf, MEMBER_OPTIONS, PORTAL_FLAGS, providerArn, sourcesOf, type PortalFlags } from './config';
import { conclude, type PortalSummary } from './portals';
import { askAgain, complete, rejectedAnswers, type Answer, type Draft } from './questions';

type AddFlags = ConnectionFlags & PortalFlags;

/**
 * Returns a role of the account of the service, which the API requires. The service stores it and never uses it, so it
 * gives no rights, and the role need not exist.
 */
function unusedRole(arn: string): string {
  const { partition, account } = arnParts(arn);
  return `arn:${partition}:iam::${account}:role/consent-portal`;
}

/** Sends the request that the answers make. */
async function create(service: Service, draft: Draft): Promise<PortalSummary> {
  const { name, agents, gateways, signIn = '', scopes = [], audience, description } = draft;
  draft.connections = draft.connections.filter((connection) => connection !== undefined);
  const { connections } = draft;
  const branding = brandingOf(draft);
  const credentialProviderArn = await providerArn(service, signIn);
  const request = {
    name,
    executionRoleArn: unusedRole(credentialProviderArn),
    idpConfig: { credentialProviderArn, scopes, ...(audience !== undefined && { audience }) },
    sources: await sourcesOf(service, {
      ...(agents && { agent: agents }),
      ...(gateways && { gateway: gateways }),
    }),
    ...(description !== undefined && { description }),
    ...(Object.keys(branding).length > 0 && { branding }),
    ...(connections.length > 0 && { connections }),
  };
  return namingOptions(
    MEMBER_OPTIONS,
    () => service.call<PortalSummary>(OPERATIONS.CreateConsentPortal, request),
    (failure) => nameTaken(failure, 'portal'),
  );
}

export const add = buildCommand({
  docs: {
    brief: 'Create a consent portal',
    fullDescription: [
      'Creates a consent portal for your agents and gateways, and waits until the service has verified it.',
      'On a terminal, the command asks for what is missing, and asks again after a mistake.',
      'Afterwards, register the printed redirect URI.',
      'The agents, the gateways, and the sign-in provider must exist. The portal acts with your rights.',
    ].join('\n'),
  },
  parameters: {
    flags: { ...CONNECTION_FLAGS, ...PORTAL_FLAGS },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Name of the portal', parse: String, placeholder: 'name', optional: true }],
    },
  },
  async func(this: CliContext, flags: AddFlags, name?: string) {
    const { agent, gateway, signIn, scope, logo, connection = [] } = flags;
    const { audience, description, displayName, color } = flags;
    const draft: Draft = {
      ...{
        name,
        agents: agent,
        gateways: gateway,
        signIn,
        scopes: scope,
        audience,
        description,
        displayName,
        color,
        logo,
      },
      connections: [...connection],
    };
    // Before the questions, so that no answer is lost if there is no endpoint or no Region.
    const service = await connect(this, flags);
    await complete(this, draft);
    const begun = await untilAccepted<PortalSummary, Answer>(this, () => create(service, draft), {
      rejected: (failure) => rejectedAnswers(draft, failure),
      askAgain: (answer) => askAgain(this, draft, answer),
    });
    await conclude(this, service, begun, flags);
  },
});
