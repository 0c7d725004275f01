/**
 * ARNs of KMS keys and secrets in a deployment that has replicas in other Regions. Records and requests name them with
 * the identity Region, which never changes. The AWS services of another Region know the replicas by the same ARNs with
 * their own Region.
 * Source: AWS KMS developer guide, "Multi-Region keys"; AWS Secrets Manager user guide, "Replicate secrets across
 * Regions".
 */
import type { Operations, ServiceClient } from './aws/service-client';

/** Positions of the fields of an ARN: `arn:{partition}:{service}:{region}:{account}:{resource}`. */
const REGION = 3;

/** Members of requests that name a key or a secret. */
const NAMING = ['KeyId', 'SourceKeyId', 'DestinationKeyId', 'SecretId'] as const;

/** Returns the ARN with another Region, if it has this one; any other text unchanged. */
function inRegion(text: string, from: string, to: string): string {
  const fields = text.split(':');
  if (fields[0] !== 'arn' || fields[REGION] !== from) return text;
  return fields.map((field, position) => (position === REGION ? to : field)).join(':');
}

type Members = Readonly<Record<string, unknown>>;

const translated = (members: Members, names: readonly string[], from: string, to: string): Members => ({
  ...members,
  ...Object.fromEntries(
    names.flatMap((name) => {
      const value = members[name];
      return typeof value === 'string' ? [[name, inRegion(value, from, to)]] : [];
    }),
  ),
});

/**
 * Returns a client that takes and returns ARNs with the identity Region.
 *
 * @param client of AWS KMS or AWS Secrets Manager
 * @param ownRegion the Region of the client
 */
export function namingInIdentityRegion<Of extends Operations<Of>>(
  client: ServiceClient<Of>,
  { identityRegion, ownRegion }: { readonly identityRegion: string; readonly ownRegion: string },
): ServiceClient<Of> {
  if (identityRegion === ownRegion) return client;
  return {
    ...client,
    async send(operation, input, signal) {
      const named = translated(input as Members, NAMING, identityRegion, ownRegion);
      const sent = await client.send(operation, named, signal);
      const output = translated(sent, ['ARN'], ownRegion, identityRegion);
      const { KeyMetadata: metadata } = output;
      return {
        ...output,
        ...(typeof metadata === 'object' && {
          KeyMetadata: translated(metadata as Members, ['Arn'], ownRegion, identityRegion),
        }),
      } as typeof sent;
    },
  };
}
