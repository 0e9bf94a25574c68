import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classNameColumn } from './columns.js'
import { nodes } from './core/v1/nodes.js'

test('a class that is the default is marked as that', () => {
  const { cell } = classNameColumn('new.io/default', 'old.io/default')
  for (const [annotations, shown] of [
    [undefined, 'fast'],
    [{ 'new.io/default': 'false' }, 'fast'],
    [{ 'new.io/default': 'true' }, 'fast (default)'],
    [{ 'old.io/default': 'true' }, 'fast (default)'],
  ] as const)
    assert.equal(cell({ metadata: { name: 'fast', ...(annotations ? { annotations } : {}) } }, 0), shown)
})

test('the kernel of a node is shown with what it runs on', () => {
  const { cell } = nodes.columns.find(({ name }) => name === 'Kernel-Version') ?? assert.fail()
  for (const [kernelVersion, architecture, shown] of [
    ['6.1', 'arm64', '6.1 (arm64)'],
    ['6.1', '', '6.1'],
    ['', 'arm64', '<unknown>'],
  ] as const)
    assert.equal(cell({ metadata: {}, status: { nodeInfo: { kernelVersion, architecture } } } as never, 0), shown)
})
