import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  embedded,
  type FieldsInit,
  type FieldsType,
  int64,
  type Kind,
  kind,
  nullable,
  rawExtension,
  required,
  type TypeMeta,
} from '../../../schema/index.js'

const controllerRevision = {
  metadata: embedded(1, ObjectMeta),
  data: nullable(2, rawExtension),
  revision: required(3, int64),
}
export interface ControllerRevision extends TypeMeta, FieldsType<typeof controllerRevision> {}
export interface ControllerRevisionInit extends TypeMeta, FieldsInit<typeof controllerRevision> {}
/** An immutable snapshot of the state of a DaemonSet or StatefulSet, kept for rollbacks. */
export const ControllerRevision: Kind<ControllerRevision, ControllerRevisionInit> = kind(
  'k8s.io.api.apps.v1.ControllerRevision',
  { group: 'apps', version: 'v1', plural: 'controllerrevisions', namespaced: true },
  controllerRevision,
)
