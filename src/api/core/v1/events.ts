import { immutable, invalidValue, invalidValues, required } from '../../../machinery/field-errors.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { dns1123Subdomain, pathSegmentName, qualifiedName } from '../../../machinery/names.js'
import { root } from '../../../machinery/path.js'
import { type Column, type Resource, resource } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { ageOf, nameColumn, textColumn } from '../../columns.js'
import { unchanged } from '../../field-rules.js'
import { shownInternally } from '../../internal-form.js'
import { Event, EventSource } from './event.js'
import { ObjectReference } from './reference.js'

export const events: Resource<Event> = resource(Event, {
  shortNames: ['ev'],
  columns: eventColumns<Event>(event => event),
  selectableFields: {
    'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
    'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
    'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
    'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
    'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingComponent: ({ reportingComponent }) => reportingComponent,
    source: ({ source, reportingComponent }) => source.component || reportingComponent,
    type: ({ type }) => type ?? '',
  },
  strategy: {
    createOnUpdate: true,
    nameErrors: pathSegmentName,
    validate: event => validateEvent(event, 'reportingComponent'),
    validateUpdate: event => validateEvent(event, 'reportingComponent'),
  },
})

/** Columns of events, for whichever of the two forms, described as the core form is; `of` gives that. */
export function eventColumns<T extends { readonly metadata: Event['metadata'] }>(
  of: (event: T) => Event,
): readonly Column<T>[] {
  const text = (
    name: string,
    cell: (event: Event, now: number) => string | number,
    options: { readonly wide?: boolean; readonly field: string },
  ) => textColumn<T>(name, (event, now) => cell(of(event), now), options)
  const columns = [
    text('Last Seen', (event, now) => ageOf(lastSeen(event), now), { field: 'lastTimestamp' }),
    text('Type', ({ type }) => type ?? '', { field: 'type' }),
    text('Reason', ({ reason }) => reason ?? '', { field: 'reason' }),
    text('Object', objectText, { field: 'involvedObject' }),
    text('Subobject', ({ involvedObject }) => involvedObject.fieldPath ?? '', {
      wide: true,
      field: 'involvedObject.fieldPath',
    }),
    text('Source', sourceText, { wide: true, field: 'source' }),
    text('Message', ({ message }) => (message ?? '').trim(), { field: 'message' }),
    text('First Seen', ({ firstTimestamp, eventTime }, now) => ageOf(firstTimestamp ?? eventTime, now), {
      wide: true,
      field: 'firstTimestamp',
    }),
    text('Count', ({ count, series }) => series?.count ?? (count || 1), { wide: true, field: 'count' }),
    { ...(nameColumn as Column<T>), priority: 1 },
  ]
  return columns.map(column => ({ ...column, describedBy: Event }))
}

const lastSeen = ({ series, lastTimestamp, firstTimestamp, eventTime }: Event): string | null | undefined =>
  series?.lastObservedTime ?? lastTimestamp ?? firstTimestamp ?? eventTime

function objectText({ involvedObject: { kind = '', name = '' } }: Event): string {
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase()
}

function sourceText({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source.component || reportingComponent
  const host = source.host || reportingInstance
  return host ? `${component}, ${host}` : component
}

const longest = 128

/** The rules of the first form of events; those with an `eventTime` say more of who reports them. */
export function validateEvent(event: Event, reporter: 'reportingComponent' | 'reportingController'): FieldError[] {
  const { metadata, involvedObject, eventTime } = event
  const errors: FieldError[] = []
  const namespace = metadata.namespace ?? ''
  const about = involvedObject.namespace ?? ''
  const elsewhere = eventTime
    ? about === '' && namespace !== 'default' && namespace !== 'kube-system'
    : about === ''
      ? namespace !== '' && namespace !== 'default'
      : namespace !== about
  if (elsewhere)
    errors.push(invalidValue(root.child('involvedObject', 'namespace'), about, 'does not match event.namespace'))
  if (eventTime) {
    const { reportingComponent, reportingInstance, action = '', reason = '' } = event
    if (!reportingComponent) errors.push(required(root.child(reporter)))
    errors.push(...invalidValues(root.child(reporter), reportingComponent, qualifiedName(reportingComponent)))
    for (const [field, value] of Object.entries({ reportingInstance, action, reason })) {
      if (!value) errors.push(required(root.child(field)))
      else if (Buffer.byteLength(value) > longest)
        errors.push(invalidValue(root.child(field), '', `can have at most ${longest} characters`))
    }
    if (Buffer.byteLength(event.message ?? '') > 1024)
      errors.push(invalidValue(root.child('message'), '', 'can have at most 1024 characters'))
  }
  errors.push(...invalidValues(root.child('namespace'), namespace, dns1123Subdomain(namespace)))
  return errors
}

/** Of what the newer form wrote nothing but the series changes. */
export function validateEventUpdate(event: Event, old: Event): FieldError[] {
  const same = (field: keyof Event & string, called: string = field, absent?: string | number) =>
    unchanged(event[field] ?? absent, old[field] ?? absent, root.child(called))
  const sameText = (field: keyof Event & string, called: string = field) => same(field, called, '')
  const reference = (field: 'involvedObject' | 'related') =>
    jsonEqual(event[field], old[field])
      ? []
      : [invalidValue(root.child(field), event[field] && shownInternally(ObjectReference, event[field]), immutable)]
  return [
    ...reference('involvedObject'),
    ...sameText('reason'),
    ...sameText('message'),
    ...(jsonEqual(event.source, old.source)
      ? []
      : [invalidValue(root.child('source'), shownInternally(EventSource, event.source), immutable)]),
    ...same('firstTimestamp'),
    ...same('lastTimestamp'),
    ...same('count', 'count', 0),
    // Upstream looks at the reason twice.
    ...sameText('reason'),
    ...sameText('type'),
    ...same('eventTime'),
    ...sameText('action'),
    ...reference('related'),
    ...sameText('reportingComponent', 'reportingController'),
    ...sameText('reportingInstance'),
  ]
}
