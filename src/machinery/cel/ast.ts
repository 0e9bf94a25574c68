/** A parsed expression. `offset` is where errors about it point: of an operator its sign, of a call its parenthesis. */
export type Expr = { readonly offset: number } & (
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'ident'; readonly name: string }
  | {
      readonly kind: 'select'
      readonly operand: Expr
      readonly field: string
      /** `a.?b`: an optional of the field. */
      readonly optional: boolean
    }
  /** `has(a.b)` */
  | { readonly kind: 'has'; readonly operand: Expr; readonly field: string }
  | {
      readonly kind: 'call'
      /** Operators are functions of the name cel-go gives them: `_+_`, `!_`, `_?_:_`, `_[_]`, `@in`. */
      readonly name: string
      readonly target: Expr | undefined
      readonly args: readonly Expr[]
    }
  | { readonly kind: 'list'; readonly items: readonly Expr[]; readonly optionals: ReadonlySet<number> }
  | { readonly kind: 'map'; readonly entries: readonly MapEntry[] }
  | { readonly kind: 'struct'; readonly type: string; readonly fields: readonly StructField[] }
  | Comprehension
  | { readonly kind: 'bind'; readonly name: string; readonly value: Expr; readonly body: Expr }
)

export interface Literal {
  readonly type: 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes'
  readonly value: null | boolean | bigint | number | string | Uint8Array
}

export interface MapEntry {
  readonly key: Expr
  readonly value: Expr
  readonly optional: boolean
}

export interface StructField {
  readonly name: string
  readonly value: Expr
  readonly optional: boolean
  readonly offset: number
}

export type ComprehensionMacro =
  | 'all'
  | 'exists'
  | 'existsOne'
  | 'map'
  | 'filter'
  | 'transformList'
  | 'transformMap'
  | 'transformMapEntry'
  | 'optMap'
  | 'optFlatMap'

/** A macro over the items of a list or keys of a map; with two variables over index and item, or key and value. */
export interface Comprehension {
  readonly kind: 'comprehension'
  readonly macro: ComprehensionMacro
  readonly range: Expr
  readonly variables: readonly string[]
  /** Of `map` and `transform...` with a filter. */
  readonly filter: Expr | undefined
  /** The predicate, or what is made of each item. */
  readonly body: Expr
}

export type ComprehensionExpr = Extract<Expr, { readonly kind: 'comprehension' }>
export type CallExpr = Extract<Expr, { readonly kind: 'call' }>
