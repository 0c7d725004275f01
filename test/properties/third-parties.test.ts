/**
 * Every response of a third party, broken in any way: no operation fails unexpectedly, no secret is in a response of the
 * service or in the log, nothing is stored that cannot be used, and everything works again after the next valid response.
 */
import fc from 'fast-check';
import { KINDS, type Kind } from './responding-server';
import { brokenResponse, DEEP, replacementFor, withMember, type BrokenResponse } from './broken-responses';
import { casesOf, REACHES_ALL, report, TIMEOUT_MS } from './runs';
import { ThirdParties } from './third-parties';

let parties: ThirdParties;
beforeAll(async () => {
  parties = await ThirdParties.start();
});
afterAll(() => parties.close());

interface Case {
  readonly kind: Kind;
  readonly variant: number;
  readonly response: BrokenResponse;
}

it(
  'each response of a third party is accepted or rejected, and the next valid one is accepted',
  async () => {
    const reads = new Map<Kind, number>();
    let cases = 0;
    const meet = async ({ kind, variant, response }: Case): Promise<void> => {
      cases += 1;
      let given = '';
      const replacement = replacementFor(response, (content) => {
        given = content;
      });
      const read = await parties.try(kind, variant, replacement, () => given.includes('invalid_grant'));
      reads.set(kind, (reads.get(kind) ?? 0) + read);
    };
    const anyCase = fc.record({
      kind: fc.constantFrom(...KINDS),
      variant: fc.nat({ max: 1 }),
      response: brokenResponse,
    });
    await fc.assert(fc.asyncProperty(anyCase, meet), {
      ...casesOf(0.05),
      examples: KINDS.map((kind): [Case] => [{ kind, variant: 0, response: withMember('expires_in', DEEP) }]),
    });
    const counted = KINDS.map((kind) => `${reads.get(kind) ?? 0} × ${kind}`);
    report(`${cases} responses of third parties, ${counted.join(', ')}`);
    const unread = KINDS.filter((kind) => (reads.get(kind) ?? 0) === 0);
    if (REACHES_ALL) expect(unread).toEqual([]);
  },
  TIMEOUT_MS,
);
