/** Cedar, which one command loads. */
export { createCedar } from '../../lambda/adapters/cedar/cedar';
