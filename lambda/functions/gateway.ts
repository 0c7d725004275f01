/** The function of all gateways. */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { composeGateway } from './composition/gateway';
import { readGatewayEnvironment } from './composition/gateway-environment';
import { readEnvironment } from './composition/environment';

const { IDENTITY_ENDPOINT: endpoint } = readEnvironment('IDENTITY_ENDPOINT');

const { serve, calls } = composeGateway({ ...readGatewayEnvironment(), identity: { endpoint } });

/** Only these events have a context. Another event is a call of the control plane, which IAM allows. */
const isOfApi = (event: object): event is APIGatewayProxyEvent => 'requestContext' in event;

export const handler = awslambda.streamifyResponse(async (event: object, stream, context) => {
  if (isOfApi(event)) return serve(event, stream, context);
  stream.end(JSON.stringify(await calls(event, context)));
});
