import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Secret } from '../../api/core/v1/index.js'
import { type TokenVerdict, verdictOn } from './legacy-token-cleaner.js'

const now = Date.parse('2026-06-15T12:00:00Z')
const period = 10 * 24 * 3_600_000
const used = 'kubernetes.io/legacy-token-last-used'
const invalid = 'kubernetes.io/legacy-token-invalid-since'

const cases: readonly [string, string, { readonly [label: string]: string }, TokenVerdict][] = [
  ['a young one', '2026-06-10T00:00:00Z', {}, 'keep'],
  ['one that was never used', '2026-01-01T00:00:00Z', {}, 'invalidate'],
  ['one that was used lately', '2026-01-01T00:00:00Z', { [used]: '2026-06-05' }, 'keep'],
  ['one that was used long ago', '2026-01-01T00:00:00Z', { [used]: '2026-06-04' }, 'invalidate'],
  ['one whose last use cannot be read', '2026-01-01T00:00:00Z', { [used]: 'x' }, 'invalidate'],
  ['one that is invalid for a while', '2026-01-01T00:00:00Z', { [invalid]: '2026-06-05' }, 'keep'],
  ['one that is invalid for long', '2026-01-01T00:00:00Z', { [invalid]: '2026-06-04' }, 'delete'],
  ['one that is invalid since nobody knows when', '2026-01-01T00:00:00Z', { [invalid]: 'x' }, 'invalidate'],
]

describe('a token without an end', () => {
  for (const [name, creationTimestamp, labels, expected] of cases)
    it(name, () =>
      assert.equal(verdictOn({ metadata: { creationTimestamp, labels } } as unknown as Secret, now, period), expected),
    )
})
