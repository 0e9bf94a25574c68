import { duplicate, invalidValue, notSupported, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, booleanColumn, nameColumn, textColumn, unset } from '../../columns.js'
import { oneOf, unchanged } from '../../field-rules.js'
import { CSIDriver } from './csi-driver.js'

const at = root.child('spec')

export const csiDrivers: Resource<CSIDriver> = resource(CSIDriver, {
  deleteAnswersObject: true,
  columns: [
    nameColumn,
    booleanColumn('AttachRequired', ({ spec }) => spec.attachRequired ?? true, { field: 'spec.attachRequired' }),
    booleanColumn('PodInfoOnMount', ({ spec }) => spec.podInfoOnMount ?? false, { field: 'spec.podInfoOnMount' }),
    booleanColumn('StorageCapacity', ({ spec }) => spec.storageCapacity ?? false, { field: 'spec.storageCapacity' }),
    textColumn('TokenRequests', ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? unset, {
      field: 'spec.tokenRequests',
    }),
    booleanColumn('RequiresRepublish', ({ spec }) => spec.requiresRepublish ?? false, {
      field: 'spec.requiresRepublish',
    }),
    textColumn('Modes', ({ spec }) => (spec.volumeLifecycleModes ?? []).join(','), {
      field: 'spec.volumeLifecycleModes',
    }),
    ageColumn,
  ],
  defaults({ spec }) {
    spec.attachRequired ??= true
    spec.podInfoOnMount ??= false
    spec.storageCapacity ??= false
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent']
    spec.requiresRepublish ??= false
    spec.seLinuxMount ??= false
  },
  strategy: {
    unconditionalUpdate: false,
    prepareForCreate({ spec }) {
      delete spec.preventPodSchedulingIfMissing
    },
    prepareForUpdate(draft, old) {
      // A field of a feature that is off.
      if (old.spec.preventPodSchedulingIfMissing === undefined) delete draft.spec.preventPodSchedulingIfMissing
      // Drivers begin without a generation; changes are counted from nought.
      if (!jsonEqual(draft.spec, old.spec)) draft.metadata.generation = (old.metadata.generation ?? 0) + 1
    },
    validate,
    validateUpdate: (now, old) => [
      ...validate(now),
      ...unchanged(now.spec.attachRequired, old.spec.attachRequired, at.child('attachedRequired')),
      ...unchanged(now.spec.volumeLifecycleModes, old.spec.volumeLifecycleModes, at.child('volumeLifecycleModes')),
    ],
  },
})

const shortestToken = 600
const longestToken = 2 ** 32
const shortestPeriod = 10

function validate({ spec }: CSIDriver): FieldError[] {
  const errors: FieldError[] = []
  if (spec.attachRequired === undefined) errors.push(required(at.child('attachedRequired')))
  if (spec.podInfoOnMount === undefined) errors.push(required(at.child('podInfoOnMount')))
  if (spec.storageCapacity === undefined) errors.push(required(at.child('storageCapacity')))
  errors.push(...oneOf(spec.fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType'], at.child('fsGroupPolicy')))
  const audiences = new Set<string>()
  spec.tokenRequests?.forEach(({ audience, expirationSeconds: seconds }, i) => {
    {
      const here = at.child('tokenRequests').index(i)
      if (audiences.has(audience)) errors.push(duplicate(here.child('audience'), audience))
      audiences.add(audience)
      if (seconds === undefined) return
      if (seconds < shortestToken)
        errors.push(
          invalidValue(here.child('expirationSeconds'), seconds, 'may not specify a duration less than 10 minutes'),
        )
      if (seconds > longestToken)
        errors.push(
          invalidValue(here.child('expirationSeconds'), seconds, 'may not specify a duration larger than 2^32 seconds'),
        )
    }
  })
  if (spec.serviceAccountTokenInSecrets !== undefined && !spec.tokenRequests?.length)
    errors.push(
      invalidValue(
        at.child('serviceAccountTokenInSecrets'),
        spec.serviceAccountTokenInSecrets,
        'may only be set when tokenRequests is configured',
      ),
    )
  for (const mode of spec.volumeLifecycleModes ?? [])
    if (mode !== 'Persistent' && mode !== 'Ephemeral')
      errors.push(notSupported(at.child('volumeLifecycleModes'), mode, ['Persistent', 'Ephemeral']))
  const period = spec.nodeAllocatableUpdatePeriodSeconds
  if (period !== undefined && period < shortestPeriod)
    errors.push(
      invalidValue(
        at.child('nodeAllocatableUpdatePeriodSeconds'),
        period,
        `must be greater than or equal to ${shortestPeriod} seconds`,
      ),
    )
  if (spec.seLinuxMount === undefined) errors.push(required(at.child('seLinuxMount')))
  return errors
}
