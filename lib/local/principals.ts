/**
 * The IAM principals of the embedded cloud: six callers, each with its own access key. So a laptop shows what an AWS
 * account would show: who owns a resource, and who is denied. The keys are created once and kept.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import { arnParts } from '../../lambda/model/arn';
import { isWithinReach } from '../../lambda/operations/account-reach';
import type { Route } from '../../lambda/operations/operation';
import { readOrCreateSecretFile } from './data-folder';
import { ENVIRONMENT_VARIABLES } from './setting-names';
import { StartError } from './start-error';

/** An AWS account number that no account has. */
export const LOCAL_ACCOUNT = '000000000000';

/** An account in the `callers` of the embedded cloud, without `manageResources`. */
const PARTNER_ACCOUNT = '000000000001';

/** An empty variable is not set. settings.ts rejects what is not a Region. */
const regionFrom = (variable: 'LOCAL_REGION' | 'LOCAL_IDENTITY_REGION'): string | undefined =>
  process.env[variable] === '' ? undefined : process.env[variable];

/**
 * The Region of the embedded cloud. A process runs one embedded cloud, so the environment sets it, for tests of a failover
 * to another Region.
 */
export const LOCAL_REGION = regionFrom('LOCAL_REGION') ?? 'us-east-1';

/**
 * The identity Region of the service (docs/another-region.md). If it is set, the tables count as replicated: the service
 * answers only in the writing Region.
 */
export const LOCAL_IDENTITY_REGION = regionFrom('LOCAL_IDENTITY_REGION');

/** ARNs in the forms of `requestContext.identity.userArn` of API Gateway. */
const ARNS = {
  /** Registers workload identities and credential providers, and is the only one with the operators' plane. */
  operator: `arn:aws:iam::${LOCAL_ACCOUNT}:user/operator`,
  /** Runs an agent: a role session, as on Lambda or ECS. */
  agent: `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/agent/local`,
  /** Runs agent endpoints: the role session of a function, which has the permissions that owners grant to it. */
  gate: `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/gate/local`,
  /** Runs the gateways: the role session of their function, which only gets tokens and credentials. */
  gateway: `arn:aws:sts::${LOCAL_ACCOUNT}:assumed-role/gateway/local`,
  /** A valid caller that owns nothing. */
  stranger: `arn:aws:iam::${LOCAL_ACCOUNT}:user/stranger`,
  /** An agent of another account, whose role has the name of the agent's role here. */
  partner: `arn:aws:sts::${PARTNER_ACCOUNT}:assumed-role/agent/local`,
} as const;

export type PrincipalName = keyof typeof ARNS;

export interface Principal {
  readonly arn: string;
  /** Unique id as in IAM: `AROA…` of a role, `AIDA…` of a user. A principal that is created again has another. */
  readonly id: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export type Principals = Readonly<Record<PrincipalName, Principal>>;

/** Returns whether the principal belongs to the account of the embedded cloud. */
export const isLocal = ({ arn }: Pick<Principal, 'arn'>): boolean => arnParts(arn).account === LOCAL_ACCOUNT;

const GATEWAY_GROUPS: readonly Route['group'][] = ['token-exchange', 'credential-retrieval'];

/**
 * In the place of IAM policies and the resource policy of the API: only the operator has the operators' plane and the console, the gateway
 * gets tokens and credentials, and every other principal of the account has the other routes. Principals of other accounts have the operations of agents.
 */
export const iamPolicyOf =
  ({ operator, gateway }: Pick<Principals, 'operator' | 'gateway'>) =>
  (
    principal: Pick<Principal, 'arn'>,
    { group: requested }: { readonly group: Route['group'] | 'console' },
  ): boolean => {
    const group = requested === 'console' ? 'operator' : requested;
    if (!isLocal(principal)) return isWithinReach({ group }, 'agents');
    if (principal.arn === gateway.arn) return GATEWAY_GROUPS.includes(group);
    return group !== 'operator' || principal.arn === operator.arn;
  };

const AccessKeySchema = v.strictObject({
  accessKeyId: v.pipe(v.string(), v.regex(/^AKIA[A-Z2-7]{16}$/)),
  secretAccessKey: v.pipe(v.string(), v.minLength(40)),
});

type AccessKey = v.InferOutput<typeof AccessKeySchema>;

/** The format of all files in the data folder. */
const FORMAT = 1;

const PrincipalsFileSchema = v.strictObject({
  format: v.literal(FORMAT),
  operator: AccessKeySchema,
  agent: AccessKeySchema,
  gate: AccessKeySchema,
  gateway: AccessKeySchema,
  stranger: AccessKeySchema,
  partner: AccessKeySchema,
});

const OtherFormatSchema = v.looseObject({ operator: AccessKeySchema });

/**
 * Returns the principals of a data folder, whose keys are created at its first use.
 *
 * @param dataDir absolute path of the data folder, which must exist
 * @throws StartError when the file of keys is damaged, or the data folder has another format
 */
export async function loadPrincipals(dataDir: string, names = ENVIRONMENT_VARIABLES): Promise<Principals> {
  const path = join(dataDir, 'principals.json');
  const kept = await readOrCreateSecretFile(
    path,
    v.union([PrincipalsFileSchema, OtherFormatSchema]),
    (): v.InferOutput<typeof PrincipalsFileSchema> => ({
      format: FORMAT,
      operator: newAccessKey(),
      agent: newAccessKey(),
      gate: newAccessKey(),
      gateway: newAccessKey(),
      stranger: newAccessKey(),
      partner: newAccessKey(),
    }),
    names,
  );
  if (!v.is(PrincipalsFileSchema, kept)) {
    throw new StartError(
      `The data folder ${dataDir} has the format of another version, which this version does not read. Set ${names.of('DATA_DIR')} to a new folder, or delete this one.`,
    );
  }
  return {
    operator: localPrincipal('operator', kept.operator),
    agent: localPrincipal('agent', kept.agent),
    gate: localPrincipal('gate', kept.gate),
    gateway: localPrincipal('gateway', kept.gateway),
    stranger: localPrincipal('stranger', kept.stranger),
    partner: localPrincipal('partner', kept.partner),
  };
}

const localPrincipal = (name: PrincipalName, key: AccessKey): Principal => ({
  arn: ARNS[name],
  id: uniqueIdOf(ARNS[name], key),
  ...key,
});

/** Returns a unique id that lasts as long as the access key. */
export const uniqueIdOf = (arn: string, { accessKeyId }: AccessKey): string =>
  `${arn.includes(':assumed-role/') ? 'AROA' : 'AIDA'}${accessKeyId.slice('AKIA'.length)}`;

/** Access key ids have the form of AWS: `AKIA` and 16 letters and digits of base32 (RFC 4648 section 6). */
function newAccessKey(): AccessKey {
  const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const id = Array.from({ length: 16 }, () => base32.charAt(randomInt(base32.length))).join('');
  return { accessKeyId: `AKIA${id}`, secretAccessKey: randomBytes(30).toString('base64') };
}
