import { Job } from '../../api/batch/v1/index.js'
import { type Controller, controller } from '../../client/controller.js'
import { isNotFound } from '../../machinery/status-error.js'
import { isFinished } from '../job/outcome.js'

/** Deletes jobs some time after they have finished: https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/ */
export const ttlAfterFinished: Controller = controller({
  name: 'ttl-after-finished',
  watches: { for: Job },
  async reconcile(key, { get, client, clock }) {
    const job = get(Job, key)
    const ttl = job?.spec.ttlSecondsAfterFinished
    if (!job || ttl === undefined || job.metadata.deletionTimestamp || !isFinished(job)) return undefined
    const left = finishedAt(job) + ttl * 1000 - clock.now()
    if (left > 0) return { after: left }
    try {
      const { uid, resourceVersion } = job.metadata
      await client.delete(Job, key, {
        propagationPolicy: 'Foreground',
        preconditions: { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
      })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return undefined
  },
})

/** In ms. */
function finishedAt({ status }: Job): number {
  const condition = status.conditions?.find(
    ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
  )
  return Date.parse(condition?.lastTransitionTime ?? status.completionTime ?? '')
}
