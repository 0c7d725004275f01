/** Secrets in the local AWS Secrets Manager of the running service, stored with the AWS SDK client. */
import { SecretsManager } from '@aws-sdk/client-secrets-manager';

const OWNER_TAG = 'agent-identity:owner';

/** The ARN of the agent's role, as the owner of its resources. */
export const AGENT = 'arn:aws:iam::000000000000:role/agent';

let count = 0;

/** A client with every permission there, because the process has the emulators' credentials. */
const client = (): SecretsManager => new SecretsManager({});

const textOf = (text: string | object): string => (typeof text === 'string' ? text : JSON.stringify(text));

/** @param owner value of the owner tag; `null` for a secret without the tag */
export async function putSecret(
  text: string | object,
  owner: string | null = AGENT,
): Promise<{ name: string; arn: string }> {
  count += 1;
  const name = `secret-${count}`;
  const { ARN = '' } = await client().createSecret({
    Name: name,
    SecretString: textOf(text),
    Tags: owner === null ? [] : [{ Key: OWNER_TAG, Value: owner }],
  });
  return { name, arn: ARN };
}

export const changeSecret = (arn: string, text: string | object) =>
  client().putSecretValue({ SecretId: arn, SecretString: textOf(text) });

export const tagSecret = (arn: string, owner: string) =>
  client().tagResource({ SecretId: arn, Tags: [{ Key: OWNER_TAG, Value: owner }] });

export const untagSecret = (arn: string) => client().untagResource({ SecretId: arn, TagKeys: [OWNER_TAG] });
