/**
 * How deeply the expressions of a policy are nested. Cedar reads, validates, and evaluates them by recursion in
 * WebAssembly, whose stack is small: one statement that exhausts it stops the decisions of the whole function.
 */

/** Half of what Cedar can read when it lists tools, and a third of what it can evaluate. */
export const MAX_STATEMENT_DEPTH = 40;

const TOKEN =
  /"(?:[^"\\]|\\[^])*"|\/\/[^\n\r]*|::|&&|\|\||[=!<>]=|[([{)\]},;.!<>+*-]|\b(?:has|like|in|is|if|then|else|when|unless)\b/g;

/** Chains nest once for each link. What they link is nested in one of the links. */
const LINKS: readonly string[] = ['&&', '||', 'if', 'then', 'else', 'when', 'unless'];

/** What is between two brackets. */
class Group {
  /** Of the elements before the present one. */
  private deepest = 0;
  private links = 0;
  private deepestOperand = 0;
  private operators = 0;
  private inner = 0;

  get depth(): number {
    return Math.max(this.deepest, this.links + Math.max(this.deepestOperand, this.operators + this.inner));
  }

  add(token: string): void {
    if (token === ',' || token === ';') {
      this.deepest = this.depth;
      this.links = 0;
      this.deepestOperand = 0;
    } else if (LINKS.includes(token)) {
      this.deepestOperand = Math.max(this.deepestOperand, this.operators + this.inner);
      this.links += 1;
    } else {
      this.operators += 1;
      return;
    }
    this.operators = 0;
    this.inner = 0;
  }

  enclose(depth: number): void {
    this.inner = Math.max(this.inner, depth + 1);
  }
}

/** Returns an upper bound of the nesting. @param statement of any form */
export function depthOf(statement: string): number {
  const open = [new Group()];
  const close = (): void => {
    const closed = open.pop();
    const around = open.at(-1) ?? new Group();
    if (open.length === 0) open.push(around);
    if (closed) around.enclose(closed.depth);
  };
  for (const [token] of statement.matchAll(TOKEN)) {
    if (token.startsWith('"') || token.startsWith('//') || token === '::') continue;
    if ('([{'.includes(token)) open.push(new Group());
    else if (')]}'.includes(token)) close();
    else open.at(-1)?.add(token);
  }
  while (open.length > 1) close();
  return open[0]?.depth ?? 0;
}
