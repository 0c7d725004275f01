/** A client of an AWS service: the operations have the names, the inputs, and the outputs of the AWS SDK. */

/** The operations of a service, by name. */
export type Operations<Of> = { readonly [Name in keyof Of]: readonly [input: object, output: object] };

export interface ServiceClient<Of extends Operations<Of>> {
  /** Returns the Region of the requests. */
  region(): Promise<string>;
  /**
   * Sends a request, and repeats it after throttling, a 5xx, and a broken connection.
   *
   * @param signal ends the request, with its repetitions
   * @throws AwsError for an error response, whose name is that of the service's error; Error if there was no response
   */
  send<Name extends keyof Of & string>(
    operation: Name,
    input: Of[Name][0],
    signal?: AbortSignal,
  ): Promise<Omit<Of[Name][1], '$metadata'>>;
}
