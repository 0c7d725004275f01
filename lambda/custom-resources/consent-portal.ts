/**
 * Consent portals as a stack creates, updates, and deletes them. A deployment waits until the service verified the portal,
 * so a portal that cannot work fails the deployment.
 */
import { setTimeout } from 'node:timers/promises';
import {
  CreateConsentPortalCommand,
  DeleteConsentPortalCommand,
  GetConsentPortalCommand,
  paginateListConsentPortals,
  UpdateConsentPortalCommand,
  type BedrockAgentCoreControlClient,
  type ConsentPortalSource,
  type GetConsentPortalResponse,
} from '@aws-sdk/client-bedrock-agentcore-control';
import * as v from 'valibot';
import { digestOfLogo } from '../model/custom-resources/definition';
import { alsoSending, asked, commonTo, ifThere, stated, unlessTaken } from './control-plane';
import { Refusal, type DeployedResource, type Described, type Desired } from './deployed-resource';
import { ForeignRequest } from './stack';

const text = v.string();

/** What the construct writes; the service validates it. */
const ConfigurationSchema = v.strictObject({
  description: v.optional(text, ''),
  workloads: v.array(text),
  signIn: v.strictObject({ provider: text, scopes: v.array(text), audience: v.optional(text) }),
  branding: v.strictObject({
    name: v.optional(text),
    color: v.optional(text),
    /** Digest of the logo in the properties. */
    logo: v.optional(text),
  }),
  connections: v.array(v.record(text, v.unknown())),
  acceptedResourceIds: v.optional(v.array(text), []),
});

/** Milliseconds between two reads of a portal that is not verified yet, and the number of reads. */
const READ_INTERVAL = 500;
const MAX_READS = 60;

/** The last segment of a provider's ARN is its name. */
const namesProvider = (arn: string, name: string): boolean =>
  arn.endsWith(`:token-vault/default/oauth2credentialprovider/${name}`);

/** @throws ForeignRequest if a property differs from the configuration, which alone is known to be the template's */
function checkReferences(
  { provider, logo }: { provider: string; logo: string | undefined },
  desired: Desired,
) {
  const { portal } = desired;
  const matches =
    portal !== undefined &&
    namesProvider(portal.credentialProviderArn, provider) &&
    (portal.logo === undefined ? undefined : digestOfLogo(portal.logo)) === logo;
  if (matches) return portal;
  throw new ForeignRequest(
    'The stack does not define this consent portal in this way. Deploy the stack as it was synthesized.',
  );
}

/** The members of the AWS model, and those that it lacks. */
function inputOf(desired: Desired) {
  const { description, workloads, signIn, branding, connections, acceptedResourceIds } = v.parse(
    ConfigurationSchema,
    desired.configuration,
  );
  const { provider, scopes, audience } = signIn;
  const references = checkReferences({ provider, logo: branding.logo }, desired);
  const { credentialProviderArn, executionRoleArn, logo } = references;
  return {
    known: {
      description,
      executionRoleArn,
      idpConfig: { credentialProviderArn, scopes, ...(audience !== undefined && { audience }) },
    },
    // The AWS SDK has only gateways, and portals of AWS keep their sources.
    sources: workloads.map((identifier) => ({ type: 'workload-identity', identifier })),
    beyond: { branding: { ...branding, ...(logo !== undefined && { logo }) }, connections },
    acceptedResourceIds,
  };
}

type Portal = Pick<GetConsentPortalResponse, 'consentPortalArn' | 'consentPortalId' | 'portalUrl'>;

/** The service returns the address of an https page without its scheme. */
const addressOf = (portalUrl: string): string =>
  portalUrl.startsWith('http://') ? portalUrl : `https://${portalUrl}`;

function described({ consentPortalArn, consentPortalId, portalUrl }: Portal): Described {
  const address = addressOf(stated(portalUrl, 'portalUrl'));
  return {
    arn: stated(consentPortalArn, 'consentPortalArn'),
    attributes: {
      PortalId: stated(consentPortalId, 'consentPortalId'),
      PortalUrl: address,
      CallbackUrl: `${address}/callback`,
    },
  };
}

/** @throws Refusal if the portal cannot work, or is not verified in time */
async function verified(client: BedrockAgentCoreControlClient, portal: Portal): Promise<Described> {
  const { consentPortalId: consentPortalIdentifier } = portal;
  for (let reads = 1; reads <= MAX_READS; reads += 1) {
    const found = await asked(client.send(new GetConsentPortalCommand({ consentPortalIdentifier })));
    if (found.status === 'ACTIVE') return described(found);
    if (found.status === 'FAILED' || found.status === 'UPDATE_FAILED') {
      throw new Refusal(`The portal cannot work: ${found.statusReason ?? 'the service gave no reason'}`);
    }
    await setTimeout(READ_INTERVAL);
  }
  throw new Refusal('The service did not verify the portal in time. Deploy again.');
}

/** Returns this principal's portal with the name. Recent creations can be missing. */
async function findByName(client: BedrockAgentCoreControlClient, name: string): Promise<Portal | undefined> {
  const pages = paginateListConsentPortals({ client, pageSize: 100 }, {});
  for await (const { consentPortals } of pages) {
    const found = consentPortals?.find((portal) => portal.name === name);
    if (found) return found;
  }
  return undefined;
}

export function consentPortals(client: BedrockAgentCoreControlClient): DeployedResource {
  const find = (name: string) => asked(findByName(client, name));
  const remove = ({ consentPortalId: consentPortalIdentifier }: Portal) =>
    ifThere(client.send(new DeleteConsentPortalCommand({ consentPortalIdentifier })));
  return {
    ...commonTo(client),
    // A portal has no policy, and only its owner finds it.
    setPolicy: () => Promise.resolve(),
    policyOf: () => Promise.resolve(''),
    async create(desired, tags) {
      const { known, sources, beyond } = inputOf(desired);
      const command = new CreateConsentPortalCommand({
        name: desired.name,
        ...known,
        sources: sources as unknown as ConsentPortalSource[],
        tags,
      });
      const created = await unlessTaken(client.send(alsoSending(command, beyond)));
      if (!created) return undefined;
      try {
        return await verified(client, created);
      } catch (error) {
        await remove(created);
        throw error;
      }
    },
    async read(name) {
      const portal = await find(name);
      // A name that is taken, and that this principal does not list, is another principal's.
      return portal ? described(portal) : 'anothers';
    },
    async update(desired) {
      const portal = await find(desired.name);
      if (!portal) throw new Refusal(`"${desired.name}" was deleted during the request. Deploy again.`);
      const { known, sources, beyond, acceptedResourceIds } = inputOf(desired);
      const command = new UpdateConsentPortalCommand({
        consentPortalIdentifier: portal.consentPortalId,
        ...known,
      });
      await asked(client.send(alsoSending(command, { sources, ...beyond, acceptedResourceIds })));
      return verified(client, portal);
    },
    async delete(name) {
      const portal = await find(name);
      if (portal) await remove(portal);
    },
  };
}
