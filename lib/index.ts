/** What another CDK app imports: the two stacks and the types of their props. */
export { StatefulStack } from './stacks/stateful';
export { StatelessStack, type StatelessStackProps } from './stacks/stateless';
export type { State } from './constructs/state';
export type { Throttle } from './constructs/identity-api';
export type { TrustedIssuer } from '../lambda/domain/identity/trusted-issuer';
