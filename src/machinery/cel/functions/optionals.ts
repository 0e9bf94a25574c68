import { CelError, type CelValue, ListValue, none, Optional, sizeOf, Uint } from '../values.js'
import { declare } from './declare.js'

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === '') return true
  return (value instanceof Uint && value.value === 0n) || sizeOf(value) === 0
}

const present = (optional: Optional): CelValue => {
  if (optional.value === undefined) throw new CelError('optional.none() dereference')
  return optional.value
}

/** https://github.com/google/cel-go/tree/master/cel#optional-types */
export const optionalFunctions = declare({
  'optional::of(T): optional_type(T)': (value: CelValue) => new Optional(value),
  'optional::ofNonZeroValue(T): optional_type(T)': (value: CelValue) => (isZero(value) ? none : new Optional(value)),
  'optional::none(): optional_type(T)': () => none,
  'optional_type(T).hasValue(): bool': (optional: Optional) => optional.value !== undefined,
  'optional_type(T).value(): T': present,
  'optional_type(T).or(optional_type(T)): optional_type(T)': (optional: Optional, other: Optional) =>
    optional.value === undefined ? other : optional,
  'optional_type(T).orValue(T): T': (optional: Optional, other: CelValue) =>
    optional.value === undefined ? other : optional.value,
  'list(T).first(): optional_type(T)': (list: ListValue) => (list.size > 0 ? new Optional(list.get(0)) : none),
  'list(T).last(): optional_type(T)': (list: ListValue) =>
    list.size > 0 ? new Optional(list.get(list.size - 1)) : none,
  'optional::unwrap(list(optional_type(T))): list(T)': unwrapped,
  'list(optional_type(T)).unwrapOpt(): list(T)': unwrapped,
})

function unwrapped(list: ListValue): ListValue {
  return new ListValue(
    [...list].flatMap(item => (item instanceof Optional && item.value !== undefined ? [item.value] : [])),
  )
}
