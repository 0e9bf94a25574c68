import { once } from 'node:events'
import { it } from 'node:test'
import { Worker } from 'node:worker_threads'

it('a day of churn breaks no promise, and ends as it was wanted', { timeout: 500_000 }, async t => {
  // In a thread of its own: the test runner follows every promise of this one, which takes a third of the time.
  const day = new Worker(new URL('./test-day-of-churn.js', import.meta.url))
  t.after(() => day.terminate())
  const [code] = await once(day, 'exit')
  if (code !== 0) throw new Error(`the day ended with ${code}`)
})
