import type { AnyKind, Controller } from '../client/controller.js'
import {
  type ControllersOptions,
  printFault,
  type RunningControllers,
  runControllers,
} from '../client/controller-runtime.js'
import { EventWriter } from '../client/event-recorder.js'
import { Informers } from '../client/informers.js'
import { runTogether } from '../client/run-together.js'
import type { MetricsRegistry } from '../machinery/metrics/index.js'
import { admissionPolicyStatus } from './admission-policy-status/admission-policy-status.js'
import { attachDetach } from './attach-detach/attach-detach.js'
import { bootstrapSigner } from './bootstrap-tokens/bootstrap-signer.js'
import { tokenCleaner } from './bootstrap-tokens/token-cleaner.js'
import { type CertificateSigningOptions, certificateSigning } from './certificates/certificate-signing.js'
import { kubeletServingApprover, type ServingApproverOptions } from './certificates/kubelet-serving-approver.js'
import { clusterRoleAggregation } from './cluster-role-aggregation/cluster-role-aggregation.js'
import { cronJobs } from './cronjob/cron-job.js'
import { daemonSets } from './daemonset/daemon-set.js'
import { deployments } from './deployment/deployment.js'
import { deviceTaintEviction } from './device-taint-eviction/device-taint-eviction.js'
import { disruption } from './disruption/disruption.js'
import { endpoints } from './endpoints/endpoints.js'
import { endpointSlices } from './endpointslice/endpoint-slice.js'
import { endpointSliceMirroring } from './endpointslice-mirroring/endpoint-slice-mirroring.js'
import { ephemeralVolumes } from './ephemeral-volume/ephemeral-volume.js'
import { startGarbageCollector } from './garbage-collector/index.js'
import {
  type AutoscalerOptions,
  horizontalPodAutoscalers,
} from './horizontal-pod-autoscaler/horizontal-pod-autoscaler.js'
import { jobs } from './job/job.js'
import { type LegacyTokenCleanerOptions, legacyTokenCleaner } from './legacy-token-cleaner/legacy-token-cleaner.js'
import { namespaces } from './namespace/index.js'
import { nodeIpam } from './node-ipam/index.js'
import { type NodeLifecycleOptions, nodeLifecycle, taintEviction } from './node-lifecycle/index.js'
import { claimBinder, volumeBinder } from './persistentvolume-binder/index.js'
import { type PodGcOptions, podGc } from './pod-gc/index.js'
import { replicaSets, replicationControllers } from './replicaset/replica-set.js'
import { generatedResourceClaims } from './resource-claim/generated-claims.js'
import { resourceClaims } from './resource-claim/resource-claim.js'
import { resourceQuotas } from './resource-quota/resource-quota.js'
import { rootCaPublisher } from './root-ca-publisher/root-ca-publisher.js'
import { defaultServiceAccounts } from './service-account/service-account.js'
import { type ServiceAccountTokenOptions, serviceAccountTokens } from './service-account-token/service-account-token.js'
import { serviceCidrs } from './service-cidr/service-cidr.js'
import { statefulSets } from './statefulset/stateful-set.js'
import { storageVersionMigrator } from './storage-version-migrator/storage-version-migrator.js'
import { ttl } from './ttl/ttl.js'
import { ttlAfterFinished } from './ttl-after-finished/ttl-after-finished.js'
import { volumeExpand } from './volume-expand/volume-expand.js'
import { attributesClassProtection, claimProtection, volumeProtection } from './volume-protection/volume-protection.js'

export type { AutoscalerOptions } from './horizontal-pod-autoscaler/horizontal-pod-autoscaler.js'

