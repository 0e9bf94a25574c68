import { invalidValue, invalidValues, required, tooLong } from '../../../machinery/field-errors.js'
import { qualifiedName } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'

const mostParameters = 512
const longestParameters = 256 * 1024

/** Who makes the volumes of a class: a qualified name, in whatever case. */
export function validateProvisioner(provisioner: string | undefined, at: FieldPath): FieldError[] {
  if (!provisioner) return [required(at)]
  const name = provisioner.toLowerCase()
  return invalidValues(at, name, qualifiedName(name))
}

/** Parameters of a storage class, which only its provisioner understands. */
export function validateParameters(
  parameters: { readonly [key: string]: string } | undefined,
  at: FieldPath,
  isRequired = false,
): FieldError[] {
  const entries = Object.entries(parameters ?? {})
  if (entries.length > mostParameters) return [tooLong(at, mostParameters)]
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value] of entries) {
    if (!key) errors.push(invalidValue(at, key, 'field can not be empty.'))
    size += Buffer.byteLength(key) + Buffer.byteLength(value)
  }
  if (size > longestParameters) errors.push(tooLong(at, longestParameters))
  if (isRequired && entries.length === 0) errors.push(required(at, 'must contain at least one key/value pair'))
  return errors
}
