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
import { kind, message } from './declare.js'
import { ObjectReference } from './reference.js'

const eventSource = {
  component: optional(1, string),
  host: optional(2, string),
}
export interface EventSource extends FieldsType<typeof eventSource> {}
export const EventSource: MessageSchema<EventSource> = message('EventSource', eventSource)

const eventSeries = {
  count: optional(1, int32),
  lastObservedTime: nullable(2, microTime),
}
export interface EventSeries extends FieldsType<typeof eventSeries> {}
export const EventSeries: MessageSchema<EventSeries> = message('EventSeries', eventSeries)

const event = {
  metadata: required(1, ObjectMeta),
  involvedObject: required(2, ObjectReference),
  reason: optional(3, string),
  message: optional(4, string),
  source: embedded(5, EventSource),
  firstTimestamp: nullable(6, time),
  lastTimestamp: nullable(7, time),
  count: optional(8, int32),
  type: optional(9, string),
  eventTime: nullable(10, microTime),
  series: pointer(11, EventSeries),
  action: optional(12, string),
  related: pointer(13, ObjectReference),
  reportingComponent: embedded(14, string),
  reportingInstance: embedded(15, string),
}
export interface Event extends TypeMeta, FieldsType<typeof event> {}
export interface EventInit extends TypeMeta, FieldsInit<typeof event> {}
/** A report of something that happened to an object, kept for a while. */
export const Event: Kind<Event, EventInit> = kind('Event', { plural: 'events', namespaced: true }, event)
