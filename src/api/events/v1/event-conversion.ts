import type { ApiObject } from '../../../machinery/object.js'
import type { StoredForm } from '../../../machinery/resource.js'
import { Event as CoreEvent } from '../../core/v1/event.js'
import type { Event } from './event.js'

/** Events of both groups are kept in the older form. */
export const storedEvent: StoredForm<Event> = {
  kind: CoreEvent as unknown as StoredForm<Event>['kind'],
  read: object => fromCore(object as CoreEvent),
  write: object => toCore(object) as ApiObject,
}

function fromCore(event: CoreEvent): Event {
  const { series, reportingComponent, reportingInstance, action, reason, related, message, type, count } = event
  return {
    kind: 'Event',
    apiVersion: 'events.k8s.io/v1',
    metadata: event.metadata,
    eventTime: event.eventTime ?? (null as unknown as string),
    ...(series && {
      series: {
        count: series.count ?? 0,
        lastObservedTime: series.lastObservedTime ?? (null as unknown as string),
      },
    }),
    ...(reportingComponent ? { reportingController: reportingComponent } : {}),
    ...(reportingInstance ? { reportingInstance } : {}),
    ...(action ? { action } : {}),
    ...(reason ? { reason } : {}),
    regarding: event.involvedObject,
    ...(related ? { related } : {}),
    ...(message ? { note: message } : {}),
    ...(type ? { type } : {}),
    deprecatedSource: event.source,
    deprecatedFirstTimestamp: event.firstTimestamp ?? null,
    deprecatedLastTimestamp: event.lastTimestamp ?? null,
    ...(count ? { deprecatedCount: count } : {}),
  }
}

/** The event in its older form. */
export function toCore(event: Event): CoreEvent {
  const { series, reportingController, reportingInstance, action, reason, related, note, type, deprecatedCount } = event
  return {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: event.metadata,
    involvedObject: event.regarding,
    ...(reason ? { reason } : {}),
    ...(note ? { message: note } : {}),
    source: event.deprecatedSource,
    firstTimestamp: event.deprecatedFirstTimestamp ?? null,
    lastTimestamp: event.deprecatedLastTimestamp ?? null,
    ...(deprecatedCount ? { count: deprecatedCount } : {}),
    ...(type ? { type } : {}),
    eventTime: event.eventTime ?? null,
    ...(series && { series: { count: series.count, lastObservedTime: series.lastObservedTime } }),
    ...(action ? { action } : {}),
    ...(related ? { related } : {}),
    reportingComponent: reportingController ?? '',
    reportingInstance: reportingInstance ?? '',
  }
}
