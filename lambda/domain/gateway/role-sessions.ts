/**
 * The sessions of the roles with which gateways sign requests. This service has no `iam:PassRole`, which would check that the
 * owner of a gateway can use its role. The trust policy of the role takes its place: it requires the external ID of the owner.
 * Source: IAM user guide, "The confused deputy problem".
 */
import type { IamTargetCredential } from '../../model/gateway/target-configuration';
import type { Gateway } from '../../model/records/gateway';
import { SESSION_OWNER_TAGS } from '../../model/session-owner-tags';
import { createExpiringCache } from '../expiring-cache';
import type { Owned } from '../ownership';
import { GatewayProblem } from './problem';
import type { System } from '../system';

/** Temporary credentials of a role. */
export interface RoleSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface AssumedRole {
  readonly roleArn: string;
  readonly externalId?: string;
  readonly sessionName: string;
  /** Tags of the session. */
  readonly tags?: Readonly<Record<string, string>>;
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

/** What a tag of AWS STS and of AWS Lambda can contain. Another owner has no agents behind gateways. */
const TAG_VALUE = /^[\p{L}\p{N} _.:/=+\-@]{1,256}$/u;

/** @throws GatewayProblem; ServiceError */
export type AgentSessions = (owner: Owned) => Promise<RoleSession>;

/**
 * Returns the sessions with which the gateway function invokes agents. IAM compares the tag of the session with the tag of the
 * function, which only those set who control the function: so no owner reaches a function of another one.
 *
 * @param roleArn the role, which has no policy that allows anything; undefined in a deployment without it
 */
export function createAgentSessions(
  assumeRole: AssumeRole,
  roleArn: string | undefined,
  system: Pick<System, 'now'>,
): AgentSessions {
  const sessions = createExpiringCache<Promise<RoleSession>>(SESSION_CACHE, system);
  return ({ owner, ownerId }) => {
    const arnAndId = ownerId === undefined ? owner : `${owner} ${ownerId}`;
    if (roleArn === undefined || !TAG_VALUE.test(arnAndId)) {
      const why =
        roleArn === undefined
          ? 'This deployment has no agents behind gateways.'
          : 'The ARN of the owner of the gateway has characters that no tag can have, so it has no agents behind gateways.';
      throw new GatewayProblem('credential-unavailable', why);
    }
    const present = sessions.get(arnAndId);
    if (present) return present;
    const tags = { [SESSION_OWNER_TAGS.arn]: owner, [SESSION_OWNER_TAGS.arnAndId]: arnAndId };
    const assumed = assumeRole({ roleArn, sessionName: 'agents', tags });
    sessions.set(arnAndId, assumed);
    assumed.catch(() => sessions.delete(arnAndId));
    return assumed;
  };
}
