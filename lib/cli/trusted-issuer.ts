/** The issuer that an agent trusts: whether the service can use its metadata. */
import type { EndpointPolicy } from '../../lambda/model/endpoint';
import { CliError } from './failure';
import { plainUrl } from './plain-url';
import { metadataAt } from './server-document';

/**
 * Returns why the service cannot use the metadata of the issuer, because the agent gets no token for a user then;
 * undefined if it can.
 *
 * @param discoveryUrl http or https URL
 */
export async function issuerFault(
  discoveryUrl: string,
  policy: EndpointPolicy,
): Promise<CliError | undefined> {
  const found = await metadataAt(
    discoveryUrl,
    policy,
    (issuer) => `If it is the right issuer, set --issuer ${plainUrl(issuer) ?? 'to it'}.`,
  );
  if ('document' in found) return undefined;
  const { fault, action, kind } = found;
  if (kind === 'no-response') {
    return new CliError(`The identity provider at ${discoveryUrl} did not respond (${fault}).`, {
      name: 'NoResponse',
      next: 'Start the identity provider, or correct --issuer.',
    });
  }
  if (kind === 'internal') {
    return new CliError(
      `The metadata of the identity provider at ${discoveryUrl} are not checked: ${fault}.`,
      {
        next: action,
      },
    );
  }
  return new CliError(
    kind === 'status'
      ? `There is no metadata of an identity provider at ${discoveryUrl}: ${fault}.`
      : `The metadata of the identity provider at ${discoveryUrl} cannot be used: ${fault}.`,
    { next: kind === 'document' ? action : `${action} The option for the URL is --issuer.` },
  );
}
