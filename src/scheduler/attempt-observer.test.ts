import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MetricsRegistry } from '../machinery/metrics/index.js'
import { AttemptObserver } from './attempt-observer.js'
import { findFeasible, totalScores } from './choose-node.js'
import { Unschedulable } from './framework.js'
import { profileOf } from './profile.js'
import { schedulerMetrics } from './scheduler-metrics.js'
import { clusterOf, cycleOf, defaultPlugins, nodeOf, podOf } from './test-cluster.js'

function measured(random: number) {
  const registry = new MetricsRegistry()
  const metrics = schedulerMetrics(registry, () => ({
    pending: { active: 0, backoff: 0, unschedulable: 0, gated: 0, inFlight: 0 },
    rejected: [],
    inFlightEvents: new Map([['NodeAdd', 2]]),
    nodes: 0,
    pods: 0,
    assumedPods: 0,
  }))
  return { observer: new AttemptObserver(metrics, 'default-scheduler', () => random), text: () => registry.text() }
}

/** How often something was observed, by the labels of its series. */
const counts = (text: string, metric: string): Record<string, number> =>
  Object.fromEntries(
    [...text.matchAll(new RegExp(`^${metric}(?:_count)?\\{([^}]*)\\} (\\d+)$`, 'gm'))].map(([, labels, value]) => [
      labels ?? '',
      Number(value),
    ]),
  )

const plugins = defaultPlugins.filter(({ name }) => ['NodeUnschedulable', 'NodeResourcesFit'].includes(name))
const state = clusterOf([nodeOf('one'), nodeOf('two', undefined, { unschedulable: true })])

function place(random: number): string {
  const { observer, text } = measured(random)
  const cycle = cycleOf(podOf('pod'), state)
  const { filter, score } = profileOf('default-scheduler', plugins)
  const { nodes } = findFeasible(cycle, filter, { observer })
  assert.deepEqual(
    nodes.map(({ name }) => name),
    ['one'],
  )
  totalScores(cycle, score, nodes, observer)
  return text()
}

describe('AttemptObserver', () => {
  it('counts the plugins that have a say, at every attempt', () => {
    for (const random of [0, 0.9])
      assert.deepEqual(counts(place(random), 'scheduler_plugin_evaluation_total'), {
        'plugin="NodeUnschedulable",extension_point="PreFilter",profile="default-scheduler"': 1,
        'plugin="NodeUnschedulable",extension_point="Filter",profile="default-scheduler"': 1,
        'plugin="NodeResourcesFit",extension_point="PreFilter",profile="default-scheduler"': 1,
        'plugin="NodeResourcesFit",extension_point="Filter",profile="default-scheduler"': 1,
        'plugin="NodeResourcesFit",extension_point="PreScore",profile="default-scheduler"': 1,
        'plugin="NodeResourcesFit",extension_point="Score",profile="default-scheduler"': 1,
      })
  })

  it('measures each plugin at one attempt of ten', () => {
    assert.deepEqual(counts(place(0.1), 'scheduler_plugin_execution_duration_seconds'), {})
    assert.deepEqual(counts(place(0.05), 'scheduler_plugin_execution_duration_seconds'), {
      'plugin="NodeUnschedulable",extension_point="PreFilter",status="Success"': 1,
      'plugin="NodeUnschedulable",extension_point="Filter",status="Success"': 1,
      'plugin="NodeUnschedulable",extension_point="Filter",status="Unschedulable"': 1,
      'plugin="NodeResourcesFit",extension_point="PreFilter",status="Success"': 1,
      'plugin="NodeResourcesFit",extension_point="Filter",status="Success"': 1,
      'plugin="NodeResourcesFit",extension_point="PreScore",status="Success"': 1,
      'plugin="NodeResourcesFit",extension_point="Score",status="Success"': 1,
    })
  })

  it('passes on what a plugin throws or rejects with, and measures it', async () => {
    const { observer, text } = measured(0)
    assert.throws(
      () =>
        observer.run('A', 'Reserve', () => {
          throw new Unschedulable('no')
        }),
      Unschedulable,
    )
    await assert.rejects(
      observer.run('B', 'PreBind', async () => {
        throw new Error('broken')
      }),
      /broken/,
    )
    assert.equal(await observer.run('B', 'Bind', async () => 7), 7)
    assert.deepEqual(counts(text(), 'scheduler_plugin_execution_duration_seconds'), {
      'plugin="A",extension_point="Reserve",status="Unschedulable"': 1,
      'plugin="B",extension_point="PreBind",status="Error"': 1,
      'plugin="B",extension_point="Bind",status="Success"': 1,
    })
    assert.deepEqual(counts(text(), 'scheduler_inflight_events'), { 'event="NodeAdd"': 2 })
  })
})
