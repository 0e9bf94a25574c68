import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CronJob, Job } from '../../api/batch/v1/index.js'
import { Informers, runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import type { Clock } from '../../machinery/clock.js'
import { eventually } from '../eventually.js'
import { bareControlPlane } from '../test-control-plane.js'
import { ttlAfterFinished } from '../ttl-after-finished/ttl-after-finished.js'
import { cronJobs } from './cron-job.js'

const namespace = 'n'

/** Real time that runs a thousand times as fast. */
function fastClock(): Clock {
  const begun = Date.now()
  return {
    now: () => begun + (Date.now() - begun) * 1000,
    after(ms, action) {
      const timer = setTimeout(action, ms / 1000)
      timer.unref()
      return { [Symbol.dispose]: () => clearTimeout(timer) }
    },
  }
}

it('cron jobs start jobs when they are due, and keep some of the old', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client } = plane
  await plane.namespace(namespace)
  const clock = fastClock()
  const informers = new Informers({ client, onError: plane.onError })
  await using _running = runControllers([cronJobs, ttlAfterFinished], {
    client,
    clock,
    informers,
    onError: plane.onError,
  })
  await using _informers = informers
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } }
  await client.create(CronJob, {
    metadata: { namespace, name: 'often' },
    spec: {
      schedule: '* * * * *',
      concurrencyPolicy: 'Forbid',
      successfulJobsHistoryLimit: 1,
      jobTemplate: { spec: { template, ttlSecondsAfterFinished: 600_000 } },
    },
  } as never)
  const jobs = async () => (await client.list(Job, { namespace })).items
  const first = await eventually(async () => {
    const [job] = await jobs()
    assert.ok(job)
    return job
  })
  assert.match(first.metadata.name ?? '', /^often-\d+$/)
  assert.equal(first.metadata.ownerReferences?.[0]?.kind, 'CronJob')
  await eventually(async () => {
    const { status } = await client.get(CronJob, { namespace, name: 'often' })
    assert.deepEqual(
      status.active?.map(({ name }) => name),
      [first.metadata.name],
    )
    assert.ok(status.lastScheduleTime)
  })
  // One at a time: no other begins before this one is done.
  assert.equal((await jobs()).length, 1)
  const finish = async (job: Job) => {
    const lastTransitionTime = new Date().toISOString().replace(/\.\d+/, '')
    const condition = (type: string) => ({
      type,
      status: 'True',
      lastTransitionTime,
      lastProbeTime: lastTransitionTime,
    })
    const status = {
      startTime: job.metadata.creationTimestamp,
      completionTime: lastTransitionTime,
      conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
    }
    await client.patch(Job, job.metadata, { type: 'merge', body: { status } }, { subresource: 'status' })
  }
  const seen = new Set<string>()
  await eventually(async () => {
    for (const job of await jobs()) {
      seen.add(job.metadata.name ?? '')
      if (!job.status.completionTime) await finish(job)
    }
    assert.ok(seen.size >= 4)
  }, 30_000)
  await client.patch(CronJob, { namespace, name: 'often' }, { type: 'merge', body: { spec: { suspend: true } } })
  await eventually(async () => {
    const left = await jobs()
    for (const job of left) if (!job.status.completionTime) await finish(job)
    assert.equal(left.length, 1)
  }, 30_000)
  const [last] = await jobs()
  await client.patch(Job, last?.metadata ?? {}, { type: 'merge', body: { spec: { ttlSecondsAfterFinished: 0 } } })
  await eventually(async () => assert.ok((await jobs()).every(({ metadata }) => metadata.deletionTimestamp)))
  assert.deepEqual(plane.faults.map(String), [])
})
