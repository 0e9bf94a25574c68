import { required } from '../../../machinery/field-errors.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, none, textColumn } from '../../columns.js'
import { nonNegative, unchanged } from '../../field-rules.js'
import { ControllerRevision } from './controller-revision.js'

export const controllerRevisions: Resource<ControllerRevision> = resource(ControllerRevision, {
  columns: [
    nameColumn,
    textColumn('Controller', controllerText, { description: 'Controller of the object' }),
    textColumn('Revision', ({ revision }) => revision, { field: 'revision' }),
    ageColumn,
  ],
  strategy: {
    metadataLooks: { asNew: 1 },
    validate,
    validateUpdate: (revision, old) => [
      ...validate(revision),
      ...unchanged(revision.data, old.data, root.child('data')),
    ],
  },
})

/** `statefulset.apps/web`. */
function controllerText({ metadata }: ControllerRevision): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)
  if (!owner) return none
  const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : ''
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`
}

function validate({ data, revision }: ControllerRevision): FieldError[] {
  const missing = data === undefined || data === null
  return [
    ...(missing ? [required(root.child('data'), 'data is mandatory')] : []),
    ...nonNegative(revision, root.child('revision')),
  ]
}
