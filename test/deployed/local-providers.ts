/**
 * Deployed functions that can call providers and issuers on this machine. They reject such addresses in Lambda, so a
 * preload hides Lambda from them, and their code stays as deployed.
 */
import { join } from 'node:path';
import type { FunctionGroup } from '../../lambda/operations/groups';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import type { DeployedFunctions } from './deployed-functions';

const preload = (name: string): string => `--require ${join(__dirname, 'function', `${name}.cjs`)}`;

const ON_THIS_MACHINE = preload('on-this-machine');

/** For functions that stream, which the emulator's runtime does not support. */
export const RESPONSE_STREAMING = preload('response-streaming');

/** The groups whose functions trust issuers. */
const VERIFIERS: readonly FunctionGroup[] = ['token-exchange', 'credential-retrieval', 'connections'];

/** The environment variables that allow a function to call them. */
export const LOCAL_PROVIDERS_ALLOWED = {
  LOOPBACK_PROVIDERS: 'allowed',
  NODE_OPTIONS: ON_THIS_MACHINE,
} as const;

/**
 * @param baseUrl the URL of the gateway in front of the functions, for clients and browsers
 */
export async function allowLocalProviders(
  functions: DeployedFunctions,
  baseUrl: string,
  trustedIssuers: readonly TrustedIssuer[],
): Promise<void> {
  for (const group of functions.groups) {
    await functions.setVariables(group, {
      BASE_URL: baseUrl,
      ...LOCAL_PROVIDERS_ALLOWED,
      ...(VERIFIERS.includes(group) && { TRUSTED_ISSUERS: JSON.stringify(trustedIssuers) }),
    });
  }
}
