/** Identity assertions in requests to OAuth servers. Each is for one request, whatever happens to it. */
import { isIdentityAssertion } from '../../lambda/domain/identity/identity-assertion';

export class PresentedAssertions {
  private readonly known = new Set<string>();
  private repetitions = 0;

  /** @param body of a request of the functions, whether or not the server receives it */
  observe(body: string): void {
    const assertion = new URLSearchParams(body).get('assertion') ?? '';
    if (!isIdentityAssertion(assertion)) return;
    if (this.known.has(assertion)) this.repetitions += 1;
    this.known.add(assertion);
  }

  /** @throws Error if an assertion was presented again since the last check */
  expectOnce(): void {
    const { repetitions } = this;
    this.repetitions = 0;
    if (repetitions > 0) throw new Error('an identity assertion was presented twice');
  }
}
