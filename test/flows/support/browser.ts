/** The tests' browser is the demonstration's. */
export { Browser, type Page } from '../../../examples/demo/browser';
