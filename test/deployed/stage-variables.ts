/** The variables of an API's stage, as a principal that can read stages gets them from API Gateway. */
import * as v from 'valibot';
import { STAGE } from '../../lib/constructs/service-api';
import { send, signed } from '../local/handmade-request';

const ApisSchema = v.object({ item: v.array(v.object({ id: v.string(), name: v.string() })) });
const StageSchema = v.object({ variables: v.nullish(v.record(v.string(), v.string())) });

async function read(path: string, region: string): Promise<unknown> {
  const { AWS_ENDPOINT_URL = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
  const request = await signed(new URL(AWS_ENDPOINT_URL).host, {
    ...{ method: 'GET', path, body: '', region, service: 'apigateway' },
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
  });
  const { status, body } = await send(request);
  if (status !== 200) throw new Error(`GET ${path}: ${status} ${body}`);
  return JSON.parse(body);
}

/** Returns the variables of the stage of an API. */
export async function stageVariables(restApiId: string, region: string): Promise<Record<string, string>> {
  const stage = await read(`/restapis/${restApiId}/stages/${STAGE}`, region);
  return v.parse(StageSchema, stage).variables ?? {};
}

/** Returns the variables of the stage of a deployment of the service. */
export async function serviceStageVariables(
  deployment: string,
  region: string,
): Promise<Record<string, string>> {
  const { item } = v.parse(ApisSchema, await read('/restapis', region));
  const api = item.find(({ name }) => name === `agent-identity-${deployment}`);
  if (!api) throw new Error(`there is no API of ${deployment}`);
  return stageVariables(api.id, region);
}
