import {
  duplicate,
  forbiddenField,
  invalidValue,
  invalidValues,
  required,
  tooMany,
} from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { pathSegmentName } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { statusApart } from '../../status-apart.js'
import { defaultClaimSpec, validateClaimSpec } from './claim-rules.js'
import { validateDriverName, validatePoolName } from './device-rules.js'
import { ResourceClaim } from './resource-claim.js'
import { ResourceClaimTemplate } from './resource-claim-template.js'

const specAt = root.child('spec')
const statusAt = root.child('status')

export const resourceClaims: Resource<ResourceClaim> = resource(ResourceClaim, {
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    textColumn('State', stateText, {
      description: 'A summary of the current state (allocated, pending, reserved, etc.).',
    }),
    ageColumn,
  ],
  subresources: [statusView({ validateUpdate: validateStatus })],
  defaults: ({ spec }) => defaultClaimSpec(spec),
  strategy: {
    ...statusApart(),
    validate: ({ spec }) => validateClaimSpec(spec, specAt),
    validateUpdate: (claim, old) =>
      jsonEqual(claim.spec, old.spec) ? [] : [invalidValue(specAt, claim.spec, 'field is immutable')],
  },
})

export const resourceClaimTemplates: Resource<ResourceClaimTemplate> = resource(ResourceClaimTemplate, {
  deleteAnswersObject: true,
  columns: [nameColumn, ageColumn],
  defaults: ({ spec }) => defaultClaimSpec(spec.spec),
  strategy: {
    validate: ({ spec }) => validateClaimSpec(spec.spec, specAt.child('spec')),
    validateUpdate: (template, old) =>
      jsonEqual(template.spec, old.spec) ? [] : [invalidValue(specAt, template.spec, 'field is immutable')],
  },
})

function stateText({ metadata, status }: ResourceClaim): string {
  const states: string[] = []
  if (metadata.deletionTimestamp) states.push('deleted')
  if (!status.allocation) {
    if (!metadata.deletionTimestamp) states.push('pending')
  } else {
    states.push('allocated')
    if (status.reservedFor?.length) states.push('reserved')
  }
  return states.join(',')
}

const mostConsumers = 256

function validateStatus({ spec, status, metadata }: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { allocation, reservedFor = [] } = status
  const errors: FieldError[] = []
  const here = statusAt.child('reservedFor')
  if (reservedFor.length > mostConsumers) errors.push(tooMany(here, reservedFor.length, mostConsumers))
  reservedFor.forEach(({ resource: plural, name, uid }, i) => {
    {
      const at = here.index(i)
      for (const [field, value] of Object.entries({ resource: plural, name, uid }))
        if (!value) errors.push(required(at.child(field)))
      if (name) errors.push(...invalidValues(at.child('name'), name, pathSegmentName(name)))
      if (reservedFor.findIndex(each => each.uid === uid) < i) errors.push(duplicate(at.child('uid'), uid))
    }
  })
  if (reservedFor.length > 0) {
    if (!allocation) errors.push(forbiddenField(here, 'may not be specified when `allocated` is not set'))
    const added = reservedFor.some(({ uid }) => !old.status.reservedFor?.some(each => each.uid === uid))
    if (metadata.deletionTimestamp && added)
      errors.push(forbiddenField(here, 'new reservations may not be added while `deletionTimestamp` is set'))
  }
  if (old.status.allocation && allocation && !jsonEqual(old.status.allocation, allocation))
    errors.push(invalidValue(statusAt.child('allocation'), allocation, 'field is immutable'))
  const requests = new Set(
    (spec.devices.requests ?? []).flatMap(({ name, firstAvailable = [] }) => [
      name,
      ...firstAvailable.map(each => `${name}/${each.name}`),
    ]),
  )
  allocation?.devices.results?.forEach(({ request, driver, pool, device }, i) => {
    {
      const at = statusAt.child('allocation', 'devices', 'results').index(i)
      if (!requests.has(request))
        errors.push(
          invalidValue(
            at.child('request'),
            request,
            "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
          ),
        )
      errors.push(...validateDriverName(driver, at.child('driver')), ...validatePoolName(pool, at.child('pool')))
      if (!device) errors.push(required(at.child('device')))
    }
  })
  return errors
}
