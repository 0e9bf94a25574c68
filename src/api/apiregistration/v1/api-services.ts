import { rfc3339 } from '../../../machinery/clock.js'
import { invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { dns1035Label, dns1123Subdomain, pathSegmentName, portNumber } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { keepStatus } from '../../status-apart.js'
import { APIService } from './api-service.js'

export const apiServices: Resource<APIService> = resource(APIService, {
  categories: ['api-extensions'],
  storagePrefix: 'apiregistration.k8s.io/apiservices',
  columns: [
    nameColumn,
    textColumn('Service', ({ spec }) => (spec.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local'), {
      description: 'The reference to the service that hosts this API endpoint.',
    }),
    textColumn('Available', availableText, { description: 'Whether this service is available.' }),
    ageColumn,
  ],
  subresources: [statusView()],
  defaults({ spec }) {
    if (spec.service) spec.service.port ??= 443
  },
  strategy: {
    bareFinalizers: true,
    unconditionalUpdate: false,
    nameErrors: pathSegmentName,
    resetFields: ['status'],
    prepareForCreate(draft, { now }) {
      draft.status = {}
      // What this server serves itself is there as long as the server is.
      if (!draft.spec.service)
        draft.status.conditions = [
          {
            type: 'Available',
            status: 'True',
            lastTransitionTime: rfc3339(now),
            reason: 'Local',
            message: 'Local APIServices are always available',
          },
        ]
    },
    prepareForUpdate: keepStatus,
    validate,
    validateUpdate: validate,
  },
})

function availableText({ status }: APIService): string {
  const condition = status.conditions?.find(({ type }) => type === 'Available')
  if (!condition) return 'Unknown'
  return condition.status === 'True' ? 'True' : `${condition.status} (${condition.reason ?? ''})`
}

const highestGroupPriority = 20_000
const highestVersionPriority = 1000

function validate({ metadata: { name = '' }, spec }: APIService): FieldError[] {
  const at = root.child('spec')
  const { group = '', version = '', service, caBundle, insecureSkipTLSVerify = false } = spec
  const errors: FieldError[] = []
  const expected = `${version}.${group}`
  if (name !== expected)
    errors.push(
      invalidValue(root.child('metadata', 'name'), name, `must be \`spec.version+"."+spec.group\`: "${expected}"`),
    )
  if (!group && version !== 'v1')
    errors.push(required(at.child('group'), 'only v1 may have an empty group and it better be legacy kube'))
  if (group) errors.push(...invalidValues(at.child('group'), group, dns1123Subdomain(group)))
  errors.push(...invalidValues(at.child('version'), version, dns1035Label(version)))
  const limits = { groupPriorityMinimum: highestGroupPriority, versionPriority: highestVersionPriority }
  for (const field of ['groupPriorityMinimum', 'versionPriority'] as const)
    if (spec[field] <= 0 || spec[field] > limits[field])
      errors.push(invalidValue(at.child(field), spec[field], `must be positive and less than ${limits[field]}`))
  if (!service) {
    if (caBundle)
      errors.push(
        invalidValue(
          at.child('caBundle'),
          `${Buffer.byteLength(caBundle, 'base64')} bytes`,
          'local APIServices may not have a caBundle',
        ),
      )
    if (insecureSkipTLSVerify)
      errors.push(
        invalidValue(at.child('insecureSkipTLSVerify'), true, 'local APIServices may not have insecureSkipTLSVerify'),
      )
    return errors
  }
  const here = at.child('service')
  if (!service.namespace) errors.push(required(here.child('namespace')))
  if (!service.name) errors.push(required(here.child('name')))
  const port = service.port ?? 443
  errors.push(
    ...invalidValues(
      here.child('port'),
      port,
      portNumber(port).map(message => `port is not valid: ${message}`),
    ),
  )
  if (insecureSkipTLSVerify && caBundle)
    errors.push(invalidValue(at.child('insecureSkipTLSVerify'), true, 'may not be true if caBundle is present'))
  return errors
}
