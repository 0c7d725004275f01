/** The endpoints of AWS services for the commands. */
import type { CliContext } from './context';

/** The services, by the ends of their environment variables (AWS SDKs reference guide, "Service-specific endpoints"). */
const SERVICES = {
  CLOUDFORMATION: 'cloudformation',
  CLOUDWATCH_LOGS: 'logs',
  DYNAMODB: 'dynamodb',
  KMS: 'kms',
} as const;

/** Returns the endpoint that the environment states, or the one of the Region (AWS General Reference, "Service endpoints"). */
export const awsEndpoint = ({ env }: CliContext, service: keyof typeof SERVICES, region: string): URL =>
  new URL(
    env[`AWS_ENDPOINT_URL_${service}`] ??
      env.AWS_ENDPOINT_URL ??
      `https://${SERVICES[service]}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/`,
  );
