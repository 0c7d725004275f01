/** The floor of the list of an agent's grants: one verification of the workload access token, one BatchGetItem, and one query. */
import { publicKey, query, readItems } from './aws';
import { headerOf, verified } from './jose';
import { responseOf, type GatewayEvent, type GatewayResponse, type PlannedContext } from './plan';

export * from './loaded';

export async function handler(event: GatewayEvent, { plan }: PlannedContext): Promise<GatewayResponse> {
  const { workloadIdentityToken: token } = JSON.parse(event.body) as {
    readonly workloadIdentityToken: string;
  };
  verified(token, await publicKey(headerOf(token).kid));
  await readItems(plan);
  const grants = await query(process.env.VAULT_TABLE ?? '', plan.partition ?? '');
  return responseOf({ grants: grants.map(({ sk }) => sk?.S) });
}
