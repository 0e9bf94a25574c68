import type { Container, Pod, PodSpec, PodStatus } from '../api/core/v1/index.js'
import type { ObjectMeta } from '../machinery/meta/index.js'
import type { PodSituation } from './pod-actions.js'
import { containerHash } from './pod-containers.js'
import { type ContainerRecord, noRuntimeState, type SandboxRecord } from './pod-runtime-state.js'

/** Pods and runtime states for tables of tests. */

export const now = Date.parse('2026-01-01T12:00:00Z')

export const container = (name: string, rest: Partial<Container> = {}): Container => ({
  name,
  image: 'busybox',
  resources: {},
  ...rest,
})

export const pod = (spec: Partial<PodSpec> = {}, meta: Partial<ObjectMeta> = {}, status: PodStatus = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'u1', generation: 1, ...meta },
  spec: { containers: [container('a')], restartPolicy: 'Always', nodeName: 'n1', ...spec },
  status,
})

export const sandbox = (rest: Partial<SandboxRecord> = {}): SandboxRecord => ({
  id: 's0',
  ready: true,
  createdAt: now - 60_000,
  attempt: 0,
  ips: ['10.0.0.5'],
  ...rest,
})

export const record = (name: string, rest: Partial<ContainerRecord> = {}): ContainerRecord => ({
  id: `${name}${rest.restartCount ?? 0}`,
  name,
  sandboxId: 's0',
  state: 'running',
  createdAt: now - 50_000,
  startedAt: now - 50_000,
  finishedAt: 0,
  exitCode: 0,
  reason: '',
  message: '',
  restartCount: 0,
  hash: containerHash({ name, image: 'busybox' }),
  image: 'docker.io/library/busybox:latest',
  imageId: 'docker.io/library/busybox@sha256:1',
  ...rest,
})

export const exited = (name: string, exitCode: number, rest: Partial<ContainerRecord> = {}): ContainerRecord =>
  record(name, { state: 'exited', exitCode, finishedAt: now - 1000, reason: exitCode ? 'Error' : 'Completed', ...rest })

export const situation = (rest: Partial<PodSituation> = {}): PodSituation => {
  const subject = rest.pod ?? pod()
  return {
    pod: subject,
    status: subject.status,
    observed: noRuntimeState,
    probes: new Map(),
    starting: new Set(),
    backOff: new Map(),
    now,
    ...rest,
  }
}
