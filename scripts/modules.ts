/** `npm run docs:modules`: writes the charts of the modules in docs/architecture.md. */
import { publish } from './figures';
import { modulesPicture } from './modules/picture';

publish('architecture.md', modulesPicture());
