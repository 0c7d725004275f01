/** Sessions of the roles of gateways. Source: AWS STS API reference, AssumeRole. */
import { GatewayProblem } from '../../domain/gateway/problem';
import { SESSION_SECONDS, type AssumeRole } from '../../domain/gateway/role-sessions';
import { ServiceError } from '../../domain/service-error';
import { onFirstUse } from '../first-use';

/** Milliseconds, with the repetitions of the SDK. All requests of a gateway wait for the same session. */
const ASSUME_TIMEOUT_MS = 5_000;

/** Errors that repeat until the owner or the operator changes the role. */
const DENIALS: readonly string[] = ['AccessDenied', 'ValidationError', 'RegionDisabledException'];

/** For the owner of a gateway, whose role it is. */
const OWNERS_ROLE =
  'The gateway cannot assume its role. Ask the owner of the gateway to check roleArn, and that the trust policy of the role names the role of the gateway function and the external ID of the owner.';

/** The role for agents is one of the deployment, which needs no external ID. */
const AGENTS_ROLE = 'The gateway cannot invoke agents. Ask the operator to deploy the service again.';

export function createAssumeRole(): AssumeRole {
  const sts = onFirstUse(async () => {
    const sdk = await import('@aws-sdk/client-sts');
    return { sdk, client: new sdk.STSClient({}) };
  });
  return async ({ roleArn, externalId, sessionName, tags }) => {
    const { sdk, client } = await sts();
    const command = new sdk.AssumeRoleCommand({
      RoleArn: roleArn,
      ...(externalId !== undefined && { ExternalId: externalId }),
      RoleSessionName: sessionName,
      ...(tags && { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) }),
      DurationSeconds: SESSION_SECONDS,
    });
    try {
      const abortSignal = AbortSignal.timeout(ASSUME_TIMEOUT_MS);
      const { Credentials } = await client.send(command, { abortSignal });
      const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials ?? {};
      if (!AccessKeyId || !SecretAccessKey || !SessionToken) throw new Error('STS returned no session');
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown';
      if (DENIALS.includes(name)) {
        const details = { detail: `role of the gateway: ${name}`, cause: error };
        throw externalId === undefined
          ? new GatewayProblem('credential-unavailable', AGENTS_ROLE, details)
          : new GatewayProblem('credential-unavailable', OWNERS_ROLE, details);
      }
      throw new ServiceError(
        'InternalServerException',
        'The role of the gateway could not be assumed. Try again shortly.',
        { detail: `role of the gateway: ${name}`, cause: error },
      );
    }
  };
}
