// What a decision of the scheduler costs: the scheduler without a control plane. Whatever it writes is done at once, and
// told to it as an informer would. Printed is processor time (user and system) per pod. Arguments: names of cases.
import { join } from 'node:path'
import { cases, nodeOf, nodes, podOf } from './scheduler-cases.mjs'
import { dist, row } from './table.mjs'

process.env.NODE_ENV ??= 'production'
const load = path => import(join(dist, path))
const { Node, Pod } = await load('api/core/v1/index.js')
const { decodeJson } = await load('schema/index.js')
const { buildProfiles, readSchedulerConfiguration } = await load('scheduler/index.js')
const { Scheduler } = await load('scheduler/scheduler.js')

const configuration = readSchedulerConfiguration(
  '{apiVersion: kubescheduler.config.k8s.io/v1, kind: KubeSchedulerConfiguration}',
)
const critical = 2_000_000_000

/** A pod as the API server would hand it out. */
function served(name, { priorityClassName, ...shape }, nodeName) {
  const { metadata, spec } = podOf(name, shape)
  const given = { schedulerName: 'default-scheduler', priority: priorityClassName ? critical : 0 }
  return decodeJson(Pod, {
    metadata: { ...metadata, uid: name, generation: 1 },
    spec: { ...spec, ...given, ...(nodeName ? { nodeName } : {}) },
    status: nodeName ? { startTime: '2026-01-01T00:00:00Z' } : {},
  })
}

async function measure(name, { zones, before, pods, measured }) {
  const known = new Map()
  let bound = 0
  const client = {
    async post(_kind, { name }, _verb, binding) {
      bound++
      const pod = known.get(name)
      setImmediate(() => scheduler.podChanged({ ...pod, spec: { ...pod.spec, nodeName: binding.target.name } }, pod))
      return binding
    },
    async delete(_kind, { name }) {
      setImmediate(() => scheduler.podChanged(undefined, known.get(name)))
    },
    patch: async () => ({}),
  }
  const nothing = { list: () => [], by: () => [], get: () => undefined, synced: async () => {}, onChange: () => ({}) }
  const scheduler = new Scheduler({
    client,
    informers: { of: () => nothing },
    recorder: () => ({ record: () => {} }),
    profiles: buildProfiles(configuration),
    onError: error => console.error(error),
  })
  for (let i = 0; i < nodes; i++) scheduler.nodeChanged(decodeJson(Node, nodeOf(`node-${i}`, i, zones)), undefined)
  const add = (name, shape, nodeName) => {
    known.set(name, served(name, shape, nodeName))
    scheduler.podChanged(known.get(name), undefined)
  }
  const [count, shape] = before ?? [0]
  for (let i = 0; i < count; i++) add(`before-${i}`, shape, `node-${i % nodes}`)
  const began = process.cpuUsage()
  for (let i = 0; i < pods; i++) add(`pod-${i}`, measured)
  while (bound < pods) await new Promise(resolve => setImmediate(resolve))
  const { user, system } = process.cpuUsage(began)
  scheduler[Symbol.dispose]()
  row(`scheduler alone, ${name}`, '', `${Math.round((user + system) / pods)} us`)
}

const chosen = process.argv.slice(2)
for (const [name, options] of Object.entries(cases))
  if (!options.churn && (chosen.length === 0 || chosen.includes(name))) await measure(name, options)
process.exit(0)
