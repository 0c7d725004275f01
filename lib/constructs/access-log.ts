/**
 * What the gateway writes down of each request: who asked for which operation and how it ended. The path is
 * the template, not the one asked for, and there is no query, header or body: codes, states and tokens
 * travel in those.
 * Source: API Gateway developer guide, "Variables for access logging for API Gateway".
 */
import { AccessLogField, AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';

export const ACCESS_LOG_FORMAT = AccessLogFormat.custom(
  JSON.stringify({
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
