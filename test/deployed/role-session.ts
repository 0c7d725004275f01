/** A role that is created in the emulator, and a session of it. */
import { STS } from '@aws-sdk/client-sts';
import type { Principal } from '../../lib/local/principals';
import { send, signed } from '../local/handmade-request';
import type { Front } from './front';

export interface RoleSession {
  /** The session at the gateway in front of the deployment. */
  readonly principal: Principal;
  /** The session in the emulator. */
  readonly credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };
}

const statement = (allowed: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...allowed }] });

/** Calls an action of IAM (IAM API reference, "Making query requests"). */
async function iam(region: string, parameters: Readonly<Record<string, string>>): Promise<void> {
  const { AWS_ENDPOINT_URL = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
  const request = await signed(new URL(AWS_ENDPOINT_URL).host, {
    ...{ path: '/', service: 'iam', region },
    body: new URLSearchParams({ Version: '2010-05-08', ...parameters }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
  });
  const { status, body } = await send(request);
  if (status !== 200) throw new Error(`${parameters.Action}: ${status} ${body}`);
}

/**
 * Creates a role.
 *
 * @param trusted members of the statement that allows to assume the role
 * @returns its ARN
 */
export async function createRole(region: string, name: string, trusted: object): Promise<string> {
  const AssumeRolePolicyDocument = statement({ Action: 'sts:AssumeRole', ...trusted });
  await iam(region, { Action: 'CreateRole', RoleName: name, AssumeRolePolicyDocument });
  return `arn:aws:iam::000000000000:role/${name}`;
}

/** @param actions that the role is allowed on every resource */
export async function newRole(front: Front, name: string, actions: readonly string[]): Promise<RoleSession> {
  const { region } = front;
  const RoleArn = await createRole(region, name, { Principal: { AWS: '*' } });
  if (actions.length > 0) {
    const PolicyDocument = statement({ Action: actions, Resource: '*' });
    await iam(region, { Action: 'PutRolePolicy', RoleName: name, PolicyName: 'allowed', PolicyDocument });
  }
  const { Credentials, AssumedRoleUser } = await new STS({}).assumeRole({
    RoleArn,
    RoleSessionName: 'at-work',
  });
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {};
  const [id = ''] = AssumedRoleUser?.AssumedRoleId?.split(':') ?? [];
  return {
    principal: front.admit(AssumedRoleUser?.Arn ?? '', id),
    credentials: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
    },
  };
}
