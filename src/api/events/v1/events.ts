import { invalidValue, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { dns1123Subdomain } from '../../../machinery/names.js'
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
    validate: event => [
      ...validateEvent(toCore(event), 'reportingController'),
      ...validateSeries(event),
      ...validateNewForm(event),
    ],
    validateUpdate: (event, old) => [
      ...validateEvent(toCore(event), 'reportingController'),
      ...(jsonEqual(event.series, old.series) ? [] : validateSeries(event)),
      ...validateEventUpdate(toCore(event), toCore(old)),
    ],
  },
})

function validateSeries({ series }: Event): FieldError[] {
  if (!series) return []
  return [
    ...(series.count < 2 ? [invalidValue(root.child('series', 'count'), '', 'should be at least 2')] : []),
    ...(series.lastObservedTime ? [] : [required(root.child('series', 'lastObservedTime'))]),
  ]
}

/** New events say when they were, and leave the fields of the older form alone. */
function validateNewForm(event: Event): FieldError[] {
  const { eventTime, type = '', deprecatedSource } = event
  const old = {
    firstTimestamp: event.deprecatedFirstTimestamp,
    lastTimestamp: event.deprecatedLastTimestamp,
    count: event.deprecatedCount,
    source: deprecatedSource.component || deprecatedSource.host,
  }
  return [
    ...(eventTime ? [] : [required(root.child('eventTime'))]),
    ...(type === 'Normal' || type === 'Warning'
      ? []
      : [invalidValue(root.child('type'), '', `has invalid value: ${type}`)]),
    ...Object.entries(old).flatMap(([field, value]) =>
      value ? [invalidValue(root.child(field), '', 'needs to be unset')] : [],
    ),
  ]
}
