import { invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { dns1123Subdomain, qualifiedName } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { eventColumns, validateEvent, validateEventUpdate } from '../../core/v1/events.js'
import { Event } from './event.js'
import { storedEvent, toCore } from './event-conversion.js'

export const newerEvents: Resource<Event> = resource(Event, {
  shortNames: ['ev'],
  storedAs: storedEvent,
  columns: eventColumns<Event>(toCore),
  selectableFields: {
    'regarding.kind': ({ regarding }) => regarding.kind ?? '',
    'regarding.namespace': ({ regarding }) => regarding.namespace ?? '',
    'regarding.name': ({ regarding }) => regarding.name ?? '',
    'regarding.uid': ({ regarding }) => regarding.uid ?? '',
    'regarding.apiVersion': ({ regarding }) => regarding.apiVersion ?? '',
    'regarding.resourceVersion': ({ regarding }) => regarding.resourceVersion ?? '',
    'regarding.fieldPath': ({ regarding }) => regarding.fieldPath ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingController: ({ reportingController }) => reportingController ?? '',
    type: ({ type }) => type ?? '',
  },
  strategy: {
    createOnUpdate: true,
    nameErrors: dns1123Subdomain,
    validate: event => (event.eventTime ? validateNewer(event) : validateEvent(toCore(event), 'reportingController')),
    validateUpdate: (event, old) =>
      event.eventTime
        ? [...validateNewer(event), ...validateEventUpdate(toCore(event), toCore(old))]
        : validateEvent(toCore(event), 'reportingController'),
  },
})

const longestWord = 128
const longestNote = 1024

/** What the newer form asks of events that it was made for. */
function validateNewer(event: Event): FieldError[] {
  const { reportingController = '', reportingInstance = '', action = '', reason = '', note = '', type = '' } = event
  const at = root
  const errors: FieldError[] = []
  if (!reportingController) errors.push(required(at.child('reportingController')))
  errors.push(
    ...invalidValues(at.child('reportingController'), reportingController, qualifiedName(reportingController)),
  )
  for (const [field, value] of Object.entries({ reportingInstance, action, reason })) {
    if (!value) errors.push(required(at.child(field)))
    else if (Buffer.byteLength(value) > longestWord)
      errors.push(invalidValue(at.child(field), '', `can have at most ${longestWord} characters`))
  }
  if (Buffer.byteLength(note) > longestNote)
    errors.push(invalidValue(at.child('note'), '', `can have at most ${longestNote} characters`))
  if (type !== 'Normal' && type !== 'Warning')
    errors.push(invalidValue(at.child('type'), '', `has invalid value: ${type}`))
  const { series } = event
  if (series && series.count < 2) errors.push(invalidValue(at.child('series', 'count'), '', 'should be at least 2'))
  if (series && !series.lastObservedTime) errors.push(required(at.child('series', 'lastObservedTime')))
  const unset = 'needs to be unset'
  if (event.deprecatedFirstTimestamp) errors.push(invalidValue(at.child('firstTimestamp'), '', unset))
  if (event.deprecatedLastTimestamp) errors.push(invalidValue(at.child('lastTimestamp'), '', unset))
  if (event.deprecatedCount) errors.push(invalidValue(at.child('count'), '', unset))
  if (event.deprecatedSource.component || event.deprecatedSource.host)
    errors.push(invalidValue(at.child('source'), '', unset))
  return errors
}
