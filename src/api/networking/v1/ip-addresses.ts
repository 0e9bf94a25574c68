import { immutable, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { strictIpAddress } from '../../../machinery/ip-address.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { dns1123Subdomain, pathSegmentName } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, none, textColumn } from '../../columns.js'
import { shownInternally } from '../../internal-form.js'
import { IPAddress, ParentReference } from './ip-address.js'

const at = root.child('spec', 'parentRef')

export const ipAddresses: Resource<IPAddress> = resource(IPAddress, {
  shortNames: ['ip'],
  columns: [
    nameColumn,
    textColumn('ParentRef', parentText, { field: 'spec.parentRef' }),
    { ...ageColumn, headless: true },
  ],
  strategy: {
    nameErrors: strictIpAddress,
    validate,
    validateUpdate: ({ spec: { parentRef } }, old) =>
      jsonEqual(parentRef, old.spec.parentRef)
        ? []
        : [invalidValue(at, parentRef && shownInternally(ParentReference, parentRef), immutable)],
  },
})

function parentText({ spec: { parentRef } }: IPAddress): string {
  if (!parentRef) return none
  const { group, resource: plural = '', namespace, name = '' } = parentRef
  const kind = (group ? `${plural}.${group}` : plural).toLowerCase()
  return namespace ? `${kind}/${namespace}/${name}` : `${kind}/${name}`
}

function validate({ spec: { parentRef } }: IPAddress): FieldError[] {
  if (!parentRef) return [required(at)]
  const { group, resource: plural = '', namespace, name = '' } = parentRef
  const errors = group ? invalidValues(at.child('group'), group, dns1123Subdomain(group)) : []
  for (const [field, value] of Object.entries({ resource: plural, name }))
    errors.push(
      ...(value ? invalidValues(at.child(field), value, pathSegmentName(value)) : [required(at.child(field))]),
    )
  if (namespace) errors.push(...invalidValues(at.child('namespace'), namespace, pathSegmentName(namespace)))
  return errors
}
