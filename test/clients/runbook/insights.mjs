/**
 * CloudWatch Logs Insights, as far as the queries of docs/runbook.md use it. What it does not know, or a field that no
 * log line has, is a MalformedQueryException.
 * Source: CloudWatch Logs user guide, "CloudWatch Logs Insights language query syntax".
 */

const TOKEN =
  /\s*(?:(?<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?<regex>\/(?:\\.|[^/\\])+\/)|(?<number>\d+(?:\.\d+)?)|(?<word>[@A-Za-z_][\w.]*)|(?<sign>!=|>=|<=|[=<>|,*()[\]]))/gy;

export class MalformedQueryError extends Error {}

function tokensOf(query) {
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (query.slice(TOKEN.lastIndex).trim() !== '') {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(query);
    if (!match) throw new MalformedQueryError(`unexpected text: ${query.slice(start)}`);
    const [[kind, text]] = Object.entries(match.groups).filter(([, found]) => found !== undefined);
    tokens.push({ kind, text });
  }
  return tokens;
}

const COMPARISONS = {
  '=': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '>': (left, right) => left > right,
  '<': (left, right) => left < right,
  '>=': (left, right) => left >= right,
  '<=': (left, right) => left <= right,
};

/** Each gets the values of a group in the order of their time. */
const AGGREGATES = {
  count: (values) => values.length,
  count_distinct: (values) => new Set(values.filter((value) => value !== undefined)).size,
  earliest: (values) => values.find((value) => value !== undefined),
  latest: (values) => values.findLast((value) => value !== undefined),
  pct: (values, percent) => {
    const sorted = values.toSorted((one, other) => one - other);
    return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))];
  },
};

const order = (one, other) => {
  if (one === other) return 0;
  if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
  return one < other ? -1 : 1;
};

class Parser {
  constructor(query, fields) {
    this.tokens = tokensOf(query);
    this.fields = new Set(fields);
  }

  take() {
    const token = this.tokens.shift();
    if (!token) throw new MalformedQueryError('unexpected end of the query');
    return token;
  }

  has(...texts) {
    const [token] = this.tokens;
    return token !== undefined && token.kind !== 'string' && texts.includes(token.text);
  }

  takeIf(text) {
    return this.has(text) && this.take();
  }

  expect(text) {
    if (!this.takeIf(text)) {
      throw new MalformedQueryError(`expected ${text} before ${this.tokens[0]?.text ?? 'the end'}`);
    }
  }

  list(item) {
    const items = [item()];
    while (this.takeIf(',')) items.push(item());
    return items;
  }

  /** A field that log lines have, or an alias. */
  field() {
    const { kind, text } = this.take();
    // A member of a list, such as audit.changed.0.
    if (kind === 'word' && this.fields.has(text.replace(/\.\d+$/, ''))) return text;
    throw new MalformedQueryError(`unknown field: ${text}`);
  }

  value() {
    const [{ kind, text } = {}] = this.tokens;
    if (kind === 'string') {
      this.take();
      const literal = text.slice(1, -1).replace(/\\(.)/g, '$1');
      return () => literal;
    }
    if (kind === 'number') {
      this.take();
      const number = Number(text);
      if (!this.takeIf('*')) return () => number;
      const factor = this.value();
      return (row) => number * factor(row);
    }
    const field = this.field();
    return (row) => row[field];
  }

  any() {
    const parts = [this.all()];
    while (this.takeIf('or')) parts.push(this.all());
    return (row) => parts.some((part) => part(row));
  }

  all() {
    const parts = [this.condition()];
    while (this.takeIf('and')) parts.push(this.condition());
    return (row) => parts.every((part) => part(row));
  }

  condition() {
    if (this.takeIf('not')) {
      const inner = this.condition();
      return (row) => !inner(row);
    }
    if (this.takeIf('(')) {
      const inner = this.any();
      this.expect(')');
      return inner;
    }
    if (this.takeIf('ispresent')) {
      this.expect('(');
      const value = this.value();
      this.expect(')');
      return (row) => value(row) !== undefined;
    }
    return this.comparison(this.value());
  }

