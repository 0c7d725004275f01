/** The copy of the AWS service model: what it takes from botocore, and how changes are reported. */
import { copiedPlane, type CopiedModel, type CopiedPlane } from '../../scripts/aws-model/identity-operations';
import { modelChanges } from '../../scripts/aws-model/model-changes';

const operation = (name: string, requestUri: string) => ({
  name,
  http: { method: 'POST', requestUri, responseCode: 200 },
  input: { shape: `${name}Request` },
  output: { shape: 'Empty' },
  errors: [{ shape: 'Refused' }],
  documentation: '<p>Text.</p>',
});

const botocore = {
  metadata: { apiVersion: '2023-06-05' },
  operations: {
    Second: operation('Second', '/identities/second'),
    First: operation('First', '/tags/{resourceArn}'),
    Other: operation('Other', '/runtimes/other'),
  },
  shapes: {
    FirstRequest: {
      type: 'structure',
      members: { documentation: { shape: 'Names', documentation: 'Text.' } },
      documentation: 'Text.',
    },
    Names: { type: 'list', member: { shape: 'Name' } },
    Name: { type: 'string', enum: ['a', 'b'] },
    SecondRequest: { type: 'structure', members: { nested: { shape: 'SecondRequest' } } },
    OtherRequest: { type: 'structure', members: {} },
    Empty: { type: 'structure', members: {} },
    Refused: { type: 'structure', members: {}, exception: true },
  },
};

it('has the identity operations with all shapes that they reach, without documentation', () => {
  const http = { method: 'POST', responseCode: 200 };
  const others = { output: 'Empty', errors: ['Refused'] };
  expect(copiedPlane(botocore)).toEqual({
    metadata: { apiVersion: '2023-06-05' },
    operations: {
      First: { ...others, http: { ...http, requestUri: '/tags/{resourceArn}' }, input: 'FirstRequest' },
      Second: { ...others, http: { ...http, requestUri: '/identities/second' }, input: 'SecondRequest' },
    },
    shapes: {
      Empty: { type: 'structure', members: {} },
      // A member can have the name `documentation`.
      FirstRequest: { type: 'structure', members: { documentation: { shape: 'Names' } } },
      Name: { type: 'string', enum: ['a', 'b'] },
      Names: { type: 'list', member: { shape: 'Name' } },
      Refused: { type: 'structure', members: {}, exception: true },
      SecondRequest: { type: 'structure', members: { nested: { shape: 'SecondRequest' } } },
    },
  });
});

it('reports each new operation, member, enum value, and pattern', () => {
  const plane = (change: Partial<Pick<CopiedPlane, 'operations' | 'shapes'>>): CopiedPlane => ({
    metadata: {},
    operations: { Get: { input: 'GetRequest' } },
    shapes: {},
    ...change,
  });
  const model = (one: CopiedPlane): CopiedModel => ({
    control_plane: one,
    data_plane: plane({}),
    source: 'botocore 1.0.0',
  });
  const before = plane({
    shapes: {
      GetRequest: { members: { name: { shape: 'Name' } } },
      Name: { enum: ['a', 'b'] },
      Gone: { type: 'string' },
      Url: { pattern: 'a+' },
    },
  });
  const after = plane({
    operations: { Get: { input: 'GetRequest' }, Reset: { input: 'ResetRequest' } },
    shapes: {
      GetRequest: { members: { name: { shape: 'Name' }, vault: { shape: 'Vault' } } },
      Name: { enum: ['c', 'b'] },
      Url: { pattern: 'b+', max: 7 },
    },
  });
  expect(modelChanges(model(before), model(before))).toEqual([]);
  expect(modelChanges(model(before), model(after))).toEqual([
    'control_plane.operations.Reset: new',
    'control_plane.shapes.GetRequest.members.vault: new',
    'control_plane.shapes.Gone: removed',
    'control_plane.shapes.Name.enum: new "c"',
    'control_plane.shapes.Name.enum: no longer "a"',
    'control_plane.shapes.Url.max: new 7',
    'control_plane.shapes.Url.pattern: "a+" is now "b+"',
  ]);
});
