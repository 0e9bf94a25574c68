import {
  forbiddenField,
  invalidValue,
  invalidValues,
  notSupported,
  required,
  Shown,
} from '../../../machinery/field-errors.js'
import { dns1123Subdomain } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import { compareQuantities, quantityValue } from '../../../machinery/quantity.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import { labelName, oneOf, positiveQuantity, requiredText, subdomainName } from '../../field-rules.js'
import type { PersistentVolumeClaimSpec } from './persistent-volume-claim.js'
import type { TypedObjectReference } from './reference.js'

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod']

/** Access modes of claims and volumes. */
export function validateAccessModes(modes: readonly string[] | undefined, at: FieldPath, detail = ''): FieldError[] {
  if (!modes?.length) return [required(at, detail)]
  const errors = modes.flatMap(mode => (accessModes.includes(mode) ? [] : [notSupported(at, mode, accessModes)]))
  if (
    modes.includes('ReadWriteOncePod') &&
    modes.some(mode => mode !== 'ReadWriteOncePod' && accessModes.includes(mode))
  )
    errors.push(forbiddenField(at, 'may not use ReadWriteOncePod with other access modes'))
  return errors
}

/** A quantity that is not negative; one that is is shown in whole units. */
export const basicQuantity = (quantity: string, at: FieldPath): FieldError[] =>
  compareQuantities(quantity, '0') < 0
    ? [invalidValue(at, quantityValue(quantity), 'must be a valid resource quantity')]
    : []

/** https://kubernetes.io/docs/concepts/storage/persistent-volumes/#persistentvolumeclaims */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, at: FieldPath): FieldError[] {
  const { resources, storageClassName, volumeMode, dataSource, dataSourceRef, volumeAttributesClassName } = spec
  const errors = [
    ...validateAccessModes(spec.accessModes, at.child('accessModes'), 'at least 1 access mode is required'),
    ...validateLabelSelector(spec.selector, at.child('selector')),
  ]
  const storage = resources.requests?.['storage']
  const here = at.child('resources').key('storage')
  errors.push(...(storage === undefined ? [required(here)] : positiveQuantity(storage, here)))
  if (storageClassName) errors.push(...subdomainName(storageClassName, at.child('storageClassName')))
  errors.push(...oneOf(volumeMode, ['Block', 'Filesystem'], at.child('volumeMode')))
  if (dataSource) errors.push(...validateDataSource(dataSource, at.child('dataSource')))
  if (dataSourceRef) errors.push(...validateDataSource(dataSourceRef, at.child('dataSourceRef')))
  // The value that is shown is a path, which has no JSON form.
  if (dataSource && dataSourceRef?.namespace)
    errors.push(invalidValue(at, new Shown('{}'), 'may not be specified when dataSourceRef.namespace is specified'))
  else if (dataSource && dataSourceRef && !sameSource(dataSource, dataSourceRef))
    errors.push(invalidValue(at, new Shown('{}'), 'must match dataSourceRef'))
  if (volumeAttributesClassName)
    errors.push(...subdomainName(volumeAttributesClassName, at.child('volumeAttributesClassName')))
  return errors
}

type Source = Omit<TypedObjectReference, 'namespace'> & { readonly namespace?: string }

const sameSource = (a: Source, b: Source): boolean =>
  a.name === b.name && a.kind === b.kind && (a.apiGroup ?? '') === (b.apiGroup ?? '')

function validateDataSource({ name, kind, apiGroup, namespace }: Source, at: FieldPath): FieldError[] {
  const errors = [...requiredText(name, at.child('name')), ...requiredText(kind, at.child('kind'))]
  if (!apiGroup && kind !== 'PersistentVolumeClaim')
    errors.push(invalidValue(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup"))
  if (apiGroup) errors.push(...invalidValues(at.child('apiGroup'), apiGroup, dns1123Subdomain(apiGroup)))
  if (namespace) errors.push(...labelName(namespace, at.child('namespace')))
  return errors
}
