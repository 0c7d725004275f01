/**
 * Operations of the AWS service model that this service does not have, by design. A request gets the reason; docs/api.md lists
 * them, and test/shapes fails for an operation of the model that is neither here nor among the operations.
 */

export interface RefusedOperation {
  /** Every one is a POST request. */
  readonly path: string;
  /** Follows "is not supported by this service:". */
  readonly why: string;
}

const NO_PAYMENTS = 'it stores no wallets and makes no payments';

const payment = (path: string): RefusedOperation => ({ path, why: NO_PAYMENTS });

export const REFUSED_OPERATIONS: Readonly<Record<string, RefusedOperation>> = {
  CreatePaymentCredentialProvider: payment('/identities/CreatePaymentCredentialProvider'),
  GetPaymentCredentialProvider: payment('/identities/GetPaymentCredentialProvider'),
  UpdatePaymentCredentialProvider: payment('/identities/UpdatePaymentCredentialProvider'),
  DeletePaymentCredentialProvider: payment('/identities/DeletePaymentCredentialProvider'),
  ListPaymentCredentialProviders: payment('/identities/ListPaymentCredentialProviders'),
  GetResourcePaymentToken: payment('/identities/payment/token'),
};
