/**
 * The access log's entry for each request: the caller, the operation, and the result. The path is the resource's path
 * template instead of the requested path. Query, headers, and body are left out, because they contain codes, states, and
 * tokens.
 * Source: API Gateway developer guide, "Variables for access logging for API Gateway".
 */
import { AccessLogField, AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';

/** @param deployment name of the deployment, in the same member as in the functions' logs */
export const accessLogFormat = (deployment: string): AccessLogFormat =>
  AccessLogFormat.custom(
    JSON.stringify({
      service: deployment,
      requestId: AccessLogField.contextRequestId(),
      time: AccessLogField.contextRequestTime(),
      method: AccessLogField.contextHttpMethod(),
      resourcePath: AccessLogField.contextResourcePath(),
      status: AccessLogField.contextStatus(),
      errorType: AccessLogField.contextErrorResponseType(),
      callerArn: AccessLogField.contextIdentityUserArn(),
      latencyMilliseconds: AccessLogField.contextResponseLatency(),
    }),
  );
