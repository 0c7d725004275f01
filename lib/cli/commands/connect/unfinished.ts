/**
 * A provider whose client is registered after the provider is created: the registration needs the callback URL, which the
 * service chooses. Until then, the provider has a client ID that says so. It never stays: if the client cannot be
 * registered, the provider is deleted.
 */
import { randomBytes } from 'node:crypto';
import type { VendorName } from '../../../../lambda/model/provider/vendor-names';
import { vendorOf } from '../../../../lambda/domain/provider/vendors';
import { OPERATIONS } from '../../../../lambda/operations';
import type { CliContext } from '../../context';
import type { ServiceFailure } from '../../failure';
import { nameTaken } from '../../name-taken';
import { namingOptions } from '../../option-names';
import { printAside } from '../../output';
import { deleteWholly, type Service } from '../../service';
import { isCustom, memberOptions, serverMembers, type ClientFlags } from '../provider/config';
import { orUndefined } from '../provider/lookup';
import { configOf, getProvider, type Oauth2Provider } from '../provider/provider';

const UNREGISTERED = 'not-registered-yet';

export interface Target {
  readonly name: string;
  readonly vendor: VendorName;
  readonly flags: ClientFlags;
}

/** Returns the provider's configuration. */
const inputOf = ({ name, vendor, flags }: Target, client: Record<string, unknown>) => ({
  name,
  credentialProviderVendor: vendor,
  oauth2ProviderConfigInput: {
    [vendorOf(vendor).configMember]: { ...serverMembers(vendor, flags), ...client },
  },
});

/** Returns what to do about a provider that an earlier run could not delete, because it was killed. */
async function leftOver(service: Service, name: string): Promise<string | undefined> {
  const provider = await orUndefined(getProvider(service, name)).catch(() => undefined);
  return provider && configOf(provider).clientId === UNREGISTERED
    ? `An earlier run was interrupted. Run agent-identity provider delete ${name} --yes, and repeat the command.`
    : undefined;
}

/** Creates the provider, which has a callback URL, and no client yet. */
export async function createUnfinished(service: Service, target: Target): Promise<Oauth2Provider> {
  const { vendor, flags, name } = target;
  // Only a public client has no secret, and only custom servers have public clients. No one knows the other secrets.
  const secret = isCustom(vendor) ? {} : { clientSecret: randomBytes(32).toString('base64url') };
  let unfinished: string | undefined;
  return namingOptions(
    memberOptions({ ...flags, mcp: undefined }),
    async () => {
      try {
        return await service.call<Oauth2Provider>(
          OPERATIONS.CreateOauth2CredentialProvider,
          inputOf(target, { clientId: UNREGISTERED, ...secret }),
        );
      } catch (error) {
        if ((error as Partial<ServiceFailure>).problem?.code === 'NameTaken') {
          unfinished = await leftOver(service, name);
        }
        throw error;
      }
    },
    (failure) => {
      const taken = nameTaken(failure, 'provider');
      return unfinished ?? (taken && `${taken} For a token of it, use agent-identity token get.`);
    },
  );
}

/** Gives the provider its client. */
export const finish = (
  service: Service,
  target: Target,
  client: Record<string, unknown>,
): Promise<Oauth2Provider> =>
  namingOptions(memberOptions({ ...target.flags, mcp: undefined }), () =>
    service.call<Oauth2Provider>(OPERATIONS.UpdateOauth2CredentialProvider, {
      ...inputOf(target, client),
      requireOwnership: true,
    }),
  );

/** Does the rest of the work. If it fails, the provider is deleted. */
export async function orDelete<Output>(
  context: CliContext,
  service: Service,
  { name }: Target,
  work: () => Promise<Output>,
): Promise<Output> {
  try {
    return await work();
  } catch (error) {
    const isDeleted = await deleteWholly(context, service, OPERATIONS.DeleteOauth2CredentialProvider, {
      name,
    }).then(
      () => true,
      () => false,
    );
    printAside(
      context,
      isDeleted
        ? `The provider "${name}" was not finished, and is deleted again.`
        : `The provider "${name}" was not finished. Delete it: agent-identity provider delete ${name} --yes`,
    );
    throw error;
  }
}
