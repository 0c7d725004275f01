/** The header fields of API Gateway's events. */
import type { APIGatewayProxyEventMultiValueHeaders } from 'aws-lambda';
import type { HeaderFields } from '../domain/gate/header-fields';

/** @param event of a proxy integration or an authorizer */
export function headerFields({
  multiValueHeaders,
}: {
  readonly multiValueHeaders: APIGatewayProxyEventMultiValueHeaders | null;
}): HeaderFields {
  const fields = new Map<string, readonly string[]>();
  // Names that differ only in case are one field.
  for (const [name, values = []] of Object.entries(multiValueHeaders ?? {})) {
    const lowerCase = name.toLowerCase();
    fields.set(lowerCase, [...(fields.get(lowerCase) ?? []), ...values]);
  }
  return fields;
}
