import { invalidValue } from '../../../machinery/field-errors.js'
import { dns1123Label } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { copyField, type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, textColumn } from '../../columns.js'
import { keepStatus } from '../../status-apart.js'
import { validateFinalizerName } from './finalizer-names.js'
import { Namespace } from './namespace.js'

const nameLabel = 'kubernetes.io/metadata.name'
const finalizer = 'kubernetes'

export const namespaces: Resource<Namespace> = resource(Namespace, {
  shortNames: ['ns'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  columns: [
    nameColumn,
    textColumn('Status', ({ status }) => status.phase ?? '', { description: 'The status of the namespace' }),
    ageColumn,
  ],
  selectableFields: { 'status.phase': ({ status }) => status.phase ?? '' },
  subresources: [
    {
      type: 'view',
      name: 'finalize',
      verbs: ['update'],
      resetFields: ['status'],
      prepareForUpdate: keepStatus,
      validateUpdate: namespace => validateFinalizers(namespace, true),
    },
    statusView({ validateUpdate: validatePhase }),
  ],
  defaults({ metadata }) {
    if (metadata.name) metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name }
  },
  strategy: {
    nameErrors: dns1123Label,
    resetFields: ['status'],
    prepareForCreate(draft) {
      draft.status = { phase: 'Active' }
      const finalizers = draft.spec.finalizers ?? []
      if (!finalizers.includes(finalizer)) draft.spec.finalizers = [...finalizers, finalizer]
    },
    prepareForUpdate(draft, old) {
      keepStatus(draft, old)
      copyField(draft.spec as Record<string, unknown>, old.spec, 'finalizers')
    },
    validate: namespace => validateFinalizers(namespace, false),
    metadataLooks: { asNew: 1 },
    // The first deletion only says that the namespace is to go, even of one that nothing holds any more.
    specFinalizers: ({ metadata, spec }) => (metadata.deletionTimestamp ? (spec.finalizers ?? []) : [finalizer]),
    markDeleted(draft) {
      draft.status.phase = 'Terminating'
    },
  },
})

function validateFinalizers({ spec }: Namespace, indexed: boolean): FieldError[] {
  const at = root.child('spec', 'finalizers')
  return (spec.finalizers ?? []).flatMap((name, i) => validateFinalizerName(name, indexed ? at.index(i) : at))
}

function validatePhase({ metadata, status }: Namespace): FieldError[] {
  const expected = metadata.deletionTimestamp ? 'Terminating' : 'Active'
  if (status.phase === expected) return []
  const state = metadata.deletionTimestamp ? 'not empty' : 'empty'
  return [
    invalidValue(
      root.child('status', 'Phase'),
      status.phase ?? '',
      `may only be '${expected}' if \`deletionTimestamp\` is ${state}`,
    ),
  ]
}
