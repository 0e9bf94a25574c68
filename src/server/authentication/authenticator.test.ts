import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ManualClock } from '../../machinery/clock.js'
import type { ApiRequest, ApiResponse, UserInfo } from '../../machinery/http.js'
import { unauthorized } from '../../machinery/status-error.js'
import type { RequestContext } from '../pipeline.js'
import { type Authenticator, anonymous, authenticationStage, bearerToken } from './authenticator.js'
import { clientCertificates } from './client-certificates.js'

const knows = (token: string, user: UserInfo): Authenticator => ({
  name: token,
  authenticate: request => (bearerToken(request) === token ? user : undefined),
})
const refuses: Authenticator = {
  name: 'refuses',
  authenticate(request) {
    if (bearerToken(request) !== undefined) throw unauthorized()
    return undefined
  },
}
const alice: UserInfo = { name: 'alice', groups: ['dev'] }
const answer: ApiResponse = { status: 200, headers: {}, body: { kind: 'none' } }

async function userOf(
  request: Partial<ApiRequest>,
  authenticators: readonly Authenticator[] = [],
  allowAnonymous = true,
): Promise<UserInfo> {
  const context = { request: { headers: {}, ...request }, user: anonymous } as unknown as RequestContext
  await authenticationStage(authenticators, { allowAnonymous })(context, async () => answer)
  return context.user
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

describe('authentication', () => {
  it('adds the group of all who are authenticated', async () => {
    assert.deepEqual(await userOf(bearer('a'), [knows('a', alice)]), {
      name: 'alice',
      groups: ['dev', 'system:authenticated'],
    })
    const known = { name: 'x', groups: ['system:authenticated'] }
    assert.equal(await userOf(bearer('a'), [knows('a', known)]), known)
  })

  it('asks one after the other, even behind one that refuses', async () => {
    assert.equal((await userOf(bearer('b'), [refuses, knows('b', alice)])).name, 'alice')
    await assert.rejects(userOf(bearer('b'), [refuses, knows('c', alice)]), { code: 401 })
  })

  it('takes for anonymous who brings nothing, or what is nothing here', async () => {
    for (const authorization of [undefined, '', 'Basic YTpi', 'Bearer', 'Bearer ', 'Bearer  two-spaces', 'nonsense'])
      assert.equal(await userOf({ headers: { authorization } }, [knows('a', alice)]), anonymous, authorization)
  })

  it('refuses a token that nobody knows, and everybody unknown where there is no anonymous', async () => {
    await assert.rejects(userOf(bearer('x'), [knows('a', alice)]), { code: 401, reason: 'Unauthorized' })
    await assert.rejects(userOf({}, [], false), { code: 401 })
  })

  it('believes the direct transport, and nobody else who says so', async () => {
    assert.equal(await userOf({ user: alice }, [refuses]), alice)
    assert.equal(await userOf({ headers: { 'x-remote-user': 'alice', user: 'alice' } }), anonymous)
  })

  it('never makes anonymous authenticated', async () => {
    const impostor = { name: 'system:anonymous', groups: [] }
    assert.deepEqual((await userOf(bearer('a'), [knows('a', impostor)])).groups, [])
  })

  it('reads the token of a WebSocket from its subprotocols', () => {
    const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}`
    const request = { headers: { 'sec-websocket-protocol': `v5.channel.k8s.io, ${protocol}` } } as unknown as ApiRequest
    assert.equal(bearerToken(request), 'secret')
  })
})

describe('client certificates', () => {
  const clock = new ManualClock()
  const certificate = { commonName: 'alice', organizations: ['dev'], expires: clock.now() + 1000 }
  const authenticate = (clientCertificate?: ApiRequest['clientCertificate']) =>
    clientCertificates(clock).authenticate({ clientCertificate } as ApiRequest)

  it('name the user and the groups', () =>
    assert.deepEqual(authenticate(certificate), { name: 'alice', groups: ['dev'] }))
  it('need not be there', () => assert.equal(authenticate(), undefined))
  it('without a name say nothing', () => assert.equal(authenticate({ ...certificate, commonName: '' }), undefined))
  it('that do not verify are refused', () =>
    assert.throws(() => authenticate({ ...certificate, fault: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }), { code: 401 }))
  it('end, on open connections too', () => {
    const late = new ManualClock(certificate.expires)
    const request = { clientCertificate: certificate } as unknown as ApiRequest
    assert.throws(() => clientCertificates(late).authenticate(request), { code: 401 })
  })
})
