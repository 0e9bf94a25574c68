import assert from 'node:assert/strict'
import { Job, type JobInit } from '../api/batch/v1/index.js'
import { Pod } from '../api/core/v1/index.js'
import type { Client } from '../client/client.js'
import { eventually, until } from '../controllers/eventually.js'
import { podActive } from '../controllers/pod-state.js'
import { isNotFound } from '../machinery/status-error.js'
import { requirements } from './requirements.js'

type Spec = NonNullable<JobInit['spec']>

const job = (namespace: string, spec: Partial<Spec>): JobInit => ({
  metadata: { namespace, name: 'work' },
  spec: {
    template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'work:1' }] } },
    ...spec,
  } as Spec,
})

const indexOf = ({ metadata }: Pod): number =>
  Number(metadata.annotations?.['batch.kubernetes.io/job-completion-index'])

const podsOf = async (client: Client, namespace: string) => (await client.list(Pod, { namespace })).items

const jobOf = (client: Client, namespace: string) => client.get(Job, { namespace, name: 'work' })

/** The end of a job: its condition and what is said of it. */
const ended = (client: Client, namespace: string, type: string) =>
  eventually(async () => {
    const found = await jobOf(client, namespace)
    const condition = found.status.conditions?.find(one => one.type === type && one.status === 'True')
    until(condition !== undefined, `${type}: ${JSON.stringify(found.status)}`)
    return { ...found.status, reason: condition?.reason, message: condition?.message }
  })

/** Plays the node of all pods until the job has ended: `exit` says with which code a pod ends, if it does. */
async function play(client: Client, namespace: string, exit: (pod: Pod) => number | undefined): Promise<void> {
  await eventually(async () => {
    for (const pod of await podsOf(client, namespace)) {
      if (!podActive(pod)) continue
      const code = exit(pod)
      if (code !== undefined) await end(client, pod, code)
    }
    const { status } = await jobOf(client, namespace)
    until(
      status.conditions?.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True') ??
        false,
      'over',
    )
  })
}

const end = (client: Client, pod: Pod, exitCode: number, conditions: readonly object[] = []) =>
  client
    .patch(
      Pod,
      pod.metadata,
      {
        type: 'strategic',
        body: {
          status: {
            phase: exitCode === 0 ? 'Succeeded' : 'Failed',
            conditions,
            containerStatuses: [
              {
                name: 'c',
                image: 'work:1',
                imageID: '',
                ready: false,
                restartCount: 0,
                state: { terminated: { exitCode } },
              },
            ],
          },
        },
      },
      { subresource: 'status' },
    )
    .catch(error => {
      if (!isNotFound(error)) throw error
    })

