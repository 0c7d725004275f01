export { MAX_POLICY_LENGTH } from '../domain/policy/policy-document';

/** The operations that a resource policy can allow or deny, by kind of resource. */
export {
  GOVERNED_OPERATIONS,
  POLICY_OPERATIONS,
  type GovernedKind,
  type GovernedOperation,
} from '../domain/policy/governed-operations';
