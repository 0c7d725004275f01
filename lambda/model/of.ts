/** The type of what a schema accepts, as the code uses it. */
import type * as v from 'valibot';

/**
 * Read only, at every depth. An optional member can also be present and undefined: what is stored or sent omits it.
 */
type ReadOnly<Value> = Value extends object
  ? {
      readonly [Name in keyof Value]: string extends Name
        ? ReadOnly<Value[Name]>
        : object extends Pick<Value, Name>
          ? ReadOnly<Value[Name]> | undefined
          : ReadOnly<Value[Name]>;
    }
  : Value;

/** The output of a schema. An interface that extends it has a name in messages of the compiler. */
export type Of<Schema extends v.GenericSchema> = ReadOnly<v.InferOutput<Schema>>;

/** The same attributes, of which none can be forgotten: an update without a member removes it. */
export type Complete<Attributes> = {
  readonly [Name in keyof Required<Attributes>]: object extends Pick<Attributes, Name>
    ? Attributes[Name] | undefined
    : Attributes[Name];
};
