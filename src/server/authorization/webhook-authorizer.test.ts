import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SubjectAccessReview, SubjectAccessReviewInit } from '../../api/authorization/v1/index.js'
import { ManualClock } from '../../machinery/clock.js'
import { forbidden } from '../../machinery/status-error.js'
import type { AccessRequest } from './access-request.js'
import { matchConditions } from './match-conditions.js'
import { type WebhookAuthorizerOptions, webhookAuthorizer } from './webhook-authorizer.js'

const ann = { name: 'ann', groups: ['dev'], extra: { 'example.com/x': ['y'] } }
const list: AccessRequest = {
  verb: 'list',
  path: '/api/v1/pods',
  resource: { group: '', version: 'v1', plural: 'pods', subresource: '', namespace: 'a', name: '', rest: '' },
  fieldSelector: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }],
}

function webhook(status: object | Error, options: Partial<WebhookAuthorizerOptions> = {}) {
  const clock = new ManualClock()
  const asked: SubjectAccessReviewInit['spec'][] = []
  const authorizer = webhookAuthorizer({
    ask: async ({ spec }) => {
      asked.push(spec)
      if (status instanceof Error) throw status
      return { status } as SubjectAccessReview
    },
    authorizedMs: 300_000,
    unauthorizedMs: 30_000,
    failurePolicy: 'NoOpinion',
    clock,
    ...options,
  })
  return { authorizer, asked, clock }
}

describe('webhook authorizer', () => {
  it('asks what the request is about', async () => {
    const { authorizer, asked } = webhook({ allowed: true })
    await authorizer.authorize(ann, list)
    await authorizer.authorize(ann, { verb: 'get', path: '/metrics' })
    const identity = { user: 'ann', groups: ['dev'], extra: { 'example.com/x': ['y'] } }
    assert.deepEqual(asked, [
      {
        ...identity,
        resourceAttributes: {
          namespace: 'a',
          verb: 'list',
          version: 'v1',
          resource: 'pods',
          fieldSelector: { requirements: [{ key: 'spec.nodeName', operator: 'In', values: ['n1'] }] },
        },
      },
      { ...identity, nonResourceAttributes: { path: '/metrics', verb: 'get' } },
    ])
  })

  const rows: readonly (readonly [object, string, string])[] = [
    [{ allowed: true, reason: 'friend' }, 'allow', 'friend'],
    [{ allowed: false }, 'none', ''],
    [{ allowed: false, denied: true, reason: 'no' }, 'deny', 'no'],
  ]
  for (const [status, verdict, reason] of rows)
    it(`understands ${JSON.stringify(status)}`, async () =>
      assert.deepEqual(await webhook(status).authorizer.authorize(ann, list), { verdict, reason }))

  for (const [allowed, lifetime] of [
    [true, 300_000],
    [false, 30_000],
  ] as const)
    it(`believes ${allowed ? 'a permission' : 'a refusal'} for ${lifetime} ms`, async () => {
      const { authorizer, asked, clock } = webhook({ allowed })
      await authorizer.authorize(ann, list)
      clock.advance(lifetime - 1)
      await authorizer.authorize(ann, list)
      assert.equal(asked.length, 1)
      clock.advance(1)
      await authorizer.authorize(ann, list)
      assert.equal(asked.length, 2)
    })

  it('fails as it is told to', async () => {
    const failure = forbidden({ group: '', plural: 'x' }, '', 'me')
    for (const [failurePolicy, verdict] of [
      ['NoOpinion', 'none'],
      ['Deny', 'deny'],
    ] as const) {
      const { authorizer, asked } = webhook(failure, { failurePolicy })
      const decision = await authorizer.authorize(ann, list)
      assert.deepEqual([decision.verdict, decision.error], [verdict, 'x is forbidden: me'])
      await authorizer.authorize(ann, list)
      assert.equal(asked.length, 2, 'failures are not remembered')
    }
  })

  const conditions: readonly (readonly [string, boolean | undefined])[] = [
    ["has(request.resourceAttributes) && request.resourceAttributes.namespace == 'a'", true],
    ["request.resourceAttributes.resource == 'secrets'", false],
    ["'dev' in request.groups", true],
    ['has(request.nonResourceAttributes)', false],
    ["request.nonResourceAttributes.path == '/x'", undefined],
  ]
  for (const [expression, matches] of conditions)
    it(`asks only if ${expression}`, async () => {
      const { authorizer, asked } = webhook({ allowed: true }, { conditions: matchConditions([expression]) })
      const decision = await authorizer.authorize(ann, list)
      assert.equal(asked.length, matches ? 1 : 0)
      assert.equal(decision.verdict, matches ? 'allow' : 'none')
      assert.equal(decision.error !== undefined, matches === undefined)
    })

  it('knows conditions that are none', () => {
    assert.throws(() => matchConditions(['request.user']), /must evaluate to bool/)
    assert.throws(() => matchConditions(['nonsense(']), /Syntax error|compilation failed/)
  })
})
