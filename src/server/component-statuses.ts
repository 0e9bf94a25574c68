import type { ComponentStatus } from '../api/core/v1/index.js'
import { messageOf } from '../machinery/message-of.js'
import type { HealthCheck } from './health.js'

/** What components of the control plane say of themselves, as objects: asked anew each time, in the order of names. */
export async function componentStatuses(checks: readonly HealthCheck[]): Promise<readonly ComponentStatus[]> {
  const statuses = await Promise.all(
    checks.map(async ({ name, check }): Promise<ComponentStatus> => {
      const condition = await Promise.resolve()
        .then(check)
        .then(
          () => ({ type: 'Healthy', status: 'True', message: 'ok' }),
          (error: unknown) => ({
            type: 'Healthy',
            status: 'False',
            message: '',
            error: messageOf(error),
          }),
        )
      return { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name } as never, conditions: [condition] }
    }),
  )
  return statuses.sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
}
