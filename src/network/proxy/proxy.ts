import { Service } from '../../api/core/v1/index.js'
import { EndpointSlice } from '../../api/discovery/v1/index.js'
import type { Client } from '../../client/client.js'
import { EventWriter } from '../../client/event-recorder.js'
import { Informers } from '../../client/informers.js'
import type { Clock } from '../../machinery/clock.js'
import { keyOf } from '../../machinery/object.js'
import type { RunProgram } from '../run-program.js'
import { RulesetApplier, removeRules } from './apply.js'
import { FlowCleaner } from './conntrack.js'
import { type HealthCheck, ServiceHealth, serveHealth } from './health.js'
import { assemble, type Plan, planOf, type Ruleset, type RulesetOptions } from './ruleset.js'
import { type ServiceRules, serviceRules } from './service-rules.js'

export interface ProxyOptions extends Omit<RulesetOptions, 'tableName'> {
  readonly client: Client
  /** The process's informers, if it has some; the proxy makes its own otherwise. */
  readonly informers?: Informers
  /** `typernetes` by default. */
  readonly tableName?: string
  readonly clock?: Clock
  readonly onError: (error: unknown) => void
  /** Serves `/healthz` and `/livez` here; 0 picks a free port. */
  readonly healthPort?: number
  /** Where health is served; all addresses when absent. */
  readonly healthAddress?: string
  /** Leaves the rules in the kernel when the proxy stops, so that services work on until the next one; true by default. */
  readonly keepRulesOnStop?: boolean
  /** How nft and conntrack are run. */
  readonly run?: RunProgram
}

export interface Proxy extends AsyncDisposable {
  /** Resolves when the services that the server knew are first in effect; rejects if the proxy is stopped before. */
  readonly ready: Promise<void>
  readonly healthy: boolean
  readonly healthPort: number | undefined
  /** Resolves when every change that has reached this node so far is in effect. */
  settled(): Promise<void>
}

const defaultTableName = 'typernetes'

const serviceNameLabel = 'kubernetes.io/service-name'
/** Set on slices of services without a cluster address. */
const headlessLabel = 'service.kubernetes.io/headless'

/**
 * Implements services on this node: keeps the kernel's rules in step with the cluster's services and endpoint slices.
 * Needs no answer from the server to start; until it answers, rules that are there stay as they are. Rejects if the
 * options make no sense or the health port is taken.
 */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { client, onError, clock, run, healthPort, healthAddress } = options
  const { keepRulesOnStop = true, tableName = defaultTableName } = options
  const plan = planOf({ ...options, tableName })
  const shared = { onError, ...(clock ? { clock } : {}) }
  const running = run ? { run } : {}
  const parts: (AsyncDisposable | Disposable)[] = []
  const use = <P extends AsyncDisposable | Disposable>(part: P): P => {
    parts.push(part)
    return part
  }
  const informers = options.informers ?? use(new Informers({ client, ...shared }))
  const services = informers.of(Service)
  const slices = informers.of(EndpointSlice)
  const rules = new RulesOfServices(plan)
  const flows = use(new FlowCleaner({ onError, ...running }))
  let synced = false
  const healthy = () => synced && applier.healthy && applier.applied !== undefined
  const checks = use(new ServiceHealth(healthy, onError, healthAddress))
  const applier = use(
    new RulesetApplier({
      ruleset() {
        checks.serve(rules.healthChecks())
        return rules.ruleset()
      },
      onApplied: (ruleset, before) => flows.changed(ruleset, before),
      ...shared,
      ...running,
    }),
  )
  const stop = async () => {
    for (const part of parts.splice(0).toReversed()) {
      if (Symbol.asyncDispose in part) await part[Symbol.asyncDispose]()
      else part[Symbol.dispose]()
    }
  }
  let health: Awaited<ReturnType<typeof serveHealth>> | undefined
  if (healthPort !== undefined) {
    try {
      health = use(
        await serveHealth({ port: healthPort, ...(healthAddress ? { address: healthAddress } : {}) }, healthy),
      )
    } catch (error) {
      await stop()
      throw error
    }
  }

  const changed = () => {
    // Rules made from half of what there is would cut off the other half.
    if (synced) applier.changed()
  }
  use(
    services.onChange((service, _old, change) => {
      rules.putService(keyOf(service.metadata), change === 'deleted' ? undefined : service)
      changed()
    }),
  )
  use(
    slices.onChange((slice, old, change) => {
      if (old) rules.removeSlice(old)
      if (change !== 'deleted') rules.putSlice(slice)
      changed()
    }),
  )
  // By its name alone, as `kubectl describe node` looks for it: the node's uid is nothing that the proxy asks for.
  const node = { kind: 'Node', metadata: { name: options.nodeName, uid: options.nodeName } }
  const events = use(new EventWriter({ client, ...shared }))
  events.seriesRecorder('kube-proxy').record(node, 'Normal', 'Starting', '', { action: 'StartKubeProxy' })
  const begin = async () => {
    await Promise.all([services.synced(), slices.synced()])
    synced = true
    changed()
    await applier.settled()
    if (!applier.applied) throw new Error('the proxy was stopped before it was ready')
  }
  const ready = begin()
  // Whoever does not wait for it must not be struck by it.
  ready.catch(() => {})
  return {
    ready,
    get healthy() {
      return healthy()
    },
    healthPort: health?.port,
    async settled() {
      await applier.settled()
      await flows.settled()
    },
    async [Symbol.asyncDispose]() {
      await stop()
      if (!keepRulesOnStop) await removeRules(tableName, running)
    },
  }
}

