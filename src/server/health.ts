import { messageOf } from '../machinery/message-of.js'
import type { MetricsRegistry } from '../machinery/metrics/index.js'
import type { Stage } from './pipeline.js'
import { text } from './respond.js'

type Endpoint = 'healthz' | 'livez' | 'readyz'

/** A named check; throws or rejects when what it looks at is not well. */
export interface HealthCheck {
  readonly name: string
  readonly check: () => Promise<void> | void
  /** Of `/readyz` alone: a server that is shutting down is alive but not ready. */
  readonly readyOnly?: boolean
  /** Not of `/livez`: what a restart of the process would not mend. */
  readonly exceptLive?: boolean
}

/** What stands for the process itself where nothing else is to be checked. */
const ping: HealthCheck = { name: 'ping', check: () => {} }

/** The checks of an endpoint; there is always one. */
function checksOf(endpoint: Endpoint, checks: readonly HealthCheck[]): readonly HealthCheck[] {
  const own = checks.filter(
    ({ readyOnly, exceptLive }) => (endpoint === 'readyz' || !readyOnly) && !(endpoint === 'livez' && exceptLive),
  )
  return own.length > 0 ? own : [ping]
}

/** Work at the server's start that has to be done before it is well: each is a health check of its own. */
export class StartHooks {
  readonly #done = new Map<string, boolean>()

  /** Waits for the work; the checks `poststarthook/NAME` hold once it is done. */
  async run<R>(names: readonly string[], work: () => Promise<R>): Promise<R> {
    for (const name of names) this.#done.set(name, false)
    const result = await work()
    for (const name of names) this.#done.set(name, true)
    return result
  }

  get checks(): readonly HealthCheck[] {
    return [...this.#done.keys()].map(name => ({
      name: `poststarthook/${name}`,
      check: () => {
        if (!this.#done.get(name)) throw new Error('not finished')
      },
    }))
  }
}

/**
 * `/livez`, `/readyz` and `/healthz`, whole and check by check, with `?verbose` and `?exclude=`:
 * https://kubernetes.io/docs/reference/using-api/health-checks/ What comes of the checks is counted in `metrics`.
 */
export function healthStage(checks: () => readonly HealthCheck[], metrics: MetricsRegistry): Stage {
  const state = metrics.gauge({
    name: 'kubernetes_healthcheck',
    help: '1 if the check passed when it was last asked for, else 0.',
    labels: ['name', 'type'],
    stability: 'STABLE',
  })
  const total = metrics.counter({
    name: 'kubernetes_healthchecks_total',
    help: 'Results of checks so far.',
    labels: ['name', 'status', 'type'],
    stability: 'STABLE',
  })
  /** Why a check fails; undefined if it does not. */
  const faultOf = async (endpoint: Endpoint, { name, check }: HealthCheck): Promise<string | undefined> => {
    let fault: string | undefined
    try {
      const pending = check()
      if (pending) await pending
    } catch (error) {
      fault = messageOf(error)
    }
    state.with(name, endpoint).set(fault === undefined ? 1 : 0)
    total.with(name, fault === undefined ? 'success' : 'error', endpoint).add(1)
    return fault
  }
  const answerOne = async (endpoint: Endpoint, check: HealthCheck) => {
    const fault = await faultOf(endpoint, check)
    return fault === undefined ? text(200, 'ok') : text(500, `internal server error: ${fault}\n`)
  }
  const answerAll = async (endpoint: Endpoint, relevant: readonly HealthCheck[], query: URLSearchParams) => {
    const excluded = new Set(query.getAll('exclude'))
    const results = await Promise.all(
      relevant.map(async check => {
        const { name } = check
        if (excluded.has(name)) return { failed: false, line: `[+]${name} excluded: ok` }
        const failed = (await faultOf(endpoint, check)) !== undefined
        return { failed, line: failed ? `[-]${name} failed: reason withheld` : `[+]${name} ok` }
      }),
    )
    const failed = results.some(result => result.failed)
    if (!failed && !query.has('verbose')) return text(200, 'ok')
    const lines = results.map(({ line }) => line)
    const unknown = [...excluded].filter(name => !relevant.some(check => check.name === name))
    if (unknown.length > 0) {
      const names = unknown.map(name => JSON.stringify(name)).join(', ')
      lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`)
    }
    return text(failed ? 500 : 200, `${[...lines, `${endpoint} check ${failed ? 'failed' : 'passed'}`].join('\n')}\n`)
  }
  return ({ info, request }, next) => {
    const match = /^\/(livez|readyz|healthz)(?:\/(.+))?$/.exec(info.path)
    if (!match) return next()
    const endpoint = match[1] as Endpoint
    const relevant = checksOf(endpoint, checks())
    if (match[2] === undefined) return answerAll(endpoint, relevant, request.query)
    const only = relevant.find(({ name }) => name === match[2])
    return only ? answerOne(endpoint, only) : next()
  }
}
