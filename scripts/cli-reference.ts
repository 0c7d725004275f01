/** `npm run docs:cli`: writes docs/cli-reference.md. */
import { cliReference } from './cli-reference/document';
import { publish } from './figures';

publish('cli-reference.md', cliReference());
