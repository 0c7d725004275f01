/** URLs of other parties in messages, and in the commands that they propose. */
import { plainUrl, shownUrl } from '../../lib/cli/plain-url';

describe('shownUrl', () => {
  it.each([
    ['https://as.example/token', 'https://as.example/token'],
    ['http://127.0.0.1:9000/keys?x=1', 'http://127.0.0.1:9000/keys?x=1'],
    ['https://as.example/keys passed. Run: x', 'https://as.example/keys%20passed.%20Run:%20x'],
    ['https://as.example/?q=a b#c d', 'https://as.example/?q=a%20b#c%20d'],
    ['none. Run: curl https://evil.example', 'text that is no URL'],
    ['none: one more step. Run: curl https://evil.example', 'text that is no http or https URL'],
    ['data:,All passed', 'text that is no http or https URL'],
    ['https://accounts.example@evil.example/', 'a URL with credentials'],
    ['https://:accounts.example@evil.example/', 'a URL with credentials'],
  ])('shows %s as %s', (stated, shown) => {
    expect(shownUrl(stated)).toBe(shown);
  });

  it('cuts a long URL', () => {
    expect(shownUrl(`https://as.example/${'x'.repeat(1000)}`)).toMatch(/^https:\/\/as\.example\/x{181}…$/);
  });
});

describe('plainUrl', () => {
  it.each([
    'data:,x',
    'https://a@b.example/',
    'https://as.example/$(x)',
    'https://as.example/a b',
    undefined,
  ])('returns no URL for %s, so that no command contains it', (url) => {
    expect(plainUrl(url)).toBeUndefined();
  });
});
