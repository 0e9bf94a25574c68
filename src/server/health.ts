import { StatusError } from '../machinery/status-error.js'
import type { Stage } from './pipeline.js'
import { text } from './respond.js'

/** A named check; throws or rejects when what it looks at is not well. */
export interface HealthCheck {
  readonly name: string
  readonly check: () => Promise<void> | void
  /** Of `/readyz` alone: a server that is shutting down is alive but not ready. */
  readonly readyOnly?: boolean
}

/**
 * `/livez`, `/readyz` and `/healthz`, whole and check by check, with `?verbose` and `?exclude=`:
 * https://kubernetes.io/docs/reference/using-api/health-checks/
 */
export function healthStage(checks: readonly HealthCheck[]): Stage {
  return async ({ info, request }, next) => {
    const match = /^\/(livez|readyz|healthz)(?:\/(.+))?$/.exec(info.path)
    if (!match || info.resource) return next()
    const [, endpoint = '', only] = match
    const relevant = checks.filter(({ readyOnly }) => endpoint === 'readyz' || !readyOnly)
    if (only !== undefined) {
      const check = relevant.find(({ name }) => name === only)
      if (!check) throw new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
      const fault = await faultOf(check)
      return fault ? text(500, `internal server error: ${fault}\n`) : text(200, 'ok')
    }
    const excluded = new Set(request.query.getAll('exclude'))
    const results = await Promise.all(
      relevant.map(async check => ({
        name: check.name,
        fault: excluded.has(check.name) ? undefined : await faultOf(check),
        excluded: excluded.has(check.name),
      })),
    )
    const failed = results.filter(({ fault }) => fault !== undefined)
    if (failed.length === 0 && !request.query.has('verbose')) return text(200, 'ok')
    const lines = results.map(({ name, fault, excluded }) =>
      excluded
        ? `[+]${name} excluded: ok`
        : fault === undefined
          ? `[+]${name} ok`
          : `[-]${name} failed: reason withheld`,
    )
    const verdict = failed.length === 0 ? `${endpoint} check passed` : `${endpoint} check failed`
    return text(failed.length === 0 ? 200 : 500, `${[...lines, verdict].join('\n')}\n`)
  }
}

async function faultOf({ check }: HealthCheck): Promise<string | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
