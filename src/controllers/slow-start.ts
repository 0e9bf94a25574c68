/** How a run in batches ended: how many succeeded, and the first error, after whose batch no more was tried. */
export interface SlowStart {
  readonly succeeded: number
  readonly error?: unknown
}

/**
 * Does something `count` times, at once in batches that double from 1: what fails for all (a quota, a bad template) is
 * not tried for all.
 */
export async function slowStart(count: number, action: (index: number) => Promise<unknown>): Promise<SlowStart> {
  let succeeded = 0
  for (let done = 0, size = 1; done < count; size *= 2) {
    const from = done
    done = Math.min(count, done + size)
    const results = await Promise.allSettled(Array.from({ length: done - from }, (_, i) => action(from + i)))
    const failures = results.filter(({ status }) => status === 'rejected')
    succeeded += results.length - failures.length
    const [first] = failures
    if (first?.status === 'rejected') return { succeeded, error: first.reason }
  }
  return { succeeded }
}
