import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Client, ObjectRef } from '../../client/client.js'
import type { AnyKind } from '../../client/controller.js'
import { untypedKind } from '../../client/discovery.js'
import type { ObjectMeta } from '../../machinery/meta/index.js'
import { notFound, StatusError, serviceUnavailable } from '../../machinery/status-error.js'
import { OwnerLookup, UnknownKindError } from './owner-lookup.js'

const things = untypedKind({ group: '', version: 'v1', kind: 'Thing', plural: 'things', namespaced: true })
const roots = untypedKind({ group: '', version: 'v1', kind: 'Root', plural: 'roots', namespaced: false })
const kinds: { [name: string]: AnyKind } = { Thing: things, Root: roots }

function lookup(answers: { readonly [path: string]: ObjectMeta | StatusError }) {
  const asked: string[] = []
  const client = {
    get: async ({ plural }: AnyKind, { namespace, name }: ObjectRef) => {
      const path = namespace ? `${namespace}/${plural}/${name}` : `${plural}/${name}`
      asked.push(path)
      const answer = answers[path] ?? notFound({ group: '', plural }, name ?? '')
      if (answer instanceof StatusError) throw answer
      return { metadata: answer }
    },
  } as unknown as Client
  const owners = new OwnerLookup(client, (_version, kind) => kinds[kind], new AbortController().signal)
  const verdict = (kind: string, dependent: ObjectMeta = { namespace: 'ns', name: 'd' }) =>
    owners.verdict({ apiVersion: 'v1', kind, name: 'o', uid: 'u' }, dependent)
  return { asked, verdict }
}

const foreground = { deletionTimestamp: 'now', finalizers: ['foregroundDeletion'] }

describe('what became of an owner', () => {
  const cases: { name: string; kind?: string; dependent?: ObjectMeta; answer?: ObjectMeta; verdict: string }[] = [
    { name: 'is there', answer: { uid: 'u' }, verdict: 'solid' },
    { name: 'is not there', verdict: 'absent' },
    { name: 'is another one', answer: { uid: 'v' }, verdict: 'absent' },
    { name: 'waits', answer: { uid: 'u', ...foreground }, verdict: 'waiting' },
    { name: 'is being deleted otherwise', answer: { uid: 'u', deletionTimestamp: 'now' }, verdict: 'solid' },
    {
      name: 'in a namespace, of what is in none',
      dependent: { name: 'd' },
      answer: { uid: 'u' },
      verdict: 'unresolvable',
    },
  ]
  for (const { name, dependent, answer, verdict } of cases)
    test(name, async () => {
      const owners = lookup(answer ? { 'ns/things/o': answer } : {})
      assert.equal(await owners.verdict('Thing', dependent), verdict)
    })

  test('in no namespace', async () => {
    const owners = lookup({ 'roots/o': { uid: 'u' } })
    assert.equal(await owners.verdict('Root'), 'solid')
    assert.equal(await owners.verdict('Root', { name: 'd' }), 'solid')
  })

  test('of a kind that is not served is not known', async () => {
    await assert.rejects(lookup({}).verdict('Other'), UnknownKindError)
  })

  test('is not known as long as the server does not say it clearly', async () => {
    const answers = [
      serviceUnavailable('down'),
      new StatusError(404, 'NotFound', 'the server could not find the requested resource', {}),
      new StatusError(404, '', '404 page not found'),
      new StatusError(403, 'Forbidden', 'no'),
    ]
    for (const answer of answers)
      await assert.rejects(lookup({ 'ns/things/o': answer }).verdict('Thing'), (error: unknown) => error === answer)
  })

  test('is asked once at a time, and never again once it is absent', async () => {
    const answers: Record<string, ObjectMeta> = { 'ns/things/o': { uid: 'u' } }
    const { asked, verdict } = lookup(answers)
    await Promise.all([verdict('Thing'), verdict('Thing')])
    assert.equal(asked.length, 1)
    delete answers['ns/things/o']
    assert.equal(await verdict('Thing'), 'absent')
    assert.equal(await verdict('Thing'), 'absent')
    assert.equal(asked.length, 2)
    assert.equal(await verdict('Thing', { namespace: 'other', name: 'd' }), 'absent')
    assert.equal(asked.length, 3)
  })
})
