import { ObjectMeta } from '../../../machinery/meta/index.js'
import {
  boolean,
  embedded,
  type FieldsInit,
  type FieldsType,
  int64,
  type Kind,
  list,
  type MessageSchema,
  optional,
  pointer,
  required,
  set,
  string,
  type TypeMeta,
} from '../../../schema/index.js'
import { kind, message } from './declare.js'

const tokenRequest = {
  audience: required(1, string),
  expirationSeconds: pointer(2, int64),
}
export interface TokenRequest extends FieldsType<typeof tokenRequest> {}
export const TokenRequest: MessageSchema<TokenRequest> = message('TokenRequest', tokenRequest)

const csiDriverSpec = {
  attachRequired: pointer(1, boolean),
  podInfoOnMount: pointer(2, boolean),
  volumeLifecycleModes: optional(3, set(string)),
  storageCapacity: pointer(4, boolean),
  fsGroupPolicy: pointer(5, string),
  tokenRequests: optional(6, list(TokenRequest)),
  requiresRepublish: pointer(7, boolean),
  seLinuxMount: pointer(8, boolean),
  nodeAllocatableUpdatePeriodSeconds: pointer(9, int64),
  serviceAccountTokenInSecrets: pointer(10, boolean),
  preventPodSchedulingIfMissing: pointer(11, boolean),
}
export interface CSIDriverSpec extends FieldsType<typeof csiDriverSpec> {}
export const CSIDriverSpec: MessageSchema<CSIDriverSpec> = message('CSIDriverSpec', csiDriverSpec)

const csiDriver = {
  metadata: embedded(1, ObjectMeta),
  spec: required(2, CSIDriverSpec),
}
export interface CSIDriver extends TypeMeta, FieldsType<typeof csiDriver> {}
export interface CSIDriverInit extends TypeMeta, FieldsInit<typeof csiDriver> {}
/** What a CSI driver can do and wants. */
export const CSIDriver: Kind<CSIDriver, CSIDriverInit> = kind(
  'CSIDriver',
  { plural: 'csidrivers', namespaced: false },
  csiDriver,
)
