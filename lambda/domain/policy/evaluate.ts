/**
 * What a resource policy says of one request. An explicit Deny decides whatever else is allowed, then an Allow,
 * else nothing is decided. Source: IAM user guide, "Policy evaluation logic".
 */
import type { RequestContext } from './condition-keys';
import { holds } from './condition-element';
import type { GovernedOperation } from './governed-operations';
import type { PolicyDocument, Statement } from './policy-document';
import { isPrincipal } from './principal-element';

export interface PolicyRequest {
  /** ARN of an IAM principal, as `principalOf` gives it. */
  readonly principal: string;
  readonly operation: GovernedOperation;
  readonly context: RequestContext;
}

export type Verdict =
  { readonly decision: 'allow' | 'deny'; readonly statement: string } | { readonly decision: 'no-decision' };

function applies(statement: Statement, { principal, operation, context }: PolicyRequest): boolean {
  return (
    statement.operations.has(operation) &&
    statement.principals.some((stated) => isPrincipal(stated, principal)) &&
    statement.conditions.every((condition) => holds(condition, { ...context, principal }))
  );
}

/**
 * @param document the resource's policy, if it has one
 * @returns the decision and the statement that made it
 */
export function evaluate(document: PolicyDocument | undefined, request: PolicyRequest): Verdict {
  const applying = (document?.statements ?? []).filter((statement) => applies(statement, request));
  const denying = applying.find(({ effect }) => effect === 'Deny');
  if (denying) return { decision: 'deny', statement: denying.name };
  const [allowing] = applying;
  return allowing ? { decision: 'allow', statement: allowing.name } : { decision: 'no-decision' };
}
