import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'

/** For tests: resolves to what `look` returns once it does so without throwing; throws its last error after `ms`. */
export async function eventually<T>(look: () => Promise<T> | T, ms = 60_000): Promise<T> {
  const end = Date.now() + ms
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() > end) throw error
    }
    await wait(5)
  }
}

/** For tests: asserts by throwing, so that `eventually` looks again. */
export function until(condition: boolean, what: string): void {
  assert.ok(condition, what)
}
