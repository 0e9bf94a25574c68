import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stringify } from 'yaml'
import type { SchedulerPlugin } from '../framework.js'
import type { PluginHandle } from '../plugin-handle.js'
import { informersOf } from '../test-cluster.js'
import { buildProfiles } from './build-profiles.js'
import { readSchedulerConfiguration } from './read-configuration.js'

const mine: SchedulerPlugin = { name: 'Mine', filter: () => undefined, score: () => undefined }

function profile(given: object, more: object = {}) {
  const text = stringify({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    profiles: [{ schedulerName: 'x', ...given }],
    ...more,
  })
  const [declared] = buildProfiles(readSchedulerConfiguration(text), { Mine: () => mine })
  assert.ok(declared)
  return declared.make({ informers: informersOf() } as PluginHandle)
}

const scores = (given: object) => profile(given).score.map(({ plugin, weight }) => `${plugin.name}:${weight}`)
const filters = (given: object) => profile(given).filter.map(({ name }) => name)

describe('buildProfiles', () => {
  it('has upstream’s plugins and weights by default, then what is added', () => {
    assert.deepEqual(scores({}), [
      'TaintToleration:3',
      'NodeAffinity:2',
      'NodeResourcesFit:1',
      'PodTopologySpread:2',
      'InterPodAffinity:2',
      'DynamicResources:1',
      'NodeResourcesBalancedAllocation:1',
      'ImageLocality:1',
      'Mine:1',
    ])
  })

  it('disables plugins everywhere or at a point', () => {
    const plugins = {
      multiPoint: { disabled: [{ name: 'ImageLocality' }] },
      score: { disabled: [{ name: 'NodeResourcesFit' }] },
      preFilter: { disabled: [{ name: 'NodePorts' }] },
    }
    assert.ok(!scores({ plugins }).some(name => /ImageLocality|NodeResourcesFit/.test(name)))
    assert.ok(filters({ plugins }).includes('NodeResourcesFit'))
    assert.ok(!filters({ plugins }).includes('NodePorts'))
  })

  it('takes weights from the point, else from all points', () => {
    const plugins = {
      multiPoint: {
        enabled: [
          { name: 'NodeAffinity', weight: 5 },
          { name: 'ImageLocality', weight: 7 },
        ],
      },
      score: { enabled: [{ name: 'ImageLocality', weight: 9 }] },
    }
    const found = scores({ plugins })
    assert.equal(found[0], 'ImageLocality:9', 'what a point names comes first')
    assert.ok(found.includes('NodeAffinity:5'))
  })

  it('uses only what a profile names', () => {
    const plugins = {
      multiPoint: {
        disabled: [{ name: '*' }],
        enabled: [{ name: 'Mine' }, { name: 'PrioritySort' }, { name: 'DefaultBinder' }],
      },
      score: { disabled: [{ name: '*' }], enabled: [{ name: 'ImageLocality' }] },
    }
    assert.deepEqual(filters({ plugins }), ['Mine'])
    assert.deepEqual(scores({ plugins }), ['ImageLocality:1'])
  })

  it('refuses what nobody knows, and profiles that lack what all need', () => {
    assert.throws(
      () => profile({ plugins: { score: { enabled: [{ name: 'Other' }] } } }),
      /score plugin "Other" does not exist; there are SchedulingGates, /,
    )
    assert.throws(
      () => profile({ plugins: { bind: { disabled: [{ name: '*' }] } } }),
      /at least one bind plugin is needed for profile with scheduler name "x"/,
    )
    assert.throws(
      () => profile({ plugins: { queueSort: { disabled: [{ name: 'PrioritySort' }] } } }),
      /no queue sort plugin is enabled for profile with scheduler name "x"/,
    )
  })
})
