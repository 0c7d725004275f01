/** The tests use the browser of the demonstration. */
export { Browser, type Page } from '../../../examples/demo/browser';
