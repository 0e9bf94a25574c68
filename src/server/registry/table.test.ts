import assert from 'node:assert/strict'
import { test } from 'node:test'
import { horizontalPodAutoscalersV1 as olderAutoscalers } from '../../api/autoscaling/v1/horizontal-pod-autoscalers.js'
import { horizontalPodAutoscalers } from '../../api/autoscaling/v2/horizontal-pod-autoscalers.js'
import { events as coreEvents } from '../../api/core/v1/events.js'
import { newerEvents as events } from '../../api/events/v1/events.js'
import { flowSchemas } from '../../api/flowcontrol/v1/flow-schemas.js'
import { ipAddresses } from '../../api/networking/v1/ip-addresses.js'
import type { Resource } from '../../machinery/resource.js'
import { tableOf } from './table.js'

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly description: string }[]
  readonly rows: readonly { readonly cells: readonly unknown[] }[]
}

const table = (resource: Resource<never>, ...objects: readonly object[]): Table =>
  tableOf(
    resource as unknown as Resource,
    objects.map(object => ({ object: object as never })),
    { version: 'v1', include: 'None' } as never,
    {},
    0,
  ) as unknown as Table

test('columns of another version are described as the one they stand for', () => {
  for (const [resource, model] of [
    [olderAutoscalers, horizontalPodAutoscalers],
    [events, coreEvents],
  ] as const) {
    const { columnDefinitions } = table(resource as never)
    assert.deepEqual(columnDefinitions, table(model as never).columnDefinitions)
    assert.ok(columnDefinitions.every(({ description }) => description !== ''))
  }
})

test('an address has a cell more than its head has columns', () => {
  const address = { metadata: { name: '10.96.0.1' }, spec: { parentRef: { resource: 'services', name: 'a' } } }
  const { columnDefinitions, rows } = table(ipAddresses as never, address)
  assert.deepEqual(
    columnDefinitions.map(({ name }) => name),
    ['Name', 'ParentRef'],
  )
  assert.deepEqual(rows[0]?.cells, ['10.96.0.1', 'services/a', '<unknown>'])
})

test('flow schemas stand in the order they are asked in', () => {
  const schema = (name: string, matchingPrecedence: number) => ({
    metadata: { name },
    spec: { matchingPrecedence, priorityLevelConfiguration: { name: 'l' } },
    status: {},
  })
  const { rows } = table(flowSchemas as never, schema('a', 9), schema('c', 1), schema('b', 1))
  assert.deepEqual(
    rows.map(({ cells }) => cells[0]),
    ['b', 'c', 'a'],
  )
})
