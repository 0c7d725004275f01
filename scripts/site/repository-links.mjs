/** Links from a page to files of the repository that are not pages of the site. */
import { dirname, join, normalize } from 'node:path/posix';

const isRelative = (href) => !/^([a-z][a-z0-9+.-]*:|#|\/)/i.test(href);
const isPage = (path) => path.startsWith('docs/') && path.endsWith('.md');

/**
 * Makes these links lead to the code host.
 *
 * @param markdown the renderer (markdown-it)
 * @param repository URL
 */
export function repositoryLinks(markdown, repository) {
  markdown.core.ruler.push('repository-links', ({ tokens, env }) => {
    for (const link of tokens
      .flatMap(({ children }) => children ?? [])
      .filter(({ type }) => type === 'link_open')) {
      const href = link.attrGet('href') ?? '';
      const [file, fragment] = href.split('#');
      if (!isRelative(href) || file === '') continue;
      const path = normalize(join('docs', dirname(env.relativePath), file));
      if (isPage(path)) continue;
      link.attrSet('href', `${repository}/blob/main/${path}${fragment === undefined ? '' : `#${fragment}`}`);
    }
  });
}
