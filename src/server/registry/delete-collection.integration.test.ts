import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestServer } from '../test-server.js'

const path = '/api/v1/namespaces/default/configmaps'

test('a collection is deleted as its list is read: selected, in pages, of the version that is asked for', async () => {
  await using server = await TestServer.start()
  for (const name of ['a', 'b', 'c', 'd'])
    await server.http2({ method: 'POST', path, body: { metadata: { name, labels: { odd: String(name > 'b') } } } })
  const remove = (query: string) => server.http2({ method: 'DELETE', path: `${path}?${query}` })
  const left = async () =>
    (await server.http2({ path })).json.items.map((item: { metadata: { name: string } }) => item.metadata.name).join('')

  assert.equal((await remove('limit=x')).status, 400)
  assert.equal((await remove('resourceVersionMatch=Exact')).status, 422)
  assert.equal(await left(), 'abcd')
  const page = await remove('limit=1')
  assert.equal(page.json.items.length, 1)
  assert.equal(page.json.metadata.remainingItemCount, 3)
  assert.equal(await left(), 'bcd')
  assert.equal((await remove(`limit=1&continue=${page.json.metadata.continue}`)).json.items[0].metadata.name, 'b')
  assert.equal((await remove('labelSelector=odd=true&dryRun=All')).json.items.length, 2)
  assert.equal(await left(), 'cd')
  assert.equal((await remove('fieldSelector=metadata.name=d')).json.items.length, 1)
  assert.equal(await left(), 'c')
})
