import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ManualClock } from '../machinery/clock.js'
import { type Connection, type LoadOptions, loadKubeconfig } from './connection.js'
import { credentialSource } from './credential-source.js'
import { runExecPlugin } from './exec-credential.js'
import type { KubeconfigExec } from './kubeconfig.js'

const PEM = '-----BEGIN X-----\n-----END X-----\n'
const base64 = Buffer.from(PEM).toString('base64')

describe('a connection', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 't8s-connection-'))
    await mkdir(join(folder, 'certs'))
    await writeFile(join(folder, 'certs/a.pem'), PEM)
  })
  after(() => rm(folder, { recursive: true }))

  const config = async (name: string, cluster: object, user: object, context: object = {}, top: object = {}) => {
    const path = join(folder, name)
    await writeFile(
      path,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: 'https://h:1/', ...cluster } }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', ...context } }],
        'current-context': 'x',
        ...top,
      }),
    )
    return path
  }
  /** What is there of a connection. */
  const load = async (path: string | undefined, options: LoadOptions = { env: {} }) => {
    const { files: _, ...connection } = await loadKubeconfig(path, options)
    return JSON.parse(JSON.stringify(connection))
  }

  const bare = { server: 'https://h:1', insecureSkipTlsVerify: false, namespace: 'default', context: 'x' }

  const cases: [string, object, object, object, () => object][] = [
    ['alone', {}, {}, {}, () => ({})],
    ['a namespace', {}, {}, { namespace: 'n' }, () => ({ namespace: 'n' })],
    [
      'data',
      { 'certificate-authority-data': base64 },
      { 'client-certificate-data': base64, 'client-key-data': base64 },
      {},
      () => ({ ca: PEM, clientCert: PEM, clientKey: PEM }),
    ],
    [
      'files beside the kubeconfig',
      { 'certificate-authority': 'certs/a.pem' },
      { 'client-certificate': './certs/a.pem', 'client-key': 'certs/../certs/a.pem', tokenFile: 'certs/token' },
      {},
      () => ({ ca: PEM, clientCert: PEM, clientKey: PEM, tokenFile: join(folder, 'certs/token') }),
    ],
    [
      'data before files',
      { 'certificate-authority-data': base64, 'certificate-authority': 'not-there' },
      {},
      {},
      () => ({ ca: PEM }),
    ],
    [
      'the rest',
      { 'insecure-skip-tls-verify': true, 'tls-server-name': 's', 'proxy-url': 'http://p' },
      { token: 't', username: 'a', password: 'b', as: 'i', 'as-groups': ['g'] },
      {},
      () => ({
        insecureSkipTlsVerify: true,
        tlsServerName: 's',
        proxyUrl: 'http://p',
        token: 't',
        username: 'a',
        password: 'b',
        impersonate: { user: 'i', groups: ['g'], extra: {} },
      }),
    ],
    [
      'a program beside the kubeconfig',
      { extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { a: 1 } }] },
      { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './get' } },
      {},
      () => ({
        exec: { apiVersion: 'client.authentication.k8s.io/v1', command: join(folder, 'get') },
        execConfig: { a: 1 },
      }),
    ],
    [
      'a program to be searched for',
      {},
      { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'get' } },
      {},
      () => ({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'get' } }),
    ],
    ['nobody', {}, {}, { user: '' }, () => ({})],
  ]
  for (const [what, cluster, user, context, expected] of cases)
    test(what, async () =>
      assert.deepEqual(await load(await config('case', cluster, user, context)), { ...bare, ...expected() }),
    )

  test('tells the files it was read from', async () => {
    const path = await config(
      'followed',
      { 'certificate-authority-data': base64, 'certificate-authority': 'certs/none.pem' },
      { 'client-certificate': 'certs/a.pem', 'client-key': 'certs/a.pem' },
    )
    assert.deepEqual((await loadKubeconfig(path)).files, [path, join(folder, 'certs/a.pem')])
  })

  test('several files: who is named first wins', async () => {
    const first = await config('first', { server: 'https://first' }, { token: '1' }, {}, { 'current-context': '' })
    const second = await config('second', { server: 'https://second' }, { token: '2' })
    const env = { KUBECONFIG: `${join(folder, 'none')}:${first}:${second}` }
    const { server, token, context } = await load(undefined, { env })
    assert.deepEqual({ server, token, context }, { server: 'https://first', token: '1', context: 'x' })
  })

  const errors: [string, object, object, object, object, LoadOptions, RegExp][] = [
    ['no current context', {}, {}, {}, { 'current-context': '' }, {}, /has no current context/],
    ['no such context', {}, {}, {}, {}, { context: 'y' }, /has no context "y"/],
    ['no such cluster', {}, {}, { cluster: 'd' }, {}, {}, /has no cluster "d"/],
    ['no such user', {}, {}, { user: 'v' }, {}, {}, /has no user "v"/],
    ['no server', { server: '' }, {}, {}, {}, {}, /"c" of .* has no server/],
    ['a server that is no URL', { server: 'ftp://x' }, {}, {}, {}, {}, /no URL: ftp:\/\/x/],
    ['a missing file', { 'certificate-authority': 'gone' }, {}, {}, {}, {}, /gone, which .* names as certificate-auth/],
    ['bad base64', {}, { 'client-key-data': 'eA==' }, {}, {}, {}, /client-key-data in .* is not PEM in base64/],
  ]
  for (const [what, cluster, user, context, top, options, message] of errors)
    test(`${what} is told`, async () => {
      const path = await config('error', cluster, user, context, top)
      await assert.rejects(loadKubeconfig(path, options), { name: 'OperatorError', message })
    })

  test('a file that must be there', async () => {
    await assert.rejects(loadKubeconfig(join(folder, 'none')), { message: /none cannot be read/ })
  })

  describe('inside a cluster', () => {
    const env = { HOME: '/nonexistent', KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }

    test('is that of the service account', async () => {
      const mounted = join(folder, 'serviceaccount')
      await mkdir(mounted)
      await writeFile(join(mounted, 'ca.crt'), PEM)
      await writeFile(join(mounted, 'token'), 'one\n')
      await writeFile(join(mounted, 'namespace'), 'ns')
      assert.deepEqual(await load(undefined, { env, serviceAccountFolder: mounted }), {
        server: 'https://[fd00::1]:443',
        ca: PEM,
        insecureSkipTlsVerify: false,
        namespace: 'ns',
        tokenFile: join(mounted, 'token'),
      })
    })

    test('without one there is none', async () => {
      await assert.rejects(loadKubeconfig(undefined, { env, serviceAccountFolder: folder }), {
        message: 'no cluster is configured in /nonexistent/.kube/config',
        remedy: /t8s up/,
      })
    })
  })

  describe('its credentials', () => {
    const connection: Connection = { server: 'https://h', insecureSkipTlsVerify: false, namespace: 'default' }

    test('token, password, certificate', async () => {
      const get = (more: Partial<Connection>) => credentialSource({ ...connection, ...more }).get()
      assert.equal((await get({ token: 't' })).authorization, 'Bearer t')
      assert.equal((await get({ username: 'a', password: 'b' })).authorization, 'Basic YTpi')
      assert.equal((await get({ username: 'a', token: 't' })).authorization, 'Bearer t')
      assert.deepEqual(await get({ clientCert: 'C', clientKey: 'K' }), { clientCert: 'C', clientKey: 'K' })
    })

    test('a token file is read again after a minute', async () => {
      const clock = new ManualClock()
      const tokenFile = join(folder, 'token')
      const source = credentialSource({ ...connection, tokenFile }, clock)
      await assert.rejects(source.get(), /token file .* cannot be used/)
      const seen = async () => (await source.get()).authorization
      await writeFile(tokenFile, 'one\n')
      assert.equal(await seen(), 'Bearer one')
      await writeFile(tokenFile, 'two')
      assert.equal(await seen(), 'Bearer one')
      clock.advance(60_000)
      assert.equal(await seen(), 'Bearer two')
      await writeFile(tokenFile, 'three')
      source.invalidate()
      assert.equal(await seen(), 'Bearer three')
    })

    const program = (script: string, more: Partial<KubeconfigExec> = {}): KubeconfigExec => ({
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', script],
      interactiveMode: 'Never',
      ...more,
    })
    const answer = (status: object) =>
      `console.log(JSON.stringify({apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: ${JSON.stringify(status)}}))`

    test('a program is asked again when its answer ends', async () => {
      const clock = new ManualClock()
      const counter = join(folder, 'counter')
      const expirationTimestamp = new Date(clock.now() + 1000).toISOString()
      const exec = program(`require('fs').appendFileSync(${JSON.stringify(counter)}, 'x');
        ${answer({ token: 't', expirationTimestamp })}`)
      const source = credentialSource({ ...connection, exec }, clock)
      const asked = () => readFile(counter, 'utf8')
      assert.deepEqual(await Promise.all([source.get(), source.get()]), [
        { clientCert: undefined, clientKey: undefined, authorization: 'Bearer t' },
        { clientCert: undefined, clientKey: undefined, authorization: 'Bearer t' },
      ])
      assert.equal(await asked(), 'x')
      clock.advance(1000)
      await source.get()
      assert.equal(await asked(), 'xx')
    })

    test('a program is told of the cluster', async () => {
      const exec = program(
        `const info = process.env.KUBERNETES_EXEC_INFO;
        console.log(JSON.stringify({apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential',
          status: {token: process.env.A + info}}))`,
        { provideClusterInfo: true, env: [{ name: 'A', value: 'b' }] },
      )
      const { token } = await runExecPlugin(exec, { ...connection, ca: PEM, execConfig: { k: 'v' } })
      assert.deepEqual(JSON.parse(token?.slice(1) ?? ''), {
        apiVersion: 'client.authentication.k8s.io/v1',
        kind: 'ExecCredential',
        spec: {
          interactive: false,
          cluster: { server: 'https://h', 'certificate-authority-data': base64, config: { k: 'v' } },
        },
      })
      assert.equal(token?.[0], 'b')
    })

    const failures: [string, KubeconfigExec, RegExp, RegExp?][] = [
      ['fails', program('process.exit(3)'), /it ended with 3/],
      [
        'is not there',
        program('', { command: '/nonexistent/x', installHint: 'Buy it.' }),
        /cannot be run/,
        /^Buy it\.$/,
      ],
      ['writes no JSON', program('console.log("hi")'), /its output is not JSON/],
      ['writes something else', program('console.log("{}")'), /should be an ExecCredential/],
      ['gives nothing', program(answer({})), /neither a token/],
      ['gives half', program(answer({ clientKeyData: 'x' })), /belong together/],
      ['gives a bad time', program(answer({ token: 't', expirationTimestamp: 'x' })), /is no time: x/],
      ['speaks an old protocol', program('', { apiVersion: 'client.authentication.k8s.io/v1alpha1' }), /is not known/],
      ['must ask', program('', { interactiveMode: 'Always' }), /there is no terminal/],
    ]
    for (const [what, exec, message, remedy = /./] of failures)
      test(`a program that ${what}`, async () => {
        await assert.rejects(runExecPlugin(exec, connection, { terminal: false }), {
          name: 'OperatorError',
          message,
          remedy,
        })
      })
  })
})
