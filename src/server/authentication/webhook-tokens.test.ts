import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TokenReview, TokenReviewInit } from '../../api/authentication/v1/index.js'
import { ManualClock } from '../../machinery/clock.js'
import type { ApiRequest } from '../../machinery/http.js'
import { badRequest } from '../../machinery/status-error.js'
import { webhookTokens } from './webhook-tokens.js'

function webhook(status: object | Error) {
  const clock = new ManualClock()
  const asked: TokenReviewInit['spec'][] = []
  const authenticator = webhookTokens({
    ask: async ({ spec }) => {
      asked.push(spec)
      if (status instanceof Error) throw status
      return { status } as TokenReview
    },
    audiences: ['api'],
    lifetimeMs: 120_000,
    clock,
  })
  const userOf = async (authorization = 'Bearer t') =>
    authenticator.authenticate({ headers: { authorization } } as unknown as ApiRequest)
  return { authenticator, userOf, asked, clock }
}

const user = { username: 'ann', uid: '7', groups: ['dev'], extra: { x: ['y'] } }
const ann = { name: 'ann', uid: '7', groups: ['dev'], extra: { x: ['y'] } }

describe('webhook for tokens', () => {
  const rows: readonly (readonly [string, object, object | undefined])[] = [
    ['knows the token', { authenticated: true, user }, ann],
    ['knows it, for the API server', { authenticated: true, user, audiences: ['api', 'b'] }, ann],
    ['knows it, for others', { authenticated: true, user, audiences: ['b'] }, undefined],
    ['does not know it', { authenticated: false }, undefined],
    ['knows it, but not whose it is', { authenticated: true, user: {} }, undefined],
  ]
  for (const [name, status, expected] of rows)
    it(name, async () => assert.deepEqual(await webhook(status).userOf(), expected))

  it('is asked once in a while, about tokens alone', async () => {
    const { userOf, asked, clock } = webhook({ authenticated: true, user })
    assert.equal(await userOf('Basic x'), undefined)
    await Promise.all([userOf(), userOf()])
    assert.deepEqual(asked, [{ token: 't', audiences: ['api'] }])
    clock.advance(120_000)
    await userOf()
    assert.equal(asked.length, 2)
  })

  it('is no friend if it fails', async () => {
    const { userOf, asked } = webhook(badRequest('no'))
    await assert.rejects(userOf(), { code: 401 })
    assert.equal(asked.length, 1)
  })

  it('says for whom a token is meant', async () => {
    const { authenticator } = webhook({ authenticated: true, user, audiences: ['b', 'c'] })
    assert.deepEqual(await authenticator.review?.('t', ['a', 'b']), { user: ann, audiences: ['b'] })
  })
})
