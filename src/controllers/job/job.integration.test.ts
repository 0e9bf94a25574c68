import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Job } from '../../api/batch/v1/index.js'
import { Pod } from '../../api/core/v1/index.js'
import { type Client, Informers, type RunningControllers, runControllers } from '../../client/index.js'
import { ControlPlane } from '../../cluster/control-plane.js'
import { eventually } from '../eventually.js'
import { type BareControlPlane, bareControlPlane } from '../test-control-plane.js'
import { faultyClient, seededRandom } from '../test-faulty-client.js'
import { jobs } from './job.js'

const namespace = 'n'
const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } }

describe('jobs', () => {
  let plane: BareControlPlane
  let client: Client
  let running: RunningControllers
  before(async () => {
    plane = await bareControlPlane(ControlPlane.start)
    client = plane.client
    await plane.namespace(namespace)
    running = runControllers([jobs()], { client, onError: plane.onError })
  })
  after(async () => {
    await running[Symbol.asyncDispose]()
    await plane[Symbol.asyncDispose]()
    assert.deepEqual(plane.faults.map(String), [])
  })

  const create = (name: string, spec: object) =>
    client.create(Job, { metadata: { namespace, name }, spec: { template, ...spec } } as never)
  const statusOf = async (name: string) => (await client.get(Job, { namespace, name })).status
  const podsOf = async (name: string) =>
    (await client.list(Pod, { namespace, labelSelector: `job-name=${name}` })).items
  const end = (pod: Pod, phase: string, exitCode = 0) =>
    client.patch(
      Pod,
      pod.metadata,
      {
        type: 'merge',
        body: {
          status: {
            phase,
            containerStatuses: [
              {
                name: 'c',
                image: 'x',
                imageID: 'x',
                ready: false,
                restartCount: 0,
                state: { terminated: { exitCode, finishedAt: '2020-01-01T00:00:00Z' } },
              },
            ],
          },
        },
      },
      { subresource: 'status' },
    )
  const ended = (name: string, type: string) =>
    eventually(async () => {
      const status = await statusOf(name)
      assert.equal(status.conditions?.find(condition => condition.type === type)?.status, 'True')
      return status
    })
  /** Lets pods end as they come, until the job has. */
  const play = async (name: string, type: string, howToEnd: (pod: Pod) => readonly [string, number?]) => {
    await eventually(async () => {
      for (const pod of await podsOf(name))
        if (pod.status.phase === 'Pending' && !pod.metadata.deletionTimestamp) {
          const [phase, code] = howToEnd(pod)
          if (phase !== 'Pending') await end(pod, phase, code)
        }
      const status = await statusOf(name)
      assert.equal(status.conditions?.find(condition => condition.type === type)?.status, 'True')
    })
    return ended(name, type)
  }
  const indexOf = ({ metadata }: Pod) => Number(metadata.annotations?.['batch.kubernetes.io/job-completion-index'])

  it('run pods until enough have succeeded', async () => {
    await create('plain', { completions: 5, parallelism: 2 })
    const status = await play('plain', 'Complete', () => ['Succeeded'])
    assert.deepEqual([status.succeeded, status.failed, status.active], [5, undefined, undefined])
    assert.deepEqual(
      status.conditions?.map(({ type }) => type),
      ['SuccessCriteriaMet', 'Complete'],
    )
    assert.ok(status.completionTime)
    for (const { metadata } of await podsOf('plain')) assert.equal(metadata.finalizers, undefined)
  })

  it('fail once pods fail too often', async () => {
    await create('failing', { completions: 2, parallelism: 2, backoffLimit: 0 })
    const pods = await eventually(async () => {
      const pods = await podsOf('failing')
      assert.equal(pods.length, 2)
      return pods
    })
    const [first] = pods
    assert.ok(first)
    await end(first, 'Failed', 1)
    const status = await ended('failing', 'Failed')
    assert.deepEqual([status.failed, status.succeeded], [2, undefined])
    const { reason } = status.conditions?.find(({ type }) => type === 'Failed') ?? {}
    assert.equal(reason, 'BackoffLimitExceeded')
  })

  it('give every index its own pod', async () => {
    await create('indexed', { completionMode: 'Indexed', completions: 4, parallelism: 4 })
    const status = await play('indexed', 'Complete', () => ['Succeeded'])
    assert.deepEqual([status.completedIndexes, status.succeeded], ['0-3', 4])
    const pods = await podsOf('indexed')
    assert.deepEqual(pods.map(({ spec }) => spec.hostname).sort(), ['indexed-0', 'indexed-1', 'indexed-2', 'indexed-3'])
    assert.ok(pods[0]?.spec.containers[0]?.env?.some(({ name }) => name === 'JOB_COMPLETION_INDEX'))
  })

  it('go on with other indexes where one fails', async () => {
    await create('partly', { completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 0 })
    const status = await play('partly', 'Failed', pod => (indexOf(pod) === 1 ? ['Failed', 1] : ['Succeeded']))
    assert.deepEqual([status.completedIndexes, status.failedIndexes], ['0,2', '1'])
  })

  it('end early by the policies of failure and success', async () => {
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }]
    await create('policy', { completions: 2, podFailurePolicy: { rules } })
    const failed = await play('policy', 'Failed', () => ['Failed', 42])
    assert.equal(failed.conditions?.[0]?.reason, 'PodFailurePolicy')
    const successPolicy = { rules: [{ succeededIndexes: '0' }] }
    await create('leader', { completionMode: 'Indexed', completions: 3, parallelism: 3, successPolicy })
    await play('leader', 'SuccessCriteriaMet', pod => (indexOf(pod) === 0 ? ['Succeeded'] : ['Pending']))
    for (const pod of await podsOf('leader'))
      if (pod.status.phase === 'Pending')
        await client.delete(Pod, pod.metadata, { gracePeriodSeconds: 0 }).catch(() => {})
    assert.equal((await ended('leader', 'Complete')).succeeded, 1)
  })

  it('rest while they are suspended', async () => {
    await create('resting', { suspend: true, completions: 1 })
    await ended('resting', 'Suspended')
    assert.equal((await podsOf('resting')).length, 0)
    await client.patch(Job, { namespace, name: 'resting' }, { type: 'merge', body: { spec: { suspend: false } } })
    const status = await play('resting', 'Complete', () => ['Succeeded'])
    assert.ok(status.startTime)
  })
})