/** The rules of each service, made anew only when it or one of its slices changes. */
class RulesOfServices {
  readonly #services = new Map<string, Service>()
  readonly #slices = new Map<string, Map<string, EndpointSlice>>()
  readonly #rules = new Map<string, ServiceRules>()
  readonly #stale = new Set<string>()

  constructor(private readonly plan: Plan) {}

  putService(key: string, service: Service | undefined): void {
    if (service) this.#services.set(key, service)
    else this.#services.delete(key)
    this.#stale.add(key)
  }

  putSlice(slice: EndpointSlice): void {
    const key = serviceOf(slice)
    if (!key) return
    let slices = this.#slices.get(key)
    if (!slices) this.#slices.set(key, (slices = new Map()))
    slices.set(slice.metadata.name ?? '', slice)
    this.#stale.add(key)
  }

  removeSlice(slice: EndpointSlice): void {
    const key = serviceOf(slice)
    const slices = key === undefined ? undefined : this.#slices.get(key)
    if (key === undefined || !slices?.delete(slice.metadata.name ?? '')) return
    if (!slices.size) this.#slices.delete(key)
    this.#stale.add(key)
  }

  ruleset(): Ruleset {
    this.#refresh()
    return assemble(this.plan, this.#rules.values())
  }

  healthChecks(): Map<number, HealthCheck> {
    this.#refresh()
    const checks = new Map<number, HealthCheck>()
    for (const [key, { healthCheck }] of this.#rules) {
      if (!healthCheck) continue
      const [namespace = '', name = ''] = key.split('/')
      checks.set(healthCheck.port, { namespace, name, localEndpoints: healthCheck.localEndpoints })
    }
    return checks
  }

  #refresh(): void {
    for (const key of this.#stale) {
      const service = this.#services.get(key)
      const rules = service && serviceRules(service, this.#slices.get(key)?.values() ?? [], this.plan)
      if (rules) this.#rules.set(key, rules)
      else this.#rules.delete(key)
    }
    this.#stale.clear()
  }
}

function serviceOf({ metadata: { namespace = '', labels = {} } }: EndpointSlice): string | undefined {
  const name = labels[serviceNameLabel]
  return name && labels[headlessLabel] === undefined ? `${namespace}/${name}` : undefined
}
