import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobs } from './jobs.js'

test('how a job is comes from its conditions alone', () => {
  const column = jobs.columns.find(({ name }) => name === 'Status')
  for (const [types, metadata, expected] of [
    [[], {}, 'Running'],
    [['Suspended'], {}, 'Suspended'],
    [['FailureTarget'], {}, 'FailureTarget'],
    [['FailureTarget', 'Suspended'], { deletionTimestamp: '2026-01-01T00:00:00Z' }, 'Terminating'],
    [['FailureTarget', 'Failed'], { deletionTimestamp: '2026-01-01T00:00:00Z' }, 'Failed'],
    [['SuccessCriteriaMet'], {}, 'SuccessCriteriaMet'],
    [['SuccessCriteriaMet', 'Complete'], {}, 'Complete'],
  ] as const) {
    const conditions = types.map(type => ({ type, status: 'True' }))
    assert.equal(column?.cell({ metadata, spec: { suspend: true }, status: { conditions } } as never, 0), expected)
  }
})
