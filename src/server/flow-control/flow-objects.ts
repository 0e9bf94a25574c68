import { FlowSchema, PriorityLevelConfiguration } from '../../api/flowcontrol/v1/index.js'
import { type Clock, rfc3339 } from '../../machinery/clock.js'
import { jsonEqual } from '../../machinery/json-equal.js'
import type { ApiObject } from '../../machinery/object.js'
import type { ViewSubresource } from '../../machinery/resource.js'
import { isAlreadyExists, isConflict, isNotFound } from '../../machinery/status-error.js'
import type { Draft, Kind } from '../../schema/index.js'
import type { Registries } from '../registry/registries.js'
import type { Registry } from '../registry/registry.js'
import type { WriteContext } from '../registry/write.js'
import { type DefaultFlowObject, defaultFlowSchemas, defaultPriorityLevels } from './default-flow-objects.js'

const autoUpdate = 'apf.kubernetes.io/autoupdate-spec'

const writer = (role: string): WriteContext => ({
  user: { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] },
  fieldManager: `api-priority-and-fairness-config-${role}-v1`,
  dryRun: false,
  warn: () => {},
})
const producer = writer('producer')
const consumer = writer('consumer')

interface FlowObject extends ApiObject {
  readonly spec: object
}

/** Whether the server may change the spec: it says so, or nobody has changed what the server made. */
export function mayUpdate({ metadata }: ApiObject, mandatory: boolean): boolean {
  if (mandatory) return true
  const said = metadata.annotations?.[autoUpdate]
  if (said === 'true' || said === 'false') return said === 'true'
  return (metadata.generation ?? 1) === 1
}

/** What a default object is to become; undefined if it is as it should be. What the exempt level lends is anybody's to say. */
export function corrected<T extends FlowObject>(
  current: T,
  { spec, mandatory }: DefaultFlowObject<object>,
): Draft<T> | undefined {
  const update = mayUpdate(current, mandatory)
  const annotation = String(update)
  const said = current.metadata.annotations?.[autoUpdate]
  const { exempt } = current.spec as { readonly exempt?: object }
  const wanted = 'exempt' in spec && exempt ? { ...spec, exempt } : spec
  if (said === annotation && (!update || jsonEqual(current.spec, wanted))) return undefined
  return {
    ...current,
    metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, [autoUpdate]: annotation } },
    spec: update ? wanted : current.spec,
  } as unknown as Draft<T>
}

/**
 * Makes the default flow schemas and priority levels, puts right what was changed in those that are the server's own,
 * and removes those of its own that are no longer wanted. Safe to repeat, and for several servers at once.
 */
export async function upkeepFlowObjects(registries: Registries): Promise<void> {
  await Promise.all([
    upkeep(registries, PriorityLevelConfiguration, defaultPriorityLevels),
    upkeep(registries, FlowSchema, defaultFlowSchemas),
  ])
}

async function upkeep<T extends FlowObject>(
  registries: Registries,
  kind: Kind<T, unknown>,
  wanted: readonly DefaultFlowObject<object>[],
): Promise<void> {
  const registry = registries.of(kind)
  const names = new Set(wanted.map(({ name }) => name))
  const stale = registry.cache
    .list()
    .filter(
      ({ object: { metadata } }) => metadata.annotations?.[autoUpdate] === 'true' && !names.has(metadata.name ?? ''),
    )
  await Promise.all([
    ...wanted.map(object => ensure(registry, kind, object)),
    ...stale.map(({ object }) =>
      tolerating(
        registry.delete('', object.metadata.name ?? '', { preconditions: { uid: object.metadata.uid } }, producer),
      ),
    ),
  ])
}

async function ensure<T extends FlowObject>(
  registry: Registry<T>,
  { gvk }: Kind<T, unknown>,
  wanted: DefaultFlowObject<object>,
): Promise<void> {
  const current = registry.cache.get(wanted.name)?.object
  if (!current) {
    const draft = {
      kind: gvk.kind,
      apiVersion: `${gvk.group}/${gvk.version}`,
      metadata: { name: wanted.name, annotations: { [autoUpdate]: 'true' } },
      spec: wanted.spec,
      status: {},
    }
    return tolerating(registry.create('', draft as unknown as Draft<T>, producer))
  }
  if (!corrected(current, wanted)) return
  return tolerating(
    registry.update(
      '',
      wanted.name,
      { retry: true, apply: now => corrected(now ?? current, wanted) ?? (now as Draft<T>) },
      producer,
    ),
  )
}

const message = (level: string, found: boolean): string =>
  `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} ${
    found ? 'and it exists' : 'but there is no such object'
  }`

/** Says in the status of each flow schema whether its priority level exists. */
export async function reportDangling(registries: Registries, clock: Clock): Promise<void> {
  const registry = registries.of(FlowSchema)
  const levels = registries.of(PriorityLevelConfiguration).cache
  const view = registry.resource.subresources.find(({ name }) => name === 'status') as ViewSubresource<FlowSchema>
  await Promise.all(
    registry.cache.list().map(async ({ object }) => {
      const level = object.spec.priorityLevelConfiguration.name
      const found = levels.get(level) !== undefined
      const said = object.status.conditions?.find(({ type }) => type === 'Dangling')
      const status = found ? 'False' : 'True'
      if (said?.status === status && said.message === message(level, found)) return
      const condition = {
        type: 'Dangling',
        status,
        lastTransitionTime: said?.status === status ? (said.lastTransitionTime ?? null) : rfc3339(clock.now()),
        reason: found ? 'Found' : 'NotFound',
        message: message(level, found),
      }
      const apply = (now: FlowSchema | undefined): Draft<FlowSchema> => {
        const { conditions = [] } = (now ?? object).status
        return {
          ...(now ?? object),
          metadata: { ...(now ?? object).metadata },
          status: { conditions: [...conditions.filter(({ type }) => type !== 'Dangling'), condition] },
        } as unknown as Draft<FlowSchema>
      }
      await tolerating(registry.update('', object.metadata.name ?? '', { retry: true, view, apply }, consumer))
    }),
  )
}

/** Another server was faster, or somebody removed it: the next round sees to it. */
async function tolerating(write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error
  }
}
