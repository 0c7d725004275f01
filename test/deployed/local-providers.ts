/**
 * Deployed functions that may speak to providers and issuers on this machine. Which they refuse to in Lambda; so a
 * preload keeps from them that this is Lambda, and their code stays as it was deployed.
 */
import { join } from 'node:path';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/api/operations';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import type { DeployedFunctions } from './deployed-functions';

const PRELOAD = join(__dirname, 'function', 'on-this-machine.cjs');

/** The groups that are told of the issuers. */
const VERIFIERS: readonly FunctionGroup[] = ['token-exchange', 'credential-retrieval'];

/**
 * @param baseUrl where clients and browsers reach the functions: the gateway in front of them
 */
export async function letInLocalProviders(
  functions: DeployedFunctions,
  baseUrl: string,
  trustedIssuers: readonly TrustedIssuer[],
): Promise<void> {
  for (const group of FUNCTION_GROUPS) {
    await functions.setVariables(group, {
      BASE_URL: baseUrl,
      LOOPBACK_PROVIDERS: 'allowed',
      NODE_OPTIONS: `${functions.variable(group, 'NODE_OPTIONS')} --require ${PRELOAD}`,
      ...(VERIFIERS.includes(group) && { TRUSTED_ISSUERS: JSON.stringify(trustedIssuers) }),
    });
  }
}
