/** The secret of an API's stage, which AWS CloudFormation requests once, before the functions that have its digest. */
import type { Context } from 'aws-lambda';
import { requestContextOf } from '../api/request-context';
import type { StageSecretRequest } from '../model/custom-resources/request';
import { STAGE_SECRET_BYTES, type StageSecret } from '../model/stage-secret';
import type { AuditTrail, Requests } from '../domain/audit';
import { hashOf } from '../domain/digest';
import type { System } from '../domain/system';
import { respond, type Outcome } from './response';
import { isResponseUrl, NOT_CLOUDFORMATION, type DeployedStack } from './stack';

/** The audit log's name for the creation of a secret. */
export const CREATE_STAGE_SECRET = 'CreateStageSecret';

export function newStageSecret({ randomToken }: Pick<System, 'randomToken'>): Outcome {
  const Secret = randomToken(STAGE_SECRET_BYTES);
  const attributes = { Secret, Hash: hashOf(Secret) } satisfies StageSecret;
  return { status: 'SUCCESS', name: 'stage-secret', attributes, noEcho: true };
}

export interface StageSecretDependencies {
  readonly audit: AuditTrail;
  readonly requests: Requests;
  readonly system: Pick<System, 'randomToken'>;
  /** Where the stack is. */
  readonly place: Pick<DeployedStack, 'region' | 'urlSuffix' | 'policy'>;
}

/** @returns a handler that throws if the response cannot be delivered; Lambda then retries the same request */
export const createStageSecretHandler =
  ({ audit, requests, system, place }: StageSecretDependencies) =>
  (
    request: StageSecretRequest,
    context?: Partial<Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>>,
  ): Promise<void> => {
    const { invokedFunctionArn: resource } = context ?? {};
    const entry = { operation: CREATE_STAGE_SECRET, ...(resource !== undefined && { resource }) };
    return requests.within(requestContextOf(undefined, context), () =>
      requests.ensureEntry(entry, () => {
        if (isResponseUrl(place, request.ResponseURL)) return respond(request, newStageSecret(system));
        const refusal = {
          outcome: 'denied',
          error: 'AccessDeniedException',
          reason: NOT_CLOUDFORMATION,
        } as const;
        audit.record({ ...entry, ...refusal });
        throw new Error(NOT_CLOUDFORMATION);
      }),
    );
  };
