/** Returns Markdown with each paragraph and list item in one line, as Prettier writes it (`proseWrap: never`). */
export const paragraphLines = (markdown: string): string =>
  markdown.replaceAll(/(?<=[^\n])\n(?!\n|- |\d+\. |```) */g, ' ');
