import { APIService } from '../../api/apiregistration/v1/index.js'
import { type Clock, rfc3339 } from '../../machinery/clock.js'
import type { ViewSubresource } from '../../machinery/resource.js'
import type { Draft } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import { serverWriter } from '../registry/server-writer.js'
import type { Availability } from './availability.js'

const type = 'Available'

const conditionOf = ({ status }: APIService) => status.conditions?.find(condition => condition.type === type)

export const isAvailable = (service: APIService): boolean => conditionOf(service)?.status === 'True'

/** Says in an API service's status whether it can be asked; its time of transition moves with the status alone. */
export async function writeAvailability(
  registries: Registries,
  service: APIService,
  availability: Availability,
  clock: Clock,
): Promise<void> {
  const said = conditionOf(service)
  const same = (['status', 'reason', 'message'] as const).every(field => said?.[field] === availability[field])
  if (same) return
  const services = registries.of(APIService)
  const view = services.resource.subresources.find(
    (candidate): candidate is ViewSubresource<APIService> => candidate.type === 'view',
  )
  const now = rfc3339(clock.now())
  await services.update(
    '',
    service.metadata.name ?? '',
    {
      ...(view ? { view } : {}),
      retry: true,
      apply(current) {
        const draft = structuredClone(current) as Draft<APIService>
        delete (draft.metadata as { resourceVersion?: string }).resourceVersion
        if (current) draft.status.conditions = withAvailability(current, availability, now)
        return draft
      },
    },
    serverWriter,
  )
}

function withAvailability(service: APIService, availability: Availability, now: string) {
  const before = conditionOf(service)
  const lastTransitionTime = before?.status === availability.status ? (before.lastTransitionTime ?? now) : now
  const others = (service.status.conditions ?? []).filter(condition => condition !== before)
  return structuredClone([...others, { type, ...availability, lastTransitionTime }]) as Draft<
    NonNullable<APIService['status']['conditions']>
  >
}
