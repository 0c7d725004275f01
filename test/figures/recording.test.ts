/** The recording of the demo in README.md: its form, and that it is one of the present demo. It is edited by hand. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PICTURE = textOf('docs/images/demo.svg');

describe('docs/images/demo.svg', () => {
  const shown = PICTURE.replaceAll(/<[^>]+>/g, '').replaceAll('\u00A0', ' ');

  it('has every step of the demo; if not, correct its text', () => {
    const folder = join(ROOT, 'examples/demo');
    const code = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    const titles = code.flatMap((text) =>
      [...text.matchAll(/^ +title: (["'])(.+)\1,$/gm)].map(([, , title = '']) => title),
    );
    expect(titles.length).toBeGreaterThan(20);
    expect(titles.filter((title) => !shown.includes(title))).toEqual([]);
    expect(shown).toContain('All 20 steps succeeded');
  });

  it('is small, contains no script and no reference, and names no folder of a computer', () => {
    expect(PICTURE.length).toBeLessThan(100_000);
    expect(PICTURE).not.toMatch(/<script|href=|url\(|@import/);
    expect(shown).not.toMatch(/\/(home|Users|root|tmp)\//);
  });

  it('is in README.md, with a description', () => {
    expect(textOf('README.md')).toMatch(/!\[A recording of [^\]]{40,}\]\(docs\/images\/demo\.svg\)/);
  });
});
