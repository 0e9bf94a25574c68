import { forbiddenField, invalidValue, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageColumn, nameColumn, none, textColumn } from '../../columns.js'
import { oneOf } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { statusApart } from '../../status-apart.js'
import { validateFlowConditions } from './flow-conditions.js'
import { mandatoryPriorityLevels } from './mandatory-objects.js'
import {
  type LimitedPriorityLevelConfiguration,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  type QueuingConfiguration,
} from './priority-level-configuration.js'

const queuing = (name: string, field: keyof QueuingConfiguration & string) =>
  textColumn<PriorityLevelConfiguration>(name, ({ spec }) => spec.limited?.limitResponse.queuing?.[field] ?? none, {
    field: `spec.limited.limitResponse.queuing.${field}`,
  })

export const priorityLevelConfigurations: Resource<PriorityLevelConfiguration> = resource(PriorityLevelConfiguration, {
  columns: [
    nameColumn,
    textColumn('Type', ({ spec }) => spec.type, { field: 'spec.type' }),
    textColumn('NominalConcurrencyShares', ({ spec }) => spec.limited?.nominalConcurrencyShares ?? none, {
      field: 'spec.limited.nominalConcurrencyShares',
    }),
    queuing('Queues', 'queues'),
    queuing('HandSize', 'handSize'),
    queuing('QueueLengthLimit', 'queueLengthLimit'),
    ageColumn,
  ],
  subresources: [statusView({ validateUpdate: ({ status }) => validateFlowConditions(status.conditions) })],
  defaults({ spec }) {
    if (spec.exempt) {
      spec.exempt.nominalConcurrencyShares ??= 0
      spec.exempt.lendablePercent ??= 0
    } else if (spec.type === 'Exempt') spec.exempt = { nominalConcurrencyShares: 0, lendablePercent: 0 }
    if (!spec.limited) return
    spec.limited.nominalConcurrencyShares ??= 30
    spec.limited.lendablePercent ??= 0
    const queue = spec.limited.limitResponse.queuing
    if (!queue) return
    queue.handSize ||= 8
    queue.queues ||= 64
    queue.queueLengthLimit ||= 50
  },
  strategy: { ...statusApart(), generation: true, validate, validateUpdate: validate },
})

const at = root.child('spec')

/** https://kubernetes.io/docs/concepts/cluster-administration/flow-control/#prioritylevelconfiguration */
function validate({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const { type, limited, exempt } = spec
  const errors: FieldError[] = []
  if ((metadata.name === 'exempt') !== (type === 'Exempt'))
    errors.push(invalidValue(at.child('type'), type, "must be 'Exempt' if and only if `name` is 'exempt'"))
  errors.push(...oneOf(type, ['Exempt', 'Limited'], at.child('type')))
  if (type === 'Exempt' && limited)
    errors.push(forbiddenField(at.child('limited'), 'must be nil if the type is not Limited'))
  if (type === 'Limited') {
    if (exempt) errors.push(forbiddenField(at.child('exempt'), 'must be nil if the type is Limited'))
    if (!limited) errors.push(required(at.child('limited'), 'must not be empty when type is Limited'))
    else errors.push(...validateLimited(limited))
  }
  if (exempt) {
    const here = at.child('exempt')
    if ((exempt.nominalConcurrencyShares ?? 0) < 0)
      errors.push(
        invalidValue(
          here.child('nominalConcurrencyShares'),
          exempt.nominalConcurrencyShares,
          'must be a non-negative integer',
        ),
      )
    errors.push(...validatePercent(exempt.lendablePercent, here.child('lendablePercent')))
  }
  return [...errors, ...validateMandatory(metadata.name ?? '', spec)]
}

function validateMandatory(name: string, spec: PriorityLevelConfigurationSpec): FieldError[] {
  const fixed = mandatoryPriorityLevels[name]
  if (!fixed) return []
  const isSame =
    name === 'exempt'
      ? jsonEqual({ ...spec, exempt: undefined }, { ...fixed, exempt: undefined })
      : jsonEqual(spec, fixed)
  if (isSame) return []
  const what = name === 'exempt' ? `'${name}' except the 'spec.exempt' field` : `'${name}'`
  const shown = shownInternally(PriorityLevelConfigurationSpec, spec)
  return [invalidValue(at, shown, `spec of ${what} must equal the fixed value`)]
}

const validatePercent = (value: number | undefined, here: ReturnType<typeof at.child>): FieldError[] =>
  value !== undefined && (value < 0 || value > 100)
    ? [invalidValue(here, value, 'must be between 0 and 100, inclusive')]
    : []

function validateLimited(limited: LimitedPriorityLevelConfiguration): FieldError[] {
  const here = at.child('limited')
  const { nominalConcurrencyShares: shares, limitResponse, lendablePercent, borrowingLimitPercent } = limited
  const errors: FieldError[] = []
  if ((shares ?? 0) < 0)
    errors.push(invalidValue(here.child('nominalConcurrencyShares'), shares, 'must be a non-negative integer'))
  const response = here.child('limitResponse')
  errors.push(...oneOf(limitResponse.type, ['Queue', 'Reject'], response.child('type')))
  const { queuing: queue } = limitResponse
  if (limitResponse.type === 'Reject' && queue)
    errors.push(forbiddenField(response.child('queuing'), 'must be nil if limited.limitResponse.type is not Limited'))
  if (limitResponse.type === 'Queue')
    errors.push(
      ...(queue
        ? validateQueuing(queue)
        : [required(response.child('queuing'), 'must not be empty if limited.limitResponse.type is Limited')]),
    )
  errors.push(...validatePercent(lendablePercent, here.child('lendablePercent')))
  if (borrowingLimitPercent !== undefined && borrowingLimitPercent < 0)
    errors.push(
      invalidValue(
        here.child('borrowingLimitPercent'),
        borrowingLimitPercent,
        'if specified, must be a non-negative integer',
      ),
    )
  return errors
}

const mostQueues = 10_000_000
/** A hand of so many bits of a flow's hash is dealt at most. */
const mostEntropyBits = 60

function validateQueuing({ queues, handSize, queueLengthLimit }: QueuingConfiguration): FieldError[] {
  const here = at.child('limited', 'limitResponse', 'queuing')
  const errors: FieldError[] = []
  if (queueLengthLimit <= 0)
    errors.push(invalidValue(here.child('queueLengthLimit'), queueLengthLimit, 'must be positive'))
  if (queues <= 0) errors.push(invalidValue(here.child('queues'), queues, 'must be positive'))
  else if (queues > mostQueues)
    errors.push(invalidValue(here.child('queues'), queues, `must not be greater than ${mostQueues}`))
  if (handSize <= 0) errors.push(invalidValue(here.child('handSize'), handSize, 'must be positive'))
  else if (handSize > queues)
    errors.push(invalidValue(here.child('handSize'), handSize, `should not be greater than queues (${queues})`))
  else if (entropyBits(queues, handSize) > mostEntropyBits)
    errors.push(
      invalidValue(
        here.child('handSize'),
        handSize,
        `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${mostEntropyBits}`,
      ),
    )
  return errors
}

const entropyBits = (deck: number, hand: number): number => {
  let bits = 0
  for (let i = 0; i < hand; i++) bits += Math.log2(deck - i)
  return Math.ceil(bits)
}
