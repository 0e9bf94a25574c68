import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import { keepStatus } from '../../status-apart.js'
import { CustomResourceDefinition } from './custom-resource-definition.js'

export const customResourceDefinitions: Resource<CustomResourceDefinition> = resource(CustomResourceDefinition, {
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  storagePrefix: 'apiextensions.k8s.io/customresourcedefinitions',
  subresources: [statusView({ resetFields: ['metadata', 'spec'] })],
  defaults({ spec }) {
    const { names } = spec
    names.singular ||= names.kind.toLowerCase()
    names.listKind ||= names.kind ? `${names.kind}List` : ''
    spec.conversion ??= { strategy: 'None' }
  },
  strategy: {
    generation: true,
    unconditionalUpdate: false,
    resetFields: ['status'],
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