// No nodes: how pods end is up to each requirement.
requirements('sig-apps: jobs', { simulatedNodes: 0, scheduler: false }, requirement => {
  requirement('Jobs, completion after task failure', async ({ client, namespace }) => {
    await client.create(Job, job(namespace, { completions: 4, parallelism: 2, backoffLimit: 6 }))
    let failures = 1
    await play(client, namespace, () => (failures-- > 0 ? 1 : 0))
    const { succeeded, failed } = await ended(client, namespace, 'Complete')
    assert.deepEqual([succeeded, failed], [4, 1])
  })

  requirement('Ensure Pods of an Indexed Job get a unique index.', async ({ client, namespace }) => {
    await client.create(Job, job(namespace, { completions: 4, parallelism: 2, completionMode: 'Indexed' }))
    await play(client, namespace, () => 0)
    const { completedIndexes } = await ended(client, namespace, 'Complete')
    assert.equal(completedIndexes, '0-3')
    assert.deepEqual((await podsOf(client, namespace)).map(indexOf).sort(), [0, 1, 2, 3])
  })

  requirement('Verify Pod Failure policy allows to fail job early on exit code.', async ({ client, namespace }) => {
    const rules = [{ action: 'FailJob', onExitCodes: { containerName: 'c', operator: 'In', values: [3] } }]
    await client.create(Job, job(namespace, { backoffLimit: 6, podFailurePolicy: { rules } }))
    await play(client, namespace, () => 3)
    const { reason, failed } = await ended(client, namespace, 'Failed')
    assert.deepEqual([reason, failed], ['PodFailurePolicy', 1])
  })

  requirement(
    'Ensure pod failure policy allows to ignore failure matching on the DisruptionTarget',
    async ({ client, namespace }) => {
      const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }]
      await client.create(Job, job(namespace, { backoffLimit: 0, podFailurePolicy: { rules } }))
      const [pod] = await eventually(async () => {
        const pods = await podsOf(client, namespace)
        until(pods.length === 1, 'a pod')
        return pods
      })
      if (!pod) throw new Error('there is no pod')
      await end(client, pod, 137, [{ type: 'DisruptionTarget', status: 'True' }])
      await play(client, namespace, other => (other.metadata.uid === pod.metadata.uid ? undefined : 0))
      const { failed } = await ended(client, namespace, 'Complete')
      assert.equal(failed ?? 0, 0)
    },
  )

  requirement(
    'Ensure that all indexes are executed for an indexed job with backoffLimitPerIndex',
    async ({ client, namespace }) => {
      const spec = { completions: 4, parallelism: 4, completionMode: 'Indexed', backoffLimitPerIndex: 1 }
      await client.create(Job, job(namespace, spec))
      await play(client, namespace, pod => indexOf(pod) % 2)
      const { completedIndexes, failedIndexes, reason, failed } = await ended(client, namespace, 'Failed')
      assert.deepEqual([completedIndexes, failedIndexes, reason, failed], ['0,2', '1,3', 'FailedIndexes', 4])
    },
  )

  requirement(
    'Mark indexes as failed when the FailIndex action is matched in podFailurePolicy',
    async ({ client, namespace }) => {
      const rules = [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [42] } }]
      const spec = { completions: 2, parallelism: 2, completionMode: 'Indexed', backoffLimitPerIndex: 5 }
      await client.create(Job, job(namespace, { ...spec, podFailurePolicy: { rules } }))
      await play(client, namespace, pod => (indexOf(pod) === 0 ? 42 : 0))
      const { completedIndexes, failedIndexes, failed } = await ended(client, namespace, 'Failed')
      assert.deepEqual([completedIndexes, failedIndexes, failed], ['1', '0', 1])
    },
  )

  requirement('Terminate job execution when the maxFailedIndexes is exceeded', async ({ client, namespace }) => {
    const spec = { completions: 4, parallelism: 4, completionMode: 'Indexed', backoffLimitPerIndex: 0 }
    await client.create(Job, job(namespace, { ...spec, maxFailedIndexes: 1 }))
    await play(client, namespace, pod => (indexOf(pod) < 2 ? 1 : undefined))
    const { reason, failedIndexes } = await ended(client, namespace, 'Failed')
    assert.equal(reason, 'MaxFailedIndexesExceeded')
    assert.match(failedIndexes ?? '', /^0/)
  })

  for (const [name, rules, exits, completed] of [
    [
      'Ensure that job with successPolicy succeeded when all indexes succeeded',
      [{ succeededIndexes: '0-1', succeededCount: 2 }],
      [0, 0],
      '0,1',
    ],
    [
      'Ensure that job with successPolicy succeededCount rule succeeded even',
      [{ succeededCount: 1 }],
      [0, undefined],
      '0',
    ],
    [
      'Ensure that job with successPolicy succeededIndexes rule succeeded even',
      [{ succeededIndexes: '0' }],
      [0, undefined],
      '0',
    ],
  ] as const)
    requirement(name, async ({ client, namespace }) => {
      const spec = { completions: 2, parallelism: 2, completionMode: 'Indexed' }
      await client.create(Job, job(namespace, { ...spec, successPolicy: { rules: [...rules] } }))
      await play(client, namespace, pod => exits[indexOf(pod)])
      const { completedIndexes, conditions } = await ended(client, namespace, 'Complete')
      assert.equal(completedIndexes, completed)
      assert.equal(conditions?.find(({ type }) => type === 'SuccessCriteriaMet')?.status, 'True')
    })

  requirement('Jobs, active pods, graceful termination', async ({ client, namespace }) => {
    await client.create(Job, job(namespace, { completions: 2, parallelism: 2 }))
    await eventually(async () => until((await jobOf(client, namespace)).status.active === 2, 'two are active'))
    await client.delete(Job, { namespace, name: 'work' }, { propagationPolicy: 'Background' })
    await eventually(async () => assert.deepEqual(await podsOf(client, namespace), []))
    await assert.rejects(jobOf(client, namespace), isNotFound)
  })

  requirement('Jobs, orphan pods, re-adoption', async ({ client, namespace }) => {
    await client.create(Job, job(namespace, { completions: 2, parallelism: 1 }))
    const [pod] = await eventually(async () => {
      const pods = await podsOf(client, namespace)
      until(pods.length === 1, 'a pod')
      return pods
    })
    const ref = { namespace, name: pod?.metadata.name ?? '' }
    const labels = pod?.metadata.labels ?? {}
    const owners = async () => (await client.get(Pod, ref)).metadata.ownerReferences?.length ?? 0
    await client.patch(Pod, ref, { type: 'merge', body: { metadata: { ownerReferences: null } } })
    await eventually(async () => until((await owners()) === 1, 'it is taken back'))
    const none = Object.fromEntries(Object.keys(labels).map(key => [key, null]))
    await client.patch(Pod, ref, { type: 'merge', body: { metadata: { labels: none } } })
    await eventually(async () => until((await owners()) === 0, 'it is let go'))
    assert.equal((await client.get(Pod, ref)).metadata.finalizers, undefined, 'and not counted')
  })

  requirement('Jobs, manage lifecycle', async ({ client, namespace }) => {
    const ref = { namespace, name: 'work' }
    await client.create(Job, job(namespace, { completions: 4, parallelism: 2, suspend: true }))
    await eventually(async () =>
      until(
        (await jobOf(client, namespace)).status.conditions?.some(({ type }) => type === 'Suspended') ?? false,
        'suspended',
      ),
    )
    assert.deepEqual(await podsOf(client, namespace), [])
    await client.patch(Job, ref, {
      type: 'merge',
      body: { metadata: { labels: { step: 'patched' } }, spec: { suspend: false } },
    })
    await play(client, namespace, () => 0)
    await ended(client, namespace, 'Complete')
    const found = await jobOf(client, namespace)
    await client.update(Job, { ...found, metadata: { ...found.metadata, annotations: { updated: 'true' } } })
    assert.equal((await client.list(Job, { labelSelector: 'step=patched' })).items.length, 1)
    await client.deleteCollection(Job, { namespace, labelSelector: 'step=patched' })
    await eventually(async () => assert.deepEqual((await client.list(Job, { namespace })).items, []))
  })

  requirement('Jobs, apply changes to status', async ({ client, namespace }) => {
    const ref = { namespace, name: 'work' }
    await client.create(Job, job(namespace, { suspend: true }))
    const body = { status: { startTime: '2026-01-01T00:00:00Z' } }
    const patched = await client.patch(Job, ref, { type: 'merge', body }, { subresource: 'status' })
    assert.equal(patched.status.startTime, '2026-01-01T00:00:00Z')
  })
})
