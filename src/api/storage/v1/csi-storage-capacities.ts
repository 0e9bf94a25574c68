import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import { nodeSelectorWarnings } from '../../core/v1/node-label-warnings.js'
import { nonNegativeQuantity, subdomainName, unchanged } from '../../field-rules.js'
import { CSIStorageCapacity } from './csi-storage-capacity.js'

export const csiStorageCapacities: Resource<CSIStorageCapacity> = resource(CSIStorageCapacity, {
  strategy: {
    unconditionalUpdate: false,
    validate,
    validateUpdate: (now, old) => [
      ...validate(now),
      ...unchanged(now.nodeTopology, old.nodeTopology, root.child('nodeTopology')),
      ...unchanged(now.storageClassName, old.storageClassName, root.child('storageClassName')),
    ],
    warnings: ({ nodeTopology }) =>
      nodeTopology ? nodeSelectorWarnings(nodeTopology, root.child('nodeTopology')) : [],
  },
})

function validate({ storageClassName, nodeTopology, capacity, maximumVolumeSize }: CSIStorageCapacity): FieldError[] {
  const errors = subdomainName(storageClassName, root.child('storageClassName'))
  for (const [field, quantity] of Object.entries({ capacity, maximumVolumeSize }))
    if (quantity !== undefined) errors.push(...nonNegativeQuantity(quantity, root.child(field)))
  return [...errors, ...validateLabelSelector(nodeTopology, root.child('nodeTopology'))]
}
