/** `npm run docs:configuration`: writes the table of docs/configuration.md. */
import { configurationTable } from './configuration/table';
import { publish } from './figures';

publish('configuration.md', configurationTable());
