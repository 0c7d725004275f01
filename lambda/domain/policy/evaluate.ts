/**
 * Evaluates a resource policy for one request. An explicit deny decides first, then an Allow; otherwise there is no
 * decision. Source: IAM user guide, "Policy evaluation logic".
 */
import type { RequestContext } from './condition-keys';
import { holds } from './condition-element';
import type { ResourceOperation } from './governed-operations';
import type { PolicyDocument, Statement } from './policy-document';
import { isPrincipal } from './principal-element';

export interface PolicyRequest {
  /** ARN of an IAM principal, as `principalOf` returns it. */
  readonly principal: string;
  readonly operation: ResourceOperation;
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
 * Returns the decision and its statement.
 *
 * @param document the resource's policy, if it has one
 */
export function evaluate(document: PolicyDocument | undefined, request: PolicyRequest): Verdict {
  const applying = (document?.statements ?? []).filter((statement) => applies(statement, request));
  const denying = applying.find(({ effect }) => effect === 'Deny');
  if (denying) return { decision: 'deny', statement: denying.name };
  const [allowing] = applying;
  return allowing ? { decision: 'allow', statement: allowing.name } : { decision: 'no-decision' };
}
