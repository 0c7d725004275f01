/** Takes members out of a text: of JSON documents and forms, parameters of URLs, hidden fields of pages, and headers. */
import type { Message } from './exchange-recorder';

/** Receives each value that is taken out, with the name of its member in lower case. */
export type Take = (name: string, value: string) => void;

/** Lower-case names of members. */
type Names = ReadonlySet<string>;

const HIDDEN_FIELD = /(name="([\w-]+)"\s+value=")([^"]*)/g;
/** Of a URL or a form. In a page, `&amp;` separates them. */
const PARAMETER = /((?:^|[?&;\s])([\w-]+)=)([^&;#\s"'<>]*)/g;

function decoded(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return value;
  }
}

function jsonOf(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

/** A line of an event stream (HTML Living Standard, section 9.2) with JSON. */
const EVENT_DATA = /^(data: ?)([[{].*)$/gm;

export class MemberRemoval {
  /** @param headers names of headers, in addition to those that are members anywhere */
  constructor(
    private readonly names: Names,
    private readonly headers: Names,
    private readonly take: Take,
  ) {}

  /** @returns the text without the values of the members */
  fromText(text: string): string {
    const json = jsonOf(text);
    if (json) return JSON.stringify(this.fromJson(json));
    return [HIDDEN_FIELD, PARAMETER].reduce(
      (rest, pattern) =>
        rest.replace(pattern, (whole: string, before: string, name: string, value: string) => {
          if (!this.names.has(name.toLowerCase())) return whole;
          this.take(name.toLowerCase(), decoded(value));
          return before;
        }),
      text.replace(EVENT_DATA, (_line, before: string, data: string) => before + this.fromText(data)),
    );
  }

  /** @returns the head and the body of a message without the values of the members */
  fromMessage({ head, body }: Message): string {
    const [first = '', ...lines] = head.split('\r\n');
    const headers = lines.map((line) => {
      const name = line.slice(0, line.indexOf(':')).toLowerCase();
      if (!this.names.has(name) && !this.headers.has(name)) return this.fromText(line);
      this.take(name, line.slice(name.length + 1).trim());
      return name;
    });
    return [this.fromText(first), ...headers, this.fromText(body.toString('utf8'))].join('\n');
  }

  private fromJson(value: unknown): unknown {
    if (typeof value === 'string') return this.fromText(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((each) => this.fromJson(each));
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) =>
        this.names.has(name.toLowerCase()) && this.takeAll(name.toLowerCase(), each)
          ? [name, '']
          : [name, this.fromJson(each)],
      ),
    );
  }

  /** @returns whether the value has texts only, which are taken out */
  private takeAll(name: string, value: unknown): boolean {
    if (typeof value === 'string') {
      this.take(name, value);
      return true;
    }
    return Array.isArray(value) && value.every((each) => this.takeAll(name, each));
  }
}
