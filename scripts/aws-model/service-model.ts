/** The AWS service model of the identity operations, as data; test/shapes/README.md describes its source. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A reference to a shape, from a member, a list or a map. */
export interface ShapeReference {
  readonly shape: string;
  /** Where a member travels when it is not in the body. */
  readonly location?: 'uri' | 'querystring';
}

export interface StringShape {
  readonly type: 'string';
  readonly min?: number;
  readonly max?: number;
  /** For the whole value. */
  readonly pattern?: string;
  readonly enum?: readonly string[];
}

/** A double of this service is whole. */
export interface NumberShape {
  readonly type: 'integer' | 'double';
  readonly min: number;
  readonly max: number;
}

export interface ListShape {
  readonly type: 'list';
  readonly min?: number;
  readonly max?: number;
  readonly member: ShapeReference;
}

export interface MapShape {
  readonly type: 'map';
  readonly min?: number;
  readonly max?: number;
  readonly key: ShapeReference;
  readonly value: ShapeReference;
}

export interface StructureShape {
  readonly type: 'structure';
  readonly union?: boolean;
  readonly required?: readonly string[];
  readonly members: Readonly<Record<string, ShapeReference>>;
  /** HTTP status, for an exception. */
  readonly error?: { readonly httpStatusCode: number };
}

export type Shape =
  | StringShape
  | NumberShape
  | { readonly type: 'boolean' }
  /** Without a format, in epoch seconds. */
  | { readonly type: 'timestamp'; readonly timestampFormat?: 'iso8601' }
  | ListShape
  | MapShape
  | StructureShape;

export interface ModelledOperation {
  readonly name: string;
  readonly plane: 'control_plane' | 'data_plane';
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly inputShape: string;
  readonly input: StructureShape;
  /** Absent for an operation whose response has no members. */
  readonly outputShape?: string;
  readonly errors: readonly string[];
}

interface Plane {
  readonly operations: Readonly<
    Record<
      string,
      {
        readonly http: {
          readonly method: string;
          readonly requestUri: string;
          readonly responseCode: number;
        };
        readonly input: string;
        readonly output?: string;
        readonly errors: readonly string[];
      }
    >
  >;
  readonly shapes: Readonly<Record<string, Shape>>;
}

type Model = Readonly<Record<ModelledOperation['plane'], Plane>>;

const MODEL = JSON.parse(readFileSync(join(__dirname, 'identity-shapes.json'), 'utf8')) as Model;

/** Where the two planes both have a shape, they have the same one. */
const SHAPES = { ...MODEL.control_plane.shapes, ...MODEL.data_plane.shapes };

/** @throws Error for a name that the model does not have */
export function shapeOf({ shape }: ShapeReference): Shape {
  const found = SHAPES[shape];
  if (!found) throw new Error(`the service model has no shape ${shape}`);
  return found;
}

function operationsOf(plane: ModelledOperation['plane']): ModelledOperation[] {
  return Object.entries(MODEL[plane].operations).map(([name, { http, input, output, errors }]) => ({
    name,
    plane,
    method: http.method,
    path: http.requestUri,
    status: http.responseCode,
    inputShape: input,
    input: shapeOf({ shape: input }) as StructureShape,
    ...(output !== undefined && { outputShape: output }),
    errors,
  }));
}

/** The AWS identity operations, control plane first. */
export const MODELLED_OPERATIONS: readonly ModelledOperation[] = [
  ...operationsOf('control_plane'),
  ...operationsOf('data_plane'),
];
