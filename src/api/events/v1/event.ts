import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int32,
  type Kind,
  type MessageSchema,
  microTime,
  nullable,
  optional,
  pointer,
  required,
  string,
  type TypeMeta,
  time,
} from '../../../schema/index.js'
import { EventSource, ObjectReference } from '../../core/v1/index.js'
import { kind, message } from './declare.js'

const eventSeries = {
  count: required(1, int32),
  lastObservedTime: required(2, microTime),
}
export interface EventSeries extends FieldsType<typeof eventSeries> {}
export const EventSeries: MessageSchema<EventSeries> = message('EventSeries', eventSeries)

const event = {
  metadata: embedded(1, ObjectMeta),
  eventTime: required(2, microTime),
  series: pointer(3, EventSeries),
  reportingController: optional(4, string),
  reportingInstance: optional(5, string),
  action: optional(6, string),
  reason: optional(7, string),
  regarding: embedded(8, ObjectReference),
  related: pointer(9, ObjectReference),
  note: optional(10, string),
  type: optional(11, string),
  deprecatedSource: embedded(12, EventSource),
  deprecatedFirstTimestamp: nullable(13, time),
  deprecatedLastTimestamp: nullable(14, time),
  deprecatedCount: optional(15, int32),
}
export interface Event extends TypeMeta, FieldsType<typeof event> {}
export interface EventInit extends TypeMeta, FieldsInit<typeof event> {}
/** The newer form of a core Event. */
export const Event: Kind<Event, EventInit> = kind('Event', { plural: 'events', namespaced: true }, event)
