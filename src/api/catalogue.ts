import * as meta from '../machinery/meta/index.js'
import type { GroupVersionKind, Kind, MessageSchema } from '../schema/index.js'
import * as admission from './admission/v1/index.js'
import * as admissionregistration from './admissionregistration/v1/index.js'
import * as apidiscovery from './apidiscovery/v2/index.js'
import * as apiextensions from './apiextensions/v1/index.js'
import * as apiregistration from './apiregistration/v1/index.js'
import * as apps from './apps/v1/index.js'
import * as audit from './audit/v1/index.js'
import * as authentication from './authentication/v1/index.js'
import * as authorization from './authorization/v1/index.js'
import * as autoscalingV1 from './autoscaling/v1/index.js'
import * as autoscalingV2 from './autoscaling/v2/index.js'
import * as batch from './batch/v1/index.js'
import * as certificates from './certificates/v1/index.js'
import * as coordination from './coordination/v1/index.js'
import * as core from './core/v1/index.js'
import * as discovery from './discovery/v1/index.js'
import * as events from './events/v1/index.js'
import * as flowcontrol from './flowcontrol/v1/index.js'
import * as networking from './networking/v1/index.js'
import * as node from './node/v1/index.js'
import * as policy from './policy/v1/index.js'
import * as rbac from './rbac/v1/index.js'
import * as resource from './resource/v1/index.js'
import * as scheduling from './scheduling/v1/index.js'
import * as storage from './storage/v1/index.js'
import * as storagemigration from './storagemigration/v1beta1/index.js'

const doors = [
  core,
  admission,
  admissionregistration,
  apidiscovery,
  apiextensions,
  apiregistration,
  apps,
  audit,
  authentication,
  authorization,
  autoscalingV1,
  autoscalingV2,
  batch,
  certificates,
  coordination,
  discovery,
  events,
  flowcontrol,
  networking,
  node,
  policy,
  rbac,
  resource,
  scheduling,
  storage,
  storagemigration,
  meta,
]

const isMessage = (value: unknown): value is MessageSchema =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'message'
const isKind = (message: MessageSchema): message is Kind => message.gvk !== undefined

/** Every message that is declared, but for the list kinds, which `listOf` makes. */
export const messages: readonly MessageSchema[] = doors.flatMap(door => Object.values<unknown>(door).filter(isMessage))

/** Every API kind that is declared, those that are only bodies included, list kinds not. */
export const kinds: readonly Kind[] = messages.filter(isKind)

const identity = ({ group, version, kind }: GroupVersionKind) => `${group}/${version}/${kind}`
const byIdentity = new Map(kinds.map(kind => [identity(kind.gvk), kind]))

/** The kind of that name, list kinds of served kinds included; undefined if there is none. */
export function kindOf(gvk: GroupVersionKind): Kind | undefined {
  const found = byIdentity.get(identity(gvk))
  if (found || !gvk.kind.endsWith('List')) return found
  const item = byIdentity.get(identity({ ...gvk, kind: gvk.kind.slice(0, -'List'.length) }))
  return item?.plural ? meta.listOf(item) : undefined
}
