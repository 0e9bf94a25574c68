import {
  bool,
  CelCompileError,
  type CelEnvironment,
  compile,
  dyn,
  mapOf,
  objectType,
  opaque,
  type Program,
  text,
  typeText,
} from '../../../machinery/cel/index.js'
import { invalidValue } from '../../../machinery/field-errors.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'

/** What expressions know of a device: https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/ */
const environment: CelEnvironment = {
  variables: {
    device: objectType('DRADevice', {
      driver: text,
      allowMultipleAllocations: bool,
      attributes: mapOf(text, mapOf(text, dyn)),
      capacity: mapOf(text, mapOf(text, opaque('kubernetes.Quantity'))),
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
    compileDeviceExpression(expression)
    return []
  } catch (error) {
    if (error instanceof CelCompileError) return [invalidValue(at, expression, error.message)]
    throw error
  }
}