it('jobs never miscount, whatever is lost on the way', async () => {
  await using plane = await bareControlPlane(ControlPlane.start)
  const { client } = plane
  await plane.namespace(namespace)
  const random = seededRandom(7)
  const calm = AbortSignal.timeout(3_000)
  const faults = { lost: 0.05, unanswered: 0.05, conflict: 0.1, broken: 0.01, expired: 0.3, delay: 3 }
  const shaky = faultyClient(client, faults, random, calm)
  const informers = new Informers({ client: shaky, random, onError: () => {} })
  await using _running = runControllers([jobs()], { client: shaky, informers, random, onError: () => {} })
  await using _informers = informers
  await client.create(Job, {
    metadata: { namespace, name: 'j' },
    // Pods made twice because an answer was lost are deleted, and count as failed.
    spec: { completions: 40, parallelism: 8, backoffLimit: 100, template },
  } as never)
  const counted = new Set<string>()
  await eventually(async () => {
    for (const pod of (await client.list(Pod, { namespace })).items)
      if (pod.status.phase === 'Pending') {
        await client.patch(
          Pod,
          pod.metadata,
          { type: 'merge', body: { status: { phase: 'Succeeded' } } },
          { subresource: 'status' },
        )
        counted.add(pod.metadata.uid ?? '')
      }
    const { status } = await client.get(Job, { namespace, name: 'j' })
    assert.equal(status.conditions?.at(-1)?.type, 'Complete')
    assert.equal(status.succeeded, counted.size)
    assert.ok(counted.size >= 40)
  }, 60_000)
})
