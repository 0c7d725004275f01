/** The key of an item, as queries and scans return it and as positions in them state it. */
import * as v from 'valibot';

/** The key, from an item that can have other attributes. */
export const KeyOfItem = v.object({ pk: v.string(), sk: v.string() });

/** A position: the key of the item after which a page starts, as JSON. */
export const Position = v.pipe(v.string(), v.parseJson(), v.strictObject({ pk: v.string(), sk: v.string() }));
