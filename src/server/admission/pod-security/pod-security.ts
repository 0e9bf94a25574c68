import { DaemonSet, Deployment, ReplicaSet, StatefulSet } from '../../../api/apps/v1/index.js'
import { CronJob, Job } from '../../../api/batch/v1/index.js'
import {
  Namespace,
  Pod,
  type PodSpec,
  PodTemplate,
  type PodTemplateSpec,
  ReplicationController,
} from '../../../api/core/v1/index.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import type { ApiObject } from '../../../machinery/object.js'
import { invalid } from '../../../machinery/status-error.js'
import type { Kind } from '../../../schema/index.js'
import type { Registries } from '../../registry/registries.js'
import { type AdmissionPlugin, type AdmissionRequest, draftOf, isOf, refusal } from '../admission.js'
import {
  evaluatePod,
  isStricter,
  type PolicyVersion,
  policyText,
  reasonText,
  samePolicy,
  violationText,
} from './evaluate.js'
import { type NamespacePolicy, namespacePolicy } from './namespace-policy.js'
import type { CheckedPod } from './pod-check.js'

/** Pods looked at when a namespace begins to enforce more. */
const maximumExamined = 3_000

/**
 * PodSecurity: holds pods to the Pod Security Standards that their namespace asks for.
 * https://kubernetes.io/docs/concepts/security/pod-security-admission/
 */
export const podSecurity = (registries: Registries): AdmissionPlugin => ({
  name: 'PodSecurity',
  match: { resources: [Namespace, Pod, 'pods/ephemeralcontainers', 'pods/resize', ...templated] },
  validate(request) {
    if (isOf(request.resource, Namespace)) return checkNamespace(registries, request)
    if (isOf(request.resource, Pod)) return checkPod(registries, request)
    const template = templateOf(request)
    if (template) checkTemplate(registries, request, template)
  },
})

function policyOf(registries: Registries, namespace: string): NamespacePolicy {
  const labels = registries.of(Namespace).cache.get(namespace)?.object.metadata.labels
  if (!labels) return namespacePolicy().policy
  let policy = policies.get(labels)
  if (!policy) policies.set(labels, (policy = namespacePolicy(labels).policy))
  return policy
}

/** By the labels of a namespace, which are the same object for as long as they do not change. */
const policies = new WeakMap<object, NamespacePolicy>()

/** Whether the policy holds nobody to anything, as in most namespaces. */
const isOpen = ({ enforce, audit, warn }: NamespacePolicy): boolean =>
  enforce.level === 'privileged' && audit.level === 'privileged' && warn.level === 'privileged'

const evaluatedSubresources = new Set(['', 'ephemeralcontainers', 'resize'])

function checkPod(registries: Registries, request: AdmissionRequest): void {
  if (!evaluatedSubresources.has(request.subresource)) return
  const policy = policyOf(registries, request.namespace)
  if (isOpen(policy) && !request.annotate) return
  const pod = request.object as unknown as Pod
  if (request.operation === 'UPDATE' && !isSignificant(pod, request.old as Pod)) return
  const { enforce, warn, audit } = policy
  const checked = checkedPod(pod)
  request.annotate?.('pod-security.kubernetes.io/enforce-policy', policyText(enforce))
  auditOf(request, audit, checked)
  const violations = evaluatePod(enforce, checked)
  if (violations.length > 0)
    throw refusal(request, `violates PodSecurity "${policyText(enforce)}": ${violationText(violations)}`)
  warnOf(request, warn, checked)
}

/** Templates are never refused: only the pods made of them are. */
function checkTemplate(registries: Registries, request: AdmissionRequest, template: PodTemplateSpec): void {
  const { warn, audit } = policyOf(registries, request.namespace)
  const checked = checkedPod(template)
  auditOf(request, audit, checked)
  warnOf(request, warn, checked)
}

/** The audit log, if there is one, is told what the namespace wants to know. */
function auditOf({ annotate }: AdmissionRequest, policy: PolicyVersion, pod: CheckedPod): void {
  const violations = annotate ? evaluatePod(policy, pod) : []
  if (violations.length > 0)
    annotate?.(
      'pod-security.kubernetes.io/audit-violations',
      `would violate PodSecurity "${policyText(policy)}": ${violationText(violations)}`,
    )
}

