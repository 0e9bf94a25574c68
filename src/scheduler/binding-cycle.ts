import { messageOf } from '../machinery/message-of.js'
import { timed } from './attempt-observer.js'
import { Unschedulable } from './framework.js'
import type { SchedulingAttempt } from './scheduling-attempt.js'

/** The longest a pod may be held back by its permits, in ms. */
const longestPermit = 15 * 60_000

/** Sets aside on the node what the plugins need there, and asks for their permits. Throws what a plugin throws. */
export function reserve(attempt: SchedulingAttempt, node: string): Promise<void>[] {
  const { reserve, permit } = attempt.profile
  const waits: Promise<void>[] = []
  atPoint(attempt, 'Reserve', () => {
    for (const plugin of reserve) byPlugin(attempt, plugin.name, 'Reserve', () => plugin.reserve(attempt, node))
  })
  atPoint(attempt, 'Permit', () => {
    for (const plugin of permit) {
      const wait = byPlugin(attempt, plugin.name, 'Permit', () => plugin.permit(attempt, node))
      if (!wait) continue
      waits.push(
        wait.catch(error => {
          throw named(error, plugin.name)
        }),
      )
    }
  })
  return waits
}

/** Takes back what `reserve` has done, in reverse order. */
export function unreserve(attempt: SchedulingAttempt, node: string): void {
  for (const plugin of attempt.profile.unreserve.toReversed()) plugin.unreserve(attempt, node)
}

/** Resolves when all permits are given. Rejects when one is not, in time, or when the attempt is aborted. */
export async function permitted(
  attempt: SchedulingAttempt,
  waits: readonly Promise<void>[],
  after: (ms: number, action: () => void) => Disposable,
): Promise<void> {
  const { signal } = attempt
  using _timer = after(longestPermit, () => attempt.abort(new Unschedulable('timed out waiting on permit')))
  await new Promise<void>((resolve, reject) => {
    const aborted = () => reject(signal.reason)
    if (signal.aborted) aborted()
    signal.addEventListener('abort', aborted, { once: true })
    Promise.all(waits)
      .then(() => resolve(), reject)
      .finally(() => signal.removeEventListener('abort', aborted))
  })
}

/** Does what must be done before the pod is bound, and binds it. Throws what a plugin throws. */
export async function bind(attempt: SchedulingAttempt, node: string): Promise<void> {
  const { preBind, bind, postBind, name } = attempt.profile
  await atPoint(attempt, 'PreBind', async () => {
    for (const plugin of preBind) {
      const ready = byPlugin(attempt, plugin.name, 'PreBind', () => plugin.preBind(attempt, node))
      if (ready) await awaited(plugin.name, ready, 'PreBind')
    }
  })
  if (attempt.aborted) throw attempt.aborted
  await atPoint(attempt, 'Bind', async () => {
    for (const plugin of bind) {
      const bound = byPlugin(attempt, plugin.name, 'Bind', () => plugin.bind(attempt, node))
      if (await awaited(plugin.name, bound, 'Bind')) return
    }
    throw new Error(`no plugin of the profile ${name} binds the pod`)
  })
  atPoint(attempt, 'PostBind', () => {
    for (const plugin of postBind) byPlugin(attempt, plugin.name, 'PostBind', () => plugin.postBind(attempt, node))
  })
}

async function awaited<T>(plugin: string, result: Promise<T>, point: string): Promise<T> {
  try {
    return await result
  } catch (error) {
    if (error instanceof Unschedulable) throw named(error, plugin)
    throw new Error(`running ${point} plugin "${plugin}": ${messageOf(error)}`, { cause: error })
  }
}

function byPlugin<T>({ observer }: SchedulingAttempt, plugin: string, point: string, run: () => T): T {
  try {
    return observer ? observer.run(plugin, point, run) : run()
  } catch (error) {
    throw named(error, plugin)
  }
}

/** Measures how long all plugins of an extension point take. */
const atPoint = <T>({ observer }: SchedulingAttempt, point: string, run: () => T): T =>
  observer ? timed(run, (status, ms) => observer.point(point, status, ms)) : run()

function named(error: unknown, plugin: string): unknown {
  if (error instanceof Unschedulable && !error.plugin) error.plugin = plugin
  return error
}