export interface BuiltInControllerOptions {
  /** PEM of the certificate authority by which pods know the API server. */
  readonly rootCa: string
  /** Signs tokens for secrets that are made for service accounts; they get none when absent. */
  readonly signSecretToken?: ServiceAccountTokenOptions['sign']
  /** Signs the certificates that are asked for and approved; nobody does when absent. */
  readonly signing?: CertificateSigningOptions
  /** Approves what kubelets ask for to serve with, where that is safe; left to people when absent, as upstream. */
  readonly approveServing?: ServingApproverOptions
  /** Addresses of pods, of which every node is given a part; nodes get none from here when absent. */
  readonly clusterCidr?: string
  /** How soon nodes count as lost, and how fast they are emptied then. */
  readonly nodeLifecycle?: NodeLifecycleOptions
  /** Which pods are deleted that nobody else deletes. */
  readonly podGc?: PodGcOptions
  /** How workloads are scaled by their metrics. */
  readonly autoscaling?: AutoscalerOptions
  /** Where those controllers count their work that have more to count than their queues. */
  readonly metrics?: MetricsRegistry
  /** When unused tokens of secrets become invalid and go. */
  readonly legacyTokens?: LegacyTokenCleanerOptions
  /** Work on StorageVersionMigrations; not done by default, as upstream. */
  readonly storageVersionMigrator?: boolean
  /** Whether the server serves a kind, where that is known. Controllers of kinds that it does not serve have nothing to do. */
  readonly isServed?: (kind: AnyKind) => boolean
}

/** Every controller that a cluster comes with, but for the garbage collector, which follows all kinds at once. */
export function builtInControllers(options: BuiltInControllerOptions): readonly Controller[] {
  const { isServed = () => true } = options
  const controllers: readonly Controller[] = [
    deployments,
    replicaSets,
    replicationControllers,
    daemonSets(),
    statefulSets,
    jobs(),
    cronJobs,
    ttlAfterFinished,
    horizontalPodAutoscalers(options.autoscaling, options.metrics),
    disruption,
    endpointSlices(),
    endpointSliceMirroring,
    endpoints(),
    namespaces(),
    defaultServiceAccounts,
    clusterRoleAggregation,
    rootCaPublisher(options.rootCa),
    nodeLifecycle(options.nodeLifecycle),
    taintEviction(),
    podGc(options.podGc),
    resourceQuotas(),
    claimBinder,
    volumeBinder(),
    attachDetach(options.metrics),
    volumeExpand,
    generatedResourceClaims(options.metrics),
    resourceClaims,
    deviceTaintEviction(),
    ephemeralVolumes,
    claimProtection,
    volumeProtection,
    attributesClassProtection,
    bootstrapSigner,
    tokenCleaner,
    legacyTokenCleaner(options.legacyTokens),
    ttl(),
    serviceCidrs,
    admissionPolicyStatus(),
    ...(options.signing ? [certificateSigning(options.signing)] : []),
    ...(options.approveServing ? [kubeletServingApprover(options.approveServing)] : []),
    ...(options.clusterCidr ? [nodeIpam(options.clusterCidr)] : []),
    ...(options.signSecretToken
      ? [serviceAccountTokens({ rootCa: options.rootCa, sign: options.signSecretToken })]
      : []),
    ...(options.storageVersionMigrator ? [storageVersionMigrator()] : []),
  ]
  return controllers.filter(({ watches }) =>
    [watches.for, ...(watches.owns ?? []).map(one => ('owned' in one ? one.owned : one))].every(isServed),
  )
}

/**
 * Runs everything that kube-controller-manager runs, on one set of informers, until disposed of. `names` are those of all
 * controllers that were started.
 */
export function startBuiltInControllers(
  builtIn: BuiltInControllerOptions,
  options: ControllersOptions,
): RunningControllers & { readonly names: readonly string[] } {
  const { client, clock, clientOf, random, onError = printFault } = options
  const shared = { client, ...(clock ? { clock } : {}), ...(random ? { random } : {}) }
  const informers = options.informers ?? new Informers({ ...shared, onError: error => onError(error, {}) })
  const events = options.events ?? new EventWriter({ ...shared, onError: error => onError(error, {}) })
  const declared = builtInControllers(builtIn)
  const controllers = runControllers(declared, { ...options, informers, events })
  const collector = startGarbageCollector({
    ...shared,
    client: clientOf?.('garbage-collector') ?? client,
    informers,
    events: events.recorder({ component: 'garbage-collector-controller' }),
    onError: error => onError(error, { controller: 'garbage-collector' }),
    ...(options.metrics ? { metrics: options.metrics('garbage-collector') } : {}),
  })
  const running = runTogether([controllers, collector], {
    ready: Promise.all([controllers.ready, collector.ready]),
    signal: options.signal,
    after: [options.events ? undefined : events, options.informers ? undefined : informers],
  })
  return Object.assign(running, { names: [...declared.map(({ name }) => name), 'garbage-collector'] })
}
