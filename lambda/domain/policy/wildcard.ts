/**
 * IAM's wildcards: `*` is any number of characters, `?` exactly one.
 * Source: IAM user guide, "IAM JSON policy elements: Resource" and "… Condition operators" (String, ARN).
 */

/** Whether a value has a wildcard in it. */
export const hasWildcard = (pattern: string): boolean => /[*?]/.test(pattern);

/**
 * Whether the whole value matches the pattern. Goes back to the latest `*` only, so that its time is bounded
 * by pattern length times value length: a pattern comes from outside and must not be able to stall a request.
 */
export function matchesWildcard(pattern: string, value: string): boolean {
  const wanted = [...pattern];
  const given = [...value];
  let at = 0;
  let star = -1;
  let resumed = 0;
  for (let position = 0; position < given.length;) {
    if (wanted[at] === '*') {
      star = at;
      resumed = position;
      at += 1;
    } else if (wanted[at] === '?' || (at < wanted.length && wanted[at] === given[position])) {
      at += 1;
      position += 1;
    } else if (star >= 0) {
      at = star + 1;
      resumed += 1;
      position = resumed;
    } else {
      return false;
    }
  }
  return wanted.slice(at).every((character) => character === '*');
}

/** The six parts of an ARN; colons after the fifth belong to the resource. */
function partsOf(arn: string): readonly string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/**
 * ARN comparison: each of the six parts for itself, so that a `*` never reaches into the next part.
 * ArnEquals and ArnLike are the same in IAM; Resource elements compare like this too.
 */
export function matchesArn(pattern: string, arn: string): boolean {
  const given = partsOf(arn);
  return partsOf(pattern).every((part, index) => matchesWildcard(part, given[index] ?? ''));
}