  comparison(left) {
    if (this.takeIf('not')) {
      const inner = this.comparison(left);
      return (row) => !inner(row);
    }
    const { text: operator } = this.take();
    if (operator === 'like') {
      const { kind, text } = this.take();
      const inner = text.slice(1, -1);
      if (kind === 'regex') return (row) => new RegExp(inner).test(left(row) ?? '');
      return (row) => String(left(row) ?? '').includes(inner);
    }
    if (operator === 'in') {
      this.expect('[');
      const values = this.list(() => this.value());
      this.expect(']');
      return (row) => values.some((value) => value(row) === left(row));
    }
    const compare = COMPARISONS[operator];
    if (!compare) throw new MalformedQueryError(`unknown comparison: ${operator}`);
    const right = this.value();
    return (row) => compare(left(row), right(row));
  }

  aggregate() {
    const { text: name } = this.take();
    if (!Object.hasOwn(AGGREGATES, name)) throw new MalformedQueryError(`unknown function: ${name}`);
    this.expect('(');
    const [value, argument] = this.takeIf('*') ? [() => true] : this.list(() => this.value());
    this.expect(')');
    const column = this.takeIf('as') ? this.take().text : `${name}(*)`;
    return { column, of: (rows) => AGGREGATES[name](rows.map(value), argument?.({})) };
  }

  stats() {
    const aggregates = this.list(() => this.aggregate());
    const keys = this.takeIf('by') ? this.list(() => this.field()) : [];
    // Only these columns remain.
    this.fields = new Set([...keys, ...aggregates.map(({ column }) => column)]);
    return (rows) => {
      const groups = Map.groupBy
        ? Map.groupBy(rows, (row) => JSON.stringify(keys.map((key) => row[key])))
        : rows.reduce((all, row) => {
            const key = JSON.stringify(keys.map((name) => row[name]));
            return all.set(key, [...(all.get(key) ?? []), row]);
          }, new Map());
      return [...groups.values()].map((group) => ({
        ...Object.fromEntries(keys.map((key) => [key, group[0][key]])),
        ...Object.fromEntries(aggregates.map(({ column, of }) => [column, of(group)])),
      }));
    };
  }

  stage() {
    const { text: command } = this.take();
    switch (command) {
      case 'filter': {
        const condition = this.any();
        return (rows) => rows.filter(condition);
      }
      case 'fields': {
        this.shown = this.list(() => this.field());
        return (rows) => rows;
      }
      case 'stats': {
        const stats = this.stats();
        this.shown = [...this.fields];
        return stats;
      }
      case 'sort': {
        const field = this.field();
        const sign = this.takeIf('desc') ? -1 : (this.takeIf('asc'), 1);
        return (rows) => rows.toSorted((one, other) => sign * order(one[field], other[field]));
      }
      case 'limit': {
        const count = Number(this.take().text);
        return (rows) => rows.slice(0, count);
      }
      default:
        throw new MalformedQueryError(`unknown command: ${command}`);
    }
  }

  stages() {
    const stages = [this.stage()];
    while (this.takeIf('|')) stages.push(this.stage());
    if (this.tokens.length > 0) throw new MalformedQueryError(`unexpected: ${this.tokens[0].text}`);
    return stages;
  }
}

/** Returns the members of a log line with the names that Insights discovers. */
export function flattened(line, prefix = '') {
  return Object.entries(line).reduce(
    (row, [name, value]) => ({
      ...row,
      ...(value !== null && typeof value === 'object'
        ? flattened(value, `${prefix}${name}.`)
        : { [`${prefix}${name}`]: value }),
    }),
    {},
  );
}

/**
 * @param rows the log lines, the oldest first
 * @param fields names that a query can use
 * @returns the rows as GetQueryResults returns them: without a field that has no value, and with a pointer to the line
 * @throws MalformedQueryError
 */
export function insights(query, rows, fields) {
  const parser = new Parser(query, fields);
  const stages = parser.stages();
  const shown = parser.shown ?? ['@timestamp', '@message'];
  const aggregated = /\bstats\b/.test(query);
  return stages
    .reduce((result, stage) => stage(result), rows)
    .map((row, index) => [
      ...shown
        .filter((field) => row[field] !== undefined)
        .map((field) => ({ field, value: String(row[field]) })),
      ...(aggregated ? [] : [{ field: '@ptr', value: `pointer-${index}` }]),
    ]);
}
