/** docs/api.md is the output of the generator for the current code. */
import { readFileSync } from 'node:fs';
import { API_DOCS } from '../../scripts/api-docs';
import { renderApiDocs } from '../../scripts/api-docs/document';
import { MODELLED_OPERATIONS } from '../../scripts/aws-model/service-model';

it('docs/api.md is up to date; if not, run `npm run docs:api`', () => {
  expect(readFileSync(API_DOCS, 'utf8')).toBe(renderApiDocs());
});

it('has a row for each of the 83 operations of AWS for identity and gateways', () => {
  const rows = renderApiDocs()
    .split('\n')
    .filter((line) => /^\| \[?[A-Z][A-Za-z0-9]+(\]\(#[a-z0-9]+\))? +\| (works|not supported)/.test(line));
  expect(rows).toHaveLength(MODELLED_OPERATIONS.length);
  expect(rows).toHaveLength(83);
});
