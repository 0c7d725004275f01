/** textlint in `npm run lint`: words that the style of this project replaces, each with the words to use. */
const { readFileSync } = require('node:fs');

const patterns = readFileSync(`${__dirname}/scripts/prose/words.txt`, 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' => '))
  .map(([words, use]) => ({ pattern: `/\\b(?:${words})\\b/i`, message: `${words}: use ${use}` }));

module.exports = {
  plugins: { '@textlint/text': { extensions: ['.ts', '.mts', '.mjs', '.cjs', '.js', '.py'] } },
  rules: { '@textlint-rule/pattern': { patterns } },
};
