/** The OpenAPI document of the API in a template, and the gateway responses that are separate resources. */
import { propertiesOf, written, type ConsumerTemplate } from './consumer';
import { resourcesOf } from './synthesis';

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly 'x-amazon-apigateway-integration': Readonly<Record<string, unknown>>;
}

export interface ApiDocument {
  readonly info: { readonly title: string };
  readonly servers?: readonly unknown[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  readonly 'x-amazon-apigateway-gateway-responses': Readonly<Record<string, GatewayResponse>>;
  readonly [extension: `x-amazon-apigateway-${string}`]: unknown;
}

export interface GatewayResponse {
  readonly statusCode?: string;
  readonly responseParameters: Readonly<Record<string, string>>;
  readonly responseTemplates: Readonly<Record<string, string>>;
}

/** Returns the document, with references as text. */
export const documentOf = (template: ConsumerTemplate): ApiDocument =>
  propertiesOf(template, 'AWS::ApiGateway::RestApi').Body as ApiDocument;

/**
 * Returns the authorization of an operation as API Gateway reads it.
 *
 * @throws Error for another requirement, and for none: API Gateway would serve everyone
 */
function authorizationOf({ security }: Operation, { components }: ApiDocument): string {
  if (security?.length === 0) return 'NONE';
  const [name, ...others] = (security ?? []).flatMap(Object.keys);
  const type = components.securitySchemes[name ?? '']?.['x-amazon-apigateway-authtype'];
  if (others.length > 0 || typeof type !== 'string') throw new Error(`unknown security ${String(name)}`);
  return type === 'awsSigv4' ? 'AWS_IAM' : type.toUpperCase();
}

export function methodsOf(template: ConsumerTemplate) {
  const document = documentOf(template);
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      route: `${method.toUpperCase()} ${path}`,
      auth: authorizationOf(operation, document),
      parameters: (operation.parameters ?? []).map(({ name }) => name),
      integration: operation['x-amazon-apigateway-integration'],
    })),
  );
}

/** Returns all responses that API Gateway gives to its own errors, by type. */
export function gatewayResponsesOf(template: ConsumerTemplate): Readonly<Record<string, GatewayResponse>> {
  const apart = resourcesOf(template, 'AWS::ApiGateway::GatewayResponse').map(([, { Properties }]) => {
    const { ResponseType, StatusCode, ResponseParameters, ResponseTemplates } = written(Properties) as {
      readonly ResponseType: string;
      readonly StatusCode?: string;
      readonly ResponseParameters: GatewayResponse['responseParameters'];
      readonly ResponseTemplates: GatewayResponse['responseTemplates'];
    };
    const response: GatewayResponse = {
      ...(StatusCode !== undefined && { statusCode: StatusCode }),
      responseParameters: ResponseParameters,
      responseTemplates: ResponseTemplates,
    };
    return [ResponseType, response] as const;
  });
  return { ...documentOf(template)['x-amazon-apigateway-gateway-responses'], ...Object.fromEntries(apart) };
}
