/**
 * The stage secret: a variable of an API's stage, which API Gateway adds to each event. The functions of the API have only
 * its digest, and accept no event without it: a principal that can invoke a function itself writes the event, with any
 * caller in it.
 * Source: API Gateway developer guide, "Use stage variables for a REST API in API Gateway".
 */

/** The stage variable with the secret. */
export const STAGE_SECRET_VARIABLE = 'stageSecret';

/** Random bytes of a secret, which is their base64url form. */
export const STAGE_SECRET_BYTES = 32;

/**
 * The CloudFormation type of the resource that creates a secret, with the attributes {@link StageSecret}. Only its
 * creation is ever requested: it has no properties that could change, and stacks retain it.
 */
export const STAGE_SECRET_TYPE = 'Custom::AgentIdentityStageSecret';

export interface StageSecret {
  readonly Secret: string;
  /** Its SHA-256 digest, base64url. */
  readonly Hash: string;
}
