/** Headers of API Gateway's event. */
import type { APIGatewayProxyEvent } from 'aws-lambda';

/** Returns the value of a header that was sent once. */
export function headerOf({ multiValueHeaders }: APIGatewayProxyEvent, name: string): string | undefined {
  const values = Object.entries(multiValueHeaders)
    .filter(([each]) => each.toLowerCase() === name)
    .flatMap(([, each = []]) => each);
  return values.length === 1 ? values[0] : undefined;
}
