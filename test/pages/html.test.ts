/** Templates escape every value that is not HTML already. */
import fc from 'fast-check';
import { html, styleElement } from '../../lambda/pages/html';

it('escapes text in content and in attributes', () => {
  const text = `<b title="a" id='b'>&amp;</b>`;
  expect(html`<p title="${text}">${text}</p>`.source).toBe(
    `<p title="${'&lt;b title=&quot;a&quot; id=&#39;b&#39;&gt;&amp;amp;&lt;/b&gt;'}">&lt;b title=&quot;a&quot; id=&#39;b&#39;&gt;&amp;amp;&lt;/b&gt;</p>`,
  );
});

it('inserts HTML as it is, and nothing for undefined and false', () => {
  const inner = html`<b>1</b>`;
  expect(html`${[inner, undefined, false, 'a&b']}`.source).toBe('<b>1</b>a&amp;b');
});

it('no text can open a tag or end an attribute', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { source } = html`${text}`;
      return !/[<>"']/.test(source);
    }),
  );
});

it('a style sheet cannot end its element', () => {
  expect(() => styleElement('</style><script>')).toThrow();
});
