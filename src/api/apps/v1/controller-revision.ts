import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int64,
  type Kind,
  nullable,
  rawExtension,
  required,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind } from './declare.js'

const controllerRevision = {
  metadata: embedded(1, ObjectMeta),
  data: nullable(2, rawExtension),
  revision: required(3, int64),
}
export interface ControllerRevision extends TypeMeta, FieldsType<typeof controllerRevision> {}
export interface ControllerRevisionInit extends TypeMeta, FieldsInit<typeof controllerRevision> {}
/** An immutable snapshot of the state of a DaemonSet or StatefulSet, kept for rollbacks. */
export const ControllerRevision: Kind<ControllerRevision, ControllerRevisionInit> = kind(
  'ControllerRevision',
  { plural: 'controllerrevisions', namespaced: true },
  controllerRevision,
)
