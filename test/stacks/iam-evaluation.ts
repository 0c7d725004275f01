/**
 * IAM's decision on one request by the statements of one role. It covers the features that the roles of this service
 * use, and throws an error for others, so that no request counts as denied that IAM would allow. Source: IAM user
 * guide, "Policy evaluation logic", "Condition operators", "Multivalued context keys".
 */

export interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<
    Record<string, Readonly<Record<string, string | number | readonly string[]>>>
  >;
}

/** A request; context keys that it does not have are absent, not empty. */
export interface IamRequest {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string | number | readonly string[]>>;
}

const listed = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** `*` matches any text. Case is significant, except in actions. */
function like(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}

type Values = readonly (string | number)[];

/** Whether one value of the request matches one value of the policy. */
const COMPARISONS: Readonly<Record<string, (wanted: string | number, had: string | number) => boolean>> = {
  StringEquals: (wanted, had) => wanted === had,
  StringLike: (wanted, had) => like(String(wanted), String(had)),
  NumericLessThanEquals: (wanted, had) => Number(had) <= Number(wanted),
};

function holds(operator: string, wanted: Values, had: Values | undefined): boolean {
  if (operator === 'Null') return String(had === undefined) === wanted[0];
  // True for a request without the key, as for every negated operator.
  if (operator === 'StringNotEquals') return !(had ?? []).some((value) => wanted.includes(value));
  const [set, name = set] = operator.split(':');
  const comparison = COMPARISONS[name ?? ''];
  if (!comparison) throw new Error(`this evaluation does not know the condition operator ${operator}`);
  const matches = (value: string | number) => wanted.some((each) => comparison(each, value));
  // True for a request without the key, as IAM evaluates ForAllValues.
  if (set === 'ForAllValues') return (had ?? []).every(matches);
  if (set !== name) throw new Error(`this evaluation does not know the set operator ${operator}`);
  return had?.some(matches) ?? false;
}

function applies({ Action, Resource, Condition = {} }: Statement, request: IamRequest): boolean {
  const { action, resource, context = {} } = request;
  return (
    listed(Action).some((pattern) => like(pattern.toLowerCase(), action.toLowerCase())) &&
    listed(Resource).some((pattern) => like(pattern, resource)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) => {
        const had = context[key];
        return holds(
          operator,
          listed<string | number>(wanted),
          had === undefined ? undefined : listed<string | number>(had),
        );
      }),
    )
  );
}

/** What the statements say about a request. A Deny wins. */
export function decision(
  statements: readonly Statement[],
  request: IamRequest,
): 'allow' | 'deny' | 'nothing' {
  const effects = statements.filter((statement) => applies(statement, request)).map(({ Effect }) => Effect);
  if (effects.includes('Deny')) return 'deny';
  return effects.includes('Allow') ? 'allow' : 'nothing';
}

/** Whether a role with these statements is allowed: a statement allows the request, and none denies it. */
export const allows = (statements: readonly Statement[], request: IamRequest): boolean =>
  decision(statements, request) === 'allow';
