import { immutable, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { dns1035Label, dns1123Subdomain } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { nameColumn, textColumn } from '../../columns.js'
import { validateConditions } from '../../condition-rules.js'
import { shownInternally } from '../../internal-form.js'
import { statusApart } from '../../status-apart.js'
import { StorageVersionMigration, StorageVersionMigrationSpec } from './storage-version-migration.js'

export const storageVersionMigrations: Resource<StorageVersionMigration> = resource(StorageVersionMigration, {
  columns: [
    nameColumn,
    textColumn('Resource', ({ spec }) => [spec.resource.resource, spec.resource.group].filter(Boolean).join('.'), {
      description: 'The resource to migrate, with its group',
    }),
  ],
  subresources: [
    statusView({
      validateUpdate: validateStatus,
      keepsMetadata: ['labels', 'annotations', 'finalizers', 'ownerReferences'],
      resetFields: ['metadata', 'spec'],
    }),
  ],
  strategy: {
    ...statusApart(),
    unconditionalUpdate: false,
    validate,
    validateUpdate: (now, old) => [
      ...validate(now),
      ...(jsonEqual(now.spec, old.spec)
        ? []
        : [invalidValue(root.child('spec'), shownInternally(StorageVersionMigrationSpec, now.spec), immutable)]),
    ],
  },
})

function validate({ spec }: StorageVersionMigration): FieldError[] {
  const { group, resource: plural } = spec.resource
  const at = root.child('spec', 'resource')
  return [
    ...(plural
      ? joined(at.child('resource'), plural, dns1035Label(plural))
      : [required(at.child('resource'), 'resource is required to be set')]),
    ...(group ? joined(at.child('group'), group, dns1123Subdomain(group)) : []),
  ]
}

/** All that is wrong with a value, as one error. */
const joined = (at: ReturnType<typeof root.child>, value: string, messages: readonly string[]): FieldError[] =>
  invalidValues(at, value, messages.length > 0 ? [messages.join(',')] : [])

/** Written by controllers: a migration that has come to its end stays there, and goes by the version it began with. */
function validateStatus(
  { status }: StorageVersionMigration,
  { status: before }: StorageVersionMigration,
): FieldError[] {
  const version = root.child('status', 'resourceVersion')
  const at = root.child('status', 'conditions')
  const { conditions, resourceVersion = '' } = status
  const now = statesOf(status)
  const was = statesOf(before)
  const wrong = (holds: boolean, detail: string): FieldError[] => (holds ? [invalidValue(at, conditions, detail)] : [])
  return [
    ...(resourceVersion === '' || /^[1-9]\d*$/.test(resourceVersion)
      ? []
      : [invalidValue(version, resourceVersion, `resource version is not well formed: ${resourceVersion}`)]),
    ...validateConditions(conditions, at),
    ...(before.resourceVersion && before.resourceVersion !== resourceVersion
      ? [invalidValue(version, resourceVersion, immutable)]
      : []),
    ...wrong(now.succeeded && now.failed, 'Both success and failed conditions cannot be true at the same time'),
    ...wrong(now.succeeded && now.running, 'Running condition cannot be true when success condition is true'),
    ...wrong(now.failed && now.running, 'Running condition cannot be true when failed condition is true'),
    ...wrong(was.succeeded && !now.succeeded, 'Success condition cannot be set to false once it is true'),
    ...wrong(was.failed && !now.failed, 'Failed condition cannot be set to false once it is true'),
  ]
}

function statesOf({ conditions }: StorageVersionMigration['status']) {
  const holds = (type: string) => conditions?.find(condition => condition.type === type)?.status === 'True'
  return { running: holds('Running'), succeeded: holds('Succeeded'), failed: holds('Failed') }
}
