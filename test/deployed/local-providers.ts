/**
 * Deployed functions that may speak to providers and issuers on this machine. Which they refuse to in Lambda; so a
 * preload keeps from them that this is Lambda, and their code stays as it was deployed.
 */
import { join } from 'node:path';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/contract/operations';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import type { DeployedFunctions } from './deployed-functions';

const preload = (name: string): string => `--require ${join(__dirname, 'function', `${name}.cjs`)}`;

const ON_THIS_MACHINE = preload('on-this-machine');

/** For functions that stream, which the emulator's runtime knows nothing of. */
export const RESPONSE_STREAMING = preload('response-streaming');

/** The groups that are told of the issuers. */
const VERIFIERS: readonly FunctionGroup[] = ['token-exchange', 'credential-retrieval'];

/**
 * What a function's environment needs to let them in.
 *
 * @param options `NODE_OPTIONS` as deployed
 */
export const lettingInLocalProviders = (options: string) => ({
  LOOPBACK_PROVIDERS: 'allowed',
  NODE_OPTIONS: `${options} ${ON_THIS_MACHINE}`,
});

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
      ...lettingInLocalProviders(functions.variable(group, 'NODE_OPTIONS')),
      ...(VERIFIERS.includes(group) && { TRUSTED_ISSUERS: JSON.stringify(trustedIssuers) }),
    });
  }
}