function warnOf(request: AdmissionRequest, policy: PolicyVersion, pod: CheckedPod): void {
  const violations = evaluatePod(policy, pod)
  if (violations.length > 0)
    request.warn(`would violate PodSecurity "${policyText(policy)}": ${violationText(violations)}`)
}

const checkedPod = ({ metadata, spec }: { metadata?: ApiObject['metadata']; spec: PodSpec }): CheckedPod => ({
  annotations: metadata?.annotations ?? {},
  spec,
})

/** Whether an update changes what the standards look at again: which containers there are, their images, seccomp. */
const isSignificant = (pod: Pod, old: Pod): boolean => !jsonEqual(whatMatters(pod), whatMatters(old))

const whatMatters = ({ metadata, spec }: Pod): object => ({
  seccomp: Object.entries(metadata.annotations ?? {}).filter(([name]) => name.includes('seccomp.')),
  images: [spec.containers, spec.initContainers ?? [], spec.ephemeralContainers ?? []].map(containers =>
    (containers as readonly { readonly image?: string }[]).map(({ image }) => image),
  ),
})

const templated = [
  PodTemplate,
  ReplicationController,
  ReplicaSet,
  Deployment,
  DaemonSet,
  StatefulSet,
  Job,
  CronJob,
] as unknown as readonly Kind<ApiObject>[]

/** The pods that a workload will make. */
function templateOf(request: AdmissionRequest): PodTemplateSpec | undefined {
  const kind = templated.find(kind => isOf(request.resource, kind))
  const object = kind && draftOf(request, kind)
  if (!object) return undefined
  if (isOf(request.resource, PodTemplate)) return (object as unknown as PodTemplate).template
  if (isOf(request.resource, CronJob)) return (object as unknown as CronJob).spec.jobTemplate.spec.template
  return (object as unknown as ReplicationController).spec.template
}

function checkNamespace(registries: Registries, request: AdmissionRequest): void {
  const namespace = draftOf(request, Namespace)
  if (!namespace) return
  const { policy, errors } = namespacePolicy(namespace.metadata.labels)
  const old = request.old as Namespace | undefined
  if (errors.length > 0) {
    // What was wrong before does not keep a namespace from being changed otherwise.
    const before = new Set(namespacePolicy(old?.metadata.labels).errors.map(({ field }) => field))
    if (!old || errors.some(({ field }) => !before.has(field)))
      throw invalid(Namespace.gvk, namespace.metadata.name ?? '', errors)
    return
  }
  if (!old) return
  const { enforce } = policy
  const previous = namespacePolicy(old.metadata.labels).policy.enforce
  if (samePolicy(enforce, previous) || enforce.level === 'privileged') return
  if (enforce.minor === previous.minor && isStricter(previous, enforce)) return
  for (const text of existingViolations(registries, request.name, enforce)) request.warn(text)
}

/** What of a namespace's pods a policy would not let in again: they stay, and their owner is told. */
function existingViolations(registries: Registries, namespace: string, policy: PolicyVersion): string[] {
  const byReason = new Map<string, string[]>()
  for (const { object } of registries.of(Pod).cache.list(`${namespace}/`).slice(0, maximumExamined)) {
    const violations = evaluatePod(policy, checkedPod(object))
    if (violations.length === 0) continue
    const text = reasonText(violations)
    const names = byReason.get(text) ?? []
    byReason.set(text, [...names, object.metadata.name ?? ''])
  }
  if (byReason.size === 0) return []
  const lines = [...byReason].map(([reason, names]) => {
    const [first = '', ...others] = names.sort()
    const more = others.length === 0 ? '' : ` (and ${others.length} other pod${others.length === 1 ? '' : 's'})`
    return `${first}${more}: ${reason}`
  })
  return [
    `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${policyText(policy)}"`,
    ...lines.sort(),
  ]
}
