import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeJson } from '../../../schema/index.js'
import { appArmorPrefix, takeAppArmorAnnotations } from './app-armor-annotations.js'
import { Pod } from './pod.js'
import { pods } from './pods.js'

interface Case {
  readonly annotation: string
  /** The profile of the whole pod. */
  readonly pod?: string
  readonly own?: string
  readonly expected?: { readonly type: string; readonly localhostProfile?: string }
  readonly isTold: boolean
}

const cases: readonly Case[] = [
  { annotation: 'runtime/default', expected: { type: 'RuntimeDefault' }, isTold: true },
  { annotation: 'localhost/mine', expected: { type: 'Localhost', localhostProfile: 'mine' }, isTold: true },
  { annotation: 'unconfined', pod: 'Unconfined', isTold: false },
  { annotation: 'runtime/default', own: 'Unconfined', expected: { type: 'Unconfined' }, isTold: false },
  { annotation: 'whatever', isTold: true },
]

const contextOf = (type: string | undefined) => (type ? { securityContext: { appArmorProfile: { type } } } : {})

describe('annotations that name AppArmor profiles', () => {
  for (const { annotation, pod, own, expected, isTold } of cases)
    it(`${annotation}, ${pod ?? 'nothing'} of the pod, ${own ?? 'nothing'} of the container`, () => {
      const draft = decodeJson(Pod, {
        kind: 'Pod',
        apiVersion: 'v1',
        metadata: { name: 'p', namespace: 'n', annotations: { [`${appArmorPrefix}c`]: annotation } },
        spec: { containers: [{ name: 'c', image: 'i', ...contextOf(own) }], ...contextOf(pod) },
      })
      takeAppArmorAnnotations(draft)
      assert.deepEqual(draft.spec.containers[0]?.securityContext?.appArmorProfile, expected)
      const warnings = pods.strategy.warnings?.(draft, undefined) ?? []
      assert.equal(
        warnings.some(warning => warning.includes('appArmorProfile')),
        isTold,
      )
    })
})
