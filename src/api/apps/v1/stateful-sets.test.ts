import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Draft, decodeJson } from '../../../schema/index.js'
import { StatefulSet } from './stateful-set.js'
import { statefulSets } from './stateful-sets.js'

const setOf = (mounts: readonly string[], volumes: readonly string[], claims: readonly string[]): StatefulSet => {
  const set = decodeJson(StatefulSet, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 's', namespace: 'n' },
    spec: {
      selector: { matchLabels: { app: 's' } },
      template: {
        metadata: { labels: { app: 's' } },
        spec: {
          containers: [{ name: 'c', image: 'i', volumeMounts: mounts.map(name => ({ name, mountPath: `/${name}` })) }],
          volumes: volumes.map(name => ({ name, emptyDir: {} })),
        },
      },
      volumeClaimTemplates: claims.map(name => ({
        metadata: { name },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      })),
    },
  })
  statefulSets.defaults?.(set)
  return set
}

describe('containers of a stateful set mount', () => {
  for (const [what, mounts, volumes, claims, faults] of [
    ['volumes of the template', ['v'], ['v'], [], []],
    ['volumes of claims', ['data', 'v'], ['v'], ['data', 'logs'], []],
    ['volumes of claims that take the place of others', ['data'], ['data'], ['data'], []],
    ['nothing else', ['x'], ['v'], ['data'], ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "x"']],
  ] as const)
    it(what, () =>
      assert.deepEqual(
        statefulSets.strategy
          .validate?.(setOf(mounts, volumes, claims))
          .map(({ field, message }) => `${field}: ${message}`),
        faults,
      ),
    )
})

describe('what a stateful set may not change is looked at once', () => {
  const set = setOf([], [], ['data'])
  const [claim] = set.spec.volumeClaimTemplates ?? []
  const given: StatefulSet = {
    ...set,
    spec: {
      ...set.spec,
      serviceName: 'a.b',
      volumeClaimTemplates: claim ? [{ ...claim, spec: { ...claim.spec, accessModes: [], resources: {} } }] : [],
    },
  }
  it('when it is new', () =>
    assert.deepEqual(
      statefulSets.strategy.validate?.(given).map(({ field, message }) => `${field}: ${message}`),
      [
        'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
        'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
        'spec.serviceName: Invalid value: "a.b": must not contain dots',
      ],
    ))
  it('and then no more', () => assert.deepEqual(statefulSets.strategy.validateUpdate?.(given, given), []))
})

it('how many may be unavailable at a time is kept where it is used already', () => {
  const { prepareForCreate, prepareForUpdate } = statefulSets.strategy
  const preparation = { now: 0 } as never
  const rolling = (): Draft<StatefulSet> => {
    const set = structuredClone(setOf([], [], [])) as Draft<StatefulSet>
    set.spec.updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 2 } }
    return set
  }
  const created = rolling()
  prepareForCreate?.(created, preparation)
  assert.deepEqual(created.spec.updateStrategy.rollingUpdate, { partition: 0 })
  const changed = rolling()
  prepareForUpdate?.(changed, created as StatefulSet, preparation)
  assert.deepEqual(changed.spec.updateStrategy.rollingUpdate, { partition: 0 })
  const kept = rolling()
  prepareForUpdate?.(kept, rolling() as StatefulSet, preparation)
  assert.deepEqual(kept.spec.updateStrategy.rollingUpdate, { partition: 0, maxUnavailable: 2 })
})
