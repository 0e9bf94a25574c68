import type { GroupVersionKind, MessageSchema } from '../../../schema/index.js'

export type Method = 'get' | 'put' | 'post' | 'delete' | 'options' | 'head' | 'patch'

export interface Parameter {
  readonly name: string
  readonly in: 'query' | 'path'
  readonly type: 'string' | 'boolean' | 'integer'
  readonly description?: string
}

/** A message of ours, any text, or a definition by its OpenAPI name, whose schema a custom resource brings along. */
export type Shape = MessageSchema | 'text' | { readonly definition: string }

export interface Answer {
  readonly description: string
  readonly shape?: Shape
}

/** One operation of the API, from which both versions of OpenAPI are written. */
export interface Operation {
  readonly method: Method
  readonly id: string
  readonly description?: string
  readonly tag: string
  readonly parameters: readonly Parameter[]
  readonly body?: { readonly shape: Shape; readonly required: boolean }
  /** Media types of the body; OpenAPI v2 names them even where there is none. */
  readonly consumes: readonly string[]
  readonly produces: readonly string[]
  /** By status code. */
  readonly answers: { readonly [status: number]: Answer }
  /** `x-kubernetes-action` */
  readonly action?: string
  readonly gvk?: GroupVersionKind
}

/** The operations of a path, by path. */
export interface Paths {
  readonly [path: string]: readonly Operation[]
}

export const anything: readonly string[] = ['*/*']
export const ok = (shape?: Shape): Answer => ({ description: 'OK', ...(shape ? { shape } : {}) })
export const created = (shape: Shape): Answer => ({ description: 'Created', shape })
export const accepted = (shape: Shape): Answer => ({ description: 'Accepted', shape })
export const unauthorized: Answer = { description: 'Unauthorized' }

/** Splits off what all operations of a path have in common; both parts sorted by name. */
export function shareParameters(operations: readonly Operation[]): {
  readonly shared: readonly Parameter[]
  readonly own: (operation: Operation) => readonly Parameter[]
} {
  const key = ({ in: where, name }: Parameter): string => `${name}/${where}`
  const counts = new Map<string, number>()
  for (const { parameters } of operations)
    for (const parameter of parameters) counts.set(key(parameter), (counts.get(key(parameter)) ?? 0) + 1)
  const isShared = (parameter: Parameter): boolean => counts.get(key(parameter)) === operations.length
  const sorted = (parameters: readonly Parameter[]) => parameters.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
  return {
    shared: sorted((operations[0]?.parameters ?? []).filter(isShared)),
    own: ({ parameters }) => sorted(parameters.filter(parameter => !isShared(parameter))),
  }
}
