/** The trusted issuers of a deployment, checked at synthesis. The functions read them as JSON text, and parse them again. */
import { Token } from 'aws-cdk-lib';
import {
  parseTrustedIssuers,
  type DeployedIssuer as ParsedIssuer,
} from '../../lambda/domain/identity/trusted-issuer';
import type { DeployedIssuer } from '../resources/trusted-issuer';
import { publicEndpointFault } from './public-endpoint';

const NAME = 'trustedIssuers';

/** CDK can resolve a text within JSON text, but no list and no object. */
const isUnresolvedWhole = (value: unknown): boolean =>
  typeof value === 'string' ? Token.isUnresolved([value]) : Token.isUnresolved(value);

interface Value {
  readonly name: string;
  readonly value: unknown;
}

/** Returns the value and all values in it, each with its name as JavaScript writes it. */
function valuesIn({ name, value }: Value): Value[] {
  if (typeof value !== 'object' || value === null || isUnresolvedWhole(value)) return [{ name, value }];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    valuesIn({ name: Array.isArray(value) ? `${name}[${key}]` : `${name}.${key}`, value: inner }),
  );
}

/** Returns how to write a value of which only a part is known at deployment. */
const hintOf = (name: string | undefined): string =>
  name?.endsWith('.discoveryUrl')
    ? ' The path can contain a reference: https://cognito-idp.REGION.amazonaws.com/${pool.userPoolId}/.well-known/openid-configuration.'
    : '';

/** @throws Error that names the first value that is not valid */
function parsed(issuers: readonly DeployedIssuer[]): ParsedIssuer[] {
  const values = valuesIn({ name: NAME, value: issuers });
  const unresolved = values.find(({ value }) => isUnresolvedWhole(value));
  if (unresolved) {
    throw new Error(
      `${unresolved.name} must be known when the stack is synthesized. Write the members of the list or object: a text in it can be a reference.`,
    );
  }
  try {
    return parseTrustedIssuers(JSON.stringify(issuers));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const invalid = values.find(({ name }) => error.message.startsWith(`${name} `));
    if (!Token.isUnresolved(invalid?.value)) throw error;
    throw new Error(
      `${invalid?.name} must be known when the stack is synthesized, because it is validated then.${hintOf(invalid?.name)}`,
      { cause: error },
    );
  }
}

/**
 * Returns the issuers in the form that the functions read.
 *
 * @throws Error if an entry is malformed, names neither audience nor client, or is not an https endpoint; and for a list or
 *   an object that is known only at deployment, which would reach no function
 */
export function resolveTrustedIssuers(issuers: readonly DeployedIssuer[]): ParsedIssuer[] {
  const checked = parsed(issuers);
  for (const [index, { discoveryUrl, securityEvents }] of checked.entries()) {
    const { transmitter, globalTokenRevocation } = securityEvents ?? {};
    const addresses = {
      discoveryUrl,
      'securityEvents.transmitter.jwksUri': transmitter?.jwksUri,
      'securityEvents.transmitter.poll.endpoint': transmitter?.poll?.endpoint,
      'securityEvents.globalTokenRevocation.jwksUri': globalTokenRevocation?.jwksUri,
    };
    for (const [member, url] of Object.entries(addresses)) {
      const fault = url === undefined ? undefined : publicEndpointFault(url);
      if (fault !== undefined) throw new Error(`${NAME}[${index}].${member} ${fault}`);
    }
  }
  return checked;
}
