/** Recordings of terminals: asciicast version 2, of programs that only append lines. */

/** Text in one style. */
export interface Span {
  readonly text: string;
  readonly bold: boolean;
  readonly dim: boolean;
  /** Of the eight colors of terminals, 0 to 7; undefined for the default. */
  readonly color: number | undefined;
}

export interface Line {
  /** Seconds after the beginning. */
  readonly time: number;
  readonly spans: readonly Span[];
}

type Style = Omit<Span, 'text'>;

const PLAIN: Style = { bold: false, dim: false, color: undefined };

/** Returns the style after one parameter of "Select Graphic Rendition" (ECMA-48, section 8.3.117). */
function styled(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code >= 30 && code <= 37) return { ...style, color: code - 30 };
  if (code === 39) return { ...style, color: undefined };
  throw new Error(`The recording has the graphic rendition ${code}, which is not supported.`);
}

const ESCAPE = '\u001B';
const TOKEN = new RegExp(`${ESCAPE}\\[([\\d;]*)m|${ESCAPE}|[^${ESCAPE}]+`, 'g');

/** Returns the spans of one line, and the style at its end. */
function spansOf(text: string, begin: Style): { readonly spans: Span[]; readonly style: Style } {
  const spans: Span[] = [];
  let style = begin;
  for (const [token, codes] of text.matchAll(TOKEN)) {
    if (codes !== undefined) {
      for (const code of codes.split(';')) style = styled(style, Number(code));
    } else if (token === ESCAPE) {
      throw new Error('The recording has a control sequence that is not a color.');
    } else {
      spans.push({ text: token, ...style });
    }
  }
  return { spans, style };
}

/** Breaks a line as a terminal does. */
function wrapped(spans: readonly Span[], columns: number): Span[][] {
  const rows: Span[][] = [[]];
  let used = 0;
  for (const span of spans) {
    let rest = [...span.text];
    while (rest.length > 0) {
      if (used === columns) {
        rows.push([]);
        used = 0;
      }
      const part = rest.slice(0, columns - used);
      rows.at(-1)?.push({ ...span, text: part.join('') });
      used += part.length;
      rest = rest.slice(part.length);
    }
  }
  return rows;
}

/**
 * Returns the lines of a recording, broken at its width.
 *
 * @param cast asciicast version 2
 * @throws Error for control sequences other than colors
 */
export function linesOf(cast: string): Line[] {
  const [header = '', ...events] = cast.trim().split('\n');
  const { width } = JSON.parse(header) as { width: number };
  const lines: Line[] = [];
  let style = PLAIN;
  let open = '';
  for (const event of events) {
    const [time, , text] = JSON.parse(event) as [number, 'o', string];
    const parts = `${open}${text.replaceAll('\r', '')}`.split('\n');
    open = parts.pop() ?? '';
    for (const part of parts) {
      const line = spansOf(part, style);
      style = line.style;
      lines.push(...wrapped(line.spans, width).map((spans) => ({ time, spans })));
    }
  }
  return lines;
}
