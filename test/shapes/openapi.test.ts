/** The OpenAPI document: valid, and of the same requests as the parser. */
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020';
import { isJsonOperation, OPERATIONS, type JsonOperationName } from '../../lambda/operations';
import { casesOfOperation } from '../../scripts/aws-model/cases';
import { MODELLED_OPERATIONS } from '../../scripts/aws-model/service-model';
import { openApiDocument } from '../../scripts/openapi/document';
import { requestSchema } from '../../scripts/openapi/request-schemas';

it('is a valid OpenAPI document', async () => {
  expect(await new Validator().validate(openApiDocument())).toEqual({ valid: true });
});

it('has every operation with a JSON body', () => {
  const operations = Object.values(openApiDocument().paths).flatMap((methods) => Object.values(methods));
  expect(operations.map(({ operationId }) => operationId).sort()).toEqual(
    Object.keys(OPERATIONS).filter(isJsonOperation).sort(),
  );
});

const served = MODELLED_OPERATIONS.filter(({ name }) => isJsonOperation(name));

/** What JSON Schema has no keyword for: text that is not valid Unicode, rules of this service, and `userToken` without `callingAgent`. */
const BEYOND_JSON_SCHEMA =
  /^(.* \(lone surrogate\)|.* \(differs: .*|.* \(members that do not match\)|userToken \(missing\))$/;

it.each(served.map((operation) => [operation.name, operation] as const))(
  'accepts of the walk over %s what the service accepts, and nothing else that JSON Schema can express',
  (name, operation) => {
    const accepts = new Ajv2020({ strict: false }).compile(requestSchema(name as JsonOperationName));
    const different = casesOfOperation(operation).filter(
      ({ verdict, request }) => accepts(request) !== (verdict === 'accepted'),
    );
    const labels = different.map(({ place, what }) => `${place} (${what})`);
    expect(labels.filter((label) => !BEYOND_JSON_SCHEMA.test(label))).toEqual([]);
    expect(different.filter(({ verdict }) => verdict === 'accepted')).toEqual([]);
  },
);
