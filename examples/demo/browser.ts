/** A browser without a screen: follows redirects one at a time, keeps cookies, submits forms. */

export interface Page {
  readonly url: string;
  readonly status: number;
  readonly html: string;
  readonly headers: Headers;
}

const decode = (text: string): string =>
  text.replaceAll('&amp;', '&').replaceAll('&quot;', '"').replaceAll('&#39;', "'");

export class Browser {
  /** By name and path: ports do not separate cookies (RFC 6265 section 8.5), and all hosts here are the same. */
  private readonly cookies = new Map<string, { value: string; path: string }>();

  /** Returns the value of a cookie. */
  cookie(name: string): string | undefined {
    return [...this.cookies].find(([key]) => key.startsWith(`${name} `))?.[1].value;
  }

  private cookieHeader(url: URL): string {
    return [...this.cookies]
      .filter(([, { path }]) => url.pathname.startsWith(path))
      .map(([key, { value }]) => `${key.split(' ')[0] ?? ''}=${value}`)
      .join('; ');
  }

  private keep(response: Response): void {
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim());
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
      const removed = attributes.some((attribute) =>
        /^(max-age=0|expires=thu, 01 jan 1970)/i.test(attribute),
      );
      if (removed) this.cookies.delete(`${name} ${path}`);
      else this.cookies.set(`${name} ${path}`, { value, path });
    }
  }

  /** Sends one GET request and does not follow a redirect. */
  step(url: string, form?: Record<string, string>): Promise<Page> {
    return this.send(url, form && { method: 'POST', body: new URLSearchParams(form) });
  }

  /** Sends one request with this browser's cookies. */
  async send(url: string, { headers, ...init }: RequestInit = {}): Promise<Page> {
    const all = new Headers(headers);
    all.set('cookie', this.cookieHeader(new URL(url)));
    all.set('accept', 'text/html');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: all });
    this.keep(response);
    return { url, status: response.status, html: await response.text(), headers: response.headers };
  }

  /** Follows redirects until there is a page, or until the next URL starts with `until`, which is not opened. */
  async go(url: string, options: { form?: Record<string, string>; until?: string } = {}): Promise<Page> {
    let page = await this.step(url, options.form);
    for (let hops = 0; hops < 20; hops += 1) {
      const location = page.headers.get('location');
      if (!location) return page;
      const next = new URL(location, page.url).href;
      if (options.until && next.startsWith(options.until)) return { ...page, url: next };
      page = await this.step(next);
    }
    throw new Error(`too many redirects from ${url}`);
  }

  /**
   * Submits a form of the page with its hidden fields and the given fields.
   *
   * @param action the action of the form; by default, the first form is used.
   */
  submit(page: Page, fields: Record<string, string>, until?: string, action?: string): Promise<Page> {
    const forms = [...page.html.matchAll(/<form[^>]*action="([^"]*)"[^>]*>(.*?)<\/form>/gs)];
    const form = action === undefined ? forms[0] : forms.find(([, target]) => target === action);
    if (form === undefined)
      throw new Error(`no such form at ${page.url}: ${page.status} ${page.html.slice(0, 300)}`);
    const [, target = '', content = ''] = form;
    const hidden: Record<string, string> = {};
    for (const [input] of content.matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
      const name = /name="([^"]*)"/.exec(input)?.[1];
      if (name) hidden[name] = decode(/value="([^"]*)"/.exec(input)?.[1] ?? '');
    }
    return this.go(new URL(decode(target), page.url).href, {
      form: { ...hidden, ...fields },
      ...(until !== undefined && { until }),
    });
  }
}
