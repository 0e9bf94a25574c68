import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cell, Distribution } from '../../machinery/metrics/index.js'
import { StatusError, unauthorized } from '../../machinery/status-error.js'
import type { RequestContext, Stage } from '../pipeline.js'
import { text } from '../respond.js'
import { measuredStage } from './measured-stage.js'
import { Outcomes } from './server-metrics.js'

const names = { passed: 'success', refused: 'failure', code: 401 }
const context = { request: {} } as RequestContext
const ok = async () => text(200, 'ok')
const broken = async () => {
  throw new StatusError(401, 'Unauthorized', 'behind it')
}

const cases: [string, Stage, () => Promise<unknown>, string[]][] = [
  ['passes', (_context, next) => next(), ok, ['success']],
  ['passes later', async (_context, next) => next(), ok, ['success']],
  ['refuses at once', () => assert.fail(unauthorized()), ok, ['failure']],
  ['refuses later', async () => assert.fail(unauthorized()), ok, ['failure']],
  ['breaks', async () => assert.fail(new Error('broken')), ok, ['error']],
  ['passes to what refuses', (_context, next) => next(), broken, ['success']],
  ['passes later to what refuses', async (_context, next) => next(), broken, ['success']],
]

describe('a measured stage', () => {
  for (const [what, stage, next, expected] of cases)
    it(`that ${what}: ${expected}`, async () => {
      const results: string[] = []
      const outcomes = new Outcomes(result => {
        results.push(result)
        return { count: new Cell(), duration: new Distribution([1]) }
      })
      let passed = 0
      const measured = measuredStage(stage, outcomes, names, () => passed++)
      try {
        await measured(context, next as () => ReturnType<typeof ok>)
      } catch (error) {
        assert.ok(error instanceof Error)
      }
      assert.deepEqual(results, expected)
      assert.equal(passed, expected[0] === 'success' ? 1 : 0)
    })
})
