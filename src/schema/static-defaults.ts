import { formOf } from './choice.js'
import type { AnySchema, Draft, Field, MessageSchema } from './types.js'
import { jsonFields, reachableMessages, resolve } from './walk.js'
import { isZeroScalar } from './zero.js'

type Values = { [name: string]: unknown }
type Apply = (value: unknown) => void

const appliers = new WeakMap<MessageSchema, Apply | null>()

/**
 * Gives every unset field that declares a static `default` that value, at any depth, in place; returns the draft. A
 * field that cannot tell unset from zero (anything but `pointer` and `nullable`) counts as unset when it is zero.
 */
export function applyStaticDefaults<T>(schema: MessageSchema<T, unknown>, draft: Draft<T>): Draft<T> {
  if (schema.decoder) schema.decoder.applyDefaults(draft as object)
  else applierOf(schema as MessageSchema)?.(draft)
  return draft
}

/** Compiled on first use; nothing at all where neither the message nor any it refers to declares a default. */
function applierOf(message: MessageSchema): Apply | undefined {
  const known = appliers.get(message)
  if (known !== undefined) return known ?? undefined
  const needed = reachableMessages(message).some(reached => Object.values(reached.fields).some(hasDefault))
  let steps: readonly Apply[] | undefined
  const apply: Apply = value => {
    if (formOf(value) !== 'object') return
    steps ??= compile(message)
    for (const step of steps) step(value)
  }
  appliers.set(message, needed ? apply : null)
  return needed ? apply : undefined
}

/** `{}`, `''`, 0 and false are published but change nothing: they are what an unset field shows anyway. */
function hasDefault({ default: value }: Field<AnySchema>): boolean {
  if (value === undefined || value === null || isZeroScalar(value)) return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}

function compile(message: MessageSchema): readonly Apply[] {
  return jsonFields(message).flatMap(({ name, field }) => {
    const below = applyBelow(field.schema)
    const steps: Apply[] = []
    if (hasDefault(field)) steps.push(setDefault(name, field))
    if (below)
      steps.push(value => {
        const held = (value as Values)[name]
        if (held !== undefined && held !== null) below(held)
      })
    return steps
  })
}

function setDefault(name: string, { presence, default: given }: Field<AnySchema>): Apply {
  const zeroIsUnset = presence !== 'pointer' && presence !== 'nullable'
  return value => {
    const values = value as Values
    const held = values[name]
    if (held === undefined || held === null || (zeroIsUnset && isZeroScalar(held)))
      values[name] = typeof given === 'object' ? structuredClone(given) : given
  }
}

function applyBelow(schema: AnySchema): Apply | undefined {
  const resolved = resolve(schema)
  switch (resolved.kind) {
    case 'message':
      return resolved.choice ? undefined : applierOf(resolved)
    case 'list': {
      const below = applyBelow(resolved.item)
      return below && (value => (value as readonly unknown[]).forEach(below))
    }
    case 'map': {
      const below = applyBelow(resolved.value)
      return below && (value => Object.values(value as Values).forEach(below))
    }
    default:
      return undefined
  }
}
