import { immutable, invalidValue } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { validateTemplateMetadata } from '../../core/v1/validate-volumes.js'
import { shownInternally } from '../../internal-form.js'
import { statusApart } from '../../status-apart.js'
import { defaultClaimSpec, validateClaimSpec } from './claim-rules.js'
import { forgetReturnedDevices, validateClaimStatus } from './claim-status.js'
import { ResourceClaim } from './resource-claim.js'
import { ResourceClaimSpec } from './resource-claim-spec.js'
import { ResourceClaimTemplate, ResourceClaimTemplateSpec } from './resource-claim-template.js'

const specAt = root.child('spec')

export const resourceClaims: Resource<ResourceClaim> = resource(ResourceClaim, {
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    textColumn('State', stateText, {
      description: 'A summary of the current state (allocated, pending, reserved, etc.).',
    }),
    ageColumn,
  ],
  subresources: [statusView({ validateUpdate: validateClaimStatus, prepareForUpdate: forgetReturnedDevices })],
  defaults: ({ spec }) => defaultClaimSpec(spec),
  strategy: {
    ...statusApart(),
    validate: ({ spec }) => validateClaimSpec(spec, specAt),
    validateUpdate: (claim, old) =>
      jsonEqual(claim.spec, old.spec)
        ? []
        : [invalidValue(specAt, shownInternally(ResourceClaimSpec, claim.spec), immutable)],
  },
})

export const resourceClaimTemplates: Resource<ResourceClaimTemplate> = resource(ResourceClaimTemplate, {
  deleteAnswersObject: true,
  columns: [nameColumn, ageColumn],
  defaults: ({ spec }) => defaultClaimSpec(spec.spec),
  strategy: {
    validate: ({ spec }) => [
      ...validateTemplateMetadata(spec.metadata, specAt.child('metadata')),
      ...validateClaimSpec(spec.spec, specAt.child('spec')),
    ],
    validateUpdate: (template, old) =>
      jsonEqual(template.spec, old.spec)
        ? []
        : [invalidValue(specAt, shownInternally(ResourceClaimTemplateSpec, template.spec), immutable)],
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
