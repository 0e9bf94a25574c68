import type { Pod } from '../../api/core/v1/index.js'
import type { Clock } from '../../machinery/clock.js'
import type { ProbeOutcome } from '../pod-actions.js'
import { type PodContainer, podContainers } from '../pod-containers.js'
import type { ContainerRecord, PodRuntimeState } from '../pod-runtime-state.js'
import type { CriClient } from '../runtime/cri-client.js'
import type { CheckResult } from './check-result.js'
import { ContainerProber, type ProbeType } from './container-prober.js'
import { runProbe } from './run-probe.js'

export interface PodProbesOptions {
  readonly cri: Pick<CriClient, 'execSync'>
  readonly clock: Clock
  readonly complain: (container: PodContainer, type: ProbeType, result: CheckResult) => void
  readonly changed: () => void
}

/** How often probes of one type of one container came to the same result. */
export interface ProbeCount {
  readonly container: string
  readonly type: ProbeType
  readonly result: 'successful' | 'failed' | 'unknown'
  readonly times: number
}

/** The probes of all containers of one pod. */
export class PodProbes implements Disposable {
  readonly #options: PodProbesOptions
  readonly #probers = new Map<string, ContainerProber>()
  readonly #counts = new Map<string, ProbeCount>()

  constructor(options: PodProbesOptions) {
    this.#options = options
  }

  /** How often probes came to which result. */
  get counts(): Iterable<ProbeCount> {
    return this.#counts.values()
  }

  /** By container id. */
  get outcomes(): ReadonlyMap<string, ProbeOutcome> {
    return new Map([...this.#probers].map(([id, { outcome }]) => [id, outcome]))
  }

  /**
   * Probes what runs, and nothing else. `host` is the pod's address; `ending`: the pod is to end; `busy` holds ids of
   * containers that are not to be probed yet.
   */
  attend(
    pod: Pod,
    observed: PodRuntimeState,
    { host, ending, busy }: { readonly host: string; readonly ending: boolean; readonly busy: ReadonlySet<string> },
  ): void {
    const running = new Map(observed.containers.filter(({ state }) => state === 'running').map(r => [r.id, r]))
    for (const [id, prober] of this.#probers)
      if (!running.has(id)) {
        prober[Symbol.dispose]()
        this.#probers.delete(id)
      } else if (ending) prober.stopKilling()
    if (ending) return
    for (const container of podContainers(pod)) {
      if (container.role === 'init' || container.role === 'ephemeral') continue
      const { startupProbe, livenessProbe, readinessProbe } = container.spec
      if (!startupProbe && !livenessProbe && !readinessProbe) continue
      for (const record of running.values())
        if (record.name === container.spec.name && !busy.has(record.id) && !this.#probers.has(record.id))
          this.#probers.set(record.id, this.#prober(pod, container, record, host))
    }
  }

  [Symbol.dispose](): void {
    for (const prober of this.#probers.values()) prober[Symbol.dispose]()
    this.#probers.clear()
  }

  #count(container: string, type: ProbeType, { outcome }: CheckResult): void {
    const result = resultNames[outcome]
    const key = `${container}/${type}/${result}`
    const times = (this.#counts.get(key)?.times ?? 0) + 1
    this.#counts.set(key, { container, type, result, times })
  }

  #prober(pod: Pod, container: PodContainer, record: ContainerRecord, host: string): ContainerProber {
    const { cri, clock, complain, changed } = this.#options
    const { startupProbe, livenessProbe, readinessProbe } = container.spec
    return new ContainerProber({
      probes: {
        ...(startupProbe ? { startup: startupProbe } : {}),
        ...(livenessProbe ? { liveness: livenessProbe } : {}),
        ...(readinessProbe ? { readiness: readinessProbe } : {}),
      },
      startedAt: record.startedAt,
      initial: knownOutcome(pod, record),
      spread: (Number.parseInt(record.id.slice(0, 4), 16) || 0) / 0x10000,
      clock,
      check: async (type, probe) => {
        const result = await runProbe(probe, { cri, containerId: record.id, host, container: container.spec })
        this.#count(record.name, type, result)
        return result
      },
      complain: (type, result) => complain(container, type, result),
      changed,
    })
  }
}

const resultNames = { success: 'successful', failure: 'failed', unknown: 'unknown' } as const

/** What the pod's status says of a container that has been running since before this agent. */
function knownOutcome({ status }: Pod, { id }: ContainerRecord): ProbeOutcome {
  const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
  const known = all.find(({ containerID }) => containerID === `containerd://${id}`)
  return { ...(known?.started ? { startup: 'success' } : {}), ...(known?.ready ? { readiness: 'success' } : {}) }
}
