import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { Draft } from '../../../schema/index.js'
import { keepStatus } from '../../status-apart.js'
import { formatWarnings } from '../schema/format-warnings.js'
import { CustomResourceDefinition } from './custom-resource-definition.js'
import { validateDefinition, validateDefinitionUpdate } from './validate-definition.js'

/** Holds a deleted definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

export const customResourceDefinitions: Resource<CustomResourceDefinition> = resource(CustomResourceDefinition, {
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  storagePrefix: 'apiextensions.k8s.io/customresourcedefinitions',
  subresources: [statusView()],
  defaults({ spec }) {
    const { names } = spec
    names.singular ||= names.kind.toLowerCase()
    names.listKind ||= names.kind ? `${names.kind}List` : ''
    spec.conversion ??= { strategy: 'None' }
  },
  strategy: {
    bareFinalizers: true,
    generation: true,
    unconditionalUpdate: false,
    resetFields: ['status'],
    validate: validateDefinition,
    validateUpdate: validateDefinitionUpdate,
    warnings: formatWarnings,
    // Its objects go first.
    specFinalizers: ({ metadata }) => (metadata.deletionTimestamp ? [] : [cleanupFinalizer]),
    markDeleted,
    prepareForCreate(draft) {
      const stored = draft.spec.versions?.find(({ storage }) => storage)?.name
      draft.status = {
        conditions: null as never,
        acceptedNames: { plural: '', kind: '' },
        storedVersions: stored ? [stored] : (null as never),
      }
    },
    prepareForUpdate(draft, old) {
      keepStatus(draft, old)
      const stored = draft.spec.versions?.find(({ storage }) => storage)?.name
      const known = draft.status.storedVersions ?? []
      if (stored && !known.includes(stored)) draft.status = { ...draft.status, storedVersions: [...known, stored] }
    },
  },
})

function markDeleted(draft: Draft<CustomResourceDefinition>): void {
  const metadata = draft.metadata as { finalizers?: string[]; deletionTimestamp?: string; generation?: number }
  if (!metadata.finalizers?.includes(cleanupFinalizer))
    metadata.finalizers = [...(metadata.finalizers ?? []), cleanupFinalizer]
  const terminating = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    lastTransitionTime: metadata.deletionTimestamp ?? null,
  }
  const others = (draft.status.conditions ?? []).filter(({ type }) => type !== 'Terminating')
  draft.status = { ...draft.status, conditions: [...others, terminating] as never }
}
