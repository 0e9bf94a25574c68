import { invalidValue, required } from '../../../machinery/field-errors.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateValidation } from '../schema/validate-schema.js'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from './custom-resource-definition.js'
import { type Hoisted, hoistedOf, shownVersions } from './internal-form.js'
import { validateConversion } from './validate-conversion.js'
import { validateGroup, validateIdentity, validateNames, validateScope, validateVersionName } from './validate-names.js'
import { validateColumn, validateSelectableFields, validateSubresources } from './validate-parts.js'

const specPath = root.child('spec')

/** Rules for a new definition. */
export function validateDefinition(definition: CustomResourceDefinition): FieldError[] {
  const { metadata, spec } = definition
  const errors: FieldError[] = []
  const { name = '' } = metadata
  if (name !== `${spec.names.plural}.${spec.group}`)
    errors.push(invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group'))
  return [...errors, ...validateContents(definition)]
}

/** Rules for a changed definition. */
export function validateDefinitionUpdate(
  definition: CustomResourceDefinition,
  old: CustomResourceDefinition,
): FieldError[] {
  return validateContents(definition, old)
}

function validateContents(definition: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  const { spec, status } = definition
  return [
    ...validateSpec(spec, specPath),
    ...(old ? validateIdentity(definition, old.spec, specPath) : []),
    ...validateStoredVersions(status.storedVersions, spec, root.child('status', 'storedVersions')),
    ...validateApproval(definition, old),
    ...(spec.preserveUnknownFields && !old?.spec.preserveUnknownFields
      ? [
          invalidValue(
            specPath.child('preserveUnknownFields'),
            true,
            'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
          ),
        ]
      : []),
  ]
}

function validateSpec(spec: CustomResourceDefinitionSpec, path: FieldPath): FieldError[] {
  const versions = spec.versions ?? []
  const hoisted = hoistedOf(spec)
  const errors = [...validateGroup(spec.group, path.child('group')), ...validateScope(spec.scope, path.child('scope'))]
  versions.forEach(({ schema }, i) => {
    if (!schema?.openAPIV3Schema)
      errors.push(required(path.child('versions').index(i).child('schema', 'openAPIV3Schema')))
  })
  versions.forEach((version, i) => {
    errors.push(...validateVersion(version, hoisted, path.child('versions').index(i)))
  })
  const shown = (detail: string) =>
    errors.push(invalidValue(path.child('versions'), shownVersions(spec, hoisted), detail))
  if (new Set(versions.map(({ name }) => name)).size < versions.length) shown('must contain unique version names')
  if (versions.filter(({ storage }) => storage).length !== 1)
    shown('must have exactly one version marked as storage version')
  const [first] = versions
  if (first) errors.push(...validateVersionName(first.name, path.child('version')))
  errors.push(...validateNames(spec.names, path.child('names')))
  // What all versions share is found in upstream's memory above them, under names that only it has.
  errors.push(...validateShared(hoisted, path))
  errors.push(...validateConversion(spec.conversion, path.child('conversion')))
  return errors
}

function validateShared(hoisted: Hoisted, path: FieldPath): FieldError[] {
  const { schema, subresources, additionalPrinterColumns = [], selectableFields } = hoisted
  return [
    ...(schema ? validateValidation(schema, subresources?.status !== undefined, path.child('validation')) : []),
    ...validateSubresources(subresources, path.child('subresources')),
    ...additionalPrinterColumns.flatMap((column, i) =>
      validateColumn(column, path.child('additionalPrinterColumns').index(i)),
    ),
    ...validateSelectableFields(selectableFields, schema?.openAPIV3Schema, path.child('selectableFields')),
  ]
}

function validateVersion(version: CustomResourceDefinitionVersion, hoisted: Hoisted, path: FieldPath): FieldError[] {
  const errors = validateVersionName(version.name, path.child('name'))
  for (const message of deprecationFaults(version))
    errors.push(invalidValue(path.child('deprecationWarning'), version.deprecationWarning, message))
  const { schema, subresources, additionalPrinterColumns = [], selectableFields } = version
  if (!hoisted.schema && schema)
    errors.push(...validateValidation(schema, subresources?.status !== undefined, path.child('schema')))
  if (!hoisted.subresources) errors.push(...validateSubresources(subresources, path.child('subresources')))
  if (!hoisted.additionalPrinterColumns)
    additionalPrinterColumns.forEach((column, i) => {
      errors.push(...validateColumn(column, path.child('additionalPrinterColumns').index(i)))
    })
  if (!hoisted.selectableFields)
    errors.push(...validateSelectableFields(selectableFields, schema?.openAPIV3Schema, path.child('selectableFields')))
  return errors
}

const longestWarning = 256

function deprecationFaults({ deprecated, deprecationWarning: text }: CustomResourceDefinitionVersion): string[] {
  if (text === undefined) return []
  if (!deprecated) return ['can only be set for deprecated versions']
  const faults: string[] = []
  if (Buffer.byteLength(text) > longestWarning) faults.push(`must be <= ${longestWarning} characters long`)
  if (text === '') faults.push('must not be an empty string')
  const at = text.search(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u)
  if (at >= 0) faults.push(`must only contain printable UTF-8 characters; non-printable character found at index ${at}`)
  return faults
}

function validateStoredVersions(
  stored: readonly string[] | null,
  spec: CustomResourceDefinitionSpec,
  path: FieldPath,
): FieldError[] {
  if (!stored?.length) return [invalidValue(path, stored, 'must have at least one stored version')]
  const versions = spec.versions ?? []
  const missing = versions.filter(({ storage, name }) => storage && !stored.includes(name))
  return [
    ...missing.map(({ name }) => invalidValue(path, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((name, i) =>
      versions.some(version => version.name === name)
        ? []
        : [
            invalidValue(
              path.index(i),
              name,
              `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
            ),
          ],
    ),
  ]
}

const approval = 'api-approved.kubernetes.io'
const policy = 'see https://github.com/kubernetes/enhancements/pull/1111'

/** Groups of Kubernetes' own need its leave, or to say that they have none. */
function validateApproval({ metadata, spec }: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group)) return []
  const text = metadata.annotations?.[approval] ?? ''
  if (old && (old.metadata.annotations?.[approval] ?? '') === text) return []
  const path = root.child('metadata', 'annotations').key(approval)
  const must = `protected groups must have approval annotation ${JSON.stringify(approval)}`
  if (text === '') return [required(path, `${must}, ${policy}`)]
  if (text.startsWith('unapproved') || URL.canParse(text)) return []
  return [invalidValue(path, text, `${must} with either a URL or a reason starting with "unapproved", ${policy}`)]
}
