/** Values of the right form in place of those that are known only at deployment, when the service validates them. */
import { Token } from 'aws-cdk-lib';

/** By member. */
const SAMPLES: Readonly<Record<string, string>> = {
  kmsKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-0000-0000-000000000000',
  secretArn: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:sample-a1b2c3',
  uri: 's3://sample/sample.pem',
  vpcIdentifier: 'vpc-00000000',
  subnetIds: 'subnet-00000000',
  securityGroupIds: 'sg-00000000',
  resourceConfigurationIdentifier: 'rcfg-00000000000000000',
};

/** Returns the configuration with a sample for each identifier that is known only at deployment. */
export const withSamples = (config: object): object =>
  JSON.parse(
    JSON.stringify(config, (member, value: unknown) => {
      const known = (one: unknown) => (Token.isUnresolved(one) ? (SAMPLES[member] ?? one) : one);
      return Array.isArray(value) ? value.map(known) : known(value);
    }),
  ) as object;
