import { StatusError } from '../../machinery/status-error.js'
import type { RequestContext, Stage } from '../pipeline.js'
import type { Outcomes } from './server-metrics.js'

/**
 * A stage whose own time is measured, until it hands on. `refused` says what came of it if it does not. `passed` hears of
 * who gets through.
 */
export function measuredStage(
  stage: Stage,
  outcomes: Outcomes,
  names: { readonly passed: string; readonly refused: string; readonly code: number },
  passed?: (context: RequestContext) => void,
): Stage {
  return (context, next) => {
    // What comes from the same process is not asked who it is.
    if (context.request.user) return stage(context, next)
    const begun = performance.now()
    let through = false
    const fail = (error: unknown): never => {
      if (!through) {
        const refused = error instanceof StatusError && error.code === names.code
        outcomes.note(refused ? names.refused : 'error', (performance.now() - begun) / 1000)
      }
      throw error
    }
    try {
      const answer = stage(context, () => {
        through = true
        outcomes.note(names.passed, (performance.now() - begun) / 1000)
        passed?.(context)
        return next()
      })
      return through ? answer : answer.catch(fail)
    } catch (error) {
      return fail(error)
    }
  }
}
