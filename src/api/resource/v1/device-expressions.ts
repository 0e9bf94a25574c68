import {
  bool,
  CelCompileError,
  type CelEnvironment,
  type CelType,
  compile,
  objectType,
  opaque,
  type Program,
  typeText,
} from '../../../machinery/cel/index.js'
import { forbiddenField, invalidValue } from '../../../machinery/field-errors.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'

const textOf = (maxElements: number): CelType => ({ kind: 'string', maxElements })

/** By domain, and then by what follows it. */
const byName = (value: CelType): CelType => {
  const maxElements = 32
  const ofDomain: CelType = { kind: 'map', key: textOf(32), value, maxElements }
  return { kind: 'map', key: textOf(63), value: ofDomain, maxElements }
}

/** What an expression may cost at most. */
const costLimit = 1_000_000

/** What expressions know of a device: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/ */
const environment: CelEnvironment = {
  variables: {
    device: objectType('DRADevice', {
      driver: textOf(63),
      allowMultipleAllocations: bool,
      attributes: byName({ kind: 'dyn', maxElements: 64 }),
      capacity: byName(opaque('kubernetes.Quantity')),
    }),
  },
}

/** Compiles the expression by which devices are chosen. Throws CelCompileError. */
export function compileDeviceExpression(expression: string): Program {
  const program = compile(expression, environment)
  const { kind } = program.resultType
  if (kind !== 'bool' && kind !== 'dyn')
    throw new CelCompileError(`must evaluate to bool or the unknown type, not ${typeText(program.resultType)}`)
  return program
}

export function validateDeviceExpression(expression: string, at: FieldPath): FieldError[] {
  try {
    const { estimatedCost } = compileDeviceExpression(expression)
    return estimatedCost.max > costLimit ? [forbiddenField(at, 'too complex, exceeds cost limit')] : []
  } catch (error) {
    if (error instanceof CelCompileError) return [invalidValue(at, expression, error.message)]
    throw error
  }
}
