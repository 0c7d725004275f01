/**
 * The sessions of the roles with which gateways sign requests. This service has no `iam:PassRole`, which would check that the
 * owner of a gateway can use its role. The trust policy of the role takes its place: it requires the external ID of the owner.
 * Source: IAM user guide, "The confused deputy problem".
 */
import type { IamTargetCredential } from '../../model/gateway/target-configuration';
import type { Gateway } from '../../model/records/gateway';
import { createExpiringCache } from '../expiring-cache';
import type { System } from '../system';

/** Temporary credentials of a role. */
export interface RoleSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface AssumedRole {
  readonly roleArn: string;
  readonly externalId: string;
  readonly sessionName: string;
}

/** Returns a session of {@link SESSION_SECONDS}. @throws GatewayProblem if AWS does not allow it; ServiceError */
export type AssumeRole = (role: AssumedRole) => Promise<RoleSession>;

/** A request as it is sent, without a signature. */
export interface UnsignedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/** Returns the headers of the request with those of AWS Signature Version 4. */
export type SignRequest = (
  request: UnsignedRequest,
  scope: IamTargetCredential,
  session: RoleSession,
) => Promise<Record<string, string>>;

/** The least that AWS STS accepts. */
export const SESSION_SECONDS = 900;

/** A session is not used in its last minute, in which a request could arrive too late. */
const SESSION_CACHE = { milliseconds: (SESSION_SECONDS - 60) * 1_000, maxEntries: 100 };

/** A change of the role or the owner is another revision. */
export type SigningGateway = Pick<Gateway, 'id' | 'revision' | 'roleArn' | 'owner'>;

export type RoleSessions = (gateway: SigningGateway) => Promise<RoleSession>;

/**
 * Returns the external ID of the roles of an owner: its ARN, which another owner of the deployment cannot have. It is not
 * secret. The next owner after a transfer has another one.
 */
export const externalIdOf = ({ owner }: Pick<Gateway, 'owner'>): string => owner;

export function createRoleSessions(assumeRole: AssumeRole, system: Pick<System, 'now'>): RoleSessions {
  const sessions = createExpiringCache<Promise<RoleSession>>(SESSION_CACHE, system);
  return (gateway) => {
    const { id, revision, roleArn, owner } = gateway;
    const key = JSON.stringify([id, revision, roleArn, owner]);
    const present = sessions.get(key);
    if (present) return present;
    // The name of the session is in the log of AWS CloudTrail.
    const assumed = assumeRole({ roleArn, externalId: externalIdOf(gateway), sessionName: id });
    sessions.set(key, assumed);
    assumed.catch(() => sessions.delete(key));
    return assumed;
  };
}
