/**
 * ARNs of KMS keys and secrets in a deployment that has replicas in other Regions. Records and requests name them with
 * the identity Region, which never changes. The AWS services of another Region know the replicas by the same ARNs with
 * their own Region. This middleware of AWS clients translates between both.
 * Source: AWS KMS developer guide, "Multi-Region keys"; AWS Secrets Manager user guide, "Replicate secrets across
 * Regions".
 */

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

type Members = Record<string, unknown>;

interface Output {
  output: object;
}

type Handler = (args: { input: object }) => Promise<Output>;

/** What this module uses of an AWS client. */
interface MiddlewareClient {
  readonly middlewareStack: {
    add(middleware: (next: Handler) => Handler, options: { readonly step: 'initialize' }): void;
  };
}

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
 * Returns the client, which takes and returns ARNs with the identity Region.
 *
 * @param client of AWS KMS or AWS Secrets Manager
 * @param ownRegion the Region of the client
 */
export function namingInIdentityRegion<Client>(
  client: Client,
  { identityRegion, ownRegion }: { readonly identityRegion: string; readonly ownRegion: string },
): Client {
  if (identityRegion === ownRegion) return client;
  const { middlewareStack } = client as unknown as MiddlewareClient;
  middlewareStack.add(
    (next) => async (args) => {
      const input = translated(args.input as Members, NAMING, identityRegion, ownRegion);
      const result = await next({ ...args, input });
      const output = translated(result.output as Members, ['ARN'], ownRegion, identityRegion);
      const { KeyMetadata: metadata } = output;
      return {
        ...result,
        output: {
          ...output,
          ...(typeof metadata === 'object' && {
            KeyMetadata: translated(metadata as Members, ['Arn'], ownRegion, identityRegion),
          }),
        },
      };
    },
    { step: 'initialize' },
  );
  return client;
}
