import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Command } from 'commander'
import { OperatorError } from '../cluster/operator-error.js'
import { type AuthenticationFlags, addAuthenticationFlags } from './authentication-flags.js'
import { type AuthorizationFlags, addAuthorizationFlags } from './authorization-flags.js'
import { buildAuthentication } from './build-authentication.js'
import { buildAuthorization } from './build-authorization.js'

const call = async () => {
  throw new Error('nobody is asked')
}

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 't8s-flags-'))
})
after(() => rm(folder, { recursive: true }))

const file = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}
const authentication = (...args: string[]) => {
  const command = addAuthenticationFlags(new Command()).exitOverride()
  command.parse(args, { from: 'user' })
  return buildAuthentication(command.opts() as AuthenticationFlags, { call, onError: () => {} })
}
const authorization = (...args: string[]) => {
  const command = addAuthorizationFlags(new Command()).exitOverride()
  command.parse(args, { from: 'user' })
  return buildAuthorization(command.opts() as AuthorizationFlags, { call })
}
const config = (kind: string, rest: string) => `apiVersion: apiserver.config.k8s.io/v1\nkind: ${kind}\n${rest}`
const kubeconfig = () =>
  file(
    'webhook.conf',
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: 'https://hook.example/review' } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  )

describe('flags about who users are', () => {
  it('have safe defaults', async () => {
    const { authentication: built, allowAnonymous } = await authentication()
    assert.equal(allowAnonymous, true)
    assert.deepEqual(built, {
      serviceAccounts: {
        issuers: ['https://kubernetes.default.svc'],
        audiences: ['https://kubernetes.default.svc'],
        verifyingKeys: [],
        extendExpiration: true,
      },
      bootstrapTokens: false,
      others: [],
    })
  })

  it('name issuers, keys, proxies and token files', async () => {
    const key = await file('key.pub', 'KEY')
    const { authentication: built } = await authentication(
      ...['--service-account-issuer', 'https://a', '--service-account-issuer', 'https://b'],
      ...['--service-account-key-file', key, '--api-audiences', 'x,y'],
      ...['--service-account-max-token-expiration', '2h'],
      ...['--requestheader-client-ca-file', key, '--requestheader-allowed-names', 'p,q'],
      ...['--token-auth-file', await file('tokens', 't,u,1'), '--enable-bootstrap-token-auth'],
      ...['--oidc-issuer-url', 'https://oidc.example', '--oidc-client-id', 'me'],
      ...['--authentication-token-webhook-config-file', await kubeconfig()],
    )
    assert.deepEqual(built.serviceAccounts, {
      issuers: ['https://a', 'https://b'],
      audiences: ['x', 'y'],
      verifyingKeys: ['KEY'],
      extendExpiration: true,
      maximumSeconds: 7200,
    })
    assert.equal(built.bootstrapTokens, true)
    assert.deepEqual(built.requestHeaders?.allowedNames, ['p', 'q'])
    assert.deepEqual(
      built.others?.map(({ name }) => name),
      ['token-file', 'oidc https://oidc.example', 'webhook'],
    )
  })

  it('or a file says who is let in', async () => {
    const text = config('AuthenticationConfiguration', 'anonymous: {enabled: true, conditions: [{path: /livez}]}')
    const path = await file('authn.yaml', text)
    assert.deepEqual((await authentication('--authentication-config', path)).allowAnonymous, ['/livez'])
    await assert.rejects(authentication('--authentication-config', path, '--anonymous-auth', 'true'), OperatorError)
  })

  const wrong: readonly (readonly [string, () => Promise<readonly string[]>])[] = [
    ['an issuer without a client', async () => ['--oidc-issuer-url', 'https://x']],
    ['an issuer that is not safe', async () => ['--oidc-issuer-url', 'http://x', '--oidc-client-id', 'me']],
    ['unknown algorithms', async () => ['--oidc-signing-algs', 'none']],
    ['a file that is not there', async () => ['--token-auth-file', join(folder, 'nothing')]],
    ['a file of another kind', async () => ['--authentication-config', await file('x.yaml', 'kind: Pod')]],
    ['a time that is none', async () => ['--service-account-max-token-expiration', 'soon']],
  ]
  for (const [name, args] of wrong)
    it(`refuses ${name}`, async () => {
      await assert.rejects(authentication(...(await args())), OperatorError)
    })
})

describe('flags about what users may do', () => {
  it('are Node and RBAC unless said otherwise', async () => {
    assert.deepEqual(await authorization(), ['Node', 'RBAC'])
    assert.deepEqual(await authorization('--authorization-mode', 'RBAC,AlwaysDeny'), ['RBAC', 'AlwaysDeny'])
  })

  it('may name a webhook', async () => {
    const built = await authorization(
      ...['--authorization-mode', 'RBAC,Webhook', '--authorization-webhook-config-file', await kubeconfig()],
    )
    assert.equal(built[0], 'RBAC')
    assert.equal(typeof built[1], 'object')
  })

  const webhook = (rest: string) => async () =>
    config(
      'AuthorizationConfiguration',
      `authorizers:\n- type: Webhook\n  name: hook\n  webhook: {subjectAccessReviewVersion: v1, connectionInfo: {type: KubeConfigFile, kubeConfigFile: ${await kubeconfig()}}, ${rest}}\n- {type: RBAC, name: rbac}\n`,
    )

  it('may be a file', async () => {
    const text = await webhook('failurePolicy: Deny, matchConditions: [{expression: "request.user != \'x\'"}]')()
    const built = await authorization('--authorization-config', await file('authz.yaml', text))
    assert.deepEqual([typeof built[0], built[1]], ['object', 'RBAC'])
  })

  const wrong: readonly (readonly [string, () => Promise<string>, RegExp])[] = [
    ['another kind', async () => 'kind: Pod', /kind/],
    ['nobody', async () => config('AuthorizationConfiguration', 'authorizers: []'), /at least one/],
    [
      'an unknown type',
      async () => config('AuthorizationConfiguration', 'authorizers: [{type: X, name: x}]'),
      /type: X is not known/,
    ],
    [
      'a name twice',
      async () => config('AuthorizationConfiguration', 'authorizers: [{type: RBAC, name: x}, {type: Node, name: x}]'),
      /there already/,
    ],
    ['no failure policy', webhook(''), /failurePolicy/],
    ['a condition that is none', webhook('failurePolicy: Deny, matchConditions: [{expression: request.user}]'), /bool/],
  ]
  for (const [name, text, expected] of wrong)
    it(`refuses a file with ${name}`, async () => {
      const path = await file('wrong.yaml', await text())
      await assert.rejects(authorization('--authorization-config', path), expected)
    })

  for (const args of [
    ['--authorization-mode', 'RBAC,RBAC'],
    ['--authorization-mode', 'Magic'],
    ['--authorization-mode', 'Webhook'],
    ['--authorization-webhook-config-file', 'x'],
    ['--authorization-mode', 'RBAC', '--authorization-config', 'x'],
  ])
    it(`refuses ${args.join(' ')}`, () => assert.rejects(authorization(...args), OperatorError))
})
