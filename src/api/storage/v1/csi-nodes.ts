import { duplicate, immutable, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { qualifiedName } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, numberColumn } from '../../columns.js'
import { validateCsiDriverName } from '../../core/v1/validate-volume-plugins.js'
import { nonNegative } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { CSINode, CSINodeDriver } from './csi-node.js'

const at = root.child('spec', 'drivers')
const longestNodeId = 256

export const csiNodes: Resource<CSINode> = resource(CSINode, {
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    numberColumn('Drivers', ({ spec }) => spec.drivers?.length ?? 0, {
      description: 'Drivers indicates the number of CSI drivers registered on the node',
    }),
    ageColumn,
  ],
  strategy: { unconditionalUpdate: false, validate, validateUpdate },
})

function validate({ spec: { drivers } }: CSINode): FieldError[] {
  const names = new Set<string>()
  return (drivers ?? []).flatMap(({ name, nodeID, topologyKeys, allocatable }, i) => {
    const here = at.index(i)
    const errors = validateCsiDriverName(name, here.child('name'))
    if (!nodeID) errors.push(required(here.child('nodeID')))
    if (nodeID.length > longestNodeId)
      errors.push(invalidValue(here.child('nodeID'), nodeID, `must be ${longestNodeId} characters or less`))
    errors.push(...nonNegative(allocatable?.count, here.child('allocatable', 'count')))
    if (names.has(name)) errors.push(duplicate(here.child('name'), name))
    names.add(name)
    const keys = new Set<string>()
    // Told about as of the driver, whichever of the keys it is.
    for (const key of topologyKeys ?? []) {
      if (!key) errors.push(required(here))
      if (keys.has(key)) errors.push(duplicate(here, key))
      keys.add(key)
      errors.push(...invalidValues(here, key, qualifiedName(key)))
    }
    return errors
  })
}

/** What a driver has said of its node stays until it is gone; how much it can hold may change. */
function validateUpdate(now: CSINode, old: CSINode): FieldError[] {
  const errors = validate(now)
  for (const before of old.spec.drivers ?? []) {
    const driver = now.spec.drivers?.find(({ name }) => name === before.name)
    if (!driver) continue
    const { allocatable: _now, ...fixed } = driver
    const { allocatable: _before, ...fixedBefore } = before
    if (!jsonEqual(fixed, fixedBefore)) errors.push(invalidValue(at, shownInternally(CSINodeDriver, fixed), immutable))
  }
  return errors
}
