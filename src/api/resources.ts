import type { Resource } from '../machinery/resource.js'
import { admissionregistrationResources } from './admissionregistration/v1/resources.js'
import { apiextensionsResources } from './apiextensions/v1/resources.js'
import { apiregistrationResources } from './apiregistration/v1/resources.js'
import { appsResources } from './apps/v1/resources.js'
import { authenticationResources } from './authentication/v1/resources.js'
import { authorizationResources } from './authorization/v1/resources.js'
import { autoscalingV1Resources } from './autoscaling/v1/resources.js'
import { autoscalingV2Resources } from './autoscaling/v2/resources.js'
import { batchResources } from './batch/v1/resources.js'
import { certificatesResources } from './certificates/v1/resources.js'
import { coordinationResources } from './coordination/v1/resources.js'
import { coreResources } from './core/v1/resources.js'
import { discoveryResources } from './discovery/v1/resources.js'
import { eventsResources } from './events/v1/resources.js'
import { flowcontrolResources } from './flowcontrol/v1/resources.js'
import { networkingResources } from './networking/v1/resources.js'
import { nodeResources } from './node/v1/resources.js'
import { policyResources } from './policy/v1/resources.js'
import { rbacResources } from './rbac/v1/resources.js'
import { resourceResources } from './resource/v1/resources.js'
import { schedulingResources } from './scheduling/v1/resources.js'
import { storageResources } from './storage/v1/resources.js'
import { storagemigrationResources } from './storagemigration/v1beta1/resources.js'

/**
 * Every built-in resource, in the order in which discovery lists their groups. Those of beta versions are not served unless
 * they are asked for: see `cluster/runtime-config.ts`.
 */
export const resources: readonly Resource[] = [
  ...coreResources,
  ...apiregistrationResources,
  ...appsResources,
  ...eventsResources,
  ...authenticationResources,
  ...authorizationResources,
  ...autoscalingV2Resources,
  ...autoscalingV1Resources,
  ...batchResources,
  ...certificatesResources,
  ...networkingResources,
  ...policyResources,
  ...rbacResources,
  ...storageResources,
  ...admissionregistrationResources,
  ...apiextensionsResources,
  ...schedulingResources,
  ...coordinationResources,
  ...nodeResources,
  ...discoveryResources,
  ...resourceResources,
  ...flowcontrolResources,
  ...storagemigrationResources,
]
