/** A REST API to which IAM grants access. */
import type { IConstruct } from 'constructs';

/** A REST API with operations of the service, or with its gateways. */
export interface InvokedApi extends IConstruct {
  readonly restApiId: string;
  readonly stage: string;
  /**
   * Account of the API.
   * @default - the account of its stack
   */
  readonly account?: string;
}
