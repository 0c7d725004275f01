/** The responses of the AWS operations, by the AWS service model: the types of its clients, of which no code is in a bundle. */
import type * as control from '@aws-sdk/client-bedrock-agentcore-control';
import type * as data from '@aws-sdk/client-bedrock-agentcore';

type Clients = typeof control & typeof data;

type OutputOf<Command> = Command extends abstract new (...input: never[]) => {
  resolveMiddleware(...call: never[]): (...call: never[]) => Promise<{ readonly output: infer Output }>;
}
  ? Output
  : never;

/** A value as JSON has it: times as texts or in epoch seconds, any member of a union, and also values that AWS does not have. */
type Json<Value, Time> = Value extends Date
  ? Time
  : Value extends string
    ? string
    : Value extends { readonly $unknown?: unknown }
      ? object
      : Value extends object
        ? { readonly [Name in keyof Value]: Json<Value[Name], Time> | undefined }
        : Value;

/** Gateways and policies have times as texts (ISO 8601). */
type TimeOf<Name> = Name extends `${string}${'Gateway' | 'Polic'}${string}` ? string : number;

/** The response of the operation with this name; `object` if AWS has no such operation. */
export type AwsOutput<Name> = `${Name & string}Command` extends infer Command extends keyof Clients
  ? Json<Omit<OutputOf<Clients[Command]>, '$metadata'>, TimeOf<Name>>
  : object;
