import assert from 'node:assert/strict'
import type { Client, ObjectRef, WriteOptions } from '../client/client.js'
import { eventually } from '../controllers/eventually.js'
import type { ApiObject } from '../machinery/object.js'
import type { Kind } from '../schema/index.js'
import { read } from './requirements.js'

/** Reads and updates, again where a controller was quicker. */
const anew = <T extends ApiObject, I>(
  client: Client,
  kind: Kind<T, I>,
  ref: ObjectRef,
  change: (found: T) => unknown,
  options: WriteOptions = {},
): Promise<T> => eventually(async () => client.update(kind, change(await client.get(kind, ref)) as I, options))

interface Group {
  readonly name: string
  readonly versions: readonly { readonly groupVersion: string }[]
}

/** Whether discovery tells of a resource, and of its `/status` where it has one. */
export async function discovered<T, I>(client: Client, { gvk, plural }: Kind<T, I>, status: boolean): Promise<void> {
  const groupVersion = `${gvk.group}/${gvk.version}`
  const { groups } = (await read(client, '/apis')) as { groups: readonly Group[] }
  const own = (await read(client, `/apis/${gvk.group}`)) as Group
  for (const group of [groups.find(({ name }) => name === gvk.group), own])
    assert.ok(
      group?.versions.some(version => version.groupVersion === groupVersion),
      groupVersion,
    )
  const { resources } = (await read(client, `/apis/${groupVersion}`)) as { resources: readonly { name: string }[] }
  const names = resources.map(({ name }) => name)
  for (const name of status ? [plural, `${plural}/status`] : [plural]) assert.ok(names.includes(name), name)
}

/**
 * Tries every operation of a cluster-wide API: `object` is what one is made with, `changed` a patch of it that is
 * accepted; `label` is this trial's alone.
 */
export async function lifeOf<T extends ApiObject, I>(
  client: Client,
  kind: Kind<T, I>,
  label: string,
  object: object,
  changed: object,
): Promise<void> {
  const labelSelector = `life=${label}`
  const listed = async () => (await client.list(kind, { labelSelector })).items.map(({ metadata }) => metadata.name)
  const { resourceVersion } = await client.list(kind, { labelSelector })
  const ref = (name: string) => ({ name: `${label}-${name}`, labels: { life: label } })
  const made = ['a', 'b', 'c'].map(ref)
  for (const metadata of made) await client.create(kind, { metadata, ...object } as I)
  const [first, second] = made.map(({ name }) => ({ name }))
  assert.equal((await client.get(kind, first ?? {})).metadata.name, first?.name)
  assert.deepEqual(
    await listed(),
    made.map(({ name }) => name),
  )
  await client.patch(kind, first ?? {}, { type: 'merge', body: changed })
  const annotations = { updated: 'yes' }
  const updated = await anew(client, kind, first ?? {}, found => ({
    ...found,
    metadata: { ...found.metadata, annotations },
  }))
  assert.equal(updated.metadata.annotations?.updated, 'yes')
  await client.delete(kind, second ?? {})
  await client.deleteCollection(kind, { labelSelector })
  assert.deepEqual(await listed(), [])
  const seen: string[] = []
  for await (const event of client.watch(kind, { labelSelector, resourceVersion })) {
    if (event.type !== 'BOOKMARK') seen.push(event.type)
    if (seen.filter(type => type === 'DELETED').length === 3) break
  }
  const count = (type: string) => seen.filter(other => other === type).length
  assert.deepEqual([count('ADDED'), count('DELETED')], [3, 3])
  assert.ok(count('MODIFIED') >= 2)
}

/** Tries `/status`: what is patched there and put there is seen by the next who reads. */
export async function statusOf<T extends ApiObject, I>(
  client: Client,
  kind: Kind<T, I>,
  object: I & { readonly metadata: { readonly name: string } },
): Promise<void> {
  const { name } = object.metadata
  await client.create(kind, object)
  const condition = (type: string) => ({ type, status: 'True', reason: 'Tried', message: 'it was tried' })
  const types = async () =>
    (
      (await client.get(kind, { name })) as { status?: { conditions?: readonly { type: string }[] } }
    ).status?.conditions?.map(({ type }) => type) ?? []
  const body = { status: { conditions: [{ ...condition('Patched'), lastTransitionTime: '2026-01-02T03:04:05Z' }] } }
  await client.patch(kind, { name }, { type: 'merge', body }, { subresource: 'status' })
  assert.ok((await types()).includes('Patched'))
  const conditions = [{ ...condition('Updated'), lastTransitionTime: '2026-01-02T03:04:05Z' }]
  await anew(client, kind, { name }, found => ({ ...found, status: { conditions } }), { subresource: 'status' })
  assert.ok((await types()).includes('Updated'))
  await client.delete(kind, { name })
}
